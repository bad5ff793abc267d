"""Numbers are plain decimals, to the fen: what Python's Decimal says of the text is the oracle."""

from __future__ import annotations

import re
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profile.book.domain.amounts import SCALES, fen_of, shares, tidied, whole

PLAIN = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)")
NUMBERS = st.text("0123456789.+-eE_ ,infNa１٣²", min_size=1, max_size=12) | st.decimals(
    -(10**13), 10**13, places=3, allow_nan=False
).map(str)


@given(st.lists(NUMBERS), st.sampled_from(sorted(SCALES)))
def test_a_plain_decimal_is_read_exactly_and_nothing_else_is_read(written: list[str], unit: str) -> None:
    """No exponent, no underscore, no infinity, no digits of another script; and not finer than a fen."""
    expected = []
    for text in written:
        fen = Decimal(text).scaleb(SCALES[unit]) if PLAIN.fullmatch(text) else None
        expected.append(int(fen) if fen is not None and fen == int(fen) else None)
    assert fen_of(pl.Series(written, dtype=pl.String), unit).to_list() == expected


@given(st.integers(-(10**15), 10**15), st.data())
def test_an_amount_is_the_same_however_people_write_it(fen: int, data: st.DataObject) -> None:
    """Grouped, with a currency, in brackets, in full width: the same fen."""
    plain = f"{abs(Decimal(fen) / 100):.2f}"
    grouped = f"{abs(Decimal(fen) / 100):,.2f}"
    body = data.draw(st.sampled_from([plain, grouped, f"{grouped}元", f"¥{grouped}", f"￥ {grouped}"]))
    minus = data.draw(st.sampled_from(["-{}", "({})", "（{}）"])) if fen < 0 else "{}"
    if "元" in body:
        minus = minus.replace("({})", "-{}").replace("（{}）", "-{}")
    wide = str.maketrans("0123456789.,-", "０１２３４５６７８９．，－")
    text = minus.format(body)
    text = text.translate(wide) if data.draw(st.booleans()) else text
    assert fen_of(tidied(pl.Series([f"\t{text}\u200b"]))).to_list() == [fen]


@pytest.mark.parametrize("written", ["5元", "5万元"])
def test_a_unit_that_the_column_has_not_is_no_number(written: str) -> None:
    """Five yuan in a column of ten thousands would be fifty thousand."""
    assert [fen_of(tidied(pl.Series([written]), unit), unit).item() for unit in ("yuan", "wan")] in (
        [500, None],
        [None, 5_000_000],
    )


@pytest.mark.parametrize(
    ("written", "number"), [("1,200", 1200), ("120.0", 120), ("1e3", None), ("1_0", None), ("1.5", None)]
)
def test_counts_are_whole(written: str, number: int | None) -> None:
    """With separators, and as tables of decimals write them."""
    assert whole(tidied(pl.Series([written]))).to_list() == [number]


@pytest.mark.parametrize(
    ("written", "share"), [("12.5%", 0.125), ("０．１１", 0.11), ("0.1_1", None), ("٠.١١", None), ("5e-2", None)]
)
def test_shares_are_plain_numbers_or_percentages(written: str, share: float | None) -> None:
    """As in a register of owners."""
    assert shares(tidied(pl.Series([written]))).to_list() == [share]
