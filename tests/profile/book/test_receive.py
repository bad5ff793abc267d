"""A file received has its row and its job, or it is not there."""

from __future__ import annotations

import io

import pytest
from profile_house import HEADER, ROW, House
from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from chassis.core.identity import Caller
from chassis.data import jobs
from services.profile.book import tables
from services.profile.book.usecases import receive as receiving
from services.profile.book.usecases.receive import Delivery, receive

TAKEN = "imp_taken"
SENDER = Caller("source-1", "source", frozenset({"imports:write"}))


@pytest.mark.parametrize("key", ["key-1", None])
def test_a_refusal_of_the_database_that_is_not_about_the_key_is_no_answer_of_before(
    house: House, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    """The row of a job has the name already: nobody was quicker with this key, and the file does not stay."""
    monkeypatch.setattr(receiving, "new_id", lambda _: TAKEN)
    with house.context.database.begin() as session:
        jobs.order(session, receiving.JOB, {}, caller=SENDER, job_id=TAKEN)
    with pytest.raises(IntegrityError):
        receive(house.context, SENDER, Delivery("invoices.purchase", "a.csv", key), io.BytesIO((HEADER + ROW).encode()))
    assert house.context.uploads.list() == []
    with house.context.database.begin() as session:
        assert session.scalar(select(func.count()).select_from(tables.Import)) == 0
        session.execute(delete(jobs.TABLE))
    sent = Delivery("invoices.purchase", "a.csv", key)
    assert receive(house.context, SENDER, sent, io.BytesIO((HEADER + ROW).encode())) == TAKEN
