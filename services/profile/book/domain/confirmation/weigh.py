"""Weighing invoices by who says them: what confirms an enterprise's own word."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

import polars as pl

from services.profile.book.domain.confirmation.bank import bank
from services.profile.book.domain.confirmation.filing import filing
from services.profile.book.domain.confirmation.sides import other_side
from services.profile.book.domain.confirmation.sources import other_source
from services.profile.book.domain.confirmation.told import Told

c = pl.col
# Which of some rows are confirmed, by what is told and, where it is money, beside the rows that are proven.
Confirms: TypeAlias = Callable[[pl.DataFrame, Told, pl.DataFrame], pl.Series]
# What confirms a firm's own word, the strongest first: a row counts under the first that does.
CONFIRMING: Mapping[str, Confirms] = MappingProxyType(
    {"other_source": other_source, "other_side": other_side, "bank": bank, "filing": filing}
)
# What confirms sums of money, and not each invoice.
MONEY = frozenset({"bank", "filing"})
VALID = c("status") == "valid"
BLUE = VALID & (c("total_fen") > 0)
PROVEN = VALID & (BLUE | ~c("own"))
MARKS: dict[str, pl.DataType] = {"own": pl.Boolean(), "by": pl.String()}


def weigh(invoices: pl.DataFrame, told: Told) -> pl.DataFrame:
    """Return invoices with `own`, whether the enterprise says them, and `by`: what confirms its word, null for nothing.

    Only valid blue invoices can be confirmed. Those that the enterprise stated first and another source states now
    are that source's, and told as confirmed by it.
    """
    if not told.own_imports:
        return invoices.with_columns(pl.lit(value=False).alias("own"), pl.lit(None, dtype=pl.String).alias("by"))
    placed = invoices.with_columns(told.own().alias("own")).with_row_index("place")
    spoken = told.statements.filter(told.own())["number"].unique().implode()
    rest = placed.filter(BLUE, c("number").is_in(spoken))
    found = [pl.DataFrame(schema={"place": pl.UInt32(), "by": pl.String()})]
    nothing = placed.clear()
    for name, confirms in CONFIRMING.items():
        if rest.is_empty():
            break
        money = name in MONEY
        proven = placed.filter(PROVEN, ~c("place").is_in(rest["place"].implode())) if money else nothing
        borne = confirms(rest, told, proven)
        found.append(rest.filter(borne).select("place", by=pl.lit(name)))
        # Only the first rule knows of rows that another source states now.
        rest = rest.filter(~borne & rest["own"])
    return placed.join(pl.concat(found), on="place", how="left", maintain_order="left").drop("place")


def unconfirmed() -> pl.Expr:
    """Tell which weighed rows only the enterprise says; its red letters and voids it admits itself, so they stay."""
    return BLUE & c("own") & c("by").is_null()
