"""No firm's record moves another firm's figures: whatever is imported of others, of any day, by whomever."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from profile_house import HEADER, House
from sqlalchemy import delete

from services.profile.book import tables

SALES = HEADER.replace("销方单位代号", "购方单位代号")
MINE = "".join(f"E1,{n},2024/{n}/15,K{n},{n}00.00,0.00,{n}00.00,有效发票\n" for n in range(1, 13))
PATHS = ("features", "evidence?feature=sales_36m", "late-payments")
NUMBERS = count(1)
# Of any day up to now, and of days to come, which are refused.
days = st.one_of(st.just(0), st.integers(-3, 2000)).map(lambda back: date.today() - timedelta(days=back))  # noqa: DTZ011
rows = st.tuples(st.sampled_from(["E2", "E3", "K1"]), days, st.sampled_from(["E1", "E2", "K9"]), st.integers(1, 10**9))
senders = st.sampled_from(["source", "firm"])


@pytest.fixture(params=["2024-12-31", None])
def settled(house: House, request: pytest.FixtureRequest) -> Iterator[House]:
    """Return a house, on both databases, whose one firm has a file; dated by the operator, and not."""
    house.send("invoices.sale", SALES + MINE)
    house.date_book(request.param)
    house.follows = False
    return house


def features(house: House) -> bytes:
    """Return the firm's features as they are answered: kept ones where they still hold."""
    return house.client.get("/v1/enterprises/E1/features", headers=house.owner()).data


def computed(house: House) -> list[bytes]:
    """Return what is told of the firm with nothing kept, without the moment of telling."""
    with house.context.database.begin() as session:
        session.execute(delete(tables.FeatureSnapshot))
    told = [house.client.get(f"/v1/enterprises/E1/{path}", headers=house.owner()) for path in PATHS]
    assert [each.status_code for each in told] == [200] * len(PATHS)
    return [orjson.dumps({**each.json, "known_at": None}, option=orjson.OPT_SORT_KEYS) for each in told]


def hand_in(house: House, sender: str, row: tuple[str, date, str, int]) -> str:
    firm, day, partner, yuan = row
    file = f"{SALES}{firm},{next(NUMBERS)},{day:%Y/%m/%d},{partner},{yuan}.00,0.00,{yuan}.00,有效发票\n"
    headers = house.source if sender == "source" else house.owner(f"local:{firm}")
    sent = house.client.post("/v1/imports?kind=invoices.sale&filename=f.csv", data=file.encode(), headers=headers)
    assert sent.status_code == 202, sent.json
    while house.worker.run_once():
        pass
    return str(sent.json["id"])


@given(st.lists(st.tuples(senders, rows), min_size=1, max_size=3), st.booleans())
@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_record_of_another_firm_changes_what_is_told_of_one(
    settled: House, files: list[tuple[str, tuple[str, date, str, int]]], undone: bool
) -> None:
    """Not its features, by a byte; not the day as of which it is read; and taking the record back does not, either."""
    before, kept, day = computed(settled), features(settled), settled.book()["date"]
    for sender, row in files:
        sent = hand_in(settled, sender, row)
        if undone:
            settled.client.post(f"/v1/imports/{sent}/withdraw", headers=settled.operator)
            while settled.worker.run_once():
                pass
    assert features(settled) == kept
    assert computed(settled) == before
    assert settled.book()["date"] == day
