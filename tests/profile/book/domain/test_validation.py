"""Validation in columns: exact money, real dates, faults with line, value and reason."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profile.book.domain.amounts import fen_of
from services.profile.book.domain.columns import KINDS
from services.profile.book.domain.form import WrongColumns
from services.profile.book.domain.validation import REPORT, Checked, check

TODAY = date(2026, 1, 1)
GOOD = {
    "企业代号": "E1",
    "发票号码": "1001",
    "开票日期": "2019/1/4",
    "销方单位代号": "A1",
    "金额": "100.00",
    "税额": "13.00",
    "价税合计": "113.00",
    "发票状态": "有效发票",
}


def checked(*changes: dict[str, str | None]) -> Checked:
    rows = [{"line": place, **GOOD, **change} for place, change in enumerate(changes, start=2)]
    raw = pl.DataFrame(rows, schema={"line": pl.Int64, **dict.fromkeys(GOOD, pl.String)})
    form = KINDS["invoices.purchase"]
    return check(form, raw, form.match(list(GOOD)), pl.DataFrame(schema=REPORT), today=TODAY)


@given(st.lists(st.integers(-(10**15), 10**15), min_size=1))
def test_money_becomes_exactly_the_fen_that_was_written(amounts: list[int]) -> None:
    """No amount is off by one: the decimal text and the integer say the same."""
    written = pl.Series([str(Decimal(fen) / 100) for fen in amounts])
    assert fen_of(written).to_list() == amounts


@pytest.mark.parametrize(
    ("written", "fen"),
    [
        ("0.07", 7),
        ("（1,234.00）", -123_400),
        ("\t12.30元", 1_230),
        ("1,234.50", 123_450),
        ("¥88", 8_800),
        ("－３．５", -350),
        ("311.32000000000005", 31_132),
        (" 12.3 ", 1_230),
    ],
)
def test_money_is_read_as_people_and_spreadsheets_write_it(written: str, fen: int) -> None:
    """Separators, signs, full-width digits and binary noise mean the amount they show."""
    assert checked({"金额": written, "税额": "0", "价税合计": written}).rows["net_fen"].to_list() == [fen]


@pytest.mark.parametrize(
    "written",
    ["abc", "1.2.3", "1,23", "inf", "nan", "0x10", "1_000", "--1", "0.1_1", "1e3", "1.23E+08", "٠.١١", "10²", "1 2"],
)
def test_what_is_no_number_is_rejected_with_its_line(written: str) -> None:
    """The report names line, column, value and reason."""
    [row] = checked({}, {"金额": written}).report.rows()
    assert row[:3] == (3, "金额", written)
    assert "not a" in row[3]


def test_an_amount_finer_than_a_fen_is_rejected_and_not_rounded() -> None:
    """Half a fen does not exist."""
    assert "two decimals" in checked({"金额": "100.005"}).report["reason"][0]


@pytest.mark.parametrize("written", ["2019/2/30", "2019-13-01", "yesterday", "44000", "2019/1"])
def test_a_day_that_does_not_exist_is_rejected(written: str) -> None:
    """The thirtieth of February is nobody's invoice date."""
    assert "not a date" in checked({"开票日期": written}).report["reason"][0]


@pytest.mark.parametrize(("written", "reason"), [("2026-01-02", "after today"), ("1993-12-31", "before 1994")])
def test_a_day_out_of_reach_is_rejected(written: str, reason: str) -> None:
    """Neither tomorrow nor the time before VAT."""
    assert reason in checked({"开票日期": written}).report["reason"][0]


@pytest.mark.parametrize("written", ["2019-01-04", "2019/01/04", "20190104", "2019年1月4日", "2019-01-04 10:20:30"])
def test_the_same_day_is_read_in_every_form(written: str) -> None:
    """A date means the same however it is written."""
    assert checked({"开票日期": written}).rows["date"].to_list() == [date(2019, 1, 4)]


@pytest.mark.parametrize(("tax", "kept"), [("13.01", 1), ("12.99", 1), ("13.02", 0), ("-13.00", 0)])
def test_net_and_tax_must_make_the_total_within_one_fen(tax: str, kept: int) -> None:
    """Rounding is forgiven, a wrong sign is not."""
    assert checked({"税额": tax}).rows.height == kept


@pytest.mark.parametrize(
    ("written", "status"), [(" 作废发票", "void"), ("有效发票", "valid"), ("VALID", None), ("", None)]
)
def test_a_status_is_one_of_the_dictionary(written: str, status: str | None) -> None:
    """Leading spaces are tolerated, unknown words are not."""
    assert checked({"发票状态": written}).rows["status"].to_list() == ([status] if status else [])


def test_red_letter_invoices_are_kept_as_negative_amounts() -> None:
    """A red-letter invoice cancels; it is not a fault."""
    red = {"金额": "-100", "税额": "-13", "价税合计": "-113"}
    assert checked(red).rows["total_fen"].to_list() == [-11_300]


@given(st.lists(st.sampled_from([{}, {"金额": "x"}, {"金额": "x", "开票日期": "y"}, {"发票状态": None}]), max_size=30))
def test_every_row_is_kept_or_rejected_and_never_both(changes: list[dict[str, str | None]]) -> None:
    """received = kept + rejected, and the report's lines are the ones that are missing."""
    result = checked(*changes)
    bad = set(result.report["line"].to_list())
    assert result.received == len(changes) == result.rows.height + result.rejected
    assert bad.isdisjoint(result.rows["line"].to_list())
    assert len(bad) == result.rejected


def test_english_titles_mean_the_same_columns() -> None:
    """A source that writes English is as welcome."""
    english = ["enterprise", "number", "date", "seller", "net", "tax", "total", "status"]
    found = KINDS["invoices.purchase"].match(english).found
    assert {column.name for column in found.values()} == {
        column.name for column in KINDS["invoices.purchase"].columns if column.required
    }


def test_missing_columns_are_named_in_both_languages() -> None:
    """The sender learns which column to add."""
    with pytest.raises(WrongColumns, match=r"税额 \(Tax\)"):
        KINDS["invoices.purchase"].match([title for title in GOOD if title != "税额"])


def test_a_column_given_twice_is_refused() -> None:
    """Two columns of amounts leave open which one counts."""
    with pytest.raises(WrongColumns, match="more than one"):
        KINDS["invoices.purchase"].match([*GOOD, "net"])


def test_columns_that_nothing_is_known_about_are_told() -> None:
    """What is left out is said, not hidden."""
    assert KINDS["invoices.purchase"].match([*GOOD, "经办人"]).ignored == ("经办人",)
