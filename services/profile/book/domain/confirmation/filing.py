"""Confirmed by a filing: what was declared to the tax office covers all sales of its period."""

from __future__ import annotations

import polars as pl

from services.profile.book.domain.confirmation.told import Told

c = pl.col
# By how much invoiced sales may exceed what was filed: 2026-11, ours, as the comparison `declared-sales`.
RELATIVE, ABSOLUTE_FEN = 0.03, 10_000
PERIOD = ("enterprise", "period_start", "period_end")


def filing(rows: pl.DataFrame, told: Told, proven: pl.DataFrame) -> pl.Series:
    """Tell which sales lie in a VAT period whose declared sales cover all sales invoiced in it, net of tax.

    Red letters lower what was invoiced only where another source states them. Where more was invoiced than declared,
    none of what only the enterprise says is confirmed: nobody can tell which of it was declared.
    """
    filed = told.beside.filings.filter(c("tax") == "vat", c("declared_sales_fen").is_not_null(), ~told.own())
    sales = rows.filter(c("direction") == "sale")
    if filed.is_empty() or sales.is_empty():
        return pl.Series([False]).new_from_index(0, rows.height)
    days = pl.concat([_days(sales), _days(proven.filter(c("direction") == "sale"))])
    periods = filed.select(*PERIOD, "declared_sales_fen")
    invoiced = _within(periods, days).group_by(PERIOD).agg(c("net_fen").sum())
    declared = c("declared_sales_fen")
    allowed = declared + pl.max_horizontal(pl.lit(ABSOLUTE_FEN), declared * RELATIVE)
    covering = periods.join(invoiced, on=PERIOD).filter(c("net_fen") <= allowed)
    covered = _within(covering, sales.select("date", "place", seller="enterprise"))
    return rows["place"].is_in(covered["place"].unique().implode())


def _days(sales: pl.DataFrame) -> pl.DataFrame:
    return sales.select("date", "net_fen", seller="enterprise")


def _within(periods: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    return periods.join_where(
        days, c("enterprise") == c("seller"), c("date") >= c("period_start"), c("date") <= c("period_end")
    )
