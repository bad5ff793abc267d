"""The tables while lies are planted into them: which firms may still carry one, and which rows a lie may touch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeAlias

import numpy as np
import polars as pl

Tables: TypeAlias = dict[str, pl.DataFrame]
c = pl.col


@dataclass(slots=True)
class Plot:
    """The tables while lies are planted, and the firms that carry none yet."""

    tables: Tables
    free: list[str]
    rng: np.random.Generator

    def firms(self, able: pl.DataFrame, count: int) -> list[str]:
        """Take up to `count` free firms among those in `able`."""
        names = set(able["enterprise"])
        taken = [firm for firm in self.free if firm in names][:count]
        self.free = [firm for firm in self.free if firm not in set(taken)]
        return taken

    def change(self, kind: str, rows: pl.Expr, **columns: pl.Expr) -> None:
        """Overwrite columns in the rows of one table."""
        table = self.tables[kind]
        new = [
            pl.when(rows).then(value).otherwise(c(name)).cast(table.schema[name]).alias(name)
            for name, value in columns.items()
        ]
        self.tables[kind] = table.with_columns(new)

    def drop(self, kind: str, rows: pl.Expr) -> None:
        """Remove rows of one table."""
        self.tables[kind] = self.tables[kind].filter(~rows)

    def add(self, kind: str, rows: pl.DataFrame) -> None:
        """Add rows to one table."""
        table = self.tables[kind]
        self.tables[kind] = pl.concat(
            [table, rows.select(pl.col(name).cast(kind_) for name, kind_ in table.schema.items())]
        )


def inside_sales(plot: Plot, each: int) -> Iterator[dict[str, Any]]:
    """Return one valid sale each of free firms to a free firm, in the middle of both books."""
    taken = 0
    while taken < each:
        sales = middle_sales(plot).filter(
            c("counterparty").is_in(plot.free), c("enterprise").is_in(plot.free), c("total") > 100
        )
        if sales.is_empty():
            return
        sale = sales.row(int(plot.rng.integers(sales.height)), named=True)
        plot.free = [firm for firm in plot.free if firm not in (sale["enterprise"], sale["counterparty"])]
        taken += 1
        yield sale


def outside_sales(plot: Plot, each: int) -> Iterator[dict[str, Any]]:
    """Return one valid sale each of busy free firms to an outsider, amid a full roll of numbers."""
    number = c("number").cast(pl.Int64)
    last = number.max().over("enterprise")
    amid = (number > 60) & (number < last - 60)
    sales = middle_sales(plot).filter(amid & ~c("counterparty").str.starts_with("local:S") & (c("total") > 100))
    for firm in plot.firms(sales, each):
        own = sales.filter(c("enterprise").eq(firm))
        yield own.row(int(plot.rng.integers(own.height)), named=True)


def middle_sales(plot: Plot) -> pl.DataFrame:
    """Return valid sales between the first and the last quarter of the book."""
    sales = plot.tables["invoices.sale"]
    first, last = book_start(plot), last_day(plot)
    span = (last - first) / 4
    return sales.filter(c("status") == "valid", c("date").is_between(first + span, last - span))


def partners_of(plot: Plot, each: int, kind: str, among: pl.DataFrame | None = None) -> Iterator[tuple[str, str]]:
    """Return free firms, each with an outside partner: 50,000 yuan or more exchanged, most of it half a year ago."""
    old = c("date") <= pl.lit(last_day(plot)).dt.offset_by("-7mo")
    rows = plot.tables[kind].filter(c("status") == "valid", ~c("counterparty").str.starts_with("local:S"))
    totals = rows.group_by("enterprise", "counterparty", maintain_order=True).agg(
        old=c("total").filter(old).sum(), all=c("total").sum(), least=c("total").min()
    )
    large = totals.filter(c("old") >= 50_000, c("old") * 2 >= c("all"), c("least") > 0)
    if among is not None:
        large = large.filter(c("enterprise").is_in(among["enterprise"].implode()))
    for firm in plot.firms(large, each):
        yield firm, large.filter(c("enterprise").eq(firm))["counterparty"][0]


def filings_of(plot: Plot, each: int, tax: str, able: pl.Expr) -> Iterator[dict[str, Any]]:
    """Return one filing each of busy free firms that `able` picks, paid before the book's last month."""
    middle = c("paid_on") < pl.lit(last_day(plot)).dt.month_start()
    often = c("enterprise").is_in(busy(plot)["enterprise"].implode())
    filings = plot.tables["tax-filings"].filter((c("tax") == tax) & able & middle & often)
    for firm in plot.firms(filings, each):
        own = filings.filter(c("enterprise").eq(firm))
        yield own.row(int(plot.rng.integers(own.height)), named=True)


def busy(plot: Plot) -> pl.DataFrame:
    """Return firms with 40 sales or more in the last year."""
    sales = plot.tables["invoices.sale"].filter(c("date") > pl.lit(last_day(plot)).dt.offset_by("-12mo"))
    return sales.group_by("enterprise", maintain_order=True).len().filter(c("len") >= 40)


def outgoing(plot: Plot) -> pl.DataFrame:
    """Return busy firms that sell nine tenths of their invoices outside the economy."""
    sales = plot.tables["invoices.sale"].filter(c("date") > pl.lit(last_day(plot)).dt.offset_by("-12mo"))
    outside = (~c("counterparty").str.starts_with("local:S")).mean()
    found = sales.group_by("enterprise", maintain_order=True).agg(outside=outside, count=pl.len())
    return found.filter(c("outside") >= 0.9, c("count") >= 40)


def year_outside(plot: Plot, firm: str) -> pl.Expr:
    """Return a firm's blue sales of the last year to parties outside the economy."""
    recent = c("date") > pl.lit(last_day(plot)).dt.offset_by("-12mo")
    return c("enterprise").eq(firm) & recent & ~c("counterparty").str.starts_with("local:S") & (c("total") > 0)


def sells_early(plot: Plot) -> pl.Expr:
    """Return firms that sold within the book's first 60 days."""
    soon = c("date") < book_start(plot) + timedelta(days=60)
    return c("enterprise").is_in(plot.tables["invoices.sale"].filter(soon)["enterprise"].unique().implode())


def mirror_of(sale: dict[str, Any]) -> pl.Expr:
    """Return the buyer's statement of a sale."""
    parties = c("enterprise").eq(sale["counterparty"]) & c("counterparty").eq(sale["enterprise"])
    return parties & c("number").eq(sale["number"]) & c("date").eq(sale["date"])


def row_of(sale: dict[str, Any]) -> pl.Expr:
    """Return a firm's own statement of a sale."""
    return c("enterprise").eq(sale["enterprise"]) & c("number").eq(sale["number"])


def between(firm: str, partner: str, direction: str) -> pl.Expr:
    """Return payments of one direction between a firm and a partner."""
    return c("enterprise").eq(firm) & c("counterparty").eq(partner) & c("direction").eq(direction)


def filing_of(filing: dict[str, Any]) -> pl.Expr:
    """Return one filing."""
    own = c("enterprise").eq(filing["enterprise"]) & c("tax").eq(filing["tax"])
    return own & c("period_start").eq(filing["period_start"])


def book_start(plot: Plot) -> date:
    """Return the day of the first sale."""
    first = plot.tables["invoices.sale"]["date"].min()
    assert isinstance(first, date)
    return first


def last_day(plot: Plot) -> date:
    """Return the day of the last sale, as of which the sources are compared."""
    last = plot.tables["invoices.sale"]["date"].max()
    assert isinstance(last, date)
    return last


def last_year(plot: Plot) -> str:
    """Name a comparison over the last year."""
    last = pl.lit(last_day(plot))
    first = last.dt.offset_by("-12mo").dt.offset_by("1d")
    return str(pl.select(pl.format("{}…{}", first, last)).item())
