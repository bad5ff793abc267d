"""Tables among what people write around them: title lines, totals, short rows, empty and repeated columns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from services.profile.book.domain.columns import KINDS
from services.profile.book.domain.form import Form, WrongColumns
from services.profile.book.readers.forms import form_of
from services.profile.book.readers.read import read
from services.profile.book.readers.sheets import Limits, RawSheet, UnreadableFile

SALES = KINDS["invoices.sale"]
TITLES = "纳税人识别号,发票号码,购方识别号,开票日期,金额,税额,价税合计,发票状态"
ROW = "91330106100000016Y,{},91330106200000144W,2026-03-09,1.00,0,1.00,正常"


def one(folder: Path, text: str | bytes, form: Form = SALES) -> RawSheet:
    path = folder / "upload"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    [only] = read(form, path, Limits())
    return only


def table(*lines: str, end: str = "\r\n") -> str:
    return end.join((*lines, ""))


def numbers(sheet: RawSheet) -> list[str]:
    return sheet.frame["发票号码"].to_list()


@pytest.mark.parametrize(
    ("titles", "cells"),
    [
        (TITLES + ",备注,备注", ",a,b"),
        (TITLES + ",,", ",,"),
        (TITLES + ",,", ""),
        (TITLES, ","),
        (TITLES, ",,,"),
        (TITLES + ",line", ",1"),
        (TITLES + ",备注,,line", ",a,b,1"),
    ],
)
def test_columns_that_nobody_needs_do_no_harm(tmp_path: Path, titles: str, cells: str) -> None:
    """Two of one name, some without a name, one called line, separators at the end of either."""
    found = one(tmp_path, table(titles, ROW.format("X1") + cells, ROW.format("X2") + cells))
    assert (numbers(found), found.unread.height) == (["X1", "X2"], 0)
    assert found.frame["line"].to_list() == [2, 3]


@pytest.mark.parametrize("gap", ["", "\r\n", ",,,,,,,", ",,"])
def test_a_row_with_fewer_fields_is_reported_as_one_with_more_is(tmp_path: Path, gap: str) -> None:
    """Blank lines and quoted separators do not hide it."""
    quoted = ROW.format('"X,2"')
    found = one(
        tmp_path, table(TITLES, ROW.format("X1"), gap.strip(","), quoted, "91330106100000016Y,X3,91330106200000144W")
    )
    assert numbers(found)[0] == "X1"
    assert found.unread["reason"].str.starts_with("3 fields instead of 8").sum() == 1
    assert "X3" not in numbers(found)


def test_a_file_cut_short_is_told(tmp_path: Path) -> None:
    """The last line has neither all fields nor a line end."""
    found = one(tmp_path, table(TITLES, ROW.format("X1"), "91330106100000016Y,X2,91330106200000144W,2026-03").rstrip())
    assert numbers(found) == ["X1"]
    assert "cut short" in found.unread["reason"][0]
    assert "cut short at line 3" in found.notes[0]


def test_a_last_line_without_a_line_end_is_a_row(tmp_path: Path) -> None:
    """Many programs leave it out."""
    found = one(tmp_path, table(TITLES, ROW.format("X1")).rstrip())
    assert (numbers(found), found.notes) == (["X1"], ())


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_the_header_is_found_below_title_lines(tmp_path: Path, encoding: str, separator: str) -> None:
    """What stands above it is told, and lines keep the file's own numbers."""
    above = ("发票清单", "纳税人识别号,91330106100000016Y,税款所属期,202603", "")
    text = table(*above, TITLES, ROW.format("X1"), ROW.format("X2")).replace(",", separator)
    found = one(tmp_path, text.encode(encoding))
    assert found.frame["line"].to_list() == [5, 6]
    assert "发票清单" in found.notes[0]


def test_a_line_that_states_the_separator_is_none_of_the_table(tmp_path: Path) -> None:
    """Excel reads it, and so does this."""
    found = one(tmp_path, table("sep=,", TITLES, ROW.format("X1")))
    assert (numbers(found), found.frame["line"].to_list(), found.notes) == (["X1"], [3], ())


def test_a_header_over_two_lines_is_one(tmp_path: Path) -> None:
    """A cell of the header may hold a line end in quotation marks, or a heading stand over several columns."""
    quoted = TITLES.replace("金额", '"金额\n(元)"')
    assert numbers(one(tmp_path, table(quoted, ROW.format("X1"), end="\n"))) == ["X1"]
    two = ("纳税人识别号,发票号码,购方识别号,开票日期,发票内容,,,发票状态", ",,,,金额,税额,价税合计,")
    assert one(tmp_path, table(*two, ROW.format("X1"))).frame["line"].to_list() == [3]


FOOTERS = (
    "合计,,,,2.00,0,2.00,",
    "合  计：,,,,2.00,0,2.00,",
    ",小计,,,2.00,0,2.00,",
    "总计,,,,2.00",
    "本页合计",
    "共 2 笔,,,,,,,",
    "制表人：张三",
    "第1页 共1页,,,,,,,",
    "#--------",
    "借方笔数：0,,,,,,,",
    "Total,,,,2.00,0,2.00,",
    "以上数据仅供参考使用,,,,,,,",
    TITLES,
)


@pytest.mark.parametrize("footer", FOOTERS)
def test_totals_and_remarks_are_told_and_left_out(tmp_path: Path, footer: str) -> None:
    """They are no records: neither booked nor counted as rejected."""
    found = one(tmp_path, table(TITLES, ROW.format("X1"), footer, ROW.format("X2")))
    assert (numbers(found), found.unread.height, len(found.notes)) == (["X1", "X2"], 0, 1)
    assert found.frame["line"].to_list() == [2, 4]


def test_a_record_is_never_taken_for_a_total(tmp_path: Path) -> None:
    """A number that begins like a total stays, since the row has all that a record has."""
    found = one(tmp_path, table(TITLES, ROW.format("合计"), ROW.format("合计1")))
    assert numbers(found) == ["合计", "合计1"]


SUMMARIES = (
    "本月合计",
    "小 计",
    "2026年3月合计",
    "期初余额",
    "承前页",
    "过次页",
    "上年结转",
    "本年累计：",
    "【总计】",
    "Subtotal",
)


@pytest.mark.parametrize("words", SUMMARIES)
def test_a_row_that_calls_itself_a_sum_is_none_of_the_lines(tmp_path: Path, words: str) -> None:
    """A bookkeeper's sums bear a day and an amount as lines do; booked, they would count everything twice."""
    form = form_of("payments", "bank-statement", "local:E1")
    lines = ("日期,摘要,收入,支出,余额", "2026-03-02,货款,1.00,,9.00", f"2026-03-31,{words},1.00,,9.00")
    assert one(tmp_path, table(*lines), form).frame["line"].to_list() == [2]


def test_the_sum_of_an_invoice_among_its_lines_is_no_line(tmp_path: Path) -> None:
    """A list of goods closes each invoice with a line of its own under the invoice's number."""
    lines = (f"{TITLES},货物名称", ROW.format("X1") + ",*钢材*板", ROW.format("X1") + ",小计")
    found = one(tmp_path, table(*lines))
    assert (found.frame["line"].to_list(), len(found.notes)) == ([2], 1)


@pytest.mark.parametrize("words", ["合计科技有限公司", "总计划款", "3月份累计工资", "余额宝转入"])
def test_words_that_only_begin_as_a_sum_does_are_a_line_s_own(tmp_path: Path, words: str) -> None:
    """Nothing is left out that could be a record."""
    form = form_of("payments", "bank-statement", "local:E1")
    lines = ("日期,摘要,收入,支出,余额", f"2026-03-31,{words},1.00,,9.00")
    assert one(tmp_path, table(*lines), form).frame["line"].to_list() == [2]


def test_an_account_statement_of_a_bank_is_found_in_its_file(tmp_path: Path) -> None:
    """Four lines above, tabs and blanks in the titles, a comma behind each row, a sum below."""
    form = replace(form_of("payments", "bank-statement", "uscc:91330106100000016Y"), ignored=None)
    text = table(
        "明细查询文件下载",
        "",
        '卡号: 1234****9876,"卡别名: "',
        "",
        "交易日期\t,交易流水号 ,对方统一社会信用代码,借方发生额,贷方发生额,余额",
        '2026-03-05     \t,"T1   \t",1,"  \t","1,234.56    \t","9,876.54    \t",',
        "",
        ',人民币合计,,,"1,234.56 \t",',
    )
    found = one(tmp_path, text.encode("gb18030"), form)
    assert found.frame["line"].to_list() == [6]
    assert [note.split(" (")[0] for note in found.notes] == [
        "the header is line 5; above it",
        "left out as totals or remarks, no records",
    ]


UNITS_ABOVE = (
    *("单位：万元", "金额单位: 人民币千元", "单位（万元）", "销售明细表（万元）", "以万元计", "金额：百元"),
    *("币种：美元", "Currency: USD", "货币：港币", "单位：美元", "外币账户 欧元", "币种：日圆"),
)


@pytest.mark.parametrize("above", UNITS_ABOVE)
def test_title_lines_that_state_another_unit_are_not_passed_over(tmp_path: Path, above: str) -> None:
    """Amounts ten thousand times too small would be booked without a word."""
    with pytest.raises(UnreadableFile, match="Line 1 says"):
        one(tmp_path, table(above, TITLES, ROW.format("X1")))


@pytest.mark.parametrize("below", ["单位：万元", "注：金额单位为万元，以万元计", "币种：美元", "货币单位：千元,,,,,,"])
def test_lines_below_that_state_another_unit_are_not_passed_over(tmp_path: Path, below: str) -> None:
    """Nor are they where the unit stands under the table."""
    with pytest.raises(UnreadableFile, match="Line 3 says"):
        one(tmp_path, table(TITLES, ROW.format("X1"), below))


@pytest.mark.parametrize(
    "above", ["单位：元 币种：人民币", "单位: ABC 公司", "币种：全部", "注册资本（万元）：500", "单位：吨"]
)
def test_title_lines_that_say_nothing_of_the_amounts_are_passed_over(tmp_path: Path, above: str) -> None:
    """A name, a capital or a unit of goods is no unit of money."""
    assert numbers(one(tmp_path, table(above, TITLES, ROW.format("X1")))) == ["X1"]


def test_a_file_without_its_columns_says_what_it_has(tmp_path: Path) -> None:
    """The row that is most like a header is shown."""
    with pytest.raises(WrongColumns, match="lacks 发票号码"):
        one(tmp_path, table("清单", TITLES.replace("发票号码,", ""), ROW))


def test_the_header_of_a_source_that_nobody_knows_is_found_by_its_shape(tmp_path: Path) -> None:
    """It is as wide as the rows below it and holds no numbers; what it lacks is told with what it has."""
    text = table("账户清单", "户名,甲公司", "日子,单子,多少", "20260301,A1,2.00", "20260302,A2,3.00")
    with pytest.raises(WrongColumns, match="it has: 日子, 单子, 多少"):
        one(tmp_path, text)
