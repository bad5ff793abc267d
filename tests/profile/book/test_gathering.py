"""What follows from imports is made once for those that come together, and soon also where more and more come."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from profile_house import HEADER, House, open_house
from sqlalchemy import select

from chassis.core.identity import Verifier
from chassis.data import clock, jobs
from services.profile.book.job_store import GATHERING_SECONDS
from services.profile.portrait.usecases.order_peers import Ordering

FOLLOWS = ("peers", "watch")


@pytest.fixture
def house(database_url: str, tmp_path: Path, verifier: Verifier, tokens: Callable[..., dict[str, str]]) -> House:
    """Return the service with peers that are ordered from its worker."""
    return open_house(database_url, tmp_path, verifier, tokens, Ordering(wait=0))


def hand_in(house: House, firm: str) -> None:
    """Send a file, and leave it waiting."""
    row = f"{firm},1001,2019/1/4,A1,100.00,13.00,113.00,有效发票\n"
    path = f"/v1/imports?kind=invoices.purchase&filename={firm}.csv"
    sent = house.client.post(path, data=(HEADER + row).encode(), headers=house.source)
    assert sent.status_code == 202, sent.json


def due(house: House) -> dict[str, tuple[bool, float]]:
    """Return what waits behind imports: whether it may be taken now, and in how many seconds at the latest."""
    columns = (jobs.TABLE.c.kind, jobs.TABLE.c.due_at, clock.now())
    query = select(*columns).where(jobs.TABLE.c.kind.in_(FOLLOWS), jobs.TABLE.c.state == "queued")
    with house.context.database.read() as session:
        rows = session.execute(query).all()
    assert len(rows) == len({row.kind for row in rows}), "one job of a kind waits for all"
    return {kind: (at is None, (at - now).total_seconds() if at else 0.0) for kind, at, now in rows}


def looked_at(house: House) -> Any:
    with house.context.database.read() as session:
        return session.scalars(select(jobs.TABLE.c.payload).where(jobs.TABLE.c.kind == "watch")).one()["enterprises"]


def test_what_follows_from_imports_waits_for_those_that_wait_already(house: House) -> None:
    """The first import leaves both jobs waiting, for a bounded time; the last one makes them due, for both firms."""
    hand_in(house, "E1")
    hand_in(house, "E2")
    house.worker.run_once()
    waiting = due(house)
    assert {kind: at_once for kind, (at_once, _) in waiting.items()} == dict.fromkeys(FOLLOWS, False)
    assert all(0 < seconds <= GATHERING_SECONDS for _, seconds in waiting.values())
    house.worker.run_once()
    assert due(house) == dict.fromkeys(FOLLOWS, (True, 0.0))
    assert looked_at(house) == ["local:E1", "local:E2"]


def test_whoever_waits_for_peers_does_not_wait_for_imports(house: House) -> None:
    """A portrait that needs what is not made yet makes the job due that waits."""
    hand_in(house, "E1")
    hand_in(house, "E2")
    house.worker.run_once()
    answer = house.client.get("/v1/enterprises/E1/portrait?as_of=2019-02-01", headers=house.owner("local:E1"))
    assert answer.status_code == 503, answer.json
    assert {kind: at_once for kind, (at_once, _) in due(house).items()} == {"peers": True, "watch": False}
