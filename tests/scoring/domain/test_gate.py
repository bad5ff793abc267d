"""The gate: paired, corrected, and never kinder to a worse model."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from services.scoring.domain.gate import MARGINS, gate, passed, told

FOLDS = 10
KINDEST_FIRST = ("no-worse", "not-behind", "behind", "worse")
seeds = st.integers(0, 10_000)


def figures(seed, spread=0.03):
    random = np.random.default_rng(seed)
    centres = {"auc": 0.8, "brier": 0.15, "log_loss": 0.4}
    return {name: random.normal(centre, spread, FOLDS) for name, centre in centres.items()}


def better_by(figures, step):
    """Return the figures of a model that is better by so many margins in each fold."""
    signs = {"auc": 1, "brier": -1, "log_loss": -1}
    return {name: values + signs[name] * step * MARGINS[name] for name, values in figures.items()}


def test_a_model_that_is_its_challenger_is_shown_no_worse():
    """The same figures in each fold: nothing varies, so nothing is left to chance."""
    same = figures(1)
    found = gate(same, same, 0.2)
    assert found["passed"]
    assert {test["finding"] for test in found["tests"].values()} == {"no-worse"}


@pytest.mark.parametrize("name", list(MARGINS))
def test_one_figure_behind_by_more_than_its_margin_fails_the_model(name):
    """Two others that are ahead make up for nothing."""
    challenger = figures(1)
    model = better_by(challenger, 5) | {name: better_by(challenger, -1.01)[name]}
    found = gate(model, challenger, 0.2)
    assert not found["passed"]
    assert [each for each, test in found["tests"].items() if test["finding"] in {"behind", "worse"}] == [name]


@pytest.mark.parametrize("name", list(MARGINS))
def test_a_figure_behind_by_less_than_its_margin_passes(name):
    """Non-inferiority: as good, give or take the margin."""
    challenger = figures(1)
    found = gate(challenger | {name: better_by(challenger, -0.99)[name]}, challenger, 0.2)
    assert found["passed"]


@given(seed=seeds, step=st.floats(0, 5))
def test_a_worse_model_is_never_judged_more_kindly(seed, step):
    """The same folds, each worse by as much: no finding moves up."""
    model, challenger = figures(seed), figures(seed + 1)
    better, worse = (gate(better_by(model, by), challenger, 0.2)["tests"] for by in (0, -step))
    for name in MARGINS:
        assert KINDEST_FIRST.index(better[name]["finding"]) <= KINDEST_FIRST.index(worse[name]["finding"])


@given(seed=seeds)
def test_what_makes_a_fold_hard_for_both_counts_for_neither(seed):
    """Paired: the same shift of a fold in both models changes no advantage and no interval."""
    model, challenger = figures(seed), figures(seed + 1)
    hard = np.random.default_rng(seed).normal(0, 0.1, FOLDS)
    shifted = gate(*({name: values + hard for name, values in each.items()} for each in (model, challenger)), 0.2)
    plain = gate(model, challenger, 0.2)
    for name in MARGINS:
        for part in ("advantage", "ci95"):
            assert shifted["tests"][name][part] == pytest.approx(plain["tests"][name][part], abs=1e-12)


def test_the_interval_is_the_corrected_resampled_one():
    """Nadeau & Bengio (2003): the variance of the differences times 1/J + test/training, on J - 1 degrees."""
    model, challenger = figures(3), figures(4)
    ahead = model["auc"] - challenger["auc"]
    half = stats.t(FOLDS - 1).ppf(0.975) * np.sqrt(ahead.var(ddof=1) * (1 / FOLDS + 0.25))
    low, high = gate(model, challenger, 0.2)["tests"]["auc"]["ci95"]
    assert (low, high) == pytest.approx((ahead.mean() - half, ahead.mean() + half))


def test_a_card_that_tells_of_no_gate_has_not_passed():
    """Silence is no success."""
    assert not passed(None)
    assert not passed({})
    assert passed({"gate": {"passed": True}})


def test_a_failure_is_told_with_its_figures():
    """Which figure, both sides, by how much, and what was allowed."""
    challenger = figures(1)
    said = told({"gate": gate(better_by(challenger, -3), challenger, 0.2)})
    assert "AUC 0." in said
    assert "behind by 0.030 (at most 0.01" in said
    assert "log-loss" in said
