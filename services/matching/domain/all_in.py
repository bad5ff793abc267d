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
no less than what was had. Newton's steps from above come down to v and never pass it, since g is convex; of the two
bounds that are left, `NARROW` apart, it is asked on which side of v each lies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import lru_cache
from typing import TypeVar

from services.matching.domain.errors import ProductInvalid
from services.matching.domain.fee import Charge, Charged, Fee, charged, of_firm
from services.matching.domain.price import STEP
from services.matching.domain.repayment import MONTHS_A_YEAR, Schedule, schedule

N = TypeVar("N", float, Decimal)
CONVENTION = "irr-compound-month-12"
DIGITS = 40
# Of a rate: those of (10^20)^12 and six decimals.
MOST_DIGITS_TOLD = 250
# How far apart the bounds of the monthly discount end: the yearly rate is then exact to far more than six decimals.
NARROW = Decimal("1e-25")
# How near floats come, with room for what they round.
ROUGH = 1e-11
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
    monthly = _monthly_rate(*_flows(payments, charges))
    with localcontext(prec=DIGITS):
        compound = (1 + monthly) ** MONTHS_A_YEAR - 1
        simple = monthly * MONTHS_A_YEAR
        return AllIn(_rounded(compound), _rounded(simple), payments.cost_fen, sum(charge.fen for charge in charges))


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
    if had <= 0 or sum(later) < had or min(later) < 0:
        raise ProductInvalid("Fees leave nothing of the amount, or the loan pays less than it lends.", field="fees")
    with localcontext(prec=DIGITS):
        high = _bound(had, later)
        for _ in range(MOST_STEPS):
            step = _step(had, later, high)
            high -= max(step, Decimal(0))
            if step <= NARROW / 2 and _worth(later, high - NARROW)[0] <= had:
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
