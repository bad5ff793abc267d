"""A table cut at a day: what was before is learned from, what came after is judged.

Random folds let a model know the year that it is tested on; a bank uses it on the year after. Days may be dates, text
in the usual spellings, or numbers: 20200131, 202001, a year, or a count of days whose cut is then a number too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from services.scoring.domain.errors import TrainingDataUnusable

if TYPE_CHECKING:
    from collections.abc import Callable

_SPELLINGS = ("%Y-%m-%d", "%Y/%m/%d", "%m/%d/%Y", "%Y%m%d", "%Y年%m月%d日", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")
# Numbers between these bounds write a day as the function beside them does.
_WRITTEN: tuple[tuple[int, int, Callable[[date], int]], ...] = (
    (19_000_101, 21_001_231, lambda day: day.year * 10_000 + day.month * 100 + day.day),
    (190_001, 210_012, lambda day: day.year * 100 + day.month),
    (1_900, 2_100, lambda day: day.year),
)


@dataclass(frozen=True, slots=True)
class Cut:
    """The rows before and from the cut on, without the column of time, and how many tell no time and are left out."""

    before: pl.DataFrame
    after: pl.DataFrame
    undated: int


def cut_at(table: pl.DataFrame, column: str, cut: str) -> Cut:
    """Cut a table by a column of time at a day (2020-01-31), or at a number where the column counts.

    Raises `TrainingDataUnusable` where the column is absent or cannot be compared with the cut.
    """
    if column not in table.columns:
        raise TrainingDataUnusable(
            f"there is no column {column!r} to cut by; the columns are {', '.join(table.columns[:40])}", time=column
        )
    moments, limit = _comparable(table[column], cut)
    rest = table.drop(column)
    return Cut(rest.filter(moments < limit), rest.filter(moments >= limit), int(moments.null_count()))


def _comparable(values: pl.Series, cut: str) -> tuple[pl.Series, date | float]:
    """Return the column and the cut as things of one kind; null where no time is told."""
    if values.dtype in (pl.Date, pl.Datetime):
        return values.cast(pl.Date), _day(cut, values.name)
    if values.dtype.is_numeric():
        numbers = values.cast(pl.Float64).fill_nan(None)
        return numbers, _number(numbers, cut)
    if values.dtype.is_nested() or values.dtype.is_temporal() or values.dtype == pl.Binary:
        raise TrainingDataUnusable(
            f"the column {values.name!r} holds {values.dtype} and no days; wanted 2020-01-31, 2020/1/31 or 1/31/2020",
            time=values.name,
        )
    words = values.cast(pl.String, strict=False).str.strip_chars()
    words = words.set(words == "", None)
    numbers = words.cast(pl.Float64, strict=False)
    if numbers.null_count() == words.null_count():
        return numbers, _number(numbers, cut)
    for spelling in _SPELLINGS:
        days = words.str.to_datetime(spelling, strict=False).cast(pl.Date)
        if days.null_count() == words.null_count():
            return days, _day(cut, values.name)
    odd = words.drop_nulls().head(3).to_list()
    raise TrainingDataUnusable(
        f"the column {values.name!r} cannot be read as days; found {odd}, wanted 2020-01-31, 2020/1/31 or 1/31/2020",
        time=values.name,
    )


def _number(numbers: pl.Series, cut: str) -> float:
    try:
        return float(cut)
    except ValueError:
        day = _day(cut, numbers.name)
    known = numbers.drop_nulls()
    for low, high, written in _WRITTEN:
        if len(known) and known.is_between(low, high).all():
            return float(written(day))
    raise TrainingDataUnusable(
        f"the column {numbers.name!r} holds numbers that are no written days; give the cut as such a number",
        time=numbers.name,
    )


def _day(cut: str, column: str) -> date:
    try:
        return date.fromisoformat(cut)
    except ValueError:
        raise TrainingDataUnusable(
            f"{column!r} is cut at a day such as 2020-01-31, not at {cut!r}", time=column
        ) from None
