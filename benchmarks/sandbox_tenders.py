"""The sandbox's sealed bids with its planted rings, as tenders to screen: nobody wrote them for the screen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from sandbox.economy import Plan, simulate
from sandbox.labels import labels
from sandbox.records import records
from services.profile.book.domain import relation
from services.profile.supervision.domain.screen.auction import Auction, Bid, auction
from services.profile.supervision.domain.screen.screening import Files

LAST = 0.3  # of a book's auctions, those that are screened with the earlier ones as their past


@dataclass(frozen=True, slots=True)
class Offered:
    """A book's auctions in order, the ring of each bidder that is in one, whether it is tied, and what files say."""

    auctions: tuple[Auction, ...]
    ring_of: dict[str, str]
    tied: frozenset[str]
    files: Files

    def same(self, one: str, other: str) -> bool:
        """Tell whether two bidders are of one ring."""
        return one in self.ring_of and self.ring_of[one] == self.ring_of.get(other)

    def tenders(self) -> Iterator[tuple[Auction, tuple[Auction, ...]]]:
        """Yield the last auctions of three bids and more, each with all that were before."""
        first = round(len(self.auctions) * (1 - LAST))
        for at, each in enumerate(self.auctions[first:], first):
            if len(each.bids) > 2:
                yield each, self.auctions[:at]


def offered(seed: int, firms: int = 600) -> Offered:
    """Make a book of 36 months with its bids and rings."""
    economy = simulate(Plan(firms, 36, seed))
    held, truth = labels(economy)
    rows = records(economy)["relations"]
    absent = [
        pl.lit(None, dtype=kind).alias(name) for name, kind in relation.SCHEMA.items() if name not in rows.columns
    ]
    relations = rows.with_columns(absent).select(list(relation.SCHEMA))
    rings = truth["bidders"]
    firms_of = relations.group_by("party").agg(pl.col("enterprise").n_unique())
    names = [f"rec_{at}" for at in range(relations.height)]
    files = Files(frozenset(relations["enterprise"]), relations, names, {}, dict(firms_of.iter_rows()))
    auctions = [_auction(part) for part in held.sort("date", "auction").partition_by("auction", maintain_order=True)]
    tied = frozenset(rings.filter(pl.col("tied"))["ring"])
    return Offered(tuple(auctions), dict(rings.select("enterprise", "ring").iter_rows()), tied, files)


def _auction(rows: pl.DataFrame) -> Auction:
    bids = [Bid(bidder, amount) for bidder, amount in rows.select("bidder", "amount_fen").iter_rows()]
    first = rows.row(0, named=True)
    winner = [*rows.filter(pl.col("won"))["bidder"], None][0]
    return auction(
        first["auction"],
        bids,
        day=first["date"],
        winner=winner,
        reserve_fen=first["reserve_fen"],
    )
