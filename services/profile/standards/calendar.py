"""Working days of mainland China: weekends, public holidays and the weekends worked to make up for them.

The days are those of the yearly notices of the General Office of the State Council (国务院办公厅关于部分节假日安排的
通知), as the package `chinesecalendar` dates them. A year whose notice is not out yet has its weekends, and the days
off that stand on fixed dates by law; what follows the moon, and the make-up days, only the notice can tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache

import numpy as np
import polars as pl
from chinese_calendar import holidays, workdays

SATURDAY = 5
LAST_NOTICE = max(holidays).year
MOST_REST = 31  # no run of days off is longer
# 全国年节及纪念日放假办法 (as of 2025-01-01) Art. 2: New Year, Labour Day, National Day, as month and day.
FIXED = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})


def is_working(day: date) -> bool:
    """Tell whether a day is worked: no holiday, and no weekend unless it is a make-up day."""
    fixed = day.year > LAST_NOTICE and (day.month, day.day) in FIXED
    return day in workdays or not (fixed or day in holidays or day.weekday() >= SATURDAY)


def next_working(days: pl.Series) -> pl.Series:
    """Return each day, or the first working day after it (民法典 Art. 203); null stays null."""
    known = days.drop_nulls().unique()
    if known.is_empty():
        return days
    first, last = known.min(), known.max()
    assert isinstance(first, date)
    assert isinstance(last, date)
    off = [day for year in range(first.year, (last + timedelta(MOST_REST)).year + 1) for day in _off(year)]
    rolled = np.busday_offset(
        known.to_numpy().astype("datetime64[D]"), 0, roll="forward", weekmask="1111111", holidays=np.array(off, "M8[D]")
    )
    return days.replace_strict(known, pl.Series(rolled).cast(pl.Date), default=None, return_dtype=pl.Date)


@cache
def _off(year: int) -> tuple[date, ...]:
    return tuple(day for day in _days(year) if not is_working(day))


def _days(year: int) -> Iterator[date]:
    first = date(year, 1, 1)
    return (first + timedelta(place) for place in range((date(year + 1, 1, 1) - first).days))
