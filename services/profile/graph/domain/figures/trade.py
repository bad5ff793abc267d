"""Figures of a firm's own trade: how much of it is with partners that are strong, old, or in trouble.

An amount of blue invoices only rises as more of them are shown, so that no partner left out improves a figure whose
direction is −1. Trade with partners in trouble would look better with them left out: it is told, and for reading only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from services.profile.book.domain.party import as_counterparty
from services.profile.standards.days import months_later

# A partner's age, and its registered capital in fen, from which it counts as old and as strong (ours, 2026-11: the
# capital is the median of small firms on SMEsD, five million yuan).
OLD_YEARS = 5
STRONG_FEN = 500_000_000
PARTNERS: dict[str, pl.DataType] = {
    "enterprise": pl.String(),
    "capital": pl.Float64(),
    "established_on": pl.Date(),
    "adverse": pl.Float64(),
}
SORTS = {"trade_with_strong_12m": "strong", "trade_with_old_12m": "old", "trade_with_troubled_12m": "troubled"}
c = pl.col


@dataclass(frozen=True, slots=True)
class Rest:
    """A figure of trade, None where it is unknown, and the partners that it rests on: party, value."""

    value: float | None
    behind: pl.DataFrame


UNKNOWN = Rest(None, pl.DataFrame(schema={"party": pl.String(), "value": pl.Float64()}))


def sums(trade: pl.DataFrame) -> dict[str, Rest]:
    """Return by name how much of a firm's trade (`traded`) is with each sort of partner; nothing where none is told."""
    if trade.is_empty():
        return {}
    by = {name: trade.filter(sort).select("party", value="fen") for name, sort in SORTS.items()}
    return {name: Rest(float(behind["value"].sum()), behind) for name, behind in by.items()}


def traded(invoices: pl.DataFrame, partners: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Return the blue amounts of the last 12 months with each named partner, and which sort of partner it is.

    Columns: party, fen, strong, old, troubled. `partners` (`PARTNERS`) tell what is known of firms; who is not among
    them is neither strong nor old nor in trouble.
    """
    blue = invoices.filter(
        (c("status") == "valid") & (c("net_fen") > 0) & (c("date") <= as_of) & (c("date") > months_later(as_of, -12))
    ).filter(c("counterparty").is_not_null())
    sums = blue.group_by(party=as_counterparty(c("counterparty"))).agg(fen=c("net_fen").sum().cast(pl.Float64))
    known = partners.with_columns(party=as_counterparty(c("enterprise"))).drop("enterprise")
    return (
        sums.join(known, on="party", how="left")
        .select(
            "party",
            "fen",
            strong=(c("capital") >= STRONG_FEN).fill_null(value=False),
            old=(c("established_on") <= months_later(as_of, -12 * OLD_YEARS)).fill_null(value=False),
            troubled=(c("adverse") > 0).fill_null(value=False),
        )
        .sort("fen", "party", descending=[True, False])
    )
