"""The stability index: its limits by simulation, its figures by hand."""

from __future__ import annotations

import itertools

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


def months_of(subjects: int, moved: int, size: int, months: int, seed: int):
    """Return for each simulated month the states of its subjects, the first `moved` of which have a PSI of 0.2."""
    random = np.random.default_rng(seed)
    even, other = np.full(10, 0.1), shifted(0.2)
    for _ in range(months):
        alone = {
            number: drift.compare(
                [*random.multinomial(size, even), 0],
                [*random.multinomial(size, other if number < moved else even), 0],
            )
            for number in range(subjects)
        }
        yield drift.corrected(alone)


def test_a_month_without_drift_has_a_false_call_once_in_twenty_however_much_is_looked_at():
    """A hundred subjects: looked at one by one, two months of three would call something."""
    calls = [any(each.state != "stable" for each in found.values()) for found in months_of(100, 0, 1_000, 300, seed=7)]
    assert sum(calls) <= stats.binom(300, drift.FALSE_SHARE).ppf(0.999)


def test_of_what_is_called_one_in_twenty_is_false_at_most():
    """Ten of a hundred subjects have moved: these are found, and few others with them."""
    false = 0.0
    for found in months_of(100, 10, 1_000, 100, seed=8):
        called = [number for number, each in found.items() if each.state != "stable"]
        assert sum(number < 10 for number in called) >= 9
        false += sum(number >= 10 for number in called) / max(1, len(called)) / 100
    assert false <= 0.06


def test_the_correction_holds_for_points_beside_the_values_they_are_made_of():
    """Each feature is looked at twice, and firms of one month have a fortune in common: subjects lean on each other."""
    random, months = np.random.default_rng(11), 300
    steps = [-1, -0.5, 0, 0.5, 1]
    calls = 0
    for _ in range(months):
        alone, fortune = {}, random.normal(size=385)
        for feature in range(12):
            then, now = random.normal(size=385), 0.6 * fortune + 0.8 * random.normal(size=385)
            alone["values", feature] = drift.stability(drift.baseline(then), now)
            points = [4.0 * np.digitize(each, steps) for each in (then, now)]
            alone["points", feature] = drift.stability(drift.baseline(points[0]), points[1])
        calls += any(each.state != "stable" for each in drift.corrected(alone).values())
    assert calls <= stats.binom(months, drift.FALSE_SHARE).ppf(0.999)


def test_one_subject_that_has_moved_is_found_among_a_hundred():
    """The price of the correction: a PSI of 0.2 is still an alarm nine times of ten at a thousand firms."""
    found = [month[0].state for month in months_of(100, 1, 1_000, 100, seed=9)]
    assert found.count("alarm") >= 85


@given(
    tables=st.lists(st.tuples(*[st.lists(st.integers(0, 200), min_size=6, max_size=6)] * 2), min_size=1, max_size=12)
)
def test_the_correction_never_makes_a_finding_surer(tables):
    """Adjusted p-values are as large as they were or larger, keep their order, and agree with the state."""
    alone = {number: drift.compare(*pair) for number, pair in enumerate(tables)}
    together = drift.corrected(alone)
    judged = [number for number in alone if alone[number].state != "too-few"]
    assert together.keys() == alone.keys()
    for number in judged:
        assert together[number].p_adjusted >= alone[number].p_value - 1e-12
        if abs(together[number].p_adjusted - drift.FALSE_SHARE) > 1e-9:
            assert (together[number].state == "stable") == (together[number].p_adjusted > drift.FALSE_SHARE)
    by_p = sorted(judged, key=lambda number: alone[number].p_value)
    adjusted = [together[number].p_adjusted for number in by_p]
    assert all(first <= second + 1e-12 for first, second in itertools.pairwise(adjusted))


def test_the_correction_is_scipys():
    """By an implementation that is not ours."""
    random = np.random.default_rng(10)
    alone = {
        number: drift.compare(random.multinomial(500, [0.2] * 5), random.multinomial(400, [0.2] * 5))
        for number in range(30)
    }
    theirs = stats.false_discovery_control([each.p_value for each in alone.values()])
    assert [each.p_adjusted for each in drift.corrected(alone).values()] == pytest.approx(theirs.tolist())
