"""Sheets of lines: what is summed, what is a repeat, what is a statement of its own, and what is refused."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profile.book.domain.columns import KINDS
from services.profile.book.domain.lines import BESIDE, DIFFER, agreeing, summed
from services.profile.book.domain.sheet import Sheet
from services.profile.book.domain.validation import REPORT, check

ONE, TWO = "26332000000000009901", "26332000000000009902"
TITLES = ("企业代号", "发票号码", "购方单位代号", "开票日期", "金额", "税额", "价税合计", "发票状态")
Row = tuple[str, ...]


def row(number: str = ONE, net: int = 100, status: str = "正常", buyer: str = "A", day: str = "2026-06-01") -> Row:
    tax = round(net * 0.13)
    return ("M2", number, buyer, day, f"{net}.00", f"{tax}.00", f"{net + tax}.00", status)


def sheet(*rows: Row, more: dict[str, str] | None = None) -> Sheet:
    """Return a sheet of sales as it is checked and summed; `more` are further columns, alike in each row."""
    extra = more or {}
    titles = (*TITLES, *extra)
    columns = {title: [(*row, *extra.values())[place] for row in rows] for place, title in enumerate(titles)}
    raw = pl.DataFrame({"line": range(2, len(rows) + 2), **columns}, schema_overrides={"line": pl.Int64})
    form = KINDS["invoices.sale"]
    matched = form.match(titles)
    checked = check(form, raw, matched, pl.DataFrame(schema=REPORT), today=date(2026, 11, 1))
    return summed(Sheet(form, None, checked, matched.ignored, raw=raw, titles=titles), ["发票号码"])


def sums(one: Sheet) -> list[tuple[str, int]]:
    return one.checked.rows.select("number", "net_fen").rows()


def test_two_equal_lines_of_one_invoice_are_two_lines() -> None:
    """One invoice of 200, two rows counted, and the sender is told."""
    one = sheet(row(), row())
    assert one.checked.rows.select("net_fen", "tax_fen", "total_fen").rows() == [(20000, 2600, 22600)]
    assert one.counted(one.checked.rows["line"]) == 2
    [told] = one.told
    assert told.startswith("2 rows are lines of 1 invoices and were summed; if some")
    assert "已按发票汇总" in told


def test_a_discount_line_subtracts() -> None:
    """100 + 100 - 20, among other invoices and in any order."""
    rows = (row(), row(TWO, 7), row(), row("12345", 5), row(net=-20))
    assert sums(sheet(*rows)) == [(ONE, 18000), (TWO, 700), ("12345", 500)]
    assert sorted(sums(sheet(*rows[::-1]))) == sorted(sums(sheet(*rows)))


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        ((row("00012345"), row("00012345")), 2),  # older numbers: repeats are found later
        ((row(f'="{ONE}"'), row()), 2),  # two exports put together
        ((row(), row(status="作废")), 2),  # valid, then void
        ((row(), row(), row(status="作废"), row(status="作废"), row()), 3),
    ],
)
def test_what_is_no_line_stays_a_statement(rows: tuple[Row, ...], kept: int) -> None:
    """Statements follow one another; each of them may have lines."""
    found = sheet(*rows)
    assert found.checked.rows.height == kept
    assert found.checked.rows.height + found.folded.height == len(rows)


def test_whole_invoices_of_the_tax_bureau_are_not_summed() -> None:
    """Its sheet of whole invoices has each once; a second row is a repeat or a revision."""
    assert sheet(row(), row(), more={"是否正数发票": "是"}).checked.rows.height == 2
    goods = {"是否正数发票": "是", "货物或应税劳务名称": "*钢材*螺纹钢"}
    one = sheet(row(), row(), more=goods)
    assert sums(one) == [(ONE, 20000)]
    assert "if some" not in one.told[0]


def test_a_sheet_of_goods_sums_older_numbers_too() -> None:
    """By number, day and party, since older numbers are used again."""
    rows = (row("00012345"), row("00012345"), row("00012345", buyer="B"), row("00012345", day="2026-06-02"))
    assert [net for _, net in sums(sheet(*rows, more={"规格型号": "x"}))] == [20000, 10000, 10000]


@pytest.mark.parametrize("other", [row(buyer="B"), row(day="2026-06-02")])
def test_lines_that_do_not_agree_are_refused_in_words(other: Row) -> None:
    """All rows of that number, and no other."""
    found = sheet(row(), other, row(TWO))
    assert sums(found) == [(TWO, 10000)]
    assert found.checked.report.select("line", "reason").rows() == [(2, DIFFER), (3, DIFFER)]
    assert found.checked.rejected == 2


def test_an_invoice_refused_later_is_refused_with_all_its_lines() -> None:
    """Every row is in the report and in the counts."""
    one = sheet(row(), row(TWO), row()).without([2], "why")
    assert (one.checked.rejected, one.checked.report["line"].to_list(), one.folded.height) == (2, [2, 4], 0)


def test_lines_and_whole_invoices_of_one_file_agree_or_are_told() -> None:
    """Equal sums go on, as repeats; others are refused on the sheet of lines."""
    whole = sheet(row(net=200), row(TWO, 5), more={"是否正数发票": "是"})
    lines = sheet(row(), row(), row(TWO, 4), more={"规格型号": "x"})
    kept = agreeing([whole, lines])
    assert sums(kept[0]) == sums(whole)
    assert sums(kept[1]) == [(ONE, 20000)]
    assert kept[1].checked.report["reason"].to_list() == [BESIDE]


@given(st.lists(st.tuples(st.sampled_from([ONE, TWO, "12345"]), st.integers(-9, 9)), min_size=1, max_size=9))
def test_no_money_is_lost_or_made(drawn: list[tuple[str, int]]) -> None:
    """The sums of all rows are the sums of all invoices, and every row is counted once."""
    found = sheet(*(row(number, net) for number, net in drawn))
    assert found.checked.rows["net_fen"].sum() == 100 * sum(net for _, net in drawn)
    assert found.counted(found.checked.rows["line"]) == len(drawn)
