"""Models on a terminal."""

from __future__ import annotations

from typing import Any

import pytest

from smecredit.rendering.models import evaluation, model, models

BEHIND = {"model": 0.72, "challenger": 0.785, "advantage": -0.065, "ci95": [-0.17, 0.04], "margin": 0.01}
TESTS = {"auc": {**BEHIND, "finding": "behind"}, "brier": {**BEHIND, "advantage": 0.01, "finding": "no-worse"}}
MODEL: Any = {
    "version": "mdl_1",
    "state": "serving",
    "exception": None,
    "card": {"metrics": {"auc": {"mean": 0.72}, "firms": 80, "defaults": 20}, "gate": {"passed": True, "tests": {}}},
}


def failed(exception: str | None) -> Any:
    return {**MODEL, "exception": exception, "card": {**MODEL["card"], "gate": {"passed": False, "tests": TESTS}}}


def test_a_model_that_failed_its_gate_is_listed_with_the_figure_and_the_reason(
    capsys: pytest.CaptureFixture[str],
) -> None:
    models([failed("a pilot of ten firms")])
    shown = capsys.readouterr().out
    assert "failed its gate 未通过准入检验: AUC 0.720, challenger 对照 0.785, margin 容限 0.01" in shown
    assert "approved all the same 例外批准: a pilot of ten firms" in shown
    assert "Brier" not in shown


def test_a_model_that_passed_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    models([MODEL])
    shown = capsys.readouterr().out
    assert "passed 通过" in shown
    assert "例外" not in shown


def test_a_model_tells_what_became_of_a_block_that_was_tried(capsys: pytest.CaptureFixture[str]) -> None:
    said = {"zh": "图谱特征组：未采用", "en": "Figures of ties: left out, AUC +0.001"}
    model(MODEL | {"card": MODEL["card"] | {"blocks": {"graph": {"kept": False, "sentence": said}}}})
    shown = capsys.readouterr().out
    assert said["zh"] in shown
    assert said["en"] in shown


def test_an_evaluation_shows_how_far_the_model_is_ahead(capsys: pytest.CaptureFixture[str]) -> None:
    evaluation({"firms": 80, "gate": {"passed": False, "tests": TESTS}})
    shown = capsys.readouterr().out
    assert "-0.0650" in shown
    assert "behind 落后" in shown
