"""Red letters of invoices that their source tells as cancelled: these count for nothing, so they take nothing off.

An export of the tax office tells of each blue invoice whether red letters cancel all of it or a part. Such an invoice
is worth nothing here, with its red letters or without: of a part nobody knows whether all its red letters are shown.
A red letter takes off nothing more where the partner's invoices that are told as cancelled, until that day, come to at
least its amount. Whether it does hangs on no other red letter and on no later day, so that none is worth hiding
(a property in the tests), and a day has the same figures whatever comes after it.
"""

from __future__ import annotations

import polars as pl

c = pl.col
_ROW = ("counterparty", "date", "net_fen", "tax_fen", "total_fen", "reversal")


def where_told(invoices: pl.DataFrame) -> pl.DataFrame:
    """Return invoices without the column of what is cancelled where it says nothing: then nothing needs explaining."""
    silent = "reversal" in invoices.columns and invoices["reversal"].null_count() == invoices.height
    return invoices.drop("reversal") if silent else invoices


def explained(invoices: pl.LazyFrame, *by: str) -> pl.LazyFrame:
    """Return the red letters that cancel what is told as cancelled, for each value of `by`."""
    keys = [*by, "counterparty", "sale"]
    valid = invoices.filter(c("status") == "valid").select(*by, *_ROW, sale=c("direction") == "sale")
    told = valid.filter(c("reversal").is_not_null(), c("total_fen") > 0)
    red = valid.filter(c("total_fen") < 0).join(told.select(keys).unique(), on=keys, how="semi", nulls_equal=True)
    both = pl.concat([told, red]).sort(*keys, "date", "total_fen", descending=[*(False for _ in keys), False, True])
    until = both.with_columns(until=c("total_fen").clip(0).cum_sum().over(keys))
    return until.filter(c("total_fen") < 0, c("until") >= -c("total_fen")).drop("until")


def standing(invoices: pl.DataFrame) -> pl.DataFrame:
    """Return valid invoices that nothing is told of, without the red letters of partners of whom something is told."""
    valid = invoices.filter(c("status") == "valid")
    told = c("reversal").is_not_null() & (c("total_fen") > 0)
    concerned = (c("total_fen") < 0) & told.any().over("direction", "counterparty")
    left = valid if where_told(valid) is not valid else valid.filter(~(told | concerned))
    return left.drop("reversal")
