"""Figures of quality against scikit-learn, scipy and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.domain import metrics


def outcomes_and_risk(seed, firms=60):
    random = np.random.default_rng(seed)
    defaulted = random.uniform(size=firms) < 0.3
    defaulted[:2] = [True, False]
    # Rounded, so that there are ties.
    return defaulted, np.clip(random.normal(0.3 + 0.2 * defaulted, 0.2), 0, 1).round(1)


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000))
def test_auc_ks_and_brier_agree_with_independent_ones(seed):
    """scikit-learn for AUC and Brier, scipy's two-sample statistic for KS, ties included."""
    sklearn, scipy = pytest.importorskip("sklearn.metrics"), pytest.importorskip("scipy.stats")
    defaulted, risk = outcomes_and_risk(seed)
    assert metrics.auc(defaulted, risk) == pytest.approx(sklearn.roc_auc_score(defaulted, risk))
    assert metrics.brier(defaulted, risk) == pytest.approx(sklearn.brier_score_loss(defaulted, risk))
    assert metrics.ks(defaulted, risk) == pytest.approx(scipy.ks_2samp(risk[defaulted], risk[~defaulted]).statistic)


def test_ece_is_the_weighted_gap_of_the_bins():
    """Two firms at 10 % with one default, two at 90 % with two: (|0.2 - 1| + |1.8 - 2|) / 4."""
    defaulted = np.array([True, False, True, True])
    assert metrics.ece(defaulted, np.array([0.1, 0.1, 0.9, 0.9])) == pytest.approx(0.25)


def test_a_pd_of_one_is_in_the_last_bin():
    """The right edge of the scale is no bin of its own."""
    assert metrics.ece(np.array([True]), np.array([1.0])) == 0.0


def test_auc_of_one_class_is_unknown():
    """There is no pair to compare."""
    assert np.isnan(metrics.auc(np.array([True, True]), np.array([0.1, 0.2])))


def test_the_corrected_interval_is_wider_than_the_plain_one_and_contains_the_mean():
    """Fifty overlapping folds are not fifty samples."""
    values = np.random.default_rng(0).normal(0.9, 0.05, 50).clip(0, 1)
    low, high = metrics.corrected_interval(values, 0.2)
    plain = 1.96 * values.std(ddof=1) / np.sqrt(50)
    assert low < values.mean() < high
    assert high - low > 4 * plain


def test_the_bootstrap_interval_contains_the_figure_and_repeats():
    """Same seed, same interval."""
    defaulted, risk = outcomes_and_risk(1)
    low, high = metrics.bootstrap_interval(metrics.auc, defaulted, risk, seed=3)
    assert low <= metrics.auc(defaulted, risk) <= high
    assert (low, high) == metrics.bootstrap_interval(metrics.auc, defaulted, risk, seed=3)
