"""PDs held to outcomes: against scipy, and by hand."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from services.scoring.domain import backtest
from services.scoring.domain.backtest import Followed
from services.scoring.domain.disclosure import LEAST_FIRMS


def firms(grade, pd, count, defaults):
    return [Followed(grade, pd, date(2024, 1, 15), at < defaults, date(2024, 7, 1)) for at in range(count)]


@pytest.mark.parametrize(("count", "defaults", "pd"), [(50, 0, 0.02), (200, 9, 0.02), (1000, 20, 0.02), (12, 12, 0.3)])
def test_the_binomial_test_is_scipys(count, defaults, pd):
    """Both sides of the exact test."""
    [found] = backtest.by_grade(firms("BBB", pd, count, defaults))

    assert found["p_as_many"] == pytest.approx(stats.binomtest(defaults, count, pd, alternative="greater").pvalue)
    assert found["p_as_few"] == pytest.approx(stats.binomtest(defaults, count, pd, alternative="less").pvalue)


def test_hosmer_lemeshow_is_chi_square_over_groups():
    """The statistic by scipy's chi-square over defaulted and paid in each group, on as many degrees as groups."""
    random = np.random.default_rng(1)
    pd = random.uniform(0.01, 0.4, size=400)
    defaulted = random.uniform(size=400) < pd
    order = np.argsort(pd, kind="stable").reshape(10, 40)
    expected = np.concatenate([pd[order].sum(axis=1), 40 - pd[order].sum(axis=1)])
    observed = np.concatenate([defaulted[order].sum(axis=1), 40 - defaulted[order].sum(axis=1)])
    theirs = ((observed - expected) ** 2 / expected).sum()

    found = backtest.hosmer_lemeshow(pd, defaulted)

    assert found["statistic"] == pytest.approx(theirs)
    assert found["p_value"] == pytest.approx(stats.chi2(10).sf(theirs))


def test_true_pds_pass_the_gate_and_false_ones_do_not():
    """Seeded: two hundred books, an alert in at most one of fifty when PDs hold, in nearly all when they are halved."""
    random = np.random.default_rng(2)

    def alarmed(factor):
        pd = random.choice([0.005, 0.02, 0.06, 0.15], size=800)
        outcome = random.uniform(size=800) < np.minimum(1, pd * factor)
        names = {0.005: "A", 0.02: "BBB", 0.06: "B", 0.15: "CC"}
        days = (date(2024, 1, 1), date(2024, 12, 1))
        followed = [Followed(names[p], p, days[0], bool(o), days[1]) for p, o in zip(pd, outcome, strict=True)]
        return bool(backtest.alerts(backtest.by_grade(followed), None))

    assert np.mean([alarmed(1.0) for _ in range(200)]) <= 0.02
    assert np.mean([alarmed(2.0) for _ in range(50)]) >= 0.9


def test_few_firms_have_no_overall_test():
    """Under twenty nothing is split into groups of ten."""
    assert backtest.hosmer_lemeshow(np.full(19, 0.1), np.zeros(19, bool)) is None


def test_a_vintage_counts_defaults_by_their_age():
    """Five and a half months after the score: within six, not within three, and not yet told at twelve."""
    found = backtest.vintages(firms("B", 0.1, 10, 2), today=date(2024, 9, 1), horizon=6)

    [vintage] = found["quarters"]
    assert (found["open"], vintage["quarter"], vintage["firms"]) == (0, "2024Q1", 10)
    told = vintage["defaulted_within"]
    assert (told["3"], told["6"], told["12"]) == (0.0, 0.2, None)


def test_migrations_count_who_moved_where():
    """One up, one down by two, two stayed."""
    found = backtest.migrations(10 * [("A", "A"), ("A", "A"), ("BB", "BBB"), ("A", "BB")])

    assert found["table"] == {"A": {"A": 20, "BB": 10}, "BB": {"BBB": 10}}
    assert (found["stayed"], found["up"], found["down"]) == (0.5, 0.25, 0.25)


def test_nobody_migrated_is_no_share():
    """Nought of nought is not nought."""
    assert backtest.migrations([]) == {"firms": 0, "table": {}, "stayed": None, "up": None, "down": None}


def test_a_vintage_leaves_out_the_firms_whose_horizon_is_not_over():
    """Ten are through it, fifteen are younger: had they counted, two defaults of ten would read as two of 25."""
    young = [Followed("B", 0.1, date(2024, 3, 1), False, date(2024, 8, 1)) for _ in range(15)]

    found = backtest.vintages([*firms("B", 0.1, 10, 2), *young], today=date(2025, 2, 1), horizon=12)

    [vintage] = found["quarters"]
    assert (found["horizon_months"], found["open"], vintage["firms"]) == (12, 15, 10)
    assert vintage["defaulted_within"] == {"3": 0.0, "6": 0.2, "12": 0.2, "18": None, "24": None, "36": None}


DAYS = st.dates(date(2022, 1, 1), date(2025, 6, 1))
FOLLOWED = st.lists(
    st.builds(Followed, st.sampled_from(backtest.GRADES), st.floats(0.001, 0.5), DAYS, st.booleans(), DAYS), max_size=80
)


@given(FOLLOWED, st.integers(1, 36))
def test_no_figure_is_of_fewer_than_ten_firms(followed, horizon):
    """By grade and by quarter, and none is lost where there are ten in all."""
    grades = backtest.by_grade(followed)
    vintages = backtest.vintages(followed, date(2025, 6, 1), horizon)

    assert all(each["firms"] >= LEAST_FIRMS for each in (*grades, *vintages["quarters"]))
    assert sum(each["firms"] for each in grades) == (len(followed) if len(followed) >= LEAST_FIRMS else 0)
    through = len(followed) - vintages["open"]
    assert sum(each["firms"] for each in vintages["quarters"]) == (through if through >= LEAST_FIRMS else 0)


PAIRS = st.lists(st.tuples(st.sampled_from(backtest.GRADES[:5]), st.sampled_from(backtest.GRADES[:5])), max_size=120)


@given(PAIRS)
def test_no_cell_of_the_migrations_is_of_fewer_than_ten_firms(pairs):
    """And rows and cells add up to all firms, so that no difference tells of fewer either."""
    found = backtest.migrations(pairs)

    cells = [count for row in found["table"].values() for count in row.values()]
    assert all(count >= LEAST_FIRMS for count in cells)
    assert sum(cells) == (len(pairs) if len(pairs) >= LEAST_FIRMS else 0)
