"""Quotes of advances on invoices: priced from what is known of payer and seller, and never from a guess."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

Headers = dict[str, str]
ORDER = {
    "seller": "local:E1",
    "payer": "local:E2",
    "amount_fen": 10_000_000,
    "due_days": 90,
    "terms": {"funding": 0.02, "operating": 0.005, "margin": 0.01, "lgd": 0.4, "advance": 0.9, "recourse": False},
}


def quote(client: FlaskClient, headers: Headers, **changes: Any) -> Any:
    return client.post("/v1/receivable-quotes", json={**ORDER, **changes}, headers=headers)


def test_a_quote_is_made_from_the_payers_pd_and_the_sellers_red_letters(client: FlaskClient, bank: Headers) -> None:
    """Payer at 5 % · 0.4 = 2 %; the seller cancels 2 % of its sales, so 90 % can be advanced."""
    found = quote(client, bank).json
    lines = {line["line"]: line["rate"] for line in found["rate_lines"]}
    assert (found["advance_fen"], lines["expected-loss"], found["dilution"]) == (9_000_000, 0.02, 0.02)
    assert found["rate"] == pytest.approx(sum(lines.values()), abs=1e-12)


def test_with_recourse_only_the_safer_of_the_two_is_priced(client: FlaskClient, bank: Headers) -> None:
    """The seller's 0.6 % · 0.4."""
    found = quote(client, bank, terms={**ORDER["terms"], "recourse": True}).json  # type: ignore[dict-item]
    lines = {line["line"]: line["rate"] for line in found["rate_lines"]}
    assert lines["expected-loss"] == pytest.approx(0.0024)


def test_an_unknown_payer_is_priced_by_the_banks_own_estimate_or_not_at_all(client: FlaskClient, bank: Headers) -> None:
    """A refusal names what to give."""
    assert quote(client, bank, payer=None, payer_pd=0.05).json["payer_pd"] == 0.05
    refused = quote(client, bank, payer="local:E3")
    assert (refused.status_code, refused.json["type"]) == (422, "/problems/not-priceable")
    assert "payer_pd" in refused.json["detail"]


def test_no_quote_is_dearer_than_the_law_bears(client: FlaskClient, bank: Headers) -> None:
    """1 day and a deviation of 20 %: 1,477 % a year before; 24 % of a year of 365 days is 23.6712 % of one of 360."""
    found = quote(client, bank, due_days=1, dilution_deviation=0.2).json
    assert found["rate"] == 0.236712
    assert found["rate_lines"][-1]["line"] == "statutory-cap"
    assert found["rate"] == pytest.approx(sum(line["rate"] for line in found["rate_lines"]), abs=1e-9)
    assert found["discount_fen"] <= found["advance_fen"] * 0.24 / 365 + 1


def test_who_sells_an_invoice_does_not_owe_it(client: FlaskClient, bank: Headers) -> None:
    refused = quote(client, bank, payer="local:E1")
    assert (refused.status_code, refused.json["field"]) == (422, "payer")
