"""Reasons are Shapley values: against brute force, against shap, and by their laws."""

from __future__ import annotations

import subprocess
import sys
from itertools import combinations
from math import factorial

import numpy as np
import pytest
import xgboost
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.domain.errors import ModelUnreadable, ReasonsDoNotAddUp
from services.scoring.domain.reasons import principal, principal_many
from services.scoring.ml.reasons import Explainer
from services.scoring.ml.trees import as_rows, forest_of


def booster_of(seed, *, depth, trees, features, rows=400, missing=0.1, directions=None, parallel=1):
    """A booster on random data with missing values, and its rows."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(rows, features)).round(1).astype(np.float32)
    values[random.random(values.shape) < missing] = np.nan
    known = np.nan_to_num(values)
    risk = known[:, 0] - known[:, -1] * known[:, features // 2] + random.normal(size=rows)
    parameters = {
        "objective": "binary:logistic",
        "max_depth": depth,
        "eta": 0.3,
        "nthread": 1,
        "seed": seed,
        "num_parallel_tree": parallel,
        "subsample": 0.8,
    }
    if directions is not None:
        parameters["monotone_constraints"] = directions
    booster = xgboost.train(parameters, xgboost.DMatrix(values, label=risk > 0.5), trees)
    return booster, values


def forest(booster):
    return forest_of(bytes(booster.save_raw("json")))


def brute_force(trees, row, reference):
    """Shapley values by the definition: every subset of features taken from the row, the rest from the reference."""
    features = len(row)
    subsets = [subset for size in range(features + 1) for subset in combinations(range(features), size)]
    mixed = np.repeat(reference[None, :], len(subsets), axis=0)
    for line, subset in enumerate(subsets):
        mixed[line, list(subset)] = row[list(subset)]
    value = dict(zip(subsets, trees.margins(mixed), strict=True))
    shares = np.zeros(features)
    for subset in subsets:
        weight = (
            factorial(len(subset)) * factorial(features - len(subset) - 1) / factorial(features)
            if len(subset) < features
            else 0
        )
        for feature in set(range(features)) - set(subset):
            shares[feature] += weight * (value[tuple(sorted((*subset, feature)))] - value[subset])
    return shares


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10_000),
    depth=st.integers(1, 6),
    trees=st.integers(1, 6),
    features=st.integers(1, 6),
    missing=st.sampled_from([0.0, 0.3]),
)
def test_contributions_are_the_shapley_values_of_the_definition(seed, depth, trees, features, missing):
    """On any small model, with missing values in row and reference, brute force over all subsets agrees."""
    booster, rows = booster_of(seed, depth=depth, trees=trees, features=features, missing=missing)
    trees_ = forest(booster)
    explainer = Explainer(trees_, rows[0])
    for row in rows[1:6]:
        _, found = explainer.explain(row)
        np.testing.assert_allclose(found, brute_force(trees_, row, rows[0]), atol=1e-9)


@pytest.mark.parametrize(("depth", "trees"), [(2, 100), (4, 60), (6, 30)])
def test_contributions_equal_those_of_shap(depth, trees):
    """shap's interventional explainer with the reference as its one background row gives the same to 1e-6."""
    shap = pytest.importorskip("shap")
    booster, rows = booster_of(7, depth=depth, trees=trees, features=12, rows=2_000)
    peer = shap.TreeExplainer(booster, data=rows[:1], feature_perturbation="interventional")
    _, ours = Explainer(forest(booster), rows[0]).explain_many(rows[:300])
    np.testing.assert_allclose(ours, peer.shap_values(rows[:300]), atol=1e-6)


@pytest.mark.parametrize("parallel", [1, 4])
@pytest.mark.parametrize("depth", [1, 3, 7])
def test_margins_equal_those_of_xgboost(depth, parallel):
    """Thresholds in 32 bits, missing values and the base score are read as XGBoost means them.

    XGBoost adds leaves in 32-bit floats, hence the relative tolerance.
    """
    booster, rows = booster_of(3, depth=depth, trees=20, features=8, rows=3_000, parallel=parallel)
    theirs = booster.predict(xgboost.DMatrix(rows), output_margin=True)
    np.testing.assert_allclose(forest(booster).margins(rows), theirs, atol=1e-6, rtol=1e-6)


def test_a_value_equal_to_a_threshold_goes_right():
    """At the threshold itself, and one 32-bit step below it, the walk agrees with XGBoost."""
    booster, rows = booster_of(1, depth=3, trees=5, features=3, missing=0.0)
    trees_ = forest(booster)
    inner = trees_.left != np.arange(len(trees_.left))
    at = np.repeat(rows[:1], inner.sum(), axis=0)
    at[np.arange(len(at)), trees_.feature[inner]] = trees_.threshold[inner]
    below = at.copy()
    below[np.arange(len(at)), trees_.feature[inner]] = np.nextafter(trees_.threshold[inner], np.float32(-np.inf))
    both = np.concatenate([at, below])
    np.testing.assert_allclose(
        trees_.margins(both), booster.predict(xgboost.DMatrix(both), output_margin=True), atol=1e-6
    )


def test_one_row_and_many_rows_get_the_same_contributions():
    """The one-row pass and the batch pass are two programs with one answer."""
    booster, rows = booster_of(5, depth=5, trees=40, features=9)
    explainer = Explainer(forest(booster), rows[0])
    margins, contributions = explainer.explain_many(rows[:50], threads=2)
    for row, margin, contribution in zip(rows, margins, contributions, strict=False):
        one_margin, one = explainer.explain(row)
        assert one_margin == pytest.approx(margin, abs=1e-12)
        np.testing.assert_allclose(one, contribution, atol=1e-12)


def test_batches_longer_than_a_chunk_keep_their_order():
    """Rows of later chunks get their own reasons, with one thread and with two."""
    booster, rows = booster_of(5, depth=3, trees=10, features=5)
    explainer = Explainer(forest(booster), rows[0])
    many = np.tile(rows, (50, 1))
    for threads in (1, 2):
        _, contributions = explainer.explain_many(many, threads=threads)
        np.testing.assert_array_equal(contributions[-400:], contributions[:400])


def test_no_contribution_has_the_wrong_direction_in_a_monotone_model():
    """Over 100,000 rows with missing values: a present value on the worse side of the reference never earns points."""
    directions = (1, -1, 1, -1, 1, -1)
    booster, rows = booster_of(11, depth=4, trees=80, features=6, rows=3_000, directions=directions)
    random = np.random.default_rng(0)
    many = random.normal(scale=2, size=(100_000, 6)).astype(np.float32)
    many[random.random(many.shape) < 0.1] = np.nan
    reference = np.nanmedian(rows, axis=0).astype(np.float32)
    _, contributions = Explainer(forest(booster), reference).explain_many(many)
    riskier_side = np.sign((many - reference) * np.array(directions))
    wrong = (contributions * np.nan_to_num(riskier_side) < -1e-12).sum()
    assert wrong == 0
    assert np.abs(contributions).max() > 0.1


def test_told_adverse_reasons_are_the_largest_over_100_000_rows():
    """Of a real forest's contributions, told adverse ones are the largest, many at once and one by one alike."""
    booster, rows = booster_of(6, depth=4, trees=60, features=12, rows=2000)
    many = np.random.default_rng(1).normal(scale=2, size=(100_000, 12)).astype(np.float32)
    points = -57.7 * Explainer(forest(booster), rows[0]).explain_many(many)[1]
    told = principal_many(points)
    largest = np.sort(np.where(points <= -0.5, points, 0.0), axis=1)[:, :4]
    picked = np.where(told >= 0, np.take_along_axis(points, told.clip(0).astype(np.intp), axis=1), 0.0)
    np.testing.assert_array_equal(np.minimum(picked, 0.0), largest)
    assert (largest[:, 3] < 0).sum() > 10_000
    assert all(
        [at for at in row if at >= 0] == principal(each) for row, each in zip(told.tolist(), points, strict=True)
    )


def test_the_reference_itself_has_no_contributions():
    """Nothing differs from the reference, so nothing is explained and the margin is the base."""
    booster, rows = booster_of(2, depth=3, trees=10, features=4)
    explainer = Explainer(forest(booster), rows[3])
    margin, contributions = explainer.explain(rows[3])
    assert margin == explainer.base
    np.testing.assert_array_equal(contributions, 0.0)


def test_reasons_that_do_not_add_up_are_withheld(monkeypatch):
    """A wrong table is noticed at run time, in both passes, instead of being told as a reason."""
    booster, rows = booster_of(2, depth=3, trees=10, features=4)
    explainer = Explainer(forest(booster), rows[0])
    monkeypatch.setattr(explainer, "base", explainer.base + 1e-6)
    with pytest.raises(ReasonsDoNotAddUp):
        explainer.explain(rows[1])
    with pytest.raises(ReasonsDoNotAddUp):
        explainer.explain_many(rows)


def test_a_model_without_a_single_split_explains_nothing():
    """Trees that are one leaf each, as learned from too little, still give base + 0 = margin."""
    rows = as_rows(np.zeros((30, 2)))
    booster = xgboost.train(
        {"objective": "binary:logistic", "max_depth": 2}, xgboost.DMatrix(rows, label=[0, 1, 0] * 10), 3
    )
    margin, contributions = Explainer(forest(booster), rows[0]).explain(rows[1])
    assert margin == pytest.approx(np.log(1 / 2), abs=1e-3)
    np.testing.assert_array_equal(contributions, 0.0)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [({"booster": "gblinear"}, "gblinear"), ({"objective": "reg:squarederror"}, "squarederror")],
)
def test_models_that_cannot_be_explained_exactly_are_refused(parameters, words):
    """Another kind of booster or objective is named in the refusal."""
    rows = np.random.default_rng(0).normal(size=(50, 2))
    booster = xgboost.train(
        {"objective": "binary:logistic", **parameters}, xgboost.DMatrix(rows, label=rows[:, 0] > 0), 3
    )
    with pytest.raises(ModelUnreadable, match=words):
        forest(booster)


@pytest.mark.parametrize("module", ["services.scoring.ml.scorer", "services.scoring.app", "services.scoring.cli"])
def test_serving_imports_neither_xgboost_nor_shap(module):
    """A web process that loads the scorer pays for numpy and polars only, and so do workers until they train."""
    program = (
        f"import sys, {module}; "
        "print([name for name in ('xgboost', 'shap', 'sklearn', 'scipy') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_margins_alone_are_those_of_the_reasons_to_the_bit():
    """Over several chunks, with missing values, and of no rows."""
    booster, rows = booster_of(5, depth=3, trees=20, features=5, rows=9_000)
    explainer = Explainer(forest(booster), as_rows(rows[0]))
    margins, _ = explainer.explain_many(as_rows(rows))
    assert explainer.margins_many(as_rows(rows)).tobytes() == margins.tobytes()
    assert explainer.margins_many(as_rows(rows[:0])).shape == (0,)
