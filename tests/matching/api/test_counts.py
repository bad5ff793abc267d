"""What only a firm states, in matches, batches and assignments: told, and counted only where a product says so."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from bank_products import a_product
from flask.testing import FlaskClient

from chassis.data import jobs
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
    client: FlaskClient, bank: Headers, tokens: Any
) -> None:
    """The bank reads its match as it was; the firm without the money and the sentence about it."""
    match = ask(client, bank)
    place = f"/v1/matches/{match['id']}"
    assert client.get(place, headers=bank).json == match
    itself = tokens(role="enterprise", client="firm-1", enterprise="local:E1", scopes="matches:read")
    told = client.get(place, headers=itself).json
    assert told == match | {"score": match["score"] | {"evidence": None, "counted": None}}


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
    jobs.Worker(here.database, handlers(here), KINDS).run_once()
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
    jobs.Worker(here.database, handlers(here), KINDS).run_once()
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
