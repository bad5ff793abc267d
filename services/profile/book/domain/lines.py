"""Sheets that give an invoice line by line: its lines are summed to the invoice that they make up.

Rows are lines of one invoice where the sheet has a column of goods, or where they bear one number of twenty digits and
the sheet has none of the columns of whole invoices. Equal lines are lines all the same. Where the status changes from
one row to the next, or the number is spelled in another way, another statement of the invoice begins: two exports were
put together. An export of whole invoices has no lines, and older numbers are used again, so that equal rows of theirs
are repeats.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import polars as pl

from services.profile.book.domain.goods import codes, quantities, rates, spelled
from services.profile.book.domain.invoice import DATASET, DIGITAL
from services.profile.book.domain.invoice_lines import STATED
from services.profile.book.domain.sheet import FOLDED, Sheet
from services.profile.book.domain.titles import names, plain
from services.profile.book.domain.told import tell

# What a sheet of lines says of each of them, as titles are compared: those of GOODS stand on such a sheet only.
TITLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "goods": (
            *(
                "货物或应税劳务名称",
                "货物或应税劳务、服务名称",
                "货物、应税劳务及服务",
                "项目名称",
                "商品名称",
                "货物名称",
            ),
            "goods",
        ),
        "class_code": ("税收分类编码", "商品和服务税收分类编码"),
        "spec": ("规格型号",),
        "unit": ("单位", "计量单位", "unit"),
        "quantity": ("数量", "quantity"),
        "unit_price": ("单价", "unit price", "unit_price"),
        "rate": ("税率", "税率/征收率", "征收率", "tax rate", "tax_rate"),
    }
)
SPELL: Mapping[str, Callable[[pl.Series], pl.Series]] = MappingProxyType(
    dict.fromkeys(("goods", "spec", "unit"), spelled)
    | {"class_code": codes, "rate": rates}
    | dict.fromkeys(("quantity", "unit_price"), quantities)
)
KNOWN = MappingProxyType({plain(title): name for name, some in TITLES.items() for title in some})
GOODS = frozenset(title for title, name in KNOWN.items() if name not in {"unit", "rate"})
# What the tax bureau prints of whole invoices, on sheets of lines too.
WHOLE = frozenset(map(plain, ("是否正数发票", "发票风险等级", "发票来源")))
SUMS = ("net_fen", "tax_fen", "total_fen")
AGREEING = ("direction", "counterparty", "date")
DIFFER = (
    "rows of one invoice number that differ in date, party or direction; state each invoice once / "
    "同一发票号码的各行日期、对方或方向不一致，请核对后重新报送"
)
BESIDE = (
    "its lines add up to another total than the invoice has on the sheet of whole invoices / "
    "明细合计与发票基础信息中的价税合计不一致"
)
LINES_LEFT = (
    "{n} rows of the sheet of lines add up to no invoice of the sheet of whole invoices, or cannot be read; "
    "they are left out / {n} 行明细与发票基础信息不符或无法读取，未采用"
)
TOLD = (
    "{rows} rows are lines of {invoices} invoices and were summed / {rows} 行为 {invoices} 张发票的明细，已按发票汇总"
)
ALSO = "; if some of them are repeats, take those out and send the file again / ；如其中有重复行，请删除后重新报送"


def has_goods(sheet: Sheet) -> bool:
    """Tell whether a sheet says of each row which goods it is about."""
    return not GOODS.isdisjoint(map(plain, sheet.titles))


def with_lines(sheet: Sheet, apart: pl.DataFrame | None = None) -> Sheet:
    """Return a sheet of invoices with the lines that its rows are, where it says of what goods they are.

    `apart` are lines that the reader gives beside the rows, in the columns of STATED as they are written.
    """
    if sheet.form.dataset is not DATASET or (apart is None and not has_goods(sheet)):
        return sheet
    stated = _columns(sheet) if apart is None else apart
    said = (SPELL[name](stated[name]).alias(name) for name in SPELL if name in stated.columns)
    absent = [pl.lit(None, dtype=STATED[name]).alias(name) for name in STATED if name not in stated.columns]
    lines = stated.with_columns(said).with_columns(absent).select(list(STATED))
    return replace(sheet, lines=lines.filter(pl.any_horizontal(pl.col("goods", "class_code").is_not_null())))


def with_lines_beside(sheet: Sheet, beside: Sheet) -> Sheet:
    """Return a sheet of whole invoices with the lines that another sheet of the workbook gives of them.

    The whole invoices are what counts: lines that add up to something else are left out, and that is told.
    """
    if beside.lines.is_empty():
        return sheet
    whole, summed_up = (DATASET.conform(each.checked.rows) for each in (sheet, beside))
    found = summed_up.rename({"line": "of"}).join(
        whole.select(*DATASET.identity, "line"), on=DATASET.identity, nulls_equal=True, maintain_order="left"
    )
    found = found.select("of", "line").unique("of", keep="first", maintain_order=True)
    into = beside.lines.join(beside.folded, on="line", how="left", maintain_order="left")
    placed = into.with_columns(pl.coalesce("into", "line").alias("of")).drop("line", "into")
    lines = placed.join(found, on="of", maintain_order="left").select(list(STATED))
    lost = beside.checked.received - beside.lines.height + placed.join(found, on="of", how="anti").height
    told = (LINES_LEFT.format(n=lost),) if lost else ()
    return replace(sheet, lines=lines, told=(*sheet.told, *told))


def _columns(sheet: Sheet) -> pl.DataFrame:
    """Return the columns of goods of a sheet's rows; where several state one thing, the first that says something."""
    named: dict[str, list[str]] = {}
    for title, written in zip(names(sheet.titles), sheet.titles, strict=True):
        if ours := KNOWN.get(plain(written)):
            named.setdefault(ours, []).append(title)
    told = sheet.raw.select("line", *(pl.coalesce(some).alias(ours) for ours, some in named.items()))
    return sheet.checked.rows.select("line", "net_fen", "tax_fen").join(told, on="line", maintain_order="left")


def summed(sheet: Sheet, written: Sequence[str]) -> Sheet:
    """Return a sheet of invoices with the lines of each summed into its first; `written` are its columns of numbers."""
    rows = sheet.checked.rows
    goods = has_goods(sheet)
    if sheet.form.dataset is not DATASET or rows.is_empty():
        return sheet
    if not goods and not WHOLE.isdisjoint(map(plain, sheet.titles)):
        return sheet
    assert DATASET.alone is not None
    if not goods and not DATASET.alone.anywhere(rows):
        return sheet
    several = _several(rows, goods=goods)
    if several.is_empty():
        return sheet
    spelled = pl.concat_str([pl.col(name).str.strip_chars() for name in written], ignore_nulls=True).alias("spelled")
    placed = several.join(sheet.raw.select("line", spelled), on="line", how="left", maintain_order="left")
    same = pl.col("status").eq_missing(pl.col("status").shift(1)) & pl.col("spelled").eq_missing(
        pl.col("spelled").shift(1)
    )
    placed = placed.with_columns((~same).cum_sum().over("thing").alias("run"))
    statements = placed.group_by("thing", "run", maintain_order=True).agg(
        pl.col("line").first().alias("into"),
        pl.col("line"),
        *(pl.col(name).sum() for name in SUMS),
        differ=pl.any_horizontal(pl.col(name).n_unique() > 1 for name in AGREEING),
    )
    wrong = statements.filter("differ").explode("line")["line"]
    return _folded(sheet, statements.filter(~pl.col("differ")), goods=goods).without(wrong.to_list(), DIFFER)


def agreeing(sheets: Sequence[Sheet]) -> list[Sheet]:
    """Return the sheets of a file without lines whose sums differ from the whole invoices beside them."""
    whole = [sheet.checked.rows for sheet in sheets if sheet.form.dataset is DATASET and not has_goods(sheet)]
    if not whole or len(whole) == len(sheets):
        return list(sheets)
    names = ["enterprise", "number"]
    stated = pl.concat([rows.filter(DIGITAL).select(*names, pl.col("total_fen").alias("whole")) for rows in whole])
    stated = stated.unique(names, keep="last", maintain_order=True)

    def kept(sheet: Sheet) -> Sheet:
        if sheet.form.dataset is not DATASET or not has_goods(sheet):
            return sheet
        beside = sheet.checked.rows.join(stated, on=names)
        wrong = beside.filter(pl.col("whole") != pl.col("total_fen"))["line"]
        return sheet.without(wrong.to_list(), BESIDE)

    return [kept(sheet) for sheet in sheets]


def _several(rows: pl.DataFrame, *, goods: bool) -> pl.DataFrame:
    """Return the rows of invoices with several rows, in their order, and the `thing` that each is about."""
    absent = [pl.lit(None, pl.String).alias("code")] if "code" not in rows.columns else []
    whole = rows.with_columns(absent)
    part = whole if goods else whole.filter(DIGITAL)
    keys = [key for key in DATASET.key if key.meta.output_name() != "total_fen"]
    placed = part.with_columns(part.select(keys).hash_rows().alias("thing"))
    return placed.filter(placed["thing"].is_duplicated())


def _folded(sheet: Sheet, statements: pl.DataFrame, *, goods: bool) -> Sheet:
    many = statements.filter(pl.col("line").list.len() > 1)
    if many.is_empty():
        return sheet
    lines = many.select("into", "line").explode("line").filter(pl.col("line") != pl.col("into"))
    sums = many.select(pl.col("into").alias("line"), *(pl.col(name).alias(f"{name}_sum") for name in SUMS))
    rows = sheet.checked.rows.filter(~pl.col("line").is_in(lines["line"].implode()))
    joined = rows.join(sums, on="line", how="left", maintain_order="left")
    rows = joined.with_columns(pl.coalesce(f"{name}_sum", name).alias(name) for name in SUMS).select(rows.columns)
    english, chinese = TOLD.split(" / ")
    doubt, also = ("", "") if goods else ALSO.split(" / ")
    count = {"rows": many.height + lines.height, "invoices": many.height}
    return replace(
        sheet,
        checked=replace(sheet.checked, rows=rows),
        folded=lines.select("line", "into").cast(FOLDED),  # type: ignore[arg-type]
        told=(*sheet.told, tell(f"{english}{doubt} / {chinese}{also}", count)),
    )
