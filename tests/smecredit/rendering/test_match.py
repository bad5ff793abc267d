"""A match on a terminal."""

from __future__ import annotations

from typing import Any

import pytest

from smecredit.rendering.match import match

UNSCORED: Any = {
    "enterprise": "local:E1",
    "as_of": "2026-12-10",
    "score": {"score": None, "grade": None, "pd": None, "depth": None, "model": None, "problem": "not-enough-data"},
    "offers": [],
    "refusals": [],
}


def test_a_match_of_a_firm_without_a_score_says_why_there_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    match(UNSCORED)
    assert "not-enough-data" in capsys.readouterr().out


def test_a_match_of_a_scored_firm_begins_with_its_grade(capsys: pytest.CaptureFixture[str]) -> None:
    match({**UNSCORED, "score": {"grade": "A", "pd": 0.012}})
    assert "grade A  PD 1.20%" in capsys.readouterr().out


OFFER: Any = {
    "rank": 1,
    "title": {"zh": "担保贷", "en": "Guaranteed loan"},
    "bank": "Example Bank",
    "sandbox": False,
    "amount_fen": 50_000_000,
    "months": 12,
    "rate": 0.0285,
    "total_cost_fen": 1_170_000,
}
COST: Any = {"all_in_rate": 0.044331, "fees_fen": 400_000}


def test_an_offer_shows_its_all_in_rate_and_fees_beside_its_interest(capsys: pytest.CaptureFixture[str]) -> None:
    """A match of before the all-in rate shows the rest."""
    scored = {**UNSCORED, "score": {"grade": "A", "pd": 0.012}}
    match({**scored, "offers": [OFFER | COST]})
    told = capsys.readouterr().out
    assert "2.85%" in told
    assert "4.43%" in told
    assert "4,000" in told
    match({**scored, "offers": [OFFER]})
    before = capsys.readouterr().out
    assert "2.85%" in before
    assert "4.43%" not in before
