"""The cheapest way up, against every plan there is, and the laws that no plan may break."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.domain import recourse as rules
from services.scoring.domain import scale
from services.scoring.domain.recourse import MOST_CHANGES, MOST_MONTHS, Lever, TargetRule
from services.scoring.ml.scorer import Scorer
from services.scoring.ml.train import train
from services.scoring.ml.way_up import Goal, _levers, way_up

# Name → direction, actionable, pace, unit: few enough to try every plan, and of every kind.
KINDS = {
    "customer_hhi_12m": (1, "lower", 0.05, "ratio"),
    "customer_top1_share_12m": (1, "lower", 0.05, "ratio"),  # of one family with the one before
    "history_months": (-1, "raise", 1.0, "month"),
    "sales_12m": (-1, "raise", None, "fen"),
    "silence": (1, "immutable", None, "month"),
}


def entry(name):
    direction, actionable, pace, unit = KINDS[name]
    words = {"zh": name, "en": name}
    return {
        "name": name, "title": words, "unit": unit, "dimension": "chain", "direction": direction, "model": True,
        "actionable": actionable, "pace_per_month": pace, "reason": {"worse": words, "better": words},
    }  # fmt: skip


def firms_of(count, seed):
    """Firms whose risk depends on all five together, so that trees of depth two and more pair them."""
    random = np.random.default_rng(seed)
    share = random.uniform(0.05, 0.9, size=count)
    months = random.integers(2, 36, size=count).astype(float)
    sales = np.round(np.exp(random.normal(19, 1, size=count)))
    silence = random.integers(0, 9, size=count).astype(float)
    risk = -1 + 4 * share * (silence > 3) + 3 * share - 0.08 * months - 1.1 * (np.log(sales) - 19)
    return pl.DataFrame(
        {
            "enterprise": [f"local:R{number}" for number in range(count)],
            "customer_hhi_12m": np.round(share**1.5, 4),
            "customer_top1_share_12m": np.round(share, 4),
            "history_months": months,
            "sales_12m": sales,
            "silence": silence,
            "defaulted": random.uniform(size=count) < 1 / (1 + np.exp(-risk)),
        }
    )


@pytest.fixture(scope="module")
def scorer(tmp_path_factory):
    catalogue = {"version": "way-up", "features": [entry(name) for name in KINDS]}
    folder = tmp_path_factory.mktemp("models") / "mdl_way"
    train(firms_of(1200, 5), catalogue, version="mdl_way", seed=1, into=folder)
    return Scorer.load(folder)


@pytest.fixture(scope="module")
def firms(scorer):
    return [{name: row[name] for name in scorer.features} for row in firms_of(60, 8).to_dicts()]


def every_plan(scorer, values):
    """Cost and exact score of every plan in whole months: one of a family, at most five, none against another."""
    steps = []
    for name, lever in _levers(scorer, values).items():
        reached = [(lever.after(values[name], months), months) for months in range(1, MOST_MONTHS + 1)]
        forward = [(value, months) for value, months in reached if (value - values[name]) * lever.sign > 0]
        steps.append([(lever, name, value, months) for value, months in forward])
    plans = []
    for size in range(min(MOST_CHANGES, len(steps)) + 1):
        for chosen in combinations(steps, size):
            for plan in product(*chosen):
                families = [lever.family for lever, *_ in plan]
                if len(set(families)) == len(families) and not rules.conflict(name for _, name, *_ in plan):
                    plans.append(plan)
    frame = pl.DataFrame([{**values, **{name: value for _, name, value, _ in plan}} for plan in plans])
    scored = scorer.score_many(frame)
    return [sum(lever.cost(months) for lever, _, _, months in plan) for plan in plans], scored.score


@pytest.mark.parametrize("steps", [1, 2])
def test_no_plan_in_whole_months_is_cheaper(scorer, firms, steps):
    """Against all plans of every fifth firm: reachable exactly where one reaches it, at exactly the least cost."""
    assert scorer.forest.depth >= 2
    for values in firms[::5]:
        costs, scores = every_plan(scorer, values)
        at = [grade.name for grade in scale.MASTER_SCALE].index(scale.grade_of(scores[0]))
        goal = Goal(points=scale.MASTER_SCALE[max(0, at - steps)].from_points)

        found = way_up(scorer, values, goal)

        least = min((cost for cost, score in zip(costs, scores, strict=True) if score >= goal.points), default=None)
        assert (found["reachable"], found["cost"]) == (least is not None, least)


def test_what_is_nearest_is_the_best_that_any_plan_reaches(scorer, firms):
    """Where the best grade is out of reach, the nearest one is that of the highest score of all plans."""
    for values in firms[::10]:
        _, scores = every_plan(scorer, values)

        found = way_up(scorer, values, Goal(points=5_000))

        assert not found["reachable"]
        assert found["nearest"]["grade"] == scale.grade_of(max(scores))


@settings(max_examples=40)
@given(at=st.integers(0, 59), points=st.integers(480, 800))
def test_a_plan_keeps_every_law(scorer, firms, at, points):
    """At most five changes, the feasible way only, within pace and a year, one of a family, and it reaches."""
    values = firms[at]
    found = way_up(scorer, values, Goal(points=points))
    if not found["reachable"]:
        return
    changes = found["changes"]
    after = {**values, **{change["feature"]: change["to"] for change in changes}}

    assert len(changes) <= MOST_CHANGES
    assert "silence" not in {change["feature"] for change in changes}
    assert len({rules.FAMILY[change["feature"]] for change in changes}) == len(changes)
    for change in changes:
        moved = change["to"] - change["from"]
        assert (moved > 0) == (KINDS[change["feature"]][1] == "raise")
        assert abs(moved) <= change["pace_per_month"] * change["months"] * (1 + 1e-9)
        assert 1 <= change["months"] <= MOST_MONTHS
    assert scorer.score([after[name] for name in scorer.features]).score >= points


def test_a_change_is_no_larger_than_needed(scorer, firms):
    """One grain less of any one change, and the target is missed."""
    target = scorer.score(list(firms[3].values())).score + 15
    found = way_up(scorer, firms[3], Goal(points=target))
    after = {**firms[3], **{change["feature"]: change["to"] for change in found["changes"]}}
    levers = _levers(scorer, firms[3])
    assert found["changes"]
    for change in found["changes"]:
        lever = levers[change["feature"]]
        less = {**after, lever.feature: change["to"] - lever.sign * lever.grain}
        assert scorer.score([less[name] for name in scorer.features]).score < target


def test_a_rule_on_a_feature_is_met_to_the_grain(scorer, firms):
    """A product that wants a longer history gets a plan of so many months, and nothing else."""
    values = {**firms[0], "history_months": 10.0}

    found = way_up(scorer, values, Goal(rules=(TargetRule("history_months", ">=", 16),)))

    [change] = found["changes"]
    assert (change["feature"], change["to"], change["months"], found["months"]) == ("history_months", 16.0, 6, 6)


def test_a_rule_on_what_cannot_move_is_no_target(scorer, firms):
    """The answer names the rule, what was found and why nothing helps."""
    values = {**firms[0], "silence": 7.0}

    found = way_up(scorer, values, Goal(rules=(TargetRule("silence", "<=", 2),)))

    assert not found["reachable"]
    assert (found["blocked"][0]["rule"], found["blocked"][0]["found"]) == ("silence <= 2", 7.0)
    assert found["blocked"][0]["why"]["zh"] == "该项不可改变"


def test_a_rule_beyond_twelve_months_is_out_of_reach(scorer, firms):
    """Twenty months of history cannot be made in a year."""
    values = {**firms[0], "history_months": 3.0}

    found = way_up(scorer, values, Goal(rules=(TargetRule("history_months", ">=", 24),)))

    assert not found["reachable"]
    assert "12 months" in found["blocked"][0]["why"]["en"]


def test_what_is_reached_already_needs_no_change(scorer, firms):
    """A target below the score is an empty plan."""
    found = way_up(scorer, firms[1], Goal(points=1))

    assert (found["reachable"], found["changes"], found["cost"], found["months"]) == (True, [], 0, 0)


def test_an_unknown_value_is_never_a_lever(scorer, firms):
    """Nobody can be told to raise what is not known."""
    values = {**firms[2], "sales_12m": None, "customer_hhi_12m": None}

    found = way_up(scorer, values, Goal(points=5_000))

    assert {"sales_12m", "customer_hhi_12m"}.isdisjoint(each["feature"] for each in found["nearest"]["changes"])


def test_features_that_pull_against_each_other_stand_in_no_plan():
    """More purchases eat the margin: never both."""
    assert rules.conflict(["margin_36m", "history_months", "purchases_12m"])
    assert not rules.conflict(["margin_36m", "history_months"])


@given(value=st.floats(0, 1e9), months=st.integers(0, MOST_MONTHS))
def test_a_lever_never_outruns_its_pace(value, months):
    """What is told after some months is whole grains, and no further than the pace allows."""
    lever = Lever("sales_12m", 1, 123_456.0, declared=True, unit="fen", weight=2)

    reached = lever.after(value, months)

    assert reached <= value + 123_456.0 * months + 1e-3
    assert reached % lever.grain == pytest.approx(0, abs=1e-6)
