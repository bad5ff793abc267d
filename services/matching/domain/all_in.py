"""The all-in yearly rate of a loan (综合年化成本): the internal rate of return of all that the firm gets and pays.

中国人民银行公告〔2021〕第3号: a yearly rate holds interest and every fee of the loan against the principal had, by
compound interest (内部收益率法), or by simple interest, which must be said. What is declared here:

- flows are the amount paid out less fees of that day, then each month's instalment with the fees due then;
- every month is a twelfth of a year, as the interest itself is counted: the rate is the same whatever day it begins;
- with v the discount of one month that makes all flows worth what is paid out, the monthly rate is m = 1/v - 1;
- `rate` is compound (复利): (1 + m)^12 - 1; `simple_rate` (单利) is 12 m: of a loan without fees that is its contract's
  rate. The law's cap is one of simple interest, and is held against that.

Both are rounded half up to a millionth, once, at the end. v lies from 0 to 1 and is the only one: what is paid later,
g(v), the sum of p v^k with p >= 0 and k >= 1, rises without pause from g(0) = 0 to g(1), which is all that is paid and
no less than what was had. Newton's steps from above come down to v and never pass it, since g is convex.

Floats come first, with two bounds that v certainly lies between: g'(v) is no less than g(v) / v, so v is off by no more
than what g is off, in parts of what was had, and g, a sum of what is not below 0, is rounded by known parts of itself.
Where both bounds round to the same rates, these are the rates. Where they do not, v is sought in `DIGITS` digits: of
the two bounds that are left there, `NARROW` of v apart, it is asked on which side of v each lies. Near a half of a step
it is asked on which side of it the flows lie: of the simple rate in fractions, of the compound one as `_grows` says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from math import floor
from typing import TypeVar

from services.matching.domain.errors import ProductInvalid
from services.matching.domain.fee import Charge, Charged, Fee, charged, of_firm
from services.matching.domain.price import STEP
from services.matching.domain.repayment import MONTHS_A_YEAR, Schedule, schedule

N = TypeVar("N", float, Decimal, Fraction)
Rates = tuple[Decimal, Decimal]  # by compound interest, by simple interest
CONVENTION = "irr-compound-month-12"
DIGITS = 40
# Of a rate: those of (10^20)^12 and six decimals.
MOST_DIGITS_TOLD = 250
# Rates up to here are told to the last step: a hundred million times the principal a year.
MOST_EXACT = 10**8
# How far apart the bounds of the monthly discount end, as a part of it: the yearly growth is then off by no more than
# twelve such parts of itself, which up to `MOST_EXACT` is less than `AT_A_HALF`.
NARROW = Decimal("1e-25")
# So near to a half it is not left to these digits on which side a rate lies.
AT_A_HALF = Decimal("1e-15")
# How near floats come, with room for what they round; what one sum or product of theirs rounds, as a part of it.
ROUGH = 1e-11
FLOAT_ROUNDS = 2.0**-53
# A loan of everyday takes four.
MOST_FLOAT_STEPS = 20
# Each step doubles the digits once it is near; the worst loan that may be lent takes a few dozen.
MOST_STEPS = 2_000


@dataclass(frozen=True, slots=True)
class AllIn:
    """What a loan costs the firm: yearly rates by compound and by simple interest, and the fen of interest and fees."""

    rate: Decimal
    simple_rate: Decimal
    interest_fen: int
    fees_fen: int

    @property
    def cost_fen(self) -> int:
        """What the loan costs in total."""
        return self.interest_fen + self.fees_fen


@dataclass(frozen=True, slots=True)
class Loan:
    """What a firm would get and pay: instalments, every fee, and what all of it costs."""

    schedule: Schedule
    fees: tuple[Charged, ...]
    all_in: AllIn


@lru_cache(maxsize=2_048)
def make_loan(amount_fen: int, months: int, rate: Decimal, repayment: str, fees: tuple[Fee, ...]) -> Loan:
    """Return the loan at an interest rate a year; the same terms are worked out once."""
    payments = schedule(amount_fen, months, rate, repayment)
    return Loan(payments, charged(fees, amount_fen, months), all_in(payments, fees))


def all_in(payments: Schedule, fees: Sequence[Fee] = ()) -> AllIn:
    """Return the all-in rates of a loan with these instalments and fees; what the bank pays is no cost of the firm's.

    Raises `ProductInvalid` where fees leave nothing of the amount.

    >>> str(all_in(schedule(100_000_000, 12, Decimal("0.06"), "bullet")).rate)
    '0.061678'
    """
    own = of_firm(fees)
    charges = [charge for each in charged(own, payments.amount_fen, len(payments.payments)) for charge in each.charges]
    had, later = _flows(payments, charges)
    if had <= 0 or sum(later) < had or min(later) < 0:
        raise ProductInvalid("Fees leave nothing of the amount, or the loan pays less than it lends.", field="fees")
    rate, simple = rates_by_floats(had, later) or rates_in_digits(had, later)
    return AllIn(rate, simple, payments.cost_fen, sum(charge.fen for charge in charges))


def rates_by_floats(had: int, later: Sequence[int]) -> Rates | None:
    """Return the rates of what is had and then paid, None where floats do not tell on which side of a half they lie."""
    discount = 1.0
    worth, slope = _worth(later, discount)
    for _ in range(MOST_FLOAT_STEPS):
        step = (worth - had) / slope
        discount -= step
        worth, slope = _worth(later, discount)
        if abs(step) <= ROUGH:
            break
    # Each month rounds a product and a sum, each payment once; twice that, and what is rounded below.
    off = 2 * (abs(worth - had) / had + 4 * (len(later) + 2) * FLOAT_ROUNDS)
    if not off < ROUGH:
        return None
    least = _in_steps(min(discount * (1 + off), 1.0))
    if least != _in_steps(discount * (1 - off)):
        return None
    return least[0] * STEP, least[1] * STEP


def _in_steps(discount: float) -> tuple[int, int]:
    growth = 1 / discount
    return floor((growth**MONTHS_A_YEAR - 1) * 1e6 + 0.5), floor((growth - 1) * MONTHS_A_YEAR * 1e6 + 0.5)


def rates_in_digits(had: int, later: Sequence[int]) -> Rates:
    """Return the rates of what is had and then paid, worked out in `DIGITS` digits and, near a half, decided exactly.

    A rate above `MOST_EXACT` is told to its first twenty digits.
    """
    monthly = _monthly_rate(had, later)
    with localcontext(prec=DIGITS):
        simple, compound = monthly * MONTHS_A_YEAR, (1 + monthly) ** MONTHS_A_YEAR - 1
        return (
            _told(compound, lambda half: _grows(had, later, 1 + half)),
            _told(simple, lambda half: _worth(later, 1 / (1 + Fraction(half) / MONTHS_A_YEAR))[0] >= had),
        )


def _told(near: Decimal, reached: Callable[[Decimal], bool]) -> Decimal:
    """Return the rate that digits come near to, rounded; near a half, `reached` tells whether it comes to that."""
    below = (near / STEP).to_integral_value(ROUND_FLOOR)
    half = (below + Decimal("0.5")) * STEP
    if near > MOST_EXACT or abs(near - half) > AT_A_HALF:
        return _rounded(near)
    return (below + reached(half)) * STEP


def _grows(had: int, later: Sequence[int], growth: Decimal) -> bool:
    """Tell whether what is had grows by this in a year, or by more, where the growth lies at a half of a step.

    Payments at whole years alone are worth a fraction, which is compared. Others are never worth what is had just
    there, so that digits tell it once there are enough. For w, the discount of a month, is the twelfth root of
    1 / growth, and growth is an odd number by 2^7 5^6 in its lowest terms: neither a square nor a cube of a fraction.
    So x^12 - 1 / growth has no factor (Lang, Algebra, VI.9.1), and 1, w, ..., w^11 times fractions come to 0 only where
    each of the fractions is 0; those of other months are sums of payments.
    """
    yearly = later[MONTHS_A_YEAR - 1 :: MONTHS_A_YEAR]
    if sum(yearly) == sum(later):
        return _worth(yearly, 1 / Fraction(growth))[0] >= had
    digits = DIGITS
    while True:
        digits *= 2
        with localcontext(prec=digits):
            worth, _ = _worth(later, growth ** (Decimal(-1) / MONTHS_A_YEAR))
            # The root is off in its last digit, and each month rounds a product and a sum.
            doubt = worth.scaleb(2 - digits) * (len(later) + 1)
            if abs(worth - had) > doubt:
                return worth > had


def _rounded(rate: Decimal) -> Decimal:
    # Fees many times what was lent make a compound rate of more digits than are reckoned with.
    with localcontext(prec=MOST_DIGITS_TOLD):
        return rate.quantize(STEP, ROUND_HALF_UP)


def _flows(payments: Schedule, charges: Sequence[Charge]) -> tuple[int, list[int]]:
    """Return what the firm has of the loan at its start, and what it pays with each month."""
    had, later = payments.amount_fen, list(payments.payments)
    for charge in charges:
        if charge.month:
            later[charge.month - 1] += charge.fen
        else:
            had -= charge.fen
    return had, later


def _monthly_rate(had: int, later: Sequence[int]) -> Decimal:
    with localcontext(prec=DIGITS):
        high = _bound(had, later)
        for _ in range(MOST_STEPS):
            step = _step(had, later, high)
            high -= max(step, Decimal(0))
            if step <= high * NARROW / 2 and _worth(later, high * (1 - NARROW))[0] <= had:
                return 1 / high - 1
    raise ProductInvalid("The yearly rate of these flows is not to be told.", field="fees")


def _bound(had: int, later: Sequence[int]) -> Decimal:
    """Return a discount above the one sought: the one that floats find, where it does lie above, else 1."""
    near = 1.0
    for _ in range(MOST_STEPS):
        step = _step(had, later, near)
        if step <= ROUGH:
            break
        near -= step
    bound = Decimal(near) + Decimal(ROUGH)
    return bound if bound < 1 and _worth(later, bound)[0] >= had else Decimal(1)


def _step(had: int, later: Sequence[int], discount: N) -> N:
    worth, slope = _worth(later, discount)
    return (worth - had) / slope


def _worth(later: Sequence[int], discount: N) -> tuple[N, N]:
    """Return what the payments are worth at a monthly discount, and how fast that rises with it (Horner)."""
    worth = slope = discount * 0
    for payment in reversed(later):
        slope = slope * discount + worth
        worth = worth * discount + payment
    return worth * discount, slope * discount + worth
