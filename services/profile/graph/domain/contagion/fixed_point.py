"""The one way in which shocks are followed: losses only grow, until no step changes them by more than a tolerance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
MOST_STEPS = 1_000
TOLERANCE = 1e-12


@dataclass(frozen=True, slots=True)
class Reached:
    """Where losses came to: (firms, shocks); after how many steps of how many at most, and the last step's change.

    Unless they are `settled`, the last step still changed more than the tolerance: losses may be larger yet.
    """

    loss: Floats
    steps: int
    most: int
    change: float
    settled: bool


def follow(
    step: Callable[[Floats], Floats], shock: Floats, *, tolerance: float = TOLERANCE, most: int = MOST_STEPS
) -> Reached:
    """Return the least losses at or above a shock that a monotone step leaves as they are: (firms, shocks).

    Steps begin at the shock and never go back, so they converge: losses grow and end at 1. Shocks that have come to
    rest are set aside, so that few slow ones do not keep the others going.
    """
    loss, change, steps = shock.copy(), 0.0, 0
    going, now = np.arange(shock.shape[1]), shock
    while steps < most and len(going):
        steps += 1
        after = np.maximum(step(now), now)
        moved = (after - now).max(axis=0, initial=0.0)
        change = float(moved.max(initial=0.0))
        still = moved > tolerance
        if still.all():
            now = after
            continue
        loss[:, going[~still]] = after[:, ~still]
        going, now = going[still], np.ascontiguousarray(after[:, still])
    if len(going):
        loss[:, going] = now
    return Reached(loss, steps, most, change, settled=not len(going))
