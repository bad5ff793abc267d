"""Declarations as tax offices list them: titles in full width, one row an item, paid or not."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from tax_sheets import reasons

from services.profile.book.domain.form import Form
from services.profile.book.domain.items import joined
from services.profile.book.domain.sheet import Sheet
from services.profile.book.domain.titles import names
from services.profile.book.domain.validation import REPORT, check
from services.profile.book.readers.forms import form_of

FIRM = "91330106200000224G"
LIST = (
    "序号,纳税人识别号,征收项目,征收品目,税款所属期起,税款所属期止,申报日期,"
    "计税依据,应补（退）税额（元）,缴款状态,缴款期限"
)


def listed(titles: str, *rows: str, connector: str = "e-tax-declarations") -> Sheet:
    """Return a list of declarations as it comes in."""
    form: Form = form_of("tax-filings", connector)
    cells = [[cell or None for cell in row.split(",")] for row in rows]
    frame = pl.DataFrame(cells, schema=dict.fromkeys(names(titles.split(",")), pl.String), orient="row")
    raw = frame.with_row_index("line", 2).cast({"line": pl.Int64})
    matched = form.match(titles.split(","))
    checked = check(form, raw, matched, pl.DataFrame(schema=REPORT), today=date(2026, 11, 29))
    return joined(Sheet(form, None, checked, matched.ignored, raw=raw, titles=tuple(titles.split(","))))


def row(
    tax: str = "增值税", item: str = "商业(13%)", due: str = "300.00", state: str = "已缴款", base: str = "2307.69"
) -> str:
    return f"1,{FIRM},{tax},{item},2026-01-01,2026-01-31,2026-02-10,{base},{due},{state},2026-02-24"


def test_titles_in_full_width_with_units_are_known() -> None:
    """As the tax office prints them; sums of the other connector are in 万元."""
    titles = "纳税人识别号,纳税人名称,征收项目,税款所属期起,税款所属期止,计税依据,应补（退）税额,实缴税额,"
    titles += "缴款期限,申报日期,入库日期"
    line = f"{FIRM},甲,增值税,2026-01-01,2026-01-31,10.5,0.3,0.3,2026-02-15,2026-02-10,2026-02-11"
    found = listed(titles, line, connector="tax-declarations").checked
    assert found.rows.select("declared_sales_fen", "due_fen", "paid_fen").rows() == [(10_500_000, 300_000, 300_000)]


def test_the_e_tax_office_lists_yuan() -> None:
    """What was paid is told by the state where no column has it."""
    found = listed(LIST, row(), row("印花税", "买卖合同", "12.50", "未缴款")).checked.rows
    assert found.select("tax", "due_fen", "paid_fen").rows() == [("vat", 30_000, 30_000), ("other", 1_250, 0)]


def test_the_items_of_a_tax_and_period_are_one_filing() -> None:
    """Two rates of one tax, two contributions of one kind: none replaces the other."""
    rows = [
        row(),
        row(item="服务(6%)", due="60.00", base="1000"),
        row("城市维护建设税", "市区"),
        row("教育费附加", "增值税"),
    ]
    sheet = listed(LIST, *rows)
    found = sheet.checked.rows.select("line", "tax", "declared_sales_fen", "due_fen", "paid_fen")
    assert found.rows() == [(2, "vat", 330_769, 36_000, 36_000), (4, "other", 461_538, 60_000, 60_000)]
    assert sheet.folded.rows() == [(3, 2), (5, 4)]
    assert sheet.told[0].startswith("4 rows are items of 2 filings")


def test_an_item_that_comes_twice_is_refused() -> None:
    """Nobody can tell a correction from the statement that it corrects."""
    sheet = listed(LIST, row(), row(item="服务(6%)"), row(item="服务(6%)", due="1.00"))
    assert sheet.checked.rows.is_empty()
    assert [reason.partition(";")[0] for _, reason in reasons(sheet.checked)] == [
        "an item of this tax and period comes twice"
    ] * 3


def test_one_item_stated_anew_is_a_later_statement() -> None:
    """As for every kind: the later row is the next version."""
    assert listed(LIST, row(), row(due="200.00")).checked.rows.height == 2


@pytest.mark.parametrize("title", ["缴款期限", "申报期限"])
def test_a_list_without_the_last_day_of_payment_loads(title: str) -> None:
    """Then nobody can tell whether the filing was in time."""
    titles = LIST.replace(",缴款期限", "")
    assert listed(titles, row().rpartition(",")[0]).checked.rejected == 0
    assert listed(LIST.replace("缴款期限", title), row()).checked.rows["due_on"].to_list() == [date(2026, 2, 24)]


@pytest.mark.parametrize(("state", "kept"), [("申报成功", 1), ("更正申报", 1), ("已作废", 0), ("申报失败", 0)])
def test_a_declaration_that_does_not_stand_is_no_filing(state: str, kept: int) -> None:
    """The e-tax office lists what was taken back or not accepted beside the rest."""
    found = listed(f"{LIST},申报状态", f"{row()},{state}").checked
    assert (found.rows.height, found.rejected) == (kept, 1 - kept)
