"""Dry runs over HTTP: who gains and loses by a new version, with the rule that decides, and nothing published."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from bank_products import a_product
from flask.testing import FlaskClient

from chassis.data.worker import Worker
from services.matching.context import Context
from services.matching.jobs import handlers

Headers = dict[str, str]


def asks(expression: str) -> dict[str, Any]:
    title = {"zh": "规则", "en": "Rule"}
    rule = {"id": "own", "expression": expression, "title": title, "source": "policy", "since": "2025-01-01"}
    return a_product(rules=[rule])


@pytest.fixture(autouse=True)
def published(client: FlaskClient, bank: Headers) -> None:
    """Return a product that only the first of three firms may have."""
    assert client.put("/v1/products/credit", json=asks("history_months >= 12"), headers=bank).status_code == 201


def order(client: FlaskClient, headers: Headers, product: dict[str, Any], **more: Any) -> Any:
    body = {"product": product, **more}
    return client.post("/v1/products/credit/dry-runs", json=body, headers={**headers, "Idempotency-Key": "r1"})


def run(client: FlaskClient, headers: Headers, here: Context, product: dict[str, Any], **more: Any) -> Any:
    ordered = order(client, headers, product, **more)
    assert ordered.status_code == 202, ordered.json
    Worker(here.database, handlers(here)).run_once()
    found = client.get(ordered.headers["Location"], headers=headers).json
    assert found["state"] == "done", found["problem"]
    return found["result"]


def dry_again(client: FlaskClient, headers: Headers, here: Context, product: dict[str, Any]) -> Any:
    """Order another dry run than one before."""
    sent = {**headers, "Idempotency-Key": "r2"}
    ordered = client.post("/v1/products/credit/dry-runs", json={"product": product}, headers=sent)
    Worker(here.database, handlers(here)).run_once()
    return client.get(ordered.headers["Location"], headers=headers).json["result"]


def test_a_stricter_and_a_milder_rule_tell_who_loses_and_who_gains(
    client: FlaskClient, bank: Headers, here: Context
) -> None:
    """The firm with 40 months loses, the one with 8 gains, each by the rule that refuses it on one side."""
    found = run(client, bank, here, asks("history_months < 12 and history_months > 5"))
    assert [(line["enterprise"], line["change"], line["rule_id"], line["rule"]) for line in found["lines"]] == [
        ("local:E2", "gained", "own", "history_months >= 12"),
        ("local:E1", "lost", "own", "history_months < 12 and history_months > 5"),
    ]
    assert (found["lines"][0]["found"], found["lines"][0]["needed"]) == (8, 12)
    assert {name: found[name] for name in ("enterprises", "before", "after", "gained", "lost", "version")} == {
        "enterprises": 3,
        "before": 1,
        "after": 1,
        "gained": 1,
        "lost": 1,
        "version": 1,
    }


def test_nothing_is_published_and_scores_are_read_softly(
    client: FlaskClient, bank: Headers, here: Context, neighbours: Any
) -> None:
    """The version stays; every read was a soft one."""
    neighbours.asked.clear()
    run(client, bank, here, asks("history_months >= 1"))
    assert client.get("/v1/products/credit", headers=bank).json["version"] == 1
    reads = [(path, headers.get("Purpose")) for path, headers, _ in neighbours.asked if path.endswith("-sets")]
    assert reads == [("/v1/score-sets", "financing-match")]


def test_all_are_counted_and_only_some_listed(client: FlaskClient, bank: Headers, here: Context) -> None:
    """The limit binds the list alone."""
    found = run(client, bank, here, asks("history_months >= 1"), limit=1)
    assert (found["gained"], len(found["lines"]), found["rules"]) == (
        2,
        1,
        [{"change": "gained", "rule_id": "own", "firms": 2}],
    )


def test_the_need_is_the_least_that_is_lent_unless_it_is_named(
    client: FlaskClient, bank: Headers, here: Context
) -> None:
    """An amount above the product's range would refuse all."""
    assert run(client, bank, here, asks("history_months >= 1"))["need"] == {"amount_fen": 1_000_000, "months": 3}


def test_a_firm_whose_consent_has_ended_since_is_withheld(
    client: FlaskClient, bank: Headers, here: Context, neighbours: Any
) -> None:
    """Its line says only that."""
    run(client, bank, here, asks("history_months >= 1"))
    neighbours.withheld = {"local:E2"}
    location = order(client, bank, asks("history_months >= 1")).headers["Location"]
    lines = {line["enterprise"]: line for line in client.get(location, headers=bank).json["result"]["lines"]}
    assert lines["local:E2"].keys() == {"enterprise", "problem"}
    assert lines["local:E3"]["change"] == "gained"


def test_another_banks_product_cannot_be_tried(client: FlaskClient, tokens: Callable[..., dict[str, str]]) -> None:
    """As it cannot be revised."""
    other = tokens(role="bank", client="bank-2", scopes="products:write")
    answer = order(client, other, asks("history_months >= 1"))
    assert (answer.status_code, answer.json["type"]) == (403, "/problems/not-the-owner")


@pytest.mark.parametrize(
    ("expression", "slug"),
    [
        ("history_months >=", "rule-unreadable"),
        ('kind == "gold"', "word-unknown"),
        ("score > 500 and score < 400", "rules-contradict"),
    ],
)
def test_a_rule_that_nobody_could_pass_is_refused_at_once(
    client: FlaskClient, bank: Headers, expression: str, slug: str
) -> None:
    """With its place, like on publication."""
    assert order(client, bank, asks(expression)).json["type"] == f"/problems/{slug}"


def priced(**rate: float) -> dict[str, Any]:
    return asks("history_months >= 1") | {"rate": {**a_product()["rate"], **rate}}


def test_prices_are_told_before_and_after(client: FlaskClient, bank: Headers, here: Context) -> None:
    """A margin of 3 % instead of 1 % under a cap of 5 %: one firm is left, the other costs more than the cap."""
    run(client, bank, here, priced())
    client.put("/v1/products/credit", json=priced(), headers=bank)
    found = dry_again(client, bank, here, priced(margin=0.03, cap=0.07))
    before, after = found["prices"]["before"], found["prices"]["after"]
    assert (found["before"], found["after"], found["lost"]) == (3, 2, 1)
    assert [line["rule_id"] for line in found["lines"]] == ["terms.cost"]
    assert (before["offered"], before["under_cost"], before["unscored"]) == (3, 0, 1)
    assert (after["offered"], after["under_cost"], after["unscored"]) == (2, 1, 1)
    assert before["rates"]["least"] == 0.0407
    assert after["rates"]["least"] == 0.0607
    assert after["rates"]["most"] == 0.07
    assert before["lent_fen"] == 3_000_000
    assert before["expected_loss_fen"] > after["expected_loss_fen"] > 0
    assert after["all_in_rates"]["least"] > after["rates"]["least"]


def test_what_is_not_published_has_no_prices_before(client: FlaskClient, bank: Headers, here: Context) -> None:
    body = {"product": priced() | {"id": "new"}}
    ordered = client.post("/v1/products/new/dry-runs", json=body, headers={**bank, "Idempotency-Key": "n1"})
    Worker(here.database, handlers(here)).run_once()
    found = client.get(ordered.headers["Location"], headers=bank).json["result"]["prices"]
    assert (found["before"], found["after"]["offered"]) == (None, 3)


def test_below_cost_is_offered_at_a_loss_that_is_told(client: FlaskClient, bank: Headers, here: Context) -> None:
    """All at the cap of 3.5 %, which is less than what the loans cost."""
    found = run(client, bank, here, priced(cap=0.035) | {"lend_below_cost": True})["prices"]["after"]
    assert (found["offered"], found["under_cost"]) == (3, 2)
    assert found["expected_profit_fen"] < 0
    assert found["rates"] == dict.fromkeys(("least", "quarter", "median", "three_quarters", "most"), 0.035)
