"""Calibrated PDs: right on average, monotone, and as sure as the data allows."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from services.scoring.domain.scale import sigmoid
from services.scoring.ml.calibration import calibrate
from services.scoring.ml.learner import learn


def sample(seed, firms, intercept=-1.0, slope=1.5):
    random = np.random.default_rng(seed)
    margins = random.normal(size=firms)
    return margins, random.uniform(size=firms) < sigmoid(intercept + slope * margins)


def test_the_map_that_made_the_data_is_found_again():
    """With 20,000 firms intercept and slope come back, and scikit-learn's unpenalised fit agrees."""
    linear = pytest.importorskip("sklearn.linear_model")
    margins, defaulted = sample(0, 20_000)
    found = calibrate(margins[None, :], defaulted)
    peer = linear.LogisticRegression(C=1e9).fit(margins[:, None], defaulted)
    assert found.intercept == pytest.approx(peer.intercept_[0], abs=2e-3)
    assert found.slope == pytest.approx(peer.coef_[0, 0], abs=2e-3)


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000))
def test_the_map_rises_even_where_the_margins_are_useless_or_perfect(seed):
    """A slope is never negative and never without bound."""
    margins, defaulted = sample(seed, 30, slope=0.0)
    defaulted[:2] = [True, False]
    assert calibrate(margins[None, :], defaulted).slope > 0
    assert 0 < calibrate(np.where(defaulted, 3.0, -3.0)[None, :], defaulted).slope <= 5


def test_the_mean_pd_is_near_the_default_rate():
    """The intercept is free, so the training firms' PDs average to their default rate."""
    margins, defaulted = sample(5, 80)
    pd = sigmoid(calibrate(margins[None, :], defaulted).log_odds(margins))
    assert pd.mean() == pytest.approx(defaulted.mean(), abs=1 / 80)


def test_the_interval_covers_the_true_pd_about_as_often_as_it_says():
    """Over 200 books of 80 firms a 90 % interval holds at least 90 % of true PDs, where margins are perfect."""
    new = np.linspace(-2, 2, 21)
    truth = sigmoid(-1.0 + 1.5 * new)
    inside = []
    for seed in range(200):
        margins, defaulted = sample(seed, 80)
        low, high = calibrate(margins[None, :], defaulted).interval(new)
        inside.append((low <= truth) & (truth <= high))
    assert 0.90 <= np.mean(inside) <= 0.99


def test_unstable_margins_widen_the_interval():
    """What changes from refit to refit is not known better than that."""
    margins, defaulted = sample(2, 100)
    noise = np.random.default_rng(0).normal(scale=0.5, size=(3, 100))
    steady = calibrate(np.tile(margins, (3, 1)), defaulted).interval(margins)
    shaky = calibrate(margins + noise, defaulted).interval(margins)
    assert (shaky[1] - shaky[0]).mean() > (steady[1] - steady[0]).mean()


DEPTHS = "ABCDE"
# How far a margin lies from the truth, by depth: thin files are guessed at.
NOISE = dict(zip(DEPTHS, (0.15, 0.25, 0.4, 0.6, 0.9), strict=True))


def shaky_book(seed, firms=85, repeats=3, folds=5):
    """Margins of refits whose spread tells the noise of each depth, and new firms with their margins and true PDs."""
    random = np.random.default_rng(seed)
    depths = np.array(list(DEPTHS))[np.arange(firms) % 5]
    noise = np.array([NOISE[depth] for depth in depths])
    true = random.normal(scale=1.5, size=firms)
    refits = (
        true + noise * random.normal(size=firms) + random.normal(size=(repeats, firms)) * noise / (folds - 1) ** 0.5
    )
    defaulted = random.uniform(size=firms) < sigmoid(true - 1.0)
    new = random.normal(scale=1.5, size=firms)
    return (
        calibrate(refits, defaulted, depths.tolist()),
        depths,
        new + noise * random.normal(size=firms),
        sigmoid(new - 1),
    )


@pytest.fixture(scope="module")
def coverage():
    """Whether the true PD of each of 25,500 new firms lies in its interval, by depth."""
    inside = {depth: [] for depth in DEPTHS}
    for seed in range(300):
        calibration, depths, margins, truth = shaky_book(seed)
        low, high = calibration.interval(margins, depths.tolist())
        held = (low <= truth) & (truth <= high)
        for depth in DEPTHS:
            inside[depth].append(held[depths == depth].mean())
    return {depth: float(np.mean(values)) for depth, values in inside.items()}


@pytest.mark.parametrize("depth", DEPTHS)
def test_noise_alone_is_covered_at_every_depth(coverage, depth):
    """300 books of 85 firms: at least as often as said, and not by being endlessly wide."""
    assert 0.90 <= coverage[depth] <= 0.99


def economy(random, firms, steepness):
    """Features (40, 16 of them chance) with depths, their directions, true PDs; thin files are noisier and smaller."""
    depth = random.integers(0, 5, firms)
    sound = random.normal(size=(6, firms))
    sound[0] -= 0.35 * (depth - 2)
    seen = [sound[j % 6] + (0.05 + 0.06 * depth) * (1 + j // 6 / 2) * random.normal(size=firms) for j in range(24)]
    features = np.array(seen + [random.normal(size=firms) for _ in range(16)]).T
    directions = [{0: -1, 1: -1, 2: 1}.get(j % 6 if j < 24 else 3, (-1, 1)[j % 2]) for j in range(40)]
    truth = sigmoid(-1.7 - steepness * (1.4 * sound[0] + 0.6 * sound[1] - 0.45 * sound[2]))
    frame = pl.DataFrame(features, schema=[f"x{j}" for j in range(40)], orient="row")
    return frame.with_columns(depth=pl.Series([DEPTHS[place] for place in depth])), directions, truth


@pytest.fixture(scope="module")
def learned_coverage():
    """By depth, how often the interval of a really trained model holds the true PD of 9,600 new firms of 24 books."""
    inside = {depth: [] for depth in DEPTHS}
    for seed in range(24):
        random = np.random.default_rng(seed)
        frame, directions, truth = economy(random, 83, 0.7 + 0.6 * (seed % 2))
        entries = [{"name": f"x{j}", "direction": sign} for j, sign in enumerate(directions)]
        with threadpool_limits(1):  # as a training does
            model = learn(frame, random.uniform(size=83) < truth, entries, seed=seed)
        new, _, true = economy(random, 400, 0.7 + 0.6 * (seed % 2))
        low, high = model.calibration.interval(model.forest.margins(model.encoding.rows(new)), new["depth"].to_list())
        held = (low <= true) & (true <= high)
        for depth in DEPTHS:
            inside[depth].append(held[(new["depth"] == depth).to_numpy()])
    return {depth: float(np.concatenate(parts).mean()) for depth, parts in inside.items()}


def test_a_trained_model_s_intervals_hold_the_truth_as_often_as_they_say(learned_coverage):
    """90 % give or take five, in a mild and a steep economy where nobody but the test knows the true PD."""
    assert 0.85 <= np.mean(list(learned_coverage.values())) <= 0.95


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_trained_model_s_intervals_hold_the_truth_at_every_depth(learned_coverage, depth):
    """90 % give or take eight: neither rich nor thin files are promised more than is known."""
    assert 0.82 <= learned_coverage[depth] <= 0.98


@settings(max_examples=50)
@given(
    seed=st.integers(0, 10_000),
    letters=st.lists(st.sampled_from([*DEPTHS, None]), min_size=30, max_size=30),
    margin=st.floats(-4, 4),
)
def test_an_interval_never_narrows_as_depth_falls(seed, letters, margin):
    """Whatever the book looked like, and whichever depths it lacked."""
    margins, defaulted = sample(seed, 30)
    defaulted[:2] = [True, False]
    noise = np.random.default_rng(seed).normal(size=(3, 30))
    low, high = calibrate(margins + noise, defaulted, letters).interval(np.full(5, margin), list(DEPTHS))
    assert (np.diff(low) <= 0).all()
    assert (np.diff(high) >= 0).all()
