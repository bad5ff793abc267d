"""The features of one firm as of many days."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from invoice_books import AS_OF, book, books, sale

from services.profile.portrait.domain.features import compute, history

DAYS = st.lists(st.integers(0, 1200), min_size=1, max_size=6, unique=True)


@given(books(), DAYS)
@settings(max_examples=40)
def test_many_days_at_once_have_the_bytes_of_each_day_alone(invoices: pl.DataFrame, back: list[int]) -> None:
    """One pass over the invoices gives what a computation per day gives, to the last bit."""
    one = invoices.filter(pl.col("enterprise") == invoices["enterprise"][0])
    days = sorted(AS_OF - timedelta(days=days) for days in back)
    together = history(one, days)
    alone = [compute(one, as_of=day).select(pl.lit(day).alias("as_of"), pl.exclude("enterprise")) for day in days]
    assert together.equals(pl.concat(alone))


def test_a_day_before_the_first_invoice_has_no_row() -> None:
    """Unknown is not zero."""
    found = history(book(sale("2020-01-01", 100)), [date(2019, 12, 31), date(2020, 1, 31)])
    assert found["as_of"].to_list() == [date(2020, 1, 31)]
