"""Confirmed by the other side: the counterparty's file holds the same invoice, seen from there."""

from __future__ import annotations

import polars as pl

from services.profile.book.domain.channel import Channel
from services.profile.book.domain.confirmation.told import Told
from services.profile.book.domain.party import as_counterparty, party_of

c = pl.col
# A paper invoice may be stated with its code by one side and without by the other.
SAME = ("enterprise", "direction", "counterparty", "number", "date", "total_fen")


def other_side(rows: pl.DataFrame, told: Told, _: pl.DataFrame) -> pl.Series:
    """Tell which invoices the counterparty's file holds, valid, with number, code, day and total alike.

    A counterparty's own word counts where somebody else sent it: nobody confirms himself.
    """
    mirrored = told.beside.mirrored.filter(c("status") == "valid")
    if mirrored.is_empty():
        return pl.Series([False]).new_from_index(0, rows.height)
    theirs = _sent(mirrored, told).select(
        party_of(c("counterparty")).alias("enterprise"),
        pl.when(c("direction") == "sale").then(pl.lit("purchase")).otherwise(pl.lit("sale")).alias("direction"),
        as_counterparty(c("enterprise")).alias("counterparty"),
        *("number", "date", "total_fen"),
        other_code="code",
        other_client="client",
        other_channel="channel",
    )
    ours = _sent(rows, told).with_columns(as_counterparty(c("counterparty")))
    same_code = (c("code") == c("other_code")).fill_null(value=True)
    another = (c("other_channel") != Channel.SUBJECT) | (c("other_client") != c("client"))
    both = ours.join(theirs, on=SAME, how="inner").filter(same_code, another)
    return rows["place"].is_in(both["place"].unique().implode())


def _sent(rows: pl.DataFrame, told: Told) -> pl.DataFrame:
    return rows.join(told.senders, on="import_id", how="left", maintain_order="left")
