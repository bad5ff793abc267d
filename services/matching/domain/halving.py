"""Halving (bisection) of whole numbers."""

from __future__ import annotations

from collections.abc import Callable


def first_that_holds(holds: Callable[[int], bool], low: int, high: int) -> int:
    """Return a number at which something holds that does not hold one below; it must not hold at `low`, but at `high`.

    >>> first_that_holds(lambda number: number * number >= 50, 0, 100)
    8
    """
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
