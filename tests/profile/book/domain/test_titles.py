"""Titles of columns: how they are compared, what names a table's columns get, which unit they state."""

from __future__ import annotations

import pytest

from services.profile.book.domain.columns import KINDS
from services.profile.book.domain.form import WrongColumns
from services.profile.book.domain.titles import names, plain, unit

GOOD = ("企业代号", "发票号码", "购方单位代号", "开票日期", "金额", "税额", "价税合计", "发票状态")


@pytest.mark.parametrize(
    "title", ["金额", " 金额\t", "金 额", "金\n额", "金额(元)", "金额（人民币元）", "*金额", "\ufeff金额"]
)
def test_titles_are_compared_without_what_a_printer_adds(title: str) -> None:
    """Blanks, line ends, brackets of either width and a unit say nothing about which column it is."""
    assert plain(title) == "金额"


@pytest.mark.parametrize(
    ("title", "stated"),
    [("金额", None), ("金额(元)", "yuan"), ("金额(万元)", "wan"), ("金额（分）", "fen"), ("应补（退）税额", None)],
)
def test_a_unit_in_brackets_is_read(title: str, stated: str | None) -> None:
    """A title that says 万元 is believed."""
    assert unit(title) == stated


def test_another_currency_is_no_unit() -> None:
    """A column in dollars is not the column in yuan."""
    assert plain("金额(美元)") != plain("金额")


def test_names_are_unique_and_say_the_place() -> None:
    """Two remarks, an empty title and a column called line each become a column of their own."""
    assert names(["备注", "备注", "", "line", "金\n额"]) == ["备注", "备注 (2)", "第3列", "line (4)", "金 额"]


def test_an_unknown_column_may_come_twice() -> None:
    """Nothing is needed of it; it is told as ignored."""
    matched = KINDS["invoices.sale"].match([*GOOD, "经办人", "经办人", ""])
    assert (len(matched.found), matched.ignored) == (8, ("经办人", "经办人"))


def test_a_known_column_twice_is_a_fault() -> None:
    """Which of the two is meant, only the sender knows."""
    with pytest.raises(WrongColumns, match="金额"):
        KINDS["invoices.sale"].match([*GOOD, "金额(元)"])


def test_a_title_in_ten_thousands_is_read_so() -> None:
    """The unit of the title is the unit of the column."""
    found = KINDS["invoices.sale"].match([*GOOD[:4], "金额(万元)", *GOOD[5:]]).found
    assert found["金额(万元)"].unit == "wan"
