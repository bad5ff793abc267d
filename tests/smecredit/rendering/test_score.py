"""A score on a terminal."""

from __future__ import annotations

from typing import Any

import pytest

from smecredit.rendering.score import score

SCORE: Any = {
    "enterprise": "local:E1",
    "score": 495,
    "grade": "CCC",
    "pd": 0.11,
    "pd_interval": [0.08, 0.15],
    "depth": "C",
    "as_of": "2020-02-21",
    "reasons": [],
    "contributions": [],
    "base_points": 600.0,
    "model": {"version": "mdl_1", "reference": "r", "gate": "passed", "exception": None},
    "overlay": [],
    "disputes": [],
    "undisputed": None,
    "renewed_by": None,
    "evidence": {"shares": {"subject": 0.8, "government": 0.2}, "confirmed_share": 0.2},
    "counted": {"zh": "未计入评分", "en": "It was not counted."},
}


def test_a_score_says_what_its_money_rests_on_and_what_was_not_counted(capsys: pytest.CaptureFixture[str]) -> None:
    score(SCORE)
    shown = capsys.readouterr().out
    for part in ("subject 80%, government 20%", "confirmed 已印证 20%", "It was not counted.", "未计入评分"):
        assert part in shown


def test_a_score_of_before_says_neither(capsys: pytest.CaptureFixture[str]) -> None:
    score({**SCORE, "evidence": None, "counted": None})
    assert "已印证" not in capsys.readouterr().out


def test_a_score_of_a_short_history_says_what_showing_more_would_add(capsys: pytest.CaptureFixture[str]) -> None:
    fuller = {"sentence": {"zh": "评分为 571 分", "en": "The score would stand at 571."}}
    score({**SCORE, "fuller": fuller})
    shown = capsys.readouterr().out
    assert "The score would stand at 571." in shown
    assert "评分为 571 分" in shown
