"""Churn curves: the closest curve that never falls, and the rate that earns most on real observations."""

from __future__ import annotations

import csv
import os
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.domain.churn import Paid, earned, fit, isotonic
from services.matching.domain.errors import ChurnCurveInvalid

REAL = Path(os.environ.get("SMECREDIT_REAL_DATA", Path(__file__).parents[4] / "shared" / "data")) / "cumcm2020c"
shares = st.floats(0, 1)


@given(st.lists(shares, min_size=1, max_size=40))
def test_isotonic_regression_agrees_with_scikit_learn(values: list[float]) -> None:
    """An independent implementation of the same least squares."""
    regression = pytest.importorskip("sklearn.isotonic").isotonic_regression
    assert isotonic(values) == pytest.approx(list(regression(values)), abs=1e-12)


@given(st.lists(shares, min_size=1, max_size=40))
def test_a_fitted_curve_never_falls(values: list[float]) -> None:
    """And what was monotone stays as it was."""
    fitted = isotonic(values)
    assert all(one <= other + 1e-12 for one, other in pairwise(fitted))
    assert isotonic(sorted(values)) == pytest.approx(sorted(values), abs=1e-12)


@given(st.lists(shares, min_size=1, max_size=20), st.floats(0, 0.2), st.sampled_from(Paid))
def test_no_other_rate_earns_more(values: list[float], cost: float, paid: Paid) -> None:
    """By trying them all."""
    curve = fit([(Decimal(n).scaleb(-2), churn) for n, churn in enumerate(values, start=1)])
    best = curve.best(Decimal(0), Decimal(1), cost, paid)
    assert best is not None
    assert best[1] == max(
        earned(float(rate), churn, cost, paid) for rate, churn in zip(curve.rates, curve.churn, strict=True)
    )


def test_a_curve_without_a_rate_in_range_has_no_best() -> None:
    """Rather than a guess."""
    assert fit([(Decimal("0.05"), 0.1)]).best(Decimal("0.06"), Decimal("0.15")) is None


@pytest.mark.parametrize(
    "points",
    [[], [(Decimal("0.05"), 1.2)], [(Decimal("1.5"), 0.2)], [(Decimal("0.05"), 0.1), (Decimal("0.05"), 0.2)]],
)
def test_impossible_curves_are_refused(points: list[tuple[Decimal, float]]) -> None:
    """With what to change."""
    with pytest.raises(ChurnCurveInvalid):
        fit(points)


@pytest.mark.skipif(not REAL.is_dir(), reason="real data is not here; set SMECREDIT_REAL_DATA")
def test_the_published_optimum_without_costs_is_found_on_real_curves() -> None:
    """CUMCM 2020 C: 4.65 %, 5.85 % and 5.85 % for the grades A, B and C."""
    with (REAL / "loan_rate_churn.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    best = {}
    for grade in "ABC":
        curve = fit([(Decimal(row["贷款年利率"]), float(row[f"客户流失率_信誉评级{grade}"])) for row in rows])
        found = curve.best(Decimal("0.04"), Decimal("0.15"))
        assert found is not None
        best[grade] = found[0]
    assert best == {"A": Decimal("0.0465"), "B": Decimal("0.0585"), "C": Decimal("0.0585")}
