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
