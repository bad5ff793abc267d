"""Days as the law counts them: the day in China, and terms of months."""

from __future__ import annotations

from datetime import date, timedelta

from chassis.core.moments import CHINA, day_of, months_later, start_of

__all__ = ["CHINA", "day_of", "month_end_before", "months_later", "start_of"]


def month_end_before(day: date) -> date:
    """Return the last day of the calendar month before that of a day: of the last one that is over.

    >>> month_end_before(date(2026, 11, 30)), month_end_before(date(2026, 1, 1))
    (datetime.date(2026, 10, 31), datetime.date(2025, 12, 31))
    """
    return day.replace(day=1) - timedelta(days=1)
