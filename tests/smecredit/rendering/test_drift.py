"""The drift report on a terminal."""

from __future__ import annotations

import pytest

from smecredit.rendering.drift import drift

SUBJECT = {"of": "points", "subject": "margin", "p_adjusted": 0.004, "moved": -3.25,
           "title": {"zh": "毛利", "en": "margin"}, "psi": 0.31, "power": 0.93, "p_value": 0.0,
           "reference": 83, "current": 385, "bins": 5}  # fmt: skip
REPORT = {
    "model": "mdl_1",
    "since": "2025-01-01",
    "until": "2025-12-31",
    "scores": 385,
    "months": [
        {
            "month": "2025-11",
            "firms": 385,
            "subjects": [{**SUBJECT, "limit": 0.2, "state": "alarm"}, {**SUBJECT, "limit": None, "state": "too-few"}],
        }
    ],
    "back_test": {
        "firms": 40,
        "horizon_months": 12,
        "training_firms": 83,
        "grades": [
            {"grade": "B", "firms": 40, "defaults": 9, "mean_pd": 0.06, "default_rate": 0.225, "p_as_many": 0.0001,
             "p_as_few": 1.0}
        ],
        "hosmer_lemeshow": {"statistic": 21.0, "groups": 10, "p_value": 0.02},
    },
    "migrations": {"firms": 10, "table": {}, "stayed": 0.8, "up": 0.1, "down": 0.1},
    "overrides": {"scores": 50, "overridden": 2, "up": 1, "down": 1, "by_reason": {}, "rate": 0.04},
    "alerts": [{"sentence": {"zh": "毛利的分布已偏移", "en": "margin has shifted"}}],
}  # fmt: skip


def test_what_is_alarming_comes_first_in_both_languages(capsys: pytest.CaptureFixture[str]) -> None:
    """Alerts, then months, grades, migrations and overrides; a limit that does not exist is a dash."""
    drift(REPORT)

    shown = capsys.readouterr().out
    assert shown.index("margin has shifted") < shown.index("2025-11")
    for part in (
        "毛利",
        "0.310",
        "0.004",
        "-3.2",
        "points 加减分",
        "alarm 超限",
        "too few 过少",
        "22.50%",
        "p 0.020",
        "80% stayed",
        "2 of 50 (4.0%)",
        "83 trained",
    ):
        assert part in shown


def test_a_quiet_report_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing alarming is a sentence, not an empty screen."""
    quiet = {"grades": [], "hosmer_lemeshow": None}
    overrides = {**REPORT["overrides"], "scores": 0}
    drift({**REPORT, "alerts": [], "months": [], "back_test": quiet, "overrides": overrides})

    assert "nothing has passed its limit 无超限" in capsys.readouterr().out
