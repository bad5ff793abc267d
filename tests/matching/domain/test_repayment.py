"""Repayment: exact to the fen."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from services.matching.domain.repayment import BULLET, EQUAL_INSTALMENTS, schedule

amounts = st.integers(1, 10**13)
terms = st.integers(1, 360)
rates = st.integers(0, 360_000).map(lambda n: Decimal(n).scaleb(-6))
repayments = st.sampled_from([BULLET, EQUAL_INSTALMENTS])


def test_equal_instalments_match_the_published_formula() -> None:
    """100,000 yuan, 12 months, 6 %: 8,606.64 a month (A·i/(1−(1+i)^−n)), 3,279.72 in interest."""
    plan = schedule(10_000_000, 12, Decimal("0.06"), EQUAL_INSTALMENTS)
    assert plan.payments[0] == 860_664
    assert abs(plan.cost_fen - 327_972) <= 6


def test_a_bullet_pays_interest_monthly_and_the_principal_last() -> None:
    """100,000 yuan, 12 months, 6 %: 500 yuan a month."""
    plan = schedule(10_000_000, 12, Decimal("0.06"), BULLET)
    assert plan.payments == (50_000,) * 11 + (10_050_000,)


@given(amounts, terms, rates, repayments)
def test_the_principal_comes_back_to_the_fen(amount: int, months: int, rate: Decimal, repayment: str) -> None:
    """An independent ledger of balances, interest by the month, ends at zero within the rounding of a bullet."""
    plan = schedule(amount, months, rate, repayment)
    assert len(plan.payments) == months
    assert min(plan.payments) >= 0
    assert sum(plan.payments) == amount + plan.cost_fen
    assert plan.cost_fen >= 0


@given(amounts, terms, rates)
def test_an_annuity_closes_its_own_ledger(amount: int, months: int, rate: Decimal) -> None:
    """Exact rational interest differs from the charged one by at most half a fen a month, grown by interest."""
    plan = schedule(amount, months, rate, EQUAL_INSTALMENTS)
    balance = amount
    for payment in plan.payments:
        interest = int((balance * rate / 12 + Decimal("0.5")).to_integral_value("ROUND_FLOOR"))
        balance += interest - payment
    assert balance == 0


@given(amounts, terms, rates, rates, repayments)
def test_a_higher_rate_never_costs_less(amount: int, months: int, one: Decimal, other: Decimal, repayment: str) -> None:
    """Up to a fen a month of rounding."""
    low, high = sorted((one, other))
    cheap, dear = (schedule(amount, months, rate, repayment).cost_fen for rate in (low, high))
    assert cheap <= dear + months
