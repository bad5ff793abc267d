"""The probability of approval: calibrated where the truth is known, monotone always, silent where little is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.domain.approval import LEAST, Approval, fit

BINS = 10


def decided(count: int, seed: int) -> tuple[Any, Any, Any, Any, Any]:
    """Decisions of a bank that follows a rule of its own with some caprice; the true chance comes last."""
    rng = np.random.default_rng(seed)
    score = np.clip(rng.normal(600, 60, count), 300, 850).round()
    amount = np.exp(rng.normal(17, 1, count)).round()
    months = rng.integers(3, 37, count).astype(float)
    tilt = (score - 590) / 30 - 0.8 * (np.log(amount / months) - 14.3)
    chance = 1 / (1 + np.exp(-tilt))
    return score, amount, months, rng.random(count) < chance, chance


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_is_learnt_is_calibrated_on_decisions_never_seen(seed: int) -> None:
    """The expected calibration error over ten equal bins is at most 0.03, and close to the truth itself."""
    made = fit(*decided(2_000, seed)[:4])
    assert made is not None
    score, amount, months, approved, chance = decided(10_000, seed + 100)
    said = np.array([made.probability(s, int(a), int(m)) for s, a, m in zip(score, amount, months, strict=True)])
    order = np.argsort(said)
    error = sum(
        len(part) / len(said) * abs(said[part].mean() - approved[part].mean()) for part in np.array_split(order, BINS)
    )
    assert error <= 0.03
    assert np.abs(said - chance).mean() <= 0.03


@given(st.integers(0, 200), st.integers(300, 800), st.integers(1, 10**9), st.integers(2, 60))
def test_a_better_score_and_a_smaller_wish_are_never_less_likely(seed: int, score: int, amount: int, term: int) -> None:
    """Even where a bank's decisions are pure chance."""
    rng = np.random.default_rng(seed)
    made = fit(rng.uniform(300, 800, 60), rng.uniform(1e6, 1e9, 60), rng.integers(1, 36, 60), np.arange(60) % 2 == 0)
    assert isinstance(made, Approval)
    here = made.probability(score, amount, term)
    assert 0 <= here <= made.probability(score + 50, amount, term) <= 1
    assert here <= made.probability(score, max(amount // 2, 1), term)
    assert here <= made.probability(score, amount, term * 2)


@pytest.mark.parametrize(("count", "yes"), [(LEAST - 1, 20), (200, 9), (200, 191), (200, 200)])
def test_too_few_decisions_say_nothing(count: int, yes: int) -> None:
    """Also where nearly all went the same way."""
    score, amount, months, _, _ = decided(count, 1)
    assert fit(score, amount, months, np.arange(count) < yes) is None


def test_decisions_that_part_perfectly_still_give_finite_slopes() -> None:
    """Without shrinkage the slope would run away."""
    score, amount, months, _, _ = decided(200, 1)
    made = fit(score, amount, months, score > 600)
    assert made is not None
    assert np.isfinite([made.base, *made.slopes]).all()
