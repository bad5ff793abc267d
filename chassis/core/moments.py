"""Moments, which are of UTC and spelled in one way on the wire, and days, which are China's."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta, timezone

CHINA = timezone(timedelta(hours=8))


def today() -> date:
    """Return the present day in China."""
    return day_of(datetime.now(UTC))


def day_of(moment: datetime) -> date:
    """Return the day of a moment in China, whose offset is the same all year.

    >>> day_of(datetime(2026, 11, 28, 21, tzinfo=UTC))
    datetime.date(2026, 11, 29)
    """
    return moment.astimezone(CHINA).date()


def start_of(day: date) -> datetime:
    """Return the first moment of a day of China, in UTC; of the first day that can be written, the first there is.

    >>> rfc3339(start_of(date(2026, 11, 29)))
    '2026-11-28T16:00:00.000000Z'
    >>> rfc3339(start_of(date.min))
    '0001-01-01T00:00:00.000000Z'
    """
    if day == date.min:
        return datetime.min.replace(tzinfo=UTC)
    return datetime.combine(day, time(), CHINA).astimezone(UTC)


def rfc3339(moment: datetime) -> str:
    """Return a moment as RFC 3339 writes it, in UTC with microseconds and a Z.

    >>> rfc3339(datetime(2020, 2, 21, 8, tzinfo=UTC))
    '2020-02-21T08:00:00.000000Z'
    """
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def written(day: date | datetime | None) -> str | None:
    """Return a day or a moment as an answer writes it, None where there is none.

    >>> written(date(2020, 2, 21))
    '2020-02-21'
    """
    if day is None:
        return None
    return rfc3339(day) if isinstance(day, datetime) else day.isoformat()


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
