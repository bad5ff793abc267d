"""Screens of one auction's prices: their spread, the lead of the lowest, their skewness, equal steps between them.

Coefficient of variation, spread, relative distance and skewness are those of Imhof, Karagök and Rutz (Screening for bid
rigging: does it work?, Journal of Competition Law & Economics 14(2), 2018) and Huber and Imhof (Machine learning with
screens for detecting bid-rigging cartels, International Journal of Industrial Organization 65, 2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, gcd, lgamma, log

import numpy as np

FEWEST_SPREAD, FEWEST_SHAPE = 2, 3
# Steps that are compared: three bids make two.
FEWEST_STEPS = 2


@dataclass(frozen=True, slots=True)
class Screens:
    """The screens of one auction; None where it has too few bids, or bids that do not differ, to tell.

    `cv` is the sample standard deviation over the mean, `spread` the range over the lowest bid, `lead` the difference
    of the two lowest over the lowest, `relative_distance` that difference over the standard deviation of the losing
    bids, `skewness` the third standardised moment.
    """

    bids: int
    cv: float | None = None
    spread: float | None = None
    lead: float | None = None
    relative_distance: float | None = None
    skewness: float | None = None


@dataclass(frozen=True, slots=True)
class Steps:
    """Neighbouring bids whose differences (`even`) or ratios (`ratio`) are alike, from the `first`-lowest bid on.

    `off` is the largest departure of a step from their mean, relative to it; `p_value` bounds the chance of steps as
    even as these, over all runs of bids that were tried.
    """

    kind: str
    first: int
    bids: int
    off: float
    p_value: float


def screens(amounts: Sequence[int]) -> Screens:
    """Return the screens of bids in fen, in rising order."""
    count = len(amounts)
    if count < FEWEST_SPREAD:
        return Screens(count)
    bids = np.asarray(amounts, dtype=np.float64)
    deviation = float(bids.std(ddof=1))
    cv, lowest, lead = deviation / float(bids.mean()), float(bids[0]), float(bids[1] - bids[0])
    spread, ahead = float(bids[-1] - bids[0]) / lowest, lead / lowest
    if count < FEWEST_SHAPE or deviation == 0:
        return Screens(count, cv, spread, ahead)
    losing = float(bids[1:].std(ddof=1))
    centred = bids - bids.mean()
    skewness = float((centred**3).mean() / (centred**2).mean() ** 1.5)
    return Screens(count, cv, spread, ahead, lead / losing if losing > 0 else None, skewness)


def even_steps(amounts: Sequence[int]) -> Steps | None:
    """Return the least likely run of at least three neighbouring bids with even steps, None where no run has any.

    The chance is bounded: k steps that cut a length at random all lie within a share t of their mean with probability
    at most (k−1)!·(2t/k)^(k−1), as the simplex of k shares has the density (k−1)!; it is taken times the number of runs
    tried, twice for differences and ratios. Bids that are round to some sum have steps that are round to it, so that a
    departure below that grain counts as one grain.
    """
    if len(amounts) <= FEWEST_STEPS:
        return None
    grain = gcd(*amounts)
    plain, logs = np.asarray(amounts, dtype=np.float64), np.log(np.asarray(amounts, dtype=np.float64))
    runs = [(at, till) for at in range(len(amounts)) for till in range(at + FEWEST_STEPS + 1, len(amounts) + 1)]
    found = [
        steps
        for kind, values in (("even", plain), ("ratio", logs))
        for at, till in runs
        if (steps := _steps(kind, values[at:till], at, grain, float(plain[till - 1]), 2 * len(runs)))
    ]
    return min(found, key=lambda steps: (steps.p_value, steps.kind, steps.first), default=None)


def _steps(kind: str, values: np.ndarray, first: int, grain: int, most: float, tried: int) -> Steps | None:
    gaps = np.diff(values)
    mean, count = float(gaps.mean()), len(gaps)
    if mean <= 0:
        return None
    fineness = grain if kind == "even" else grain / most
    off = max(float(np.abs(gaps - mean).max()), fineness) / mean
    # As a logarithm: the factorial of two hundred bids is no float.
    chance = log(tried) + lgamma(count) + (count - 1) * log(2 * off / count)
    return Steps(kind, first, len(values), off, exp(min(0.0, chance)))
