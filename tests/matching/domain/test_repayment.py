"""Repayment: exact to the fen."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import floor

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
    assert plan.payments[-1] >= (amount if repayment == BULLET else 0)
    assert sum(plan.payments) == amount + plan.cost_fen
    assert plan.cost_fen >= 0


def test_a_tiny_long_loan_gives_no_interest_back() -> None:
    """1 yuan over 360 months at 20 %: six yuan of interest, spread; its last payment was 10 fen below nothing."""
    plan = schedule(100, 360, Decimal("0.2"), BULLET)
    assert plan.cost_fen == 600
    assert plan.payments[-1] == 102
    assert set(plan.payments[:-1]) == {1, 2}


@given(amounts, terms, rates)
def test_the_interest_of_each_month_is_within_a_fen_of_its_own(amount: int, months: int, rate: Decimal) -> None:
    plan = schedule(amount, months, rate, BULLET)
    interest = [*plan.payments[:-1], plan.payments[-1] - amount]
    assert all(abs(paid - amount * rate / 12) <= 1 for paid in interest)


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


@given(amounts, terms, rates, repayments)
def test_what_is_owed_is_the_sum_of_the_balances_in_whole_fen(
    amount: int, months: int, rate: Decimal, repayment: str
) -> None:
    """By a ledger in fractions: an annuity pays the interest of its balance, rounded half up, and then principal."""
    plan = schedule(amount, months, rate, repayment)
    balance, owed = amount, 0
    for payment in plan.payments:
        owed += balance
        interest = floor(balance * Fraction(rate) / 12 + Fraction(1, 2))
        balance -= payment - interest if repayment == EQUAL_INSTALMENTS else 0
    assert plan.owed_fen_months == owed
