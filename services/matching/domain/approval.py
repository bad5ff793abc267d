"""How likely a bank approves, learnt from its own past decisions: a small logistic model that keeps to common sense.

Two things are looked at: the score, which can only help, and what is asked for a month (amount over term, as a
logarithm), which can only hinder. A slope that the decisions bend the other way is set to nothing. Slopes are drawn
towards nothing by the weight of `SHRINKAGE` decisions, so that few decisions say little. Below `LEAST` decisions, or
`LEAST_EACH` of either kind, nothing is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import exp, log

import numpy as np
from numpy.typing import NDArray

LEAST = 50
LEAST_EACH = 10
SHRINKAGE = 1.0
SIGNS = (1.0, -1.0)
STEPS = 50
CLOSE = 1e-9
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PastDecision:
    """One past decision of a bank; `reference` is its own mark of the case, and no enterprise is named."""

    reference: str
    score: int
    amount_fen: int
    months: int
    approved: bool
    decided_on: date


@dataclass(frozen=True, slots=True)
class Approval:
    """A fitted model; `decisions` and `approved` say what it has learnt from."""

    base: float
    slopes: tuple[float, float]
    decisions: int
    approved: int

    def probability(self, score: float, amount_fen: int, months: int) -> float:
        """Return how likely an application is approved, never above what a better score or a smaller wish would get."""
        tilt = self.base + self.slopes[0] * score + self.slopes[1] * log(amount_fen / months)
        return round(1 / (1 + exp(-max(min(tilt, 30.0), -30.0))), 4)


def fit(score: Floats, amount_fen: Floats, months: Floats, approved: NDArray[np.bool_]) -> Approval | None:
    """Fit a bank's decisions, a row each; None where there are too few."""
    yes, count = int(approved.sum()), len(approved)
    if count < LEAST or min(yes, count - yes) < LEAST_EACH:
        return None
    facts = np.column_stack([score, np.log(amount_fen / months)])
    centre, spread = facts.mean(axis=0), facts.std(axis=0)
    spread[spread < CLOSE] = 1.0
    standard, target = (facts - centre) / spread, approved.astype(np.float64)
    used = np.array([True, True])
    while True:
        weights = _newton(standard * used, target)
        wrong = used & (weights[1:] * SIGNS < 0)
        if not wrong.any():
            break
        used &= ~wrong
    slopes = weights[1:] * used / spread
    return Approval(float(weights[0] - slopes @ centre), (float(slopes[0]), float(slopes[1])), count, yes)


def _newton(facts: Floats, target: Floats) -> Floats:
    rows = np.column_stack([np.ones(len(facts)), facts])
    ridge = np.diag([0.0, SHRINKAGE, SHRINKAGE])
    share = target.mean()
    weights = np.array([log(share / (1 - share)), 0.0, 0.0])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(rows @ weights, -30, 30)))
        slope = rows.T @ (target - chance) - ridge @ weights
        curve = (rows * (chance * (1 - chance))[:, None]).T @ rows + ridge
        step = np.linalg.solve(curve, slope)
        weights = weights + step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < CLOSE:
            break
    return weights
