"""What only a firm states, in matches, batches and assignments: told, and counted only where a product says so."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from bank_products import a_product
from flask.testing import FlaskClient

from chassis.data.worker import Worker
from services.matching.context import Context
from services.matching.jobs import handlers
from services.matching.problems import KINDS

Headers = dict[str, str]
NEED = {"amount_fen": 20_000_000, "months": 12}
HELD = {"sales_12m": 30_000_000.0, "sales_active_months_12m": 4.0, "sales_red_ratio_36m": 0.02, "history_months": 40.0}


@pytest.fixture
def published(client: FlaskClient, bank: Headers) -> None:
    """One product that says nothing of what counts, and one that counts everything."""
    for product in (a_product(), a_product(id="trusting", counts="everything")):
        assert client.put(f"/v1/products/{product['id']}", json=product, headers=bank).status_code == 201


@pytest.fixture
def inflated(neighbours: Any) -> Any:
    """Let the firm that does well do so by its own word only."""
    neighbours.confirmed["local:E1"] = HELD
    neighbours.with_everything["local:E1"] = {"score": 668, "grade": "A", "pd": 0.006}
    neighbours.scores = neighbours.scores.with_columns(score=540, grade=None, pd=0.05).with_columns(
        grade=neighbours.scores["grade"].replace("A", "B")
    )
    return neighbours


def ask(client: FlaskClient, headers: Headers) -> Any:
    sent = {**headers, "Idempotency-Key": "m1"}
    return client.post("/v1/matches", json={"enterprise": "local:E1", "need": NEED}, headers=sent).json


@pytest.mark.usefixtures("published", "inflated")
def test_a_match_decides_by_what_is_confirmed_and_tells_the_rest(client: FlaskClient, bank: Headers) -> None:
    """Score, facts and refusal are without it; beside them stand the score with it and the sentence."""
    match = ask(client, bank)
    assert (match["score"]["score"], match["score"]["depth"]) == (540, "C")
    assert match["score"]["with_everything"] == {"score": 668, "grade": "A", "pd": 0.006}
    assert match["score"]["counted"] == {"zh": "未计入 local:E1", "en": "not counted local:E1"}
    assert match["score"]["evidence"]["unconfirmed_fen"] == 8
    (refused,) = match["refusals"]
    assert (refused["product"], refused["counts"], refused["found"]) == ("credit", "confirmed", 4)
    assert refused["if_confirmed"] is True
    (offer,) = match["offers"]
    assert (offer["product"], offer["counts"]) == ("trusting", "everything")


@pytest.mark.usefixtures("published", "inflated")
def test_a_trace_keeps_both_sides_of_the_facts(client: FlaskClient, bank: Headers) -> None:
    match = ask(client, bank)
    facts = client.get(f"/v1/matches/{match['id']}/trace", headers=bank).json["facts"]
    assert (facts["sales_active_months_12m"], facts["with_everything"]["sales_active_months_12m"]) == (4, 12)


@pytest.mark.usefixtures("published", "inflated")
def test_a_firm_is_told_nothing_of_what_others_confirm_by_anothers_match(
    client: FlaskClient, bank: Headers, neighbours: Any, tokens: Any
) -> None:
    """The bank reads its match as it was; the firm the same products by its own file, whatever partners' files hold."""
    itself = tokens(role="enterprise", client="firm-1", enterprise="local:E1", scopes="matches:read")
    neighbours.confirmed_to_itself["local:E1"] = HELD
    views = []
    for number, confirmed in enumerate((HELD, HELD | {"sales_active_months_12m": 12.0, "sales_12m": 900_000_000.0})):
        neighbours.confirmed["local:E1"] = confirmed
        sent = {**bank, "Idempotency-Key": f"m{number}"}
        match = client.post("/v1/matches", json={"enterprise": "local:E1", "need": NEED}, headers=sent).json
        place = f"/v1/matches/{match['id']}"
        assert client.get(place, headers=bank).json == match
        trace = client.get(f"{place}/trace", headers=bank).json
        assert trace["facts"]["sales_active_months_12m"] == confirmed["sales_active_months_12m"]
        told = client.get(place, headers=itself).json
        assert "by your own file alone" in told.pop("own_view")["en"].lower()
        own_trace = client.get(f"{place}/trace", headers=itself).json
        views.append((told | {"id": None, "created_at": None}, own_trace))
    assert views[0] == views[1]
    assert views[0][0]["score"]["evidence"] is None
    assert [each["found"] for each in views[0][0]["refusals"]] == [4]
    assert views[0][1]["facts"]["sales_active_months_12m"] == 4


@pytest.mark.usefixtures("published")
def test_where_nothing_is_confirmed_the_score_is_refused_by_name(
    client: FlaskClient, bank: Headers, inflated: Any
) -> None:
    """Every fact is unknown then, and what is unknown never passes."""
    inflated.confirmed["local:E1"] = dict.fromkeys(HELD)
    inflated.scores = inflated.scores.filter(inflated.scores["enterprise"] != "local:E1")
    inflated.with_everything["local:E1"] |= {"pd_low": 0.003, "pd_high": 0.01}
    match = ask(client, bank)
    assert (match["score"]["score"], match["score"]["problem"]) == (None, "nothing-confirmed")
    assert [offer["product"] for offer in match["offers"]] == ["trusting"]
    assert match["refusals"][0]["rule"] == "score available"


@pytest.mark.usefixtures("published", "inflated")
def test_a_batch_says_the_same_as_a_match(client: FlaskClient, bank: Headers, here: Context) -> None:
    alone = ask(client, bank)
    sent = {**bank, "Idempotency-Key": "b1"}
    order = {"enterprises": ["local:E1", "local:E2"], "need": NEED}
    batch = client.post("/v1/match-batches", json=order, headers=sent).json
    Worker(here.database, handlers(here), KINDS).run_once()
    answer = client.get(f"/v1/match-batches/{batch['id']}/results", headers=bank)
    lines = {line["enterprise"]: line for line in map(orjson.loads, answer.data.splitlines())}
    for name in ("score", "offers", "refusals"):
        assert lines["local:E1"][name] == alone[name]
    assert lines["local:E2"]["score"]["with_everything"] is None


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize("counts", ["everything", None])
def test_an_assignment_follows_each_products_policy(
    client: FlaskClient, bank: Headers, here: Context, inflated: Any, counts: str | None
) -> None:
    """Who states its sales alone gets nothing of a product that counts what is confirmed."""
    product = "trusting" if counts else "credit"
    order = {
        "requests": [{"enterprise": "local:E1", **NEED}],
        "products": [{"product": product, "budget_fen": 100_000_000, "priority": "risk"}],
    }
    made = client.post("/v1/assignments", json=order, headers={**bank, "Idempotency-Key": "a1"})
    Worker(here.database, handlers(here), KINDS).run_once()
    plan = client.get(made.headers["Location"], headers=bank).json
    assert plan["result"]["assigned"] == (1 if counts else 0)


def test_a_product_without_the_member_is_published_without_it(client: FlaskClient, bank: Headers) -> None:
    """A bank that says nothing keeps its product as it is, and its next PUT makes no new version."""
    for _ in range(2):
        made = client.put("/v1/products/credit", json=a_product(), headers=bank).json
    assert ("counts" in made, made["version"]) == (False, 1)


def test_another_policy_is_refused(client: FlaskClient, bank: Headers) -> None:
    answer = client.put("/v1/products/credit", json=a_product(counts="half"), headers=bank)
    assert answer.status_code == 422


QUOTE = {
    "seller": "local:E1",
    "payer": "local:E2",
    "amount_fen": 10_000_000,
    "due_days": 90,
    "terms": {"funding": 0.02, "operating": 0.005, "margin": 0.01, "lgd": 0.4, "advance": 0.9, "recourse": True},
}
BUDGET = {
    "budget_fen": 100_000_000,
    "least_fen": 10_000_000,
    "most_fen": 50_000_000,
    "rates": {"low": 0.04, "high": 0.15},
    "lgd": 0.5,
    "funding": 0.03,
}
CURVES = {"curves": [{"grades": ["A", "B"], "points": [{"rate": 0.04, "churn": 0.0}, {"rate": 0.15, "churn": 0.9}]}]}


def quoted(client: FlaskClient, bank: Headers, **order: Any) -> tuple[float, str]:
    """Return the PD of the seller that an advance is priced from, and what counted."""
    found = client.post("/v1/receivable-quotes", json={**QUOTE, **order}, headers=bank).json
    return found["seller_pd"], found["counts"]


def test_a_quote_of_an_advance_counts_as_ordered_else_as_the_bank_has_set(
    client: FlaskClient, bank: Headers, inflated: Any
) -> None:
    """Of the seller's own word the price knows nothing, unless order or bank lets it count."""
    assert quoted(client, bank) == (0.05, "confirmed")
    assert quoted(client, bank, counts="everything") == (0.006, "everything")
    inflated.counting = "everything"
    assert quoted(client, bank) == (0.006, "everything")
    assert quoted(client, bank, counts="confirmed") == (0.05, "confirmed")


def test_an_allocation_counts_as_ordered_else_as_the_bank_has_set(
    client: FlaskClient, bank: Headers, here: Context, inflated: Any
) -> None:
    """The PD of a planned line is of what counts, and the plan tells what that was."""
    sent = {**bank, "Idempotency-Key": "curves"}
    assert client.post("/v1/churn-curves", json=CURVES, headers=sent).status_code == 201

    def planned(key: str, **order: Any) -> tuple[float, str]:
        sent = {**bank, "Idempotency-Key": key}
        made = client.post("/v1/allocations", json={**BUDGET, "enterprises": ["local:E1"], **order}, headers=sent)
        Worker(here.database, handlers(here), KINDS).run_once()
        result = client.get(made.headers["Location"], headers=bank).json["result"]
        return result["lines"][0]["pd"], result["counts"]

    assert planned("p1") == (0.05, "confirmed")
    assert planned("p2", counts="everything") == (0.006, "everything")
    inflated.counting = "everything"
    assert planned("p3") == (0.006, "everything")
    assert planned("p4", counts="confirmed") == (0.05, "confirmed")


def test_a_product_that_is_silent_takes_its_banks_policy_for_good(
    client: FlaskClient, bank: Headers, neighbours: Any
) -> None:
    """A version is as its bank counted when it was published; the next one as it counts then."""

    def put(product: dict[str, Any]) -> Any:
        return client.put("/v1/products/credit", json=product, headers=bank).json

    neighbours.counting = "everything"
    assert put(a_product())["counts"] == "everything"
    neighbours.counting = "confirmed"
    assert client.get("/v1/products/credit", headers=bank).json["counts"] == "everything"
    assert ("counts" in put(a_product()), put(a_product())["version"]) == (False, 2)
    neighbours.counting = "everything"
    assert put(a_product(counts="confirmed"))["counts"] == "confirmed"
