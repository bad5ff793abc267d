"""What it means to declare a feature: one entry serves the page, the model, the reasons and what opens a product."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import polars as pl

from services.profile.standards.text import Text

Dimension: TypeAlias = Literal[
    "payment", "operation", "stability", "growth", "relation", "compliance", "chain", "confidence"
]
Direction: TypeAlias = Literal[-1, 0, 1]
Unit: TypeAlias = Literal["fen", "ratio", "count", "month", "day", "per-month", "grade", "times"]
Action: TypeAlias = Literal["raise", "lower", "immutable"]
# What a figure that is offered to the learner measures, in the end: of each, training keeps one (ADR 26).
Family: TypeAlias = Literal["size", "tenure", "rhythm", "customers", "purchases", "suppliers", "recency"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One declared figure of an enterprise.

    `direction` is the sign of the change of the probability of default as the value rises; it binds the model as a
    monotone constraint, so it is 0 where trade practice gives no clear answer. `family` is what the figure measures,
    for the learner; None keeps it from the learner. Only what one more blue invoice never moves to the side of risk
    has a family: leaving invoices out can then never help (a property in the tests, ADR 26). `actionable` and
    `pace_per_month` say which way an enterprise can move it and how far in a month (None: no declared bound).
    `worse` and `better` are the reason phrases for a value that costs or earns points. `value` computes the figure
    from the integer sums of `aggregates.py`; null means unknown.
    """

    name: str
    title: Text
    unit: Unit
    dimension: Dimension
    direction: Direction
    worse: Text
    better: Text
    value: pl.Expr
    family: Family | None = None
    actionable: Action = "immutable"
    pace_per_month: float | None = None

    @property
    def model(self) -> bool:
        """Whether the learner is offered the figure."""
        return self.family is not None


def known(side: str, value: pl.Expr) -> pl.Expr:
    """Return a sum or count of sales ("s") or purchases ("p"), null where no valid blue invoice of that side is there.

    No invoice at all is an unknown, which is not the same as a source that tells of none.
    """
    return pl.when(pl.col(f"{side}_known")).then(value)


def part(total: pl.Expr, count: int) -> pl.Expr:
    """Return a total by a count, to the same bit for one row and for many: by a scalar many would be multiplied."""
    return total.cast(pl.Float64) / (total * 0 + count).cast(pl.Float64)


def ratio(part: pl.Expr, whole: pl.Expr, *, least: int = 0) -> pl.Expr:
    """Return the part of a whole, null unless the whole exceeds `least`: a share of next to nothing says nothing."""
    return pl.when(whole > least).then(part.cast(pl.Float64) / whole.cast(pl.Float64))


def growth(now: pl.Expr, before: pl.Expr, *, reaches: int) -> pl.Expr:
    """Return the symmetric growth (now − before) / (now + before): −1 is all lost, 0 unchanged and 1 all new.

    Unlike now/before it does not explode for a small base. Null unless the book reaches back `reaches` months,
    because sales before the first known invoice are unknown rather than zero.
    """
    now, before = now.clip(0), before.clip(0)
    return pl.when(pl.col("reach") >= reaches).then(ratio(now - before, now + before))
