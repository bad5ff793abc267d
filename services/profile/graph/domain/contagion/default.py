"""Losses that travel from debtors to creditors: the DebtRank family.

Sources: S. Battiston et al., DebtRank, Scientific Reports 2:541 (2012); M. Bardoscia, S. Battiston, F. Caccioli,
G. Caldarelli, PLoS ONE 10(6):e0130406 (2015), linear, with losses that go round again; M. Bardoscia, F. Caccioli,
J. Perotti, G. Vivaldo, G. Caldarelli, PLoS ONE 11(10):e0163825 (2016), the family with `alpha`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.profile.graph.domain.contagion.fixed_point import MOST_STEPS, TOLERANCE, follow

Floats: TypeAlias = NDArray[np.float64]
Places: TypeAlias = NDArray[np.int64]


class Model(StrEnum):
    """How a debtor's distress becomes its creditors' loss: in proportion, or little until it is nearly total."""

    LINEAR = "linear"
    NONLINEAR = "nonlinear"


# Of the non-linear family: at 0 it is the linear model, at infinity only defaults are passed on (Furfine 2003).
ALPHA = {Model.LINEAR: 0.0, Model.NONLINEAR: 4.0}


@dataclass(frozen=True, slots=True)
class Credit:
    """What is owed, an entry each: places of creditor and debtor, and the amount in fen."""

    creditor: Places
    debtor: Places
    amount: Floats


@dataclass(frozen=True, slots=True)
class Ties:
    """Debts between firms, the equity of each (fen; 0: it fails with its first loss), and what is lost of a debt."""

    credit: Credit
    equity: Floats
    loss_given_default: float


@dataclass(frozen=True, slots=True)
class Losses:
    """What a shock does: the share of its equity that each firm loses, and what each debt passed on (fen).

    `settled` says whether the last of `steps` (of `most` at most) changed no firm's share beyond the tolerance.
    """

    share: Floats
    loss: Floats
    steps: int
    most: int
    change: float
    settled: bool


def propagate(
    ties: Ties,
    shock: Floats,
    model: Model = Model.LINEAR,
    *,
    tolerance: float = TOLERANCE,
    most: int = MOST_STEPS,
) -> Losses:
    """Follow a shock (the share of its equity that each firm loses at first) along debts until it comes to rest.

    A firm loses the shock and what its debtors pass on, no more than its equity; a debtor passes on no more than it
    owes. The result is the least fixed point: nothing without a shock, and no less for a larger one.
    """
    credit = _ordered(ties.credit)
    impact = _impact(ties, credit)
    firms = len(ties.equity)

    def step(now: Floats) -> Floats:
        passed = impact * passed_on(now[:, 0], model)[credit.debtor]
        gone = np.minimum(np.bincount(credit.creditor, passed, firms), 1.0)
        return np.minimum(shock + gone, 1.0)[:, None]

    reached = follow(step, shock[:, None], tolerance=tolerance, most=most)
    share = reached.loss[:, 0]
    loss = ties.loss_given_default * ties.credit.amount * passed_on(share, model)[ties.credit.debtor]
    return Losses(share, loss, reached.steps, reached.most, reached.change, reached.settled)


def passed_on(share: Floats, model: Model) -> Floats:
    """Return which part of their debts firms are taken not to pay, given the share of their equity that is lost."""
    return share * np.exp(ALPHA[model] * (share - 1.0))


def impacts(ties: Ties) -> Floats:
    """Return, for each debt, the share of the creditor's equity that is lost where the debtor fails: at most 1."""
    return _impact(ties, ties.credit)


def _impact(ties: Ties, credit: Credit) -> Floats:
    lost = ties.loss_given_default * credit.amount
    equity = ties.equity[credit.creditor]
    with np.errstate(divide="ignore", invalid="ignore"):
        impact = np.minimum(lost / equity, 1.0)
    return np.where(lost > 0, impact, 0.0)


def _ordered(credit: Credit) -> Credit:
    """Return debts in one order always: sums of floats must not depend on the order in which they came."""
    order = np.lexsort((credit.amount, credit.debtor, credit.creditor))
    return Credit(credit.creditor[order], credit.debtor[order], credit.amount[order])
