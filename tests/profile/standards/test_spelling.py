"""One spelling of numbers and codes: a fixed point, cheap for what is spelled so already, and lost digits are told."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profile.standards.spelling import identifier, identifiers, lost_digits

SIGNS = st.sampled_from("=\"'`’019aZ:-./()[]〔〕（） \t\u200b\u3000\ufeff\u202e\u115f甲０１＝＂＇．Ｅe+E")
ANY = st.text(st.one_of(SIGNS, st.characters(exclude_categories=["Cs"])), max_size=16)


@given(st.lists(ANY))
def test_what_is_spelled_once_stays_as_it_is(written: list[str]) -> None:
    """A number read back from our own export is the same number."""
    once = identifiers(pl.Series(written, dtype=pl.String))
    assert identifiers(once).to_list() == once.to_list()


@pytest.mark.parametrize(
    "written",
    [
        "26332000000000009902",
        '="26332000000000009902"',
        "'26332000000000009902",
        "２６３３２０００００００００００９９０２",
        "26332000000000009902\u200b",
        "\ufeff 2633 2000 0000 0000 9902\t",
    ],
)
def test_a_number_is_one_however_it_is_spelled(written: str) -> None:
    """Spreadsheet marks, full width, invisible characters and blanks say nothing."""
    assert identifier(written) == "26332000000000009902"


@pytest.mark.parametrize("open_close", ["（）", "()", "〔〕", "【】", "［］", "[]"])
def test_brackets_of_a_document_are_one_kind(open_close: str) -> None:
    """Courts and authorities print one number in several ways."""
    left, right = open_close
    assert identifier(f"{left}2026{right}浙0106执1234号") == "(2026)浙0106执1234号"


def test_leading_zeros_and_letters_stay() -> None:
    """`00012345` is not `12345`, and `a1` is not `A1`."""
    assert [identifier(each) for each in ("00012345", "a1", "A1")] == ["00012345", "a1", "A1"]


def test_a_plain_column_is_the_same_object() -> None:
    """A million masked codes cost one look."""
    plain = pl.Series(["A00297", "03390939", None])
    assert identifiers(plain) is plain


@pytest.mark.parametrize(
    "written", ["2.6952E+19", "2.02603E+21", "2.695200000323015e+19", "1E+19", "2633200000000000.0"]
)
def test_a_number_that_lost_digits_is_told(written: str) -> None:
    """Two invoices would be one."""
    assert lost_digits(identifiers(pl.Series([written]))).to_list() == [True]


def test_numbers_that_a_spreadsheet_has_rounded_are_told() -> None:
    """Twenty digits of which the last five are zeros: one may be so, most of a column are not."""
    rounded = ["26332000000030200000", "26332000000030300000", "26332000000000009902"]
    assert lost_digits(pl.Series(rounded)).to_list() == [True, True, False]
    rolled = [f"263320000000{number:08}" for number in range(99990, 100010)]
    assert not lost_digits(pl.Series(rolled)).any()


@pytest.mark.parametrize("written", ["E10", "5E10", "12345678.0", "26332000000000009902", "3.5", "2026-E+1"])
def test_what_only_looks_like_it_is_not(written: str) -> None:
    """Codes with an E in them are codes."""
    assert lost_digits(identifiers(pl.Series([written]))).to_list() == [False]
