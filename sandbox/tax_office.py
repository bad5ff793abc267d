"""The invoices of one firm as the tax office exports them (全量发票查询): the sheets of its workbook, row by row.

Sales and purchases stand in one file, told apart by the codes of both sides. Fully digital invoices have a number of
twenty digits, paper ones code and number. A red letter names the blue invoice that it cancels; persons have no code.
The second sheet says the same invoices line by line.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final, TypeAlias

import polars as pl

c = pl.col
Cell: TypeAlias = str | int | Decimal | None
Sheets: TypeAlias = dict[str, list[list[Cell]]]
INVOICES, LINES, SPECIAL = "发票基础信息", "信息汇总表", "货物运输服务"
HEAD = (
    "序号",
    "发票代码",
    "发票号码",
    "数电发票号码",
    "销方识别号",
    "销方名称",
    "购方识别号",
    "购买方名称",
    "开票日期",
)
GOODS = ("税收分类编码", "特定业务类型", "货物或应税劳务名称", "规格型号", "单位", "数量", "单价")
SUMS = ("金额", "税额", "价税合计")
TAIL = ("发票来源", "发票票种", "发票状态", "是否正数发票", "发票风险等级", "开票人", "备注")
TITLES: Final = {
    INVOICES: [*HEAD, *SUMS, *TAIL],
    LINES: [*HEAD, *GOODS, "金额", "税率", "税额", "价税合计", *TAIL],
    SPECIAL: [
        "序号",
        "发票代码",
        "发票号码",
        "数电发票号码",
        "运输工具种类",
        "运输工具牌号",
        "起运地",
        "到达地",
        "运输货物名称",
    ],
}
PAPER_CODE = "3300212130"
# Of so many outsiders that a firm sells to one is a person, and of so many invoices one is on paper.
A_PERSON, ON_PAPER = 5, 10


def stated(tables: dict[str, pl.DataFrame], firm: str) -> pl.DataFrame:
    """Return the invoices of a firm as the tax office knows them, by day.

    Columns beside those of the tables: `direction`, `code` (null: fully digital), `person` (the buyer has no code),
    `blue` (number of what a red letter cancels), `cancelled` (what a red letter cancels in full).
    """
    parts = [
        tables[f"invoices.{direction}"].filter(c("enterprise") == firm).with_columns(direction=pl.lit(direction))
        for direction in ("sale", "purchase")
    ]
    rows = pl.concat(parts)
    outsider = c("counterparty").str.starts_with("local:W")
    place = c("number").cast(pl.Int64)
    # A red letter is digital where its blue one is, and nobody can void a digital invoice.
    paper = ((place % ON_PAPER == 0) & (c("total") > 0)) | (c("status") == "void")
    person = (c("direction") == "sale") & outsider & (_digits("counterparty") % A_PERSON == 0)
    rows = rows.with_columns(
        seller=pl.when(c("direction") == "sale").then("enterprise").otherwise("counterparty"),
        code=pl.when(paper).then(pl.lit(PAPER_CODE)),
        person=person,
    )
    return _linked(rows.with_columns(number=pl.when(paper).then("number").otherwise(_digital()))).sort(
        "date", "direction", "number"
    )


def export(tables: dict[str, pl.DataFrame], firm: str) -> Sheets:
    """Return the sheets of the workbook that the tax office would export for a firm of an economy's `tables`."""
    rows = list(stated(tables, firm).iter_rows(named=True))
    sheets: Sheets = {name: [list(titles)] for name, titles in TITLES.items()}
    for place, row in enumerate(rows, 1):
        head, tail = _head(place, row), _tail(row)
        sheets[INVOICES].append([*head, row["net"], row["tax"], row["total"], *tail])
        for goods, net, tax in _lines(row):
            sums: list[Cell] = [net, "13%", tax, net + tax]
            sheets[LINES].append([*head, *goods, *sums, *tail])
    return sheets


def _digits(name: str) -> pl.Expr:
    return c(name).str.extract(r"(\d+)$").cast(pl.Int64)


def _digital() -> pl.Expr:
    """Return a number that no other invoice of the economy has: year, province, seller, and the seller's own count."""
    kind = pl.when(c("seller").str.starts_with("local:S")).then(pl.lit("1")).otherwise(pl.lit("2"))
    seller = _digits("seller").cast(pl.String).str.zfill(7)
    return pl.format("{}33{}{}{}", c("date").dt.strftime("%y"), kind, seller, c("number").str.zfill(8))


def _linked(rows: pl.DataFrame) -> pl.DataFrame:
    """Tell which blue invoice each red letter cancels: an earlier one of the same parties and amount, each once."""
    same = ["direction", "counterparty", "size", "turn"]
    sized = rows.sort("date", "number").with_columns(size=c("total").abs())
    valid = sized.filter(c("status") == "valid")
    turn = pl.int_range(pl.len()).over("direction", "counterparty", "size").alias("turn")
    red, blue = (valid.filter(each).with_columns(turn) for each in (c("total") < 0, c("total") > 0))
    pairs = red.join(blue.select(*same, blue="number", since="date"), on=same).filter(c("since") <= c("date"))
    linked = rows.join(pairs.select("direction", "number", "blue"), on=["direction", "number"], how="left")
    gone = pairs.select("direction", number="blue").with_columns(cancelled=pl.lit(value=True))
    return linked.join(gone, on=["direction", "number"], how="left").with_columns(c("cancelled").fill_null(value=False))


def _head(place: int, row: dict[str, object]) -> list[Cell]:
    """Return what every sheet says of an invoice first."""
    own, other = (_bare(row["enterprise"]), "本企业"), (_bare(row["counterparty"]), f"往来单位{row['counterparty']}")
    if row["person"]:
        other = ("", "个人")
    seller, buyer = (own, other) if row["direction"] == "sale" else (other, own)
    code, number = (row["code"], str(row["number"])) if row["code"] else (None, None)
    digital = None if row["code"] else str(row["number"])
    return [place, code, number, digital, *seller, *buyer, f"{row['date']} 09:30:00"]  # type: ignore[list-item]


def _tail(row: dict[str, object]) -> list[Cell]:
    """Return what every sheet says of an invoice last."""
    red = row["total"] < 0  # type: ignore[operator]
    state = "已作废" if row["status"] == "void" else "已红冲-全额" if row["cancelled"] else "正常"
    source, sort = ("税控系统", "增值税专用发票") if row["code"] else ("电子发票服务平台", "数电发票（增值税专用发票）")
    remark = f"被红冲蓝字数电发票号码：{row['blue']} 红字发票信息确认单编号：33{row['number']}" if row["blue"] else None
    return [source, sort, state, "否" if red else "是", "正常", "张三", remark]


def _lines(row: dict[str, object]) -> Iterator[tuple[list[Cell], Decimal, Decimal]]:
    """Give goods, net and tax of each line: two equal ones and a discount, or one; they add up to the invoice."""
    net, tax = Decimal(str(row["net"])), Decimal(str(row["tax"]))
    if str(row["number"])[-1] not in "37":
        yield _goods("*金属制品*钢材", net), net, tax
        return
    half, part = (value.quantize(Decimal("0.01")) for value in (net * Decimal("0.6"), tax * Decimal("0.6")))
    for _ in range(2):
        yield _goods("*金属制品*钢材", half), half, part
    yield _goods("*金属制品*钢材", None), net - 2 * half, tax - 2 * part


def _goods(name: str, price: Decimal | None) -> list[Cell]:
    priced: list[Cell] = [None, None, None] if price is None else ["吨", 1, price]
    return ["1080207010000000000", None, name, None, *priced]


def _bare(party: object) -> str:
    return str(party).removeprefix("local:")
