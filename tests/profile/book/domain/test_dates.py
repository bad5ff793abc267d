"""Days as people and exports write them; nothing that may be another day."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profile.book.domain.dates import days, instead

MARCH = date(2026, 3, 4)
FORMS = (
    "{y}-{m:02}-{d:02}", "{y}/{m}/{d}", "{y}.{m}.{d}", "{y}{m:02}{d:02}", "{y}年{m}月{d}日", "{y}-{m}-{d} 9:8:7",
    "{y}/{m}/{d} 9:10", "{y}{m:02}{d:02}101112", "{y}-{m:02}-{d:02}T21:38:43", "{y}-{m:02}-{d:02} 23:59:59.99",
    "{y}年{m:02}月{d:02}日 21:38", "{y}年{m}月{d}日9时10分", "{y}-{m:02}-{d:02}T00:00:00+08:00",
)  # fmt: skip


def reason(written: str, form: str | None = None) -> str:
    text = pl.Series([written])
    assert days(text, form).to_list() == [None]
    return next(said for said, holds in instead(text, form) if holds.item())


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)), st.sampled_from(FORMS))
def test_a_day_is_read_in_every_form_that_exports_have(day: date, form: str) -> None:
    """With a time or without, with zeros or without."""
    assert days(pl.Series([form.format(y=day.year, m=day.month, d=day.day)])).to_list() == [day]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("2026113", "eight digits"),
        ("2026031", "eight digits"),
        ("202631", "eight digits"),
        ("46085", "spreadsheet's number"),
        ("46085.5", "spreadsheet's number"),
        ("2026-02-29", "no such day"),
        ("20261301", "no such day"),
        ("04/03/2026", "year comes first"),
        ("3/4/26", "year comes first"),
        ("2026年3月", "not a date"),
        ("2026-03-04 24:00:00", "not a date"),
        ("2026-3-4213843", "not a date"),
        ("", "not a date"),
    ],
)
def test_what_is_no_day_is_told_for_what_it_is(written: str, told: str) -> None:
    """Two readings are none."""
    assert told in reason(written)


def test_a_moment_with_a_zone_is_its_day_in_china() -> None:
    """Half past nine in the evening in London is the next morning in Hangzhou."""
    assert days(pl.Series(["2026-03-03T21:38:43Z", "2026-03-04 23:00:00+0800"])).to_list() == [MARCH, MARCH]


def test_a_sources_own_form_is_named_where_a_day_is_not_in_it() -> None:
    """The sender learns what this source writes."""
    assert "writes 20260131" in reason("4 March 2026", "%Y%m%d")
    assert "eight digits" in reason("2026031", "%Y%m%d")


def test_a_form_with_the_day_first_is_read_by_it_alone() -> None:
    """`04/03/2026` is March where the source says so."""
    written = pl.Series(["04/03/2026", "4/3/2026", "2026-03-04"])
    assert days(written, "%d/%m/%Y").to_list() == [MARCH, MARCH, None]
