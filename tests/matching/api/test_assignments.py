"""Assignments over HTTP: who gets which product, and by which notion nobody can ask for another."""

from __future__ import annotations

from typing import Any

import pytest
from bank_products import a_product
from flask.testing import FlaskClient

from chassis.data.worker import Worker
from services.matching.context import Context
from services.matching.jobs import handlers
from services.matching.problems import KINDS

Headers = dict[str, str]
NEED = {"amount_fen": 20_000_000, "months": 12}


@pytest.fixture(autouse=True)
def published(client: FlaskClient, bank: Headers) -> None:
    """Two products that ask for little, the first cheaper."""
    rate = a_product()["rate"]
    for name, margin in (("cheap", 0.0), ("dear", 0.02)):
        product = a_product(id=name, rules=[], rate={**rate, "margin": margin, "floor": 0.0})
        client.put(f"/v1/products/{name}", json=product, headers={**bank, "Idempotency-Key": name})


def assigned(client: FlaskClient, bank: Headers, here: Context, cheap: dict[str, Any], **changes: Any) -> Any:
    order = {
        "requests": [{"enterprise": f"local:E{n}", **NEED} for n in (1, 2, 3)],
        "products": [{"product": "cheap", **cheap}, {"product": "dear", "budget_fen": 20_000_000}],
        **changes,
    }
    answer = client.post("/v1/assignments", json=order, headers={**bank, "Idempotency-Key": "s1"})
    assert answer.status_code == 202, answer.json
    Worker(here.database, handlers(here), KINDS).run_once()
    return client.get(answer.headers["Location"], headers=bank).json


@pytest.mark.parametrize("cheap", [{"budget_fen": 39_000_000}, {"budget_fen": 90_000_000, "quota": 1}])
def test_the_safest_firm_gets_its_best_offer_and_the_next_what_is_left(
    client: FlaskClient, bank: Headers, here: Context, cheap: dict[str, Any]
) -> None:
    """One place in the cheap product, by budget or by quota, and one in the dear one; the unscored firm comes last."""
    found = assigned(client, bank, here, cheap)
    assert found["state"] == "done", found["problem"]
    result = found["result"]
    assert [(line["enterprise"], line["product"], line["choice"]) for line in result["lines"]] == [
        ("local:E1", "cheap", 1),
        ("local:E2", "dear", 2),
        ("local:E3", None, None),
    ]
    assert (result["notion"], result["blocking_pairs"], result["violations"]) == ("pairwise-stable", 0, [])
    assert [product["lent_fen"] for product in result["products"]] == [20_000_000, 20_000_000]


def test_a_products_cap_on_one_firm_keeps_larger_needs_out(client: FlaskClient, bank: Headers, here: Context) -> None:
    """Nobody gets a product whose cap lies under the need."""
    result = assigned(client, bank, here, {"budget_fen": 90_000_000, "most_fen": 19_999_999})["result"]
    assert [line["product"] for line in result["lines"]] == ["dear", None, None]


def test_a_product_that_is_not_in_force_fails_the_job_with_its_name(
    client: FlaskClient, bank: Headers, here: Context
) -> None:
    """The job's problem says which."""
    found = assigned(client, bank, here, {"budget_fen": 1}, products=[{"product": "gone", "budget_fen": 1}])
    assert (found["state"], found["problem"]["type"]) == ("failed", "/problems/product-not-found")


def test_a_consent_revoked_afterwards_withholds_the_line(
    client: FlaskClient, bank: Headers, here: Context, neighbours: Any
) -> None:
    """As in every answer that speaks of a firm."""
    place = f"/v1/assignments/{assigned(client, bank, here, {'budget_fen': 39_000_000})['id']}"
    neighbours.withheld.add("local:E1")
    lines = {line["enterprise"]: line for line in client.get(place, headers=bank).json["result"]["lines"]}
    assert set(lines["local:E1"]) == {"enterprise", "problem"}
    assert lines["local:E2"]["product"] == "dear"
