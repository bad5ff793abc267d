"""The way back to one's own work: every order is listed to who made it, page by page, by filters that are obeyed."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bank_products import ALLOCATION, CURVES, a_product
from flask.testing import FlaskClient
from sqlalchemy import update

from chassis.core.moments import today
from chassis.data.worker import Worker
from services.matching.context import Context
from services.matching.jobs import handlers
from services.matching.tables import Batch, Plan, StoredMatch

Headers = dict[str, str]
NEED = {"amount_fen": 20_000_000, "months": 12}
ASSIGNMENT = {
    "requests": [{"enterprise": "local:E1", **NEED}],
    "products": [{"product": "credit", "budget_fen": 10**9}],
}
ORDERS = {
    "/v1/match-batches": {"enterprises": ["local:E1"], "need": NEED},
    "/v1/allocations": ALLOCATION,
    "/v1/assignments": ASSIGNMENT,
    "/v1/products/credit/dry-runs": {"product": a_product(), "enterprises": ["local:E1"]},
    "/v1/matches": {"enterprise": "local:E1", "need": NEED},
}
JOBS = [place for place in ORDERS if place != "/v1/matches"]
TABLES = {"/v1/match-batches": Batch, "/v1/matches": StoredMatch}


class Desk:
    """Two banks, each with its own orders."""

    def __init__(self, client: FlaskClient, here: Context, tokens: Any) -> None:
        self.client, self.here = client, here
        scopes = "products:write products:read matches:write matches:read"
        self.one, self.two = (tokens(role="bank", client=f"bank-{n}", scopes=scopes) for n in (1, 2))
        self.number = 0

    def post(self, who: Headers, path: str, body: Any) -> str:
        self.number += 1
        answer = self.client.post(path, json=body, headers=who | {"Idempotency-Key": f"key-{self.number}"})
        assert answer.status_code in (201, 202), answer.json
        return str(answer.json["id"])

    def order(self, place: str, who: Headers | None = None) -> str:
        return self.post(who or self.one, place, ORDERS[place])

    def work(self) -> None:
        Worker(self.here.database, handlers(self.here)).run_once()

    def ids(self, place: str, query: str = "", who: Headers | None = None) -> list[str]:
        answer = self.client.get(f"{place}{query}", headers=who or self.one)
        assert answer.status_code == 200, answer.json
        return [each["id"] for each in answer.json["items"]]

    def date_back(self, place: str, order: str) -> None:
        """Let an order have been made a week ago."""
        table = TABLES.get(place, Plan)
        with self.here.database.begin() as session:
            earlier = datetime.now(UTC) - timedelta(days=7)
            session.execute(update(table).where(table.id == order).values(created_at=earlier))


@pytest.fixture
def desk(client: FlaskClient, here: Context, tokens: Any) -> Desk:
    made = Desk(client, here, tokens)
    assert client.put("/v1/products/credit", json=a_product(), headers=made.one).status_code == 201
    for who in (made.one, made.two):
        made.post(who, "/v1/churn-curves", CURVES)
    return made


@pytest.mark.parametrize("place", ORDERS)
def test_orders_are_listed_to_who_made_them_newest_first(desk: Desk, place: str) -> None:
    """A page at a time; another bank sees none of them."""
    first, second = desk.order(place), desk.order(place)
    assert desk.ids(place) == [second, first]
    page = desk.client.get(f"{place}?limit=1", headers=desk.one).json
    assert [each["id"] for each in page["items"]] == [second]
    assert desk.ids(place, f"?limit=1&cursor={page['next']}") == [first]
    assert desk.ids(place, who=desk.two) == []


@pytest.mark.parametrize("place", ORDERS)
def test_since_leaves_out_what_is_older(desk: Desk, place: str) -> None:
    """To and with the day that is named."""
    old, new = desk.order(place), desk.order(place)
    desk.date_back(place, old)
    assert desk.ids(place, f"?since={today()}") == [new]
    assert desk.ids(place, f"?since={today() - timedelta(days=7)}") == [new, old]


@pytest.mark.parametrize("place", JOBS)
def test_a_state_finds_the_orders_that_are_in_it(desk: Desk, place: str) -> None:
    """As their jobs are; each tells it."""
    made = desk.order(place)
    desk.work()
    waits = desk.order(place)
    assert (desk.ids(place, "?state=done"), desk.ids(place, "?state=queued")) == ([made], [waits])
    listed = desk.client.get(place, headers=desk.one).json["items"]
    assert [each["state"] for each in listed] == ["queued", "done"]


@pytest.mark.parametrize("place", ORDERS)
@pytest.mark.parametrize("query", ["state=bogus", "since=yesterday", "since=2026-12-01&surprise=1"])
def test_what_no_filter_is_or_says_is_refused(desk: Desk, place: str, query: str) -> None:
    """It is never taken for no filter."""
    assert desk.client.get(f"{place}?{query}", headers=desk.one).status_code in (400, 422)


def test_dry_runs_are_listed_by_their_product(desk: Desk) -> None:
    """Those of another product are elsewhere."""
    made = desk.order("/v1/products/credit/dry-runs")
    other = desk.post(desk.one, "/v1/products/other/dry-runs", {"product": a_product(id="other")})
    assert desk.ids("/v1/products/credit/dry-runs") == [made]
    assert desk.ids("/v1/products/other/dry-runs") == [other]


def test_a_dry_run_of_the_release_before_is_listed_by_its_product(desk: Desk) -> None:
    """Processes of before went on while the column was there already, and left it empty."""
    made = desk.order("/v1/products/credit/dry-runs")
    other = desk.post(desk.one, "/v1/products/other/dry-runs", {"product": a_product(id="other")})
    with desk.here.database.begin() as session:
        session.execute(update(Plan).values(product=None))
    assert desk.ids("/v1/products/credit/dry-runs") == [made]
    assert desk.ids("/v1/products/other/dry-runs") == [other]


def test_an_allocation_of_the_release_before_is_read_in_words_of_now(desk: Desk) -> None:
    """A worker of before wrote `lent_fen` after the kept plans were renamed; wherever it stands it is `offered_fen`."""
    made = desk.order("/v1/allocations")
    desk.work()
    now = desk.client.get(f"/v1/allocations/{made}", headers=desk.one).json
    with desk.here.database.begin() as session:
        row = session.get_one(Plan, made)
        assert row.answer is not None
        kept = zlib.decompress(row.answer)
        assert kept.count(b'"offered_fen"') > 1
        row.answer = zlib.compress(kept.replace(b'"offered_fen"', b'"lent_fen"'))
    assert desk.client.get(f"/v1/allocations/{made}", headers=desk.one).json == now


def test_matches_are_found_by_firm_and_a_firm_finds_those_about_itself(desk: Desk, tokens: Any) -> None:
    """A list says what was asked and nothing that was answered."""
    first = desk.order("/v1/matches")
    second = desk.post(desk.one, "/v1/matches", {"enterprise": "local:E2", "need": NEED})
    firm = tokens(role="enterprise", client="firm-1", enterprise="local:E1", scopes="matches:read")
    assert desk.ids("/v1/matches", "?enterprise=local:E2") == [second]
    assert desk.ids("/v1/matches", who=firm) == [first]
    (item,) = desk.client.get("/v1/matches", headers=firm).json["items"]
    assert item.keys() == {"id", "enterprise", "client", "need", "as_of", "created_at"}
    assert (item["need"], item["client"]) == (NEED, "bank-1")
