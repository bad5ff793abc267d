"""Filings that a list gives item by item: what was declared and paid for a tax and a period is the sum of its items.

A tax is declared by item (征收品目), and taxes and contributions that are one of our kinds are declared one by one: a
filing is all of them together. The same item twice is a correction that nobody can tell from its first statement.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from services.profile.book.domain.sheet import FOLDED, Sheet
from services.profile.book.domain.tax_filing import DATASET
from services.profile.book.domain.titles import names, plain

c = pl.col
# What tells items apart, as titles are compared.
ITEMS = frozenset(map(plain, ("征收项目", "税种", "税(费)种", "征收品目", "征收子目", "item")))
SUMS = ("declared_sales_fen", "due_fen", "paid_fen")
TWICE = (
    "an item of this tax and period comes twice; keep the row that holds / "
    "同一税种、所属期、品目重复，请只保留有效的一行"
)
TOLD = (
    "{rows} rows are items of {filings} filings and were summed / "
    "{rows} 行为 {filings} 笔申报的分项，已按税种和所属期汇总"
)


def joined(sheet: Sheet) -> Sheet:
    """Return a sheet of filings with the items of each summed into its first row."""
    rows = sheet.checked.rows
    if sheet.form.dataset is not DATASET or rows.is_empty():
        return sheet
    named = [name for name, title in zip(names(sheet.titles), sheet.titles, strict=True) if plain(title) in ITEMS]
    several = rows.filter(pl.struct(DATASET.identity).is_duplicated())
    if several.is_empty() or not named:
        return sheet
    item = pl.concat_str([c(name).str.strip_chars().fill_null("") for name in named], separator="/").alias("item")
    told = several.join(sheet.raw.select("line", item), on="line", how="left", maintain_order="left")
    apart = told.filter(c("item").n_unique().over(DATASET.identity) > 1)
    again = apart.filter(pl.struct(*DATASET.identity, "item").is_duplicated().any().over(DATASET.identity))
    sheet = sheet.without(again["line"].to_list(), TWICE) if again.height else sheet
    return _folded(sheet, apart.filter(~c("line").is_in(again["line"].implode())))


def _folded(sheet: Sheet, items: pl.DataFrame) -> Sheet:
    """Return the sheet with these rows summed by filing; a day is known where all of them have it, the last counts."""
    rows = sheet.checked.rows
    days = [name for name in ("filed_on", "paid_on") if name in rows.columns]
    sums = [name for name in SUMS if name in rows.columns]
    placed = items.with_columns(c("line").first().over(DATASET.identity).alias("into"))
    many = placed.filter(pl.len().over("into") > 1)
    if many.is_empty():
        return sheet
    whole = many.group_by("into", maintain_order=True).agg(
        *(c(name).sum().alias(f"{name}_all") for name in sums),
        *(pl.when(c(name).null_count() == 0).then(c(name).max()).alias(f"{name}_all") for name in days),
    )
    lines = many.filter(c("line") != c("into")).select("line", "into").cast(FOLDED)  # type: ignore[arg-type]
    left = rows.filter(~c("line").is_in(lines["line"].implode()))
    found = left.join(whole, left_on="line", right_on="into", how="left", maintain_order="left")
    summed = c("line").is_in(whole["into"].implode())
    joined_rows = found.with_columns(
        pl.when(summed).then(c(f"{name}_all")).otherwise(c(name)).alias(name) for name in (*sums, *days)
    )
    return replace(
        sheet,
        checked=replace(sheet.checked, rows=joined_rows.select(rows.columns)),
        folded=pl.concat([sheet.folded, lines]),
        told=(*sheet.told, TOLD.format(rows=many.height, filings=whole.height)),
    )
