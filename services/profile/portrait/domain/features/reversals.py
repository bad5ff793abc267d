"""Red letters of invoices that their source tells as cancelled: these count for nothing, so they take nothing off.

An export of the tax office tells of each blue invoice whether red letters cancel all of it or a part. Such an invoice
is worth nothing here, with its red letters or without: of a part nobody knows whether all its red letters are shown.
What they would take off once more is given back: the red letters of a partner up to the amount that was told as
cancelled until that day. Each day's share depends on that day and earlier ones only, so that it holds as of any later
day. With the state of every cancelled invoice told, red letters change no figure of evidence (a property in the tests).
"""

from __future__ import annotations

import polars as pl

c = pl.col
_AMOUNTS = {"net": "net_fen", "tax": "tax_fen"}


def where_told(invoices: pl.DataFrame) -> pl.DataFrame:
    """Return invoices without the column of what is cancelled where it says nothing: then nothing needs explaining."""
    silent = "reversal" in invoices.columns and invoices["reversal"].null_count() == invoices.height
    return invoices.drop("reversal") if silent else invoices


def explained(invoices: pl.LazyFrame, by: str) -> pl.LazyFrame:
    """Return what red letters of told invoices would take off, without sign: by firm, partner, side and day.

    A row has `net` and `tax`, and nothing of the rest. Books in which nothing is told are only looked through.
    """
    keys = [by, "counterparty", "sale"]
    valid = invoices.filter(c("status") == "valid").select(
        by, "counterparty", "date", *_AMOUNTS.values(), "total_fen", "reversal", sale=c("direction") == "sale"
    )
    told = valid.filter(c("reversal").is_not_null(), c("total_fen") > 0)
    red = valid.filter(c("total_fen") < 0).join(told.select(keys).unique(), on=keys, how="semi", nulls_equal=True)
    moved = pl.concat([told, red]).group_by(*keys, "date").agg(
        **{f"{name}_told": c(fen).filter(c("total_fen") > 0).sum() for name, fen in _AMOUNTS.items()},
        **{f"{name}_red": -c(fen).filter(c("total_fen") < 0).sum() for name, fen in _AMOUNTS.items()},
    )  # fmt: skip
    left = moved.sort(*keys, "date").with_columns(
        # What is still told is never below nothing: so much of all red letters so far is not explained by any of it.
        (c(f"{name}_told") - c(f"{name}_red")).cum_sum().cum_min().clip(None, 0).neg().over(keys).alias(f"{name}_left")
        for name in _AMOUNTS
    )
    new = {name: c(f"{name}_left") - c(f"{name}_left").shift(fill_value=0).over(keys) for name in _AMOUNTS}
    return left.select(*keys, "date", **{name: c(f"{name}_red") - more for name, more in new.items()})
