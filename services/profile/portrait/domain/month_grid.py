"""A file's invoices and those of its plans in columns that are months, each ending on one day of the month.

A `turn` is that day, of some of the moments that are looked at: a moment's slot k is the column k before its own. Where
months are too short for the day of the first moment, theirs have columns of their own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from services.profile.portrait.domain.features.aggregates import SLOTS, SUMS

Array = NDArray[Any]
c = pl.col
NEVER = 2**31 - 1  # a day number after all days
# How parts of a book are put together, and what nothing adds up to.
MEASURES: Mapping[str, tuple[np.ufunc, int]] = {
    **dict.fromkeys((*SUMS, "rows"), (np.add, 0)),
    "days": (np.bitwise_or, 0),
    "first": (np.minimum, NEVER),
    "last": (np.maximum, -NEVER),
}


@dataclass(frozen=True, slots=True)
class Plans:
    """What is looked at: for each plan the place of its growth and how many additions; the moments, today the first."""

    growths: int
    steps: int
    each: Sequence[tuple[int, int]]
    days: Sequence[date]

    @property
    def width(self) -> int:
        """How many columns there are."""
        return SLOTS + len(self.days)

    @property
    def places(self) -> tuple[Array, Array]:
        """The growths and the steps of the plans, as indices."""
        growth, step = np.array(self.each, dtype=np.int64).reshape(-1, 2).T
        return growth, step


def arrays(rows: pl.DataFrame, growths: int) -> dict[str, Array]:
    """Return the columns of rows as whole numbers: measures (growths, rows), the rest (rows,)."""
    count = rows.height // growths
    days = rows.select(
        first=c("first").to_physical().cast(pl.Int64).fill_null(NEVER),
        last=c("last").to_physical().cast(pl.Int64).fill_null(-NEVER),
        rows=pl.lit(1, pl.Int64),
    )
    named = {name: (days if name in days.columns else rows)[name].to_numpy() for name in MEASURES}
    one = rows.head(count)
    return {name: each.reshape(growths, count) for name, each in named.items()} | {
        "sale": one["sale"].to_numpy(),
        "partner": one["counterparty"].cast(pl.Int64).fill_null(-1).to_numpy(),
        "added": np.zeros(count, dtype=np.int64),
        "month": one.select(c("date").dt.year() * 12 + c("date").dt.month().cast(pl.Int32)).to_series().to_numpy(),
        "day": one["date"].dt.day().to_numpy(),
    }


@dataclass(frozen=True, slots=True)
class Cells:
    """What rows of the same addition, column and `where` (a side, or a link) add up to, by measure (growths, cells)."""

    added: Array
    column: Array
    where: Array
    sums: Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class Sorted:
    """Rows by addition, column, side and link."""

    measures: Mapping[str, Array]
    added: Array
    column: Array
    link: Array
    side: Array

    def cells(self, where: Array, names: Collection[str]) -> Cells:
        """Return what the rows add up to by side, or by link."""
        begins = np.zeros(len(where), dtype=bool)
        begins[:1] = True
        for each in (self.added, self.column, where):
            begins[1:] |= each[1:] != each[:-1]
        (starts,) = np.nonzero(begins)
        sums = {
            name: MEASURES[name][0].reduceat(self.measures[name], starts, axis=1)
            if len(starts)
            else self.measures[name]
            for name in names
        }
        return Cells(self.added[starts], self.column[starts], where[starts], sums)


def placed(rows: Mapping[str, Array], link: Array, plans: Plans, turn: int) -> Sorted:
    """Return rows in order; column 0 holds all from before the longest window, `SLOTS` ends with today."""
    month = rows["month"] - (plans.days[0].year * 12 + plans.days[0].month) + (rows["day"] > turn)
    column = np.clip(month.astype(np.int64) + SLOTS, 0, plans.width)  # what lies after the last moment is left out
    key = (rows["added"] * (plans.width + 1) + column) * (link.max(initial=0) + 1) + link
    order = np.argsort(key)
    order = order[column[order] < plans.width]
    measures = {name: rows[name].take(order, axis=1) for name in MEASURES}
    return Sorted(measures, rows["added"][order], column[order], link[order], rows["sale"][order].astype(np.int64))


@dataclass(frozen=True, slots=True)
class Grid:
    """The moments (months from today) of one turn, and the rows by its columns."""

    plans: Plans
    at: Array
    known: Sorted
    new: Sorted

    @property
    def rows(self) -> Array:
        """The row of each plan and moment."""
        return np.arange(len(self.plans.each))[:, None] * len(self.plans.days) + self.at
