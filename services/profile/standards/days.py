"""Days as the law counts them: the day in China, and terms of months."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

from chassis.core.moments import CHINA, day_of, start_of

__all__ = ["CHINA", "day_of", "month_end_before", "months_later", "start_of"]


def months_later(day: date, months: int) -> date:
    """Return the corresponding day, which ends a term of months (民法典 Art. 202), else the month's last.

    >>> months_later(date(2024, 2, 29), 12), months_later(date(2026, 3, 1), 24)
    (datetime.date(2025, 2, 28), datetime.date(2028, 3, 1))
    >>> months_later(date(2026, 3, 31), -1)
    datetime.date(2026, 2, 28)
    """
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def month_end_before(day: date) -> date:
    """Return the last day of the calendar month before that of a day: of the last one that is over.

    >>> month_end_before(date(2026, 11, 30)), month_end_before(date(2026, 1, 1))
    (datetime.date(2026, 10, 31), datetime.date(2025, 12, 31))
    """
    return day.replace(day=1) - timedelta(days=1)
