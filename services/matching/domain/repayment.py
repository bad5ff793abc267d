"""What the enterprise pays, month by month, exact to the fen.

Interest is counted by the month at a twelfth of the yearly rate, each amount rounded half up to the fen. The last
instalment takes what rounding left over, so the principal paid back is the principal lent, to the fen.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

BULLET = "bullet"
EQUAL_INSTALMENTS = "equal-instalments"
MONTHS_A_YEAR = 12


@dataclass(frozen=True, slots=True)
class Schedule:
    """Payments in fen, one a month; together they are the amount lent and the cost.

    `owed_fen_months` is the principal owed in each month, summed: what interest is counted on, in fen times months.
    """

    amount_fen: int
    payments: tuple[int, ...]
    owed_fen_months: int

    @property
    def cost_fen(self) -> int:
        """What the financing costs the enterprise in total."""
        return sum(self.payments) - self.amount_fen


def schedule(amount_fen: int, months: int, rate: Decimal, repayment: str) -> Schedule:
    """Return the payments of a loan of `amount_fen` over `months` at `rate` a year.

    Bullet (先息后本): interest each month, the principal with the last. Equal instalments (等额本息): level payments.

    >>> schedule(1_000_000, 12, Decimal("0.06"), "bullet").cost_fen
    60000
    """
    monthly = rate / MONTHS_A_YEAR
    if repayment == BULLET:
        return Schedule(amount_fen, _bullet(amount_fen, months, monthly), amount_fen * months)
    return _equal(amount_fen, months, monthly)


def _bullet(amount: int, months: int, monthly: Decimal) -> tuple[int, ...]:
    """Pay interest each month, the principal with the last.

    The whole interest is rounded once, and months take what has become due of it by then: each is within a fen of its
    own interest, and none gives any back.
    """
    due = [fen(amount * monthly * month) for month in range(months + 1)]
    interest = [after - before for before, after in pairwise(due)]
    return (*interest[:-1], amount + interest[-1])


def _equal(amount: int, months: int, monthly: Decimal) -> Schedule:
    level = _level(amount, months, monthly)
    balance, owed, payments = amount, 0, []
    for _ in range(months - 1):
        owed += balance
        interest = fen(balance * monthly)
        payment = min(level, balance + interest)
        balance += interest - payment
        payments.append(payment)
    return Schedule(amount, (*payments, balance + fen(balance * monthly)), owed + balance)


def _level(amount: int, months: int, monthly: Decimal) -> int:
    """Return the annuity A·i / (1 − (1+i)^−n); without interest simply A / n."""
    if monthly == 0:
        return fen(Decimal(amount) / months)
    return fen(amount * monthly / (1 - (1 + monthly) ** -months))


def fen(amount: Decimal) -> int:
    """Round half up to the fen (四舍五入)."""
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))
