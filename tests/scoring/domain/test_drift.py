"""The stability index: its limits by simulation, its figures by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from services.scoring.domain import drift

MONTHS = 3_000


def shifted(size: float, bins: int = 10) -> np.ndarray:
    """Shares whose PSI against equal shares is `size`: mass moves from one half to the other."""
    low, high = 0.0, 1.0 / bins
    for _ in range(60):
        step = (low + high) / 2
        shares = np.where(np.arange(bins) < bins // 2, 1 / bins - step, 1 / bins + step)
        index = ((1 / bins - shares) * np.log(1 / bins / shares)).sum()
        low, high = (step, high) if index < size else (low, step)
    return shares


def alarms(n: int, m: int, shares: np.ndarray, seed: int) -> float:
    """The share of simulated feature-months that end in an alarm."""
    random = np.random.default_rng(seed)
    even = np.full(len(shares), 1 / len(shares))
    pairs = zip(random.multinomial(n, even, MONTHS), random.multinomial(m, shares, MONTHS), strict=True)
    return float(np.mean([drift.compare([*a, 0], [*b, 0]).state == "alarm" for a, b in pairs]))


SIZES = [(1_000, 1_000), (1_000, 100_000), (10_000, 1_000), (100_000, 100_000), (1_000_000, 1_000_000)]


@pytest.mark.parametrize(("n", "m"), SIZES)
def test_without_drift_one_feature_month_in_a_hundred_alarms_at_most(n, m):
    """From a thousand to a million firms."""
    assert alarms(n, m, np.full(10, 0.1), seed=1) <= 0.01


@pytest.mark.parametrize(("n", "m"), SIZES)
def test_a_large_shift_is_found_nine_times_of_ten(n, m):
    """A true PSI of 0.2 is an alarm with a power of at least 0.9."""
    assert alarms(n, m, shifted(0.2), seed=2) >= 0.9


@pytest.mark.parametrize(("n", "m"), [(83, 385), (300, 300), (1_000, 1_000), (100_000, 5_000)])
def test_chance_passes_the_limit_of_chance_once_in_a_hundred(n, m):
    """The χ² limit below the material one holds for small samples too: columns binned at their own quantiles."""
    random = np.random.default_rng(3)
    months = 1_000 if n < 10_000 else 100
    seen = 0
    for _ in range(months):
        base = drift.baseline(random.normal(size=n))
        seen += drift.stability(base, random.normal(size=m)).p_value < drift.FALSE_ALARMS
    assert seen <= stats.binom(months, 0.01).ppf(0.999)


def test_the_power_that_is_told_is_the_power_that_is_there():
    """At a size where it is neither nought nor one, the noncentral χ² agrees with simulation."""
    told = drift.compare([*np.full(4, 25), 0], [*np.full(4, 25), 0]).power

    assert told == pytest.approx(alarms(100, 100, shifted(0.2, bins=4), seed=4), abs=0.05)
    assert 0.5 < told < 0.95


def test_the_index_is_that_of_the_textbook():
    """By hand on large counts, where half an observation is nothing."""
    p, q = np.array([0.2, 0.3, 0.5]), np.array([0.3, 0.3, 0.4])

    assert drift.psi(p * 1e9, q * 1e9) == pytest.approx(((p - q) * np.log(p / q)).sum(), abs=1e-7)


@given(counts=st.lists(st.integers(0, 1000), min_size=3, max_size=12))
def test_a_sample_does_not_differ_from_itself(counts):
    """The index of a row of counts with itself is nought, and no alarm."""
    found = drift.compare(counts, counts)

    assert found.psi == pytest.approx(0, abs=1e-12)
    assert found.state in {"stable", "too-few"}


COUNTS = st.lists(st.integers(0, 500), min_size=6, max_size=6)


@given(first=COUNTS, second=COUNTS)
def test_the_index_is_symmetric_and_never_negative(first, second):
    """PSI is a symmetrised divergence."""
    assert drift.psi(first, second) == pytest.approx(drift.psi(second, first))
    assert drift.psi(first, second) >= -1e-12


def test_unknown_values_are_a_bin_of_their_own():
    """A source that falls silent is a shift, though what is known has not moved."""
    random = np.random.default_rng(5)
    base = drift.baseline(random.normal(size=2_000))
    values = random.normal(size=2_000)
    values[:600] = np.nan

    assert drift.stability(base, values).state == "alarm"


def test_a_column_of_few_values_is_compared_by_its_values():
    """Zeros and ones: two bins, and a change of their shares is seen."""
    base = drift.baseline(np.repeat([0.0, 1.0], [1_500, 500]))

    same = drift.stability(base, np.repeat([0.0, 1.0], [750, 250]))
    other = drift.stability(base, np.repeat([0.0, 1.0], [300, 700]))

    assert (same.bins, same.state, other.state) == (2, "stable", "alarm")


def test_nobody_to_compare_is_said_so():
    """An empty month is no stable month."""
    assert drift.stability(drift.baseline([1.0, 2.0, 3.0]), []).state == "too-few"
