"""The all-in yearly rate: the root of what is got and paid, the only one, rounded once."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.matching.domain.all_in import AllIn, all_in, make_loan, rates_by_floats, rates_in_digits
from services.matching.domain.errors import ProductInvalid
from services.matching.domain.fee import Due, Every, Fee, FeeKind, FeePayer, charged
from services.matching.domain.repayment import BULLET, EQUAL_INSTALMENTS, Schedule, schedule

HALF_STEP = Fraction(1, 2_000_000)
steps = st.integers(0, 300_000).map(lambda n: Decimal(n).scaleb(-6))
fee_rates = st.integers(1, 100_000).map(lambda n: Decimal(n).scaleb(-6))
fees = st.lists(
    st.builds(
        Fee,
        st.sampled_from(FeeKind),
        st.just("payee"),
        st.sampled_from(FeePayer),
        st.sampled_from(Every),
        st.sampled_from(Due),
        st.none(),
        fee_rates,
    ),
    max_size=4,
)
loans = st.builds(
    schedule, st.integers(100, 10**12), st.integers(1, 60), steps, st.sampled_from([BULLET, EQUAL_INSTALMENTS])
)


def fee(rate: str, *, every: Every = Every.ONCE, due: Due = Due.START, payer: FeePayer = FeePayer.FIRM) -> Fee:
    return Fee(FeeKind.GUARANTEE, "payee", payer, every, due, None, Decimal(rate))


def flows(loan: Schedule, charged_fees: list[Fee]) -> list[int]:
    """Return what the firm gets (above 0) and pays by month, worked out anew."""
    found = [loan.amount_fen, *(-payment for payment in loan.payments)]
    for each in charged(charged_fees, loan.amount_fen, len(loan.payments)):
        for charge in each.charges:
            if each.fee.paid_by is FeePayer.FIRM:
                found[charge.month] -= charge.fen
    return found


def worth(found: list[int], simple_rate: Fraction) -> Fraction:
    """Return the exact present value of all flows at a yearly rate of simple interest: a twelfth of it a month."""
    total, growth = Fraction(0), 1 + simple_rate / 12
    for flow in reversed(found):
        total = total / growth + flow
    return total


@settings(max_examples=60)
@given(loans, fees)
@example(schedule(100, 360, Decimal("0.2"), BULLET), [])
@example(schedule(10**13, 360, Decimal("0.24"), EQUAL_INSTALMENTS), [fee("0.03", every=Every.YEARLY)])
def test_the_rate_is_the_root_to_the_last_digit_by_exact_fractions(loan: Schedule, charged_fees: list[Fee]) -> None:
    """The flows are worth no more than 0 half a step below the rate, and no less half a step above."""
    found = all_in(loan, charged_fees)
    rate = Fraction(found.simple_rate)
    moved = flows(loan, charged_fees)
    assert worth(moved, rate - HALF_STEP) <= 0 <= worth(moved, rate + HALF_STEP)
    assert found.cost_fen == -sum(moved)


@settings(max_examples=40)
@given(loans, fees)
@example(schedule(100, 360, Decimal("0.2"), BULLET), [])
@example(schedule(10**13, 360, Decimal("0.24"), EQUAL_INSTALMENTS), [fee("0.03", every=Every.YEARLY)])
def test_the_compound_rate_is_the_one_that_halving_finds(loan: Schedule, charged_fees: list[Fee]) -> None:
    """In 60 digits, the yearly growth between two bounds at which the worth of the flows has other signs."""
    moved = flows(loan, charged_fees)
    expected = compound_by_halving(moved)
    assert all_in(loan, charged_fees).rate == expected
    assert rates_in_digits(moved[0], [-each for each in moved[1:]])[0] == expected


def compound_by_halving(found: list[int]) -> Decimal:
    """Return the rate to which both bounds of the yearly growth round that 60 digits leave."""
    with localcontext(prec=60):
        twelfth, low, high = Decimal(1) / 12, Decimal(1), Decimal(2)
        while _discounted(found, high**twelfth) < 0:
            low, high = high, high * high
        if not sum(found):
            return Decimal(0)
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (middle, high) if _discounted(found, middle**twelfth) < 0 else (low, middle)
        rates = {(each - 1).quantize(Decimal("0.000001"), ROUND_HALF_UP) for each in (low, high)}
    (rate,) = rates
    return rate


def _discounted(found: list[int], monthly: Decimal) -> Decimal:
    total = Decimal(0)
    for flow in reversed(found):
        total = total / monthly + flow
    return total


@given(st.integers(1, 10**12), st.lists(st.integers(0, 10**12), min_size=1, max_size=5))
def test_the_compound_rate_of_payments_at_whole_years_is_the_root_by_exact_fractions(had: int, paid: list[int]) -> None:
    """No more than what is had is left half a step above, and no less half a step below, where it belongs to it."""
    paid = paid if sum(paid) >= had else [*paid, had]
    rate = Fraction(rates_in_digits(had, [flow for each in paid for flow in (*[0] * 11, each)])[0])
    if rate > 10**8:
        return
    below, above = (
        sum(each / (1 + rate + off) ** n for n, each in enumerate(paid, 1)) for off in (-HALF_STEP, HALF_STEP)
    )
    assert above < had <= below


@settings(max_examples=30)
@given(loans, fees)
def test_there_is_no_second_root(loan: Schedule, charged_fees: list[Fee]) -> None:
    """The worth of the flows crosses 0 once between a rate of nothing and one of a thousandfold a month."""
    moved = flows(loan, charged_fees)
    signs = [worth(moved, Fraction(n, 50) ** 4) > 0 for n in range(0, 520, 8)]
    assert signs == sorted(signs)


def test_fees_many_times_what_is_lent_have_a_rate_too() -> None:
    """500 yuan at the end of a month for a fen lent are 50,000 a month; 50,001 to the twelfth has 57 digits."""
    end = Fee(FeeKind.GUARANTEE, "payee", FeePayer.FIRM, Every.ONCE, Due.END, 50_000, None)
    found = all_in(schedule(1, 1, Decimal(0), BULLET), [end])
    assert found.simple_rate == 12 * 50_000
    assert float(found.rate) == pytest.approx(50_001**12 - 1, rel=1e-12)


@settings(max_examples=300)
@given(
    st.integers(1, 10**13), st.lists(st.integers(0, 10**13), min_size=1, max_size=120), st.integers(0, 400_000), fees
)
@example(10**12, [0] * 599 + [10**13], 0, [])
@example(1, [10**13], 0, [])
def test_floats_tell_the_rates_that_digits_tell_or_none(
    had: int, payments: list[int], more: int, charges: list[Fee]
) -> None:
    """To the last step, for whatever flows, and for those of a loan with fees."""
    later = payments if sum(payments) >= had else [*payments, had - sum(payments) + had * more // 10**6]
    assert rates_by_floats(had, later) in (None, rates_in_digits(had, later))
    found = flows(schedule(had, len(payments), Decimal(more).scaleb(-6), EQUAL_INSTALMENTS), charges)
    if found[0] > 0:
        owed = [-each for each in found[1:]]
        assert rates_by_floats(found[0], owed) in (None, rates_in_digits(found[0], owed))


def test_the_loans_of_every_day_are_told_by_floats() -> None:
    """Of each term up to five years, at rates up to 24 %, with a fee in each year."""
    yearly = [fee("0.008", every=Every.YEARLY)]
    for months in range(1, 61):
        for rate in range(0, 240_000, 8_123):
            had, *later = flows(schedule(50_000_000, months, Decimal(rate).scaleb(-6), EQUAL_INSTALMENTS), yearly)
            assert rates_by_floats(had, [-each for each in later]) is not None


def test_a_rate_at_a_half_is_rounded_up_and_told_by_digits() -> None:
    """101 fen a month for 240,000 yuan are 50.5 millionths a year by simple interest."""
    assert rates_by_floats(24_000_000, [24_000_101]) is None
    assert [rates_in_digits(24_000_000, [24_000_000 + fen])[1] for fen in (100, 101, 103)] == [
        Decimal("0.00005"),
        Decimal("0.000051"),
        Decimal("0.000052"),
    ]


def test_a_compound_rate_at_a_half_is_rounded_up() -> None:
    """12,001 fen at the end of a year for 20,000 yuan without interest are 6,000.5 millionths."""
    end = Fee(FeeKind.GUARANTEE, "payee", FeePayer.FIRM, Every.ONCE, Due.END, 12_001, None)
    assert make_loan(2_000_000, 12, Decimal(0), BULLET, (end,)).all_in.rate == Decimal("0.006001")


@given(st.integers(0, 500_000), st.integers(1, 5), st.integers(-1, 1))
def test_a_single_payment_after_whole_years_is_rounded_up_from_the_half_on(steps: int, years: int, more: int) -> None:
    """What (2 steps + 1) / 2,000,000 a year comes to exactly, a fen less and a fen more."""
    had, later = 2_000_000**years, [*[0] * (12 * years - 1), (2_000_001 + 2 * steps) ** years + more]
    assert rates_in_digits(had, later)[0] == Decimal(steps + (more >= 0)).scaleb(-6)
    assert more or rates_by_floats(had, later) is None


@given(st.integers(0, 500_000), st.integers(1, 11), st.integers(30, 70))
def test_a_single_payment_within_a_year_is_told_however_near_to_a_half(steps: int, months: int, digits: int) -> None:
    """Of whole numbers next to the payment that is just at a half, the lower lies below it and the upper above."""
    had, growth = 10**digits, Fraction(2_000_001 + 2 * steps, 2_000_000)
    below = _root(had**12 * growth.numerator**months // growth.denominator**months, 12)
    for paid, expected in ((below, steps), (below + 1, steps + 1)):
        assert rates_in_digits(had, [*[0] * (months - 1), paid])[0] == Decimal(expected).scaleb(-6)


def _root(number: int, degree: int) -> int:
    """Return the largest whole number whose power is no more than this one, by halving."""
    low, high = 0, 1 << (number.bit_length() // degree + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**degree <= number else (low, middle)
    return low


@pytest.mark.parametrize("repayment", [BULLET, EQUAL_INSTALMENTS])
@pytest.mark.parametrize("rate", ["0.0345", "0.0478", "0.06", "0.24"])
def test_without_fees_simple_interest_is_the_contracts_and_compound_its_twelfth_power(
    rate: str, repayment: str
) -> None:
    """The closed form (1 + i/12)^12 - 1, whichever way it is repaid."""
    found = all_in(schedule(10**12, 12, Decimal(rate), repayment))
    assert found.simple_rate == Decimal(rate)
    assert found.rate == round((1 + Decimal(rate) / 12) ** 12 - 1, 6)


def test_one_month_with_a_fee_by_hand() -> None:
    """990,000 had, 1,005,000 paid: 1.515152 % a month, 18.181818 % simple, 19.774...% compound."""
    found = all_in(schedule(1_000_000, 1, Decimal("0.06"), BULLET), [fee("0.01")])
    assert found.simple_rate == Decimal("0.181818")
    assert found.rate == round((Decimal(1_005_000) / 990_000) ** 12 - 1, 6)
    assert (found.interest_fen, found.fees_fen, found.cost_fen) == (5_000, 10_000, 15_000)


def test_the_rate_agrees_with_an_independent_solver() -> None:
    """SciPy's bracketing solver on the same flows: 36 months, a yearly guarantee fee."""
    brentq = pytest.importorskip("scipy.optimize").brentq
    loan, yearly = schedule(50_000_000, 36, Decimal("0.0385"), EQUAL_INSTALMENTS), [fee("0.008", every=Every.YEARLY)]
    moved = flows(loan, yearly)
    monthly = brentq(lambda m: sum(flow / (1 + m) ** k for k, flow in enumerate(moved)), 0, 1, xtol=1e-15)
    assert float(all_in(loan, yearly).rate) == pytest.approx((1 + monthly) ** 12 - 1, abs=6e-7)


@given(loans, fees, fee_rates)
def test_a_fee_more_never_makes_a_loan_cheaper_and_one_of_the_banks_changes_nothing(
    loan: Schedule, charged_fees: list[Fee], more: Decimal
) -> None:
    before = all_in(loan, charged_fees)
    assert all_in(loan, [*charged_fees, fee(str(more))]).rate >= before.rate
    assert all_in(loan, [*charged_fees, fee(str(more), payer=FeePayer.BANK)]) == before


@given(loans, fee_rates)
def test_a_fee_costs_more_the_sooner_it_is_paid(loan: Schedule, rate: Decimal) -> None:
    soon, late = (all_in(loan, [fee(str(rate), due=due)]).rate for due in Due)
    assert soon >= late


def test_a_loan_that_costs_nothing_has_a_rate_of_nothing() -> None:
    nothing = AllIn(Decimal(0), Decimal(0), 0, 0)
    assert all_in(schedule(10**6, 24, Decimal(0), EQUAL_INSTALMENTS)) == nothing


def test_where_fees_take_all_there_is_no_rate() -> None:
    with pytest.raises(ProductInvalid):
        all_in(schedule(1_000, 1, Decimal(0), BULLET), [fee("1")])
