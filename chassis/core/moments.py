"""The one spelling of a moment on the wire: RFC 3339, in UTC, with microseconds and a Z."""

from __future__ import annotations

from datetime import UTC, date, datetime


def rfc3339(moment: datetime) -> str:
    """Return a moment in UTC.

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
