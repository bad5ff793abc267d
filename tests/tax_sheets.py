"""Rows of the tax office's sheet of invoices, checked as they are when a file comes in."""

from __future__ import annotations

from datetime import date

import polars as pl

from services.profile.book.domain.columns import KINDS
from services.profile.book.domain.titles import names
from services.profile.book.domain.validation import REPORT, Checked, check

FIRM, OTHER, THIRD = "91330106100000016Y", "91330106200000021U", "913301062000000056"
SHEET = (
    "发票代码,发票号码,数电发票号码,销方识别号,销方名称,购方识别号,购买方名称,"
    "开票日期,金额,税额,价税合计,发票状态,是否正数发票,备注"
)
DIGITAL, PAPER = "26332000000000000001", "00012345"


def checked(kind: str, titles: str, *lines: str, about: str | None = f"uscc:{FIRM}") -> Checked:
    """Return a file of these lines as it is checked when it comes in."""
    form = KINDS[kind].of(about) if about else KINDS[kind]
    split = [[cell or None for cell in line.split(",")] for line in lines]
    raw = pl.DataFrame(split, schema=dict.fromkeys(names(titles.split(",")), pl.String), orient="row")
    numbered = raw.with_row_index("line", 2).cast({"line": pl.Int64})
    return check(form, numbered, form.match(titles.split(",")), pl.DataFrame(schema=REPORT), today=date(2026, 11, 29))


def line(
    seller: str = FIRM, buyer: str = OTHER, *, net: int = 100, state: str = "正常", remark: str = "", **more: str
) -> str:
    """Return a row of the tax office's sheet of invoices."""
    code, number, digital = more.get("code", ""), more.get("number", ""), more.get("digital", DIGITAL)
    sold, bought = more.get("seller_name", "甲"), more.get("buyer_name", "乙")
    sign = more.get("positive", "是" if net > 0 else "否")
    sums = f"{net},{net * 0.13:.2f},{net * 1.13:.2f}"
    return f"{code},{number},{digital},{seller},{sold},{buyer},{bought},2026-03-01,{sums},{state},{sign},{remark}"


def reasons(found: Checked) -> list[tuple[str, str]]:
    """Return column and first words of each reason."""
    return [(row["column"], row["reason"].split(" / ")[0]) for row in found.report.iter_rows(named=True)]
