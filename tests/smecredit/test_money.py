"""Amounts on the command line are exact."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smecredit.money import fen, yuan


@given(st.integers(min_value=1, max_value=10**16))
def test_an_amount_survives_the_way_to_yuan_and_back(amount):
    """No fen is lost at any size."""
    assert fen(yuan(amount)) == amount


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("500000", 50_000_000),
        ("500,000.5", 50_000_050),
        ("50万", 50_000_000),
        ("0.29", 29),
        ("1.5万元", 1_500_000),
        ("￥５０", 5000),
    ],
)
def test_yuan_are_read_as_people_write_them(text, amount):
    """Thousands separators, 万 and decimals are understood."""
    assert fen(text) == amount


@pytest.mark.parametrize(
    "text", ["", "abc", "-5", "0", "NaN", "Infinity", "1.005", "1e5", "1_000", "٣", "sNaN", "1e999999999"]
)
def test_what_is_no_amount_is_refused(text):
    """Nothing is guessed or rounded."""
    with pytest.raises(ValueError, match=r"amount|decimals"):
        fen(text)
