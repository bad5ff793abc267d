"""Data depth A–E: how much there is to judge by. No score is shown without it."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class Depth:
    """The least a file must hold for a depth: months with both sides, blue invoices, days since the last sale."""

    letter: str
    paired_months: int
    invoices: int
    idle_days: int


# Ours, 2026-11: two full years to see a season twice, one to see it once, half a year to see a trend. A firm that
# issues two invoices a week reaches B in 18 months. A file that fell silent is thin however long it was.
DEPTHS = (
    Depth("A", paired_months=24, invoices=480, idle_days=92),
    Depth("B", paired_months=18, invoices=150, idle_days=183),
    Depth("C", paired_months=12, invoices=60, idle_days=366),
    Depth("D", paired_months=6, invoices=20, idle_days=731),
)
THIN = "E"


def depth_of() -> pl.Expr:
    """Return the depth of each row of features, as a letter: the first in `DEPTHS` whose bounds all hold."""
    depth = pl.lit(THIN)
    for bound in reversed(DEPTHS):
        meets = (
            (pl.col("paired_months_36m") >= bound.paired_months)
            & (pl.col("invoices_36m") >= bound.invoices)
            & (pl.col("sales_days_since_last").fill_null(float("inf")) <= bound.idle_days)
        )
        depth = pl.when(meets).then(pl.lit(bound.letter)).otherwise(depth)
    return depth.alias("depth")
