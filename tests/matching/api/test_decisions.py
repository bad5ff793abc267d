"""Past decisions over HTTP: imported once, told with each offer, and no way to buy a rank."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bank_products import a_product
from flask.testing import FlaskClient

Headers = dict[str, str]
NEED = {"amount_fen": 20_000_000, "months": 12}


def decisions(count: int = 200) -> list[dict[str, Any]]:
    rng = np.random.default_rng(5)
    return [
        {
            "reference": f"case-{number}",
            "score": int(score),
            "amount_fen": 20_000_000,
            "months": 12,
            "approved": bool(score + rng.normal(0, 20) > 600),
            "decided_on": "2025-03-01",
        }
        for number, score in enumerate(rng.integers(450, 750, count))
    ]


def tell(client: FlaskClient, headers: Headers, items: list[dict[str, Any]], key: str = "d1") -> Any:
    return client.post("/v1/decisions", json={"items": items}, headers={**headers, "Idempotency-Key": key})


def offer(client: FlaskClient, headers: Headers, key: str = "m1") -> Any:
    order = {"enterprise": "local:E1", "need": NEED}
    return client.post("/v1/matches", json=order, headers={**headers, "Idempotency-Key": key}).json["offers"][0]


@pytest.fixture(autouse=True)
def published(client: FlaskClient, bank: Headers) -> None:
    """One product of this bank."""
    assert client.put("/v1/products/credit", json=a_product(), headers=bank).status_code == 201


def test_a_reference_is_taken_once(client: FlaskClient, bank: Headers) -> None:
    """Also under another key."""
    items = decisions(20)
    assert tell(client, bank, items).json.items() >= {"added": 20, "known": 0, "decisions": 20}.items()
    assert tell(client, bank, items, "d2").json.items() >= {"added": 0, "known": 20, "decisions": 20}.items()


def test_without_decisions_the_probability_is_unknown_and_said_to_be(client: FlaskClient, bank: Headers) -> None:
    """Null, from no decisions, with a note."""
    found = offer(client, bank)
    assert (found["approval_probability"], found["approval_decisions"]) == (None, 0)
    assert found["approval_note"]["zh"].startswith("未知")


def test_an_offer_tells_how_likely_its_bank_approves(client: FlaskClient, bank: Headers) -> None:
    """A score of 668 is far above what this bank has approved."""
    before = offer(client, bank)
    tell(client, bank, decisions())
    found = offer(client, bank, "m2")
    assert before["approval_probability"] is None
    assert found["approval_probability"] > 0.9
    assert found["approval_decisions"] == 200


def test_another_banks_decisions_say_nothing(client: FlaskClient, bank: Headers, tokens: Any) -> None:
    """Each bank is known by its own."""
    other = tokens(role="bank", client="bank-2", scopes="products:write")
    assert tell(client, other, decisions()).status_code == 201
    assert offer(client, bank)["approval_probability"] is None


def test_a_refusal_tells_what_would_open_it(client: FlaskClient, bank: Headers) -> None:
    """A smaller amount, certified; the grade is left to the score."""
    order = {"enterprise": "local:E1", "need": {"amount_fen": 400_000_000, "months": 12}}
    found = client.post("/v1/matches", json=order, headers={**bank, "Idempotency-Key": "m9"}).json["refusals"][0]
    assert [(plan["kind"], plan["changes"][0]["needed"]) for plan in found["recourse"]["plans"]] == [
        ("need", 270_000_000)
    ]
