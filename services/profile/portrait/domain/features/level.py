"""The level of an amount: its logarithm to the base two, in whole steps, so that sums of it stay exact.

Between two powers of two the level rises in a straight line instead of along the curve (Mitchell 1962, "Computer
multiplication and division using binary logarithms"), at most 0.087 of a doubling below it. What counts here is that
it rises with every amount, flattens as a logarithm does, and is the same integer on every machine.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

STEPS = 1 << 16  # of a doubling
# Amounts are counted from a thousand yuan on, so that a month without sales weighs like one with next to none (ours).
GROUND_FEN = 100_000
_POWER = GROUND_FEN.bit_length() - 1
_GROUND = _POWER * STEPS + (GROUND_FEN - (1 << _POWER)) * STEPS // (1 << _POWER)


def level(fen: pl.Expr) -> pl.Expr:
    """Return log2(1 + fen / `GROUND_FEN`) in `STEPS` of a doubling, rounded down; 0 for nothing or less."""
    above = fen.clip(0) + GROUND_FEN
    power = 63 - above.bitwise_leading_zeros().cast(pl.Int64)
    base = pl.lit(2, pl.Int64).pow(power)
    part = (above - base).cast(pl.Int128) * STEPS // base
    return power * STEPS + part.cast(pl.Int64) - _GROUND


def levels(fen: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return what `level` does of amounts at hand."""
    above = fen.clip(0) + GROUND_FEN
    power = np.frexp(above.astype(np.float64))[1].astype(np.int64) - 1
    power -= (np.int64(1) << power) > above  # a float of many digits is rounded, and may be the next power
    part = above - (np.int64(1) << power)
    # In steps of a doubling: part * STEPS // 2 ** power.
    fine = (STEPS.bit_length() - 1) - power
    found: NDArray[np.int64] = power * STEPS + np.where(fine >= 0, part << fine.clip(0), part >> (-fine).clip(0))
    return found - _GROUND


def amount(mean: pl.Expr) -> pl.Expr:
    """Return the amount in fen whose level is a mean of levels: the inverse of `level`, but for its rounding down."""
    doublings = (mean + _GROUND) / STEPS
    power = doublings.floor()
    return (pl.lit(2.0).pow(power) * (1 + doublings - power) - GROUND_FEN).clip(0)
