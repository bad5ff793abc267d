"""What a version of a product would cost those who may have it, and what its bank may expect of them.

All of them are taken to draw the need at the rate that they would be offered: nobody declines, so that two versions are
compared by price alone. Over the term a loan earns its rate and costs funding, expected loss, capital and operation
less the subsidy, each on the principal still owed; fees that the bank pays are its cost too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from services.matching.domain.all_in import Loan
from services.matching.domain.cost import Costed, cost_refused, costed
from services.matching.domain.eligibility import Check
from services.matching.domain.facts import Fact
from services.matching.domain.fee import FeePayer
from services.matching.domain.price import ZERO
from services.matching.domain.product import Product
from services.matching.domain.repayment import MONTHS_A_YEAR, fen


@dataclass(frozen=True, slots=True)
class Spread:
    """How rates a year are spread over firms: the least, the quarters, the most."""

    least: float
    quarter: float
    median: float
    three_quarters: float
    most: float


@dataclass(frozen=True, slots=True)
class Prices:
    """What a version costs and earns; rates None where nobody is offered it.

    `under_cost` firms, who pass every other rule, would cost the bank more than its cap or the law's: they are refused,
    or lent to below cost where the version says so. `unscored` firms have no PD: they are offered the cap, and are not
    in the sums of loss and profit.
    """

    offered: int
    unscored: int
    under_cost: int
    rates: Spread | None
    all_in_rates: Spread | None
    lent_fen: int
    expected_loss_fen: int
    expected_profit_fen: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What is said to each firm that passes the rules, by its place: refused for its cost, or offered."""

    refused: Mapping[int, Check]
    prices: Prices


def ask(product: Product, firms: Iterable[tuple[int, Mapping[str, Fact]]], on: date) -> Asked:
    """Return what firms that pass every other rule are told of the cost of a product, each with its facts and need."""
    refused: dict[int, Check] = {}
    offered: list[Costed] = []
    under_cost = 0
    for place, facts in firms:
        cost = cost_refused(product, facts, on)
        if cost is not None:
            refused[place] = cost
            under_cost += 1
            continue
        found = costed(product, facts, on)
        under_cost += found.price.asked is not None and found.price.asked > found.price.rate
        offered.append(found)
    return Asked(refused, _prices(offered, under_cost))


def _prices(offered: Sequence[Costed], under_cost: int) -> Prices:
    loss = profit = ZERO
    for each in offered:
        if each.price.cost is None:
            continue
        owed = Decimal(each.loan.schedule.owed_fen_months) / MONTHS_A_YEAR
        loss += owed * each.price.loss
        profit += owed * (each.price.rate - each.price.cost) - _fees_of_bank(each.loan)
    return Prices(
        offered=len(offered),
        unscored=sum(each.price.asked is None for each in offered),
        under_cost=under_cost,
        rates=_spread([each.price.rate for each in offered]),
        all_in_rates=_spread([each.loan.all_in.rate for each in offered]),
        lent_fen=sum(each.loan.schedule.amount_fen for each in offered),
        expected_loss_fen=fen(loss),
        expected_profit_fen=fen(profit),
    )


def _fees_of_bank(loan: Loan) -> int:
    return sum(each.fen for each in loan.fees if each.fee.paid_by is FeePayer.BANK)


def _spread(rates: Sequence[Decimal]) -> Spread | None:
    if not rates:
        return None
    # One of the rates each, the lower of two: none that nobody is offered.
    cuts = np.quantile(np.array(rates, dtype=np.float64), [0, 0.25, 0.5, 0.75, 1], method="lower")
    return Spread(*map(float, cuts))
