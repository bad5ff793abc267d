"""The sealed bids of Tsuchiura with its known cartels, read from the real data where they are."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from services.profile.supervision.domain.screen.auction import Auction, Bid, auction

FOLDER = Path(os.environ.get("SMECREDIT_REAL_DATA", "../shared/data"))
FILE = FOLDER / "tsuchiura" / "bids.csv.gz"


@dataclass(frozen=True, slots=True)
class Held:
    """An auction of Tsuchiura: its year, whether it is known for a cartel, and which of its bidders are of one."""

    auction: Auction
    year: int
    cartelized: bool
    cartel: frozenset[str]


def auctions() -> list[Held]:
    """Return all auctions in order of their days; raise `FileNotFoundError` where the data are not here."""
    if not FILE.exists():
        raise FileNotFoundError(f"{FILE}: the real data are not here; SMECREDIT_REAL_DATA says where")
    rows = (
        pl.read_csv(FILE, infer_schema_length=None).cast({"bid": pl.Int64, "reserveprice": pl.Int64}).drop_nulls("bid")
    )
    rows = rows.sort("year", "month", "day", "pid", "bidder_id")
    return [_held(part) for part in rows.partition_by("pid", maintain_order=True)]


def _held(rows: pl.DataFrame) -> Held:
    first = rows.row(0, named=True)
    # 27 bidders stand twice in an auction: their lowest bid counts.
    lowest = rows.group_by("bidder_id").agg(pl.col("bid").min()).sort("bidder_id")
    bids = [Bid(f"b{name}", bid) for name, bid in lowest.iter_rows()]
    day = date(first["year"], first["month"], first["day"])
    held = auction(str(first["pid"]), bids, day=day, reserve_fen=first["reserveprice"])
    cartel = frozenset(f"b{name}" for name in rows.filter(pl.col("is_cartel") == 1)["bidder_id"])
    return Held(held, first["year"], bool(first["auction_cartelized"]), cartel)
