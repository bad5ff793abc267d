"""Weighing invoices by who says them: what confirms an enterprise's own word, and the money by channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, TypeAlias

import polars as pl

from services.profile.portrait.domain.confirmation.bank import bank
from services.profile.portrait.domain.confirmation.filing import filing
from services.profile.portrait.domain.confirmation.sides import other_side
from services.profile.portrait.domain.confirmation.sources import other_source
from services.profile.portrait.domain.confirmation.told import Told
from services.profile.portrait.domain.features.aggregates import NEEDS, SLOTS, slot_of

c = pl.col
# Which of some rows are confirmed, by what is told and beside the rows that are proven.
Confirms: TypeAlias = Callable[[pl.DataFrame, Told, pl.DataFrame], pl.Series]
# What confirms a firm's own word, the strongest first: a row counts under the first that does.
CONFIRMING: Mapping[str, Confirms] = MappingProxyType(
    {"other_source": other_source, "other_side": other_side, "bank": bank, "filing": filing}
)
# What confirms sums of money, and not each invoice.
MONEY = frozenset({"bank", "filing"})
VALID = c("status") == "valid"
BLUE = VALID & (c("total_fen") > 0)
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
    for name, confirms in CONFIRMING.items():
        proven = placed.filter(VALID, BLUE | ~c("own"), ~c("place").is_in(rest["place"].implode()))
        borne = confirms(rest, told, proven)
        found.append(rest.filter(borne).select("place", by=pl.lit(name)))
        # Only the first rule knows of rows that another source states now.
        rest = rest.filter(~borne & rest["own"])
    return placed.join(pl.concat(found), on="place", how="left", maintain_order="left").drop("place")


def unconfirmed() -> pl.Expr:
    """Tell which weighed rows only the enterprise says; its red letters and voids it admits itself, so they stay."""
    return BLUE & c("own") & c("by").is_null()


def confirmed(weighed: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Return the invoices (`NEEDS`) without what only the enterprise says.

    Bank lines and filings confirm money and no number of invoices: what they confirm counts as one invoice a month of
    features, with each partner that paid, and with nobody by name where a filing alone confirms it. Otherwise hundreds
    of invoices of a fen would make many customers and busy days.
    """
    rest = weighed.filter(~unconfirmed())
    paid = c("by").is_in(list(MONEY)).fill_null(value=False) & c("own")
    sums = rest.filter(paid)
    if sums.is_empty():
        return rest.select(NEEDS)
    who = ("enterprise", "direction", "status", "reversal", "by", pl.when(c("by") == "bank").then("counterparty"))
    months = sums.group_by(*who, slot=slot_of(c("date"), as_of)).agg(
        c("date").max(), c("net_fen", "tax_fen", "total_fen").sum()
    )
    return pl.concat([rest.filter(~paid).select(NEEDS), months.select(NEEDS)])


def evidence(weighed: pl.DataFrame, senders: pl.DataFrame, as_of: date) -> dict[str, dict[str, Any]]:
    """Return, per enterprise, the money of valid blue invoices of both sides in 36 months, in fen, by who says it.

    `by_channel` adds up to `total_fen`, as `confirmed_fen` and `unconfirmed_fen` do; `confirmed_by` adds up to what the
    enterprise said itself and something confirms. A file without an invoice has none.
    """
    since = pl.lit(as_of).dt.offset_by(f"-{SLOTS}mo")  # of the features: slot 35 begins on the day after
    within = weighed.lazy().filter(BLUE, c("date") <= as_of, c("date") > since)
    spoken = weighed.lazy().select((c("own") | c("by").is_not_null()).any()).collect().item()
    marks = ("by", unconfirmed().alias("alone")) if spoken else ()
    sums = within.group_by("enterprise", "import_id", *marks).agg(c("total_fen").sum()).collect()
    if not spoken:
        sums = sums.with_columns(pl.lit(None, dtype=pl.String).alias("by"), pl.lit(value=False).alias("alone"))
    named = sums.join(senders.select("import_id", "channel"), on="import_id", how="left")
    found = {str(name): _nothing() for name in weighed["enterprise"].unique().sort()}
    parts = named.group_by("enterprise", "channel", "by", "alone").agg(c("total_fen").sum())
    for enterprise, channel, by, alone, fen in parts.sort("enterprise", "channel", nulls_last=True).iter_rows():
        _add(found[enterprise], str(channel), fen, by, alone=alone)
    return found


def _nothing() -> dict[str, Any]:
    sums = {"total_fen": 0, "by_channel": {}, "confirmed_fen": 0, "unconfirmed_fen": 0}
    return {**sums, "confirmed_by": dict.fromkeys(CONFIRMING, 0)}


def _add(one: dict[str, Any], channel: str, fen: int, by: str | None, *, alone: bool) -> None:
    one["total_fen"] += fen
    one["by_channel"][channel] = one["by_channel"].get(channel, 0) + fen
    one["unconfirmed_fen" if alone else "confirmed_fen"] += fen
    if by is not None:
        one["confirmed_by"][by] += fen
