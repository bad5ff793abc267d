"""What is made of weighed invoices: those that are confirmed, and the money by who says it."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from services.profile.book.domain.confirmation import BLUE, CONFIRMING, MONEY, unconfirmed
from services.profile.portrait.domain.features.aggregates import NEEDS, SLOTS, slot_of

c = pl.col


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
