"""Of the plans that reach a target the one of least effort is told, with what the model says of each month."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.domain.recourse import STEPS, Continuations, TargetRule
from services.scoring.ml.scorer import Scorer
from services.scoring.ml.train import Trained
from services.scoring.ml.way_up import Goal, way_up

MONTHS = 4
COURSES = [(step, share) for step in STEPS for share in (0.0, 0.5, 1.0)]
START = {"sales": -2.0, "months": -1.0, "silence": 1.0, "concentration": 0.5, "season": 0.0}


@pytest.fixture(scope="module")
def scorer(trained: Trained) -> Scorer:
    """Return the really trained model of five features."""
    return Scorer.load(trained.path.parent)


def continuations(rises: list[float], scorer: Scorer) -> Continuations:
    """Return plans of which each raises the sales by so much a month."""
    points = [(plan, month) for plan in range(len(COURSES)) for month in range(MONTHS + 1)]
    values = [{**START, "sales": START["sales"] + rises[plan] * month} for plan, month in points]
    trade: dict[str, Any] = {"sales": 1, "buyers": 1, "purchases": 1, "suppliers": 1}
    return Continuations.from_json(
        {
            "pace": {"per_month": 0.04, "basis": "own", "comparisons": 12, "quantile": 0.75},
            "plans": [{"step": step, "share": share} for step, share in COURSES],
            "points": [{"plan": plan, "month": month, "day": str(date(2020, 1 + month, 21))} for plan, month in points],
            "values": [[each[name] for name in scorer.features] for each in values],
            "trade": [{"plan": plan, "month": month, **trade} for plan, month in points if month],
            "since": {"sale": "2015-01-01", "purchase": "2015-01-01"},
        }
    )


def score(scorer: Scorer, rise: float) -> int:
    values = {**START, "sales": START["sales"] + rise}
    return scorer.score([values[name] for name in scorer.features]).score


rises = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=len(COURSES), max_size=len(COURSES))


@given(rises, st.integers(1, 120))
@settings(max_examples=40)
def test_no_plan_of_less_effort_reaches_the_target(scorer: Scorer, rises: list[float], more: int) -> None:
    """Months, then growth, then additions: against every plan and month there is."""
    wanted = score(scorer, 0.0) + more
    answer = way_up(scorer, continuations(rises, scorer), Goal(points=wanted))
    efforts = [
        (month, share, list(STEPS).index(step))
        for (step, share), rise in zip(COURSES, rises, strict=True)
        for month in range(1, MONTHS + 1)
        if score(scorer, rise * month) >= wanted
    ]
    found = answer["plan"] and (
        answer["months"],
        answer["plan"]["share_of_pace"],
        list(STEPS).index(answer["plan"]["step"]),
    )
    assert (answer["reachable"], found) == (bool(efforts), min(efforts, default=None))


@given(rises)
@settings(max_examples=20)
def test_what_is_certified_is_what_the_model_says_of_these_values(scorer: Scorer, rises: list[float]) -> None:
    """Of the nearest plan too, to the bit; it is the best of all."""
    answer = way_up(scorer, continuations(rises, scorer), Goal(points=9_000))["nearest"]
    assert answer["certified"]["score"] == score(scorer, max(rises) * MONTHS)


def test_carrying_on_is_told_month_by_month(scorer: Scorer) -> None:
    """And a target that it reaches asks for nothing else."""
    found = continuations([1.0] * len(COURSES), scorer)
    answer = way_up(scorer, found, Goal(points=score(scorer, 4.0)))
    assert [each["score"] for each in answer["carrying_on"]] == [score(scorer, n) for n in range(1, 5)]
    assert answer["plan"]["carries_on"]
    assert "Go on as in the last twelve months" in answer["plan"]["sentence"]["en"]


def test_a_rule_on_a_figure_is_reached_in_the_first_month_that_has_it(scorer: Scorer) -> None:
    rule = TargetRule("sales", ">=", 1.0)
    answer = way_up(scorer, continuations([0.0] * 8 + [1.0], scorer), Goal(rules=(rule,)))
    assert (answer["months"], answer["plan"]["step"]) == (3, "former-partners")
    assert [(each["feature"], each["from"], each["to"]) for each in answer["changes"]] == [("sales", -2.0, 1.0)]
