"""The day in China: by it files are judged, and measures begin and expire."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))


def day_of(moment: datetime) -> date:
    """Return the day of a moment in China."""
    return moment.astimezone(CHINA).date()
