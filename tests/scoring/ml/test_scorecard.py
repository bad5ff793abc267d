"""A scorecard keeps the laws of a model, stands in its forest, and joins only where held-out firms speak for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import xgboost

from services.scoring.domain.scale import sigmoid
from services.scoring.ml import plan
from services.scoring.ml.joining import joined
from services.scoring.ml.learner import learn
from services.scoring.ml.reasons import Explainer
from services.scoring.ml.scorecard import learn_scorecard
from services.scoring.ml.trees import forest_of

WORST = {-1: -1e30, 1: 1e30}
SIGNS = (-1, 1, -1)


def amounts(firms=300, seed=0):
    """Three figures on a logarithmic scale that each tell a little; a tenth of the last is unknown."""
    random = np.random.default_rng(seed)
    level = random.normal(12, 2, (firms, 3))
    risk = -2 - 0.5 * (level[:, 0] - 12) + 0.3 * (level[:, 1] - 12)
    rows = np.exp(level).astype(np.float32)
    rows[random.uniform(size=firms) < 0.1, 2] = WORST[-1]
    return rows, random.uniform(size=firms) < sigmoid(risk)


@pytest.fixture(scope="module")
def card():
    return learn_scorecard(*amounts(), SIGNS)


def test_no_figure_counts_against_its_direction(card):
    """Also one that the data speak against is left out, not turned round."""
    rows, defaulted = amounts()
    assert all(np.sign(step) == SIGNS[column] for column, step in zip(card.columns, card.steps, strict=True))
    turned = learn_scorecard(rows, defaulted, (1, -1, -1))
    assert not {0, 1} & {column for column, step in zip(turned.columns, turned.steps, strict=True) if step}


def test_what_is_unknown_is_worth_no_more_than_the_worst_known_value(card):
    """Leaving a figure out never raises a score."""
    rows, _ = amounts(seed=5)
    for column, sign in enumerate(SIGNS):
        hidden = rows.copy()
        hidden[:, column] = WORST[sign]
        assert (card.margins(hidden) >= card.margins(rows)).all()


def test_two_per_cent_of_a_figure_move_one_bin_at_most(card):
    """And a bin is a small step."""
    rows, _ = amounts(seed=6)
    for factor in (0.98, 1.02):
        moved = np.abs(card.margins(rows * np.float32(factor)) - card.margins(rows))
        assert moved.max() <= np.abs(card.steps).sum() + 1e-9


def test_it_ranks_what_the_data_were_drawn_from(card):
    """Weights are of the two figures that tell, in the proportion in which they do."""
    steps = dict(zip(card.columns, card.steps, strict=True))
    assert abs(steps[0]) > abs(steps[1]) > abs(steps.get(2, 0.0))


def test_without_directions_there_is_none():
    """What may go either way is for trees to find out."""
    assert learn_scorecard(*amounts(), (0, 0, 0)) is None


def test_a_column_of_one_value_only_is_left_out():
    """It has no bins."""
    rows, defaulted = amounts()
    rows[:, 0] = 7
    assert 0 not in learn_scorecard(rows, defaulted, SIGNS).columns


@pytest.fixture(scope="module")
def beside(card):
    """A forest of two boosters with the scorecard in it at a share of 0.5, and the three parts."""
    rows, defaulted = amounts()
    settings = {"objective": "binary:logistic", "max_depth": 2, "nthread": 1, "monotone_constraints": SIGNS}
    data = xgboost.DMatrix(rows, label=defaulted)
    forests = [xgboost.train({**settings, "reg_lambda": penalty}, data, 6) for penalty in (0.5, 2.0)]
    return joined([bytes(forest.save_raw("json")) for forest in forests], card, 0.5), forests


def test_in_a_forest_it_has_its_share_of_the_log_odds(card, beside):
    """The mean of the forests' mean and of the scorecard, as XGBoost itself reads the file."""
    raw, forests = beside
    rows, _ = amounts(seed=7)
    data = xgboost.DMatrix(rows)
    mean = np.mean([forest.predict(data, output_margin=True) for forest in forests], axis=0)
    read = xgboost.Booster(model_file=bytearray(raw)).predict(data, output_margin=True)
    np.testing.assert_allclose(read, (mean + card.margins(rows)) / 2, atol=1e-5)
    np.testing.assert_allclose(forest_of(raw).margins(rows), (mean + card.margins(rows)) / 2, atol=1e-5)


def test_reasons_of_a_forest_with_a_scorecard_add_up_and_point_the_right_way(beside):
    """To float rounding; a value on the better side of the reference never counts against a firm."""
    forest = forest_of(beside[0])
    rows, _ = amounts(seed=8)
    reference = np.median(rows, axis=0)
    explainer = Explainer(forest, reference)
    margins, contributions = explainer.explain_few(rows)
    np.testing.assert_allclose(explainer.base + contributions.sum(axis=1), margins, atol=1e-9)
    for column, sign in enumerate(SIGNS):
        better = sign * (rows[:, column] - reference[column]) < 0
        assert contributions[better, column].max() <= 1e-12


def test_shap_finds_the_same_reasons(beside):
    """Trees of seven nodes on one figure are trees as any."""
    shap = pytest.importorskip("shap")
    rows, _ = amounts(seed=9)
    reference = np.median(rows, axis=0)[None, :]
    booster = xgboost.Booster(model_file=bytearray(beside[0]))
    theirs = shap.TreeExplainer(booster, data=reference, feature_perturbation="interventional").shap_values(rows[:50])
    _, ours = Explainer(forest_of(beside[0]), reference[0]).explain_few(rows[:50])
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


CATALOGUE = [{"name": f"f{place}", "direction": sign, "unit": "fen"} for place, sign in enumerate(SIGNS)]


def table(rows):
    frame = pl.DataFrame({f"f{place}": rows[:, place].astype(np.float64) for place in range(3)})
    return frame.with_columns(f2=pl.when(pl.col("f2") > 0).then("f2"))


def test_held_out_firms_decide_whether_it_joins():
    """Of two straight lines a scorecard knows more than trees of two levels; of a step it knows less."""
    rows, defaulted = amounts(400, 3)
    straight = learn(table(rows), defaulted, CATALOGUE)
    assert straight.parameters["scorecard"] == 0.5
    random = np.random.default_rng(4)
    steep = np.where(rows[:, 0] < np.quantile(rows[:, 0], 0.2), 0.97, 0.01)
    steps = learn(table(rows), random.uniform(size=400) < steep, CATALOGUE)
    assert steps.parameters["scorecard"] == 0.0


def test_the_chosen_share_is_the_one_with_the_least_held_out_loss(monkeypatch):
    """Every candidate stands among the trials, and what is held out is of the mean that will serve."""
    monkeypatch.setattr(plan, "BOOK", replace(plan.BOOK, scorecards=(0.0, 0.25, 0.5), repeats=2))
    rows, defaulted = amounts(400, 3)
    learned = learn(table(rows), defaulted, CATALOGUE)
    assert [trial["scorecard"] for trial in learned.trials] == [0.0, 0.25, 0.5]
    best = min(learned.trials, key=lambda trial: trial["log_loss"])
    assert learned.parameters["scorecard"] == best["scorecard"]
    margins = learned.held_out_margins
    loss = (np.logaddexp(0.0, margins) - defaulted * margins).mean()
    assert loss == pytest.approx(best["log_loss"])


def test_of_few_defaults_no_scorecard_is_tried():
    """Eighteen cannot carry its weights, nor the choice whether it joins."""
    rows, defaulted = amounts(400, 3)
    few = np.flatnonzero(~defaulted).tolist() + np.flatnonzero(defaulted)[:18].tolist()
    learned = learn(table(rows[few]), defaulted[few], CATALOGUE)
    assert learned.parameters["scorecard"] == 0.0
    assert len(learned.trials) == 1


def test_a_plan_that_tries_none_has_the_trees_alone(monkeypatch):
    """As before there were scorecards."""
    monkeypatch.setattr(plan, "BOOK", replace(plan.BOOK, scorecards=(0.0,), repeats=2))
    learned = learn(table(amounts()[0]), amounts()[1], CATALOGUE)
    assert learned.parameters["scorecard"] == 0.0
    assert "scorecard" not in learned.trials[0]
    assert len(learned.forest.roots) == plan.BOOK.stretched * 6
