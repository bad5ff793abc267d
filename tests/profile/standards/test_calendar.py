"""Working days, against the notices of the State Council read by hand."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from services.profile.standards.calendar import is_working, next_working


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        ("2025-10-01", False),  # National Day and Mid-Autumn: 1 to 8 October 2025
        ("2025-10-08", False),
        ("2025-10-09", True),
        ("2025-10-11", True),  # a Saturday worked to make up
        ("2025-09-28", True),  # a Sunday worked to make up
        ("2025-09-27", False),  # the Saturday before it
        ("2026-02-14", True),  # Saturday before the Spring Festival of 2026
        ("2026-02-23", False),  # its last day off
        ("2020-01-31", False),  # the Spring Festival of 2020, prolonged by notice
        ("2099-01-03", False),  # no notice yet: a weekend is a weekend
        ("2099-01-08", True),  # and a Thursday is worked
        ("2099-01-01", False),  # unless the law itself names the day
        ("2099-05-02", False),
        ("2099-10-02", False),
        ("2099-10-05", True),  # what a notice may add is not known
    ],
)
def test_a_day_is_worked_as_the_notices_say(day: str, worked: bool) -> None:
    """Holidays, make-up days, plain weekends, and years ahead of any notice."""
    assert is_working(date.fromisoformat(day)) is worked


def test_a_day_off_moves_to_the_next_working_day_and_null_stays_null() -> None:
    """Across a week of holidays, over a weekend, and not at all."""
    days = pl.Series([date(2025, 10, 3), date(2025, 7, 6), None, date(2025, 9, 28)])
    assert next_working(days).to_list() == [date(2025, 10, 9), date(2025, 7, 7), None, date(2025, 9, 28)]


def test_no_days_give_no_days() -> None:
    """An empty column stays empty."""
    assert next_working(pl.Series([], dtype=pl.Date)).len() == 0
