"""The features of one firm as of many days."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from invoice_books import AS_OF, book, books, sale

from services.profile.portrait.domain.features import compute, history
from services.profile.portrait.domain.features.level import level, levels

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


@given(st.lists(st.integers(-(10**12), 2**61), min_size=1, max_size=30))
def test_levels_of_amounts_at_hand_are_those_of_a_column(fen: list[int]) -> None:
    """Also beside the powers of two, where a float of many digits would be the next one."""
    at = [*fen, *((1 << power) - 100_000 - beside for power in range(17, 61) for beside in (0, 1))]
    planned = pl.DataFrame({"fen": at}).select(level(pl.col("fen"))).to_series()
    assert planned.to_list() == levels(np.array(at, dtype=np.int64)).tolist()


def test_amounts_beyond_sixty_four_bits_when_squared_have_the_same_bytes() -> None:
    """A month of twelve thousand billion yuan is squared as exactly as one of twelve."""
    much = 1_200_000_000_000_000
    one = book(*(sale(f"2019-{month:02}-03", much + month, to=f"C{month % 5}") for month in range(1, 13)))
    days = [date(2019, 12, 31), date(2020, 2, 21)]
    alone = [compute(one, as_of=day).select(pl.lit(day).alias("as_of"), pl.exclude("enterprise")) for day in days]
    assert history(one, days).equals(pl.concat(alone))


def test_the_same_figure_on_several_days_has_the_bytes_of_each_day_alone() -> None:
    """A column of one value is no number to divide by: 75154995623 / 3 would differ in its last bit."""
    one = book(*(sale("2019-03-01", each, to=to) for each, to in ((75_154_995_621, "A"), (1, "B"), (1, "C"))))
    days = [date(2019, 4, 30), date(2019, 5, 15), date(2019, 6, 7)]
    alone = [compute(one, as_of=day).select(pl.lit(day).alias("as_of"), pl.exclude("enterprise")) for day in days]
    assert history(one, days).equals(pl.concat(alone))
