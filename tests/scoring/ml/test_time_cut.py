"""A table cut at a day: later rows are judged only."""

from __future__ import annotations

from datetime import date, time, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scoring.domain.errors import TrainingDataUnusable
from services.scoring.ml.time_cut import cut_at

DAYS = [date(2019, 12, 31), date(2020, 1, 31), date(2020, 2, 1), None]


@pytest.mark.parametrize(
    "column",
    [
        pl.Series(DAYS),
        pl.Series([None if day is None else f"{day:%Y-%m-%d}" for day in DAYS]),
        pl.Series([None if day is None else f"{day.year}/{day.month}/{day.day}" for day in DAYS]),
        pl.Series([None if day is None else f"{day:%m/%d/%Y}" for day in DAYS]),
        pl.Series([None if day is None else f"{day:%Y年%m月%d日}" for day in DAYS]),
        pl.Series([None if day is None else f"{day:%Y-%m-%d} 09:30:00" for day in DAYS]),
        pl.Series([None if day is None else int(f"{day:%Y%m%d}") for day in DAYS]),
        pl.Series([None if day is None else f"{day:%Y%m%d}" for day in DAYS]),
    ],
)
def test_the_day_of_the_cut_is_judged(column):
    """Rows before it are learned from, rows without a day are left out and counted."""
    parts = cut_at(pl.DataFrame({"day": column, "row": [0, 1, 2, 3]}), "day", "2020-01-31")
    assert (parts.before["row"].to_list(), parts.after["row"].to_list(), parts.undated) == ([0], [1, 2], 1)


@pytest.mark.parametrize(
    "column",
    [
        pl.Series([[1], [2]]),
        pl.Series([{"day": 1}, {"day": 2}]),
        pl.Series([time(3), time(4)]),
        pl.Series([timedelta(days=1), timedelta(days=2)]),
        pl.Series([b"2020", b"2021"]),
    ],
)
def test_a_column_that_holds_no_days_is_refused_in_words(column):
    """What Parquet may hold besides."""
    with pytest.raises(TrainingDataUnusable, match="no days"):
        cut_at(pl.DataFrame({"day": column}), "day", "2020-01-31")


def test_a_moment_is_cut_by_its_day():
    moments = pl.Series(["2020-01-30 23:00:00", "2020-01-31 00:00:00"]).str.to_datetime()
    parts = cut_at(pl.DataFrame({"day": moments}), "day", "2020-01-31")
    assert (parts.before.height, parts.after.height) == (1, 1)


def test_counted_days_are_cut_by_a_number():
    """SAS counts from 1960: 15074 says nothing of where it counts from, so the cut is said alike."""
    parts = cut_at(pl.DataFrame({"day": [15_074, 15_719, 16_840]}), "day", "15719")
    assert (parts.before.height, parts.after.height) == (1, 2)


@pytest.mark.parametrize(
    ("column", "cut", "said"),
    [
        ({"day": [15_074, 15_719]}, "2003-01-14", "no written days"),
        ({"day": ["soon", "later"]}, "2003-01-14", "cannot be read as days"),
        ({"day": ["2003-01-14"]}, "last year", "not at 'last year'"),
        ({"other": [1]}, "2003-01-14", "no column 'day'"),
    ],
)
def test_what_cannot_be_compared_is_refused(column, cut, said):
    """The refusal says what was found."""
    with pytest.raises(TrainingDataUnusable, match=said):
        cut_at(pl.DataFrame(column), "day", cut)


@given(st.lists(st.dates(date(1990, 1, 1), date(2040, 1, 1)), min_size=1, max_size=30), st.dates())
def test_no_later_row_is_learned_from(days, cut):
    """Every row is on its side of the cut, the column of time on neither."""
    frame = pl.DataFrame({"day": days, "ordinal": [day.toordinal() for day in days]})
    parts = cut_at(frame, "day", cut.isoformat())
    assert parts.before["ordinal"].to_list() == [day.toordinal() for day in days if day < cut]
    assert parts.after["ordinal"].to_list() == [day.toordinal() for day in days if day >= cut]
    assert parts.before.columns == ["ordinal"]
