"""Hops as arrays in one order, whatever order they came in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from services.profile.graph.domain.rings.terms import EDGES

Ints: TypeAlias = npt.NDArray[np.int64]
Reals: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]
c = pl.col


@dataclass(frozen=True, slots=True)
class Hops:
    """Hops by day: seller and buyer as numbers of nodes, in order of their names; the day since 1970; fen; a place.

    `place` is the row of the invoice, or that of the hop among those they were taken from.
    """

    seller: Ints
    buyer: Ints
    day: Ints
    amount: Reals
    place: Ints

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.day)

    def of(self, chosen: Flags | Ints | slice) -> Hops:
        """Return some of them."""
        if isinstance(chosen, np.ndarray) and chosen.dtype == np.bool_:
            chosen = np.flatnonzero(chosen)
        return Hops(self.seller[chosen], self.buyer[chosen], self.day[chosen], self.amount[chosen], self.place[chosen])


def arrays(invoices: pl.DataFrame) -> Hops:
    """Return invoices (EDGES) by day as arrays, without those that no closed path can use.

    Nobody sells to himself, nor for nothing. Invoices alike are still several, see `once`.
    """
    names = pl.concat([invoices["seller"], invoices["buyer"]]).unique().sort()
    seller, buyer = (_numbers(invoices[side], names) for side in ("seller", "buyer"))
    day = invoices["date"].cast(pl.Int32).to_numpy().astype(np.int64)
    amount = invoices["amount"].to_numpy().astype(np.float64)
    found = Hops(seller, buyer, day, amount, np.arange(len(day)))
    found = found.of((seller != buyer) & (amount > 0))
    found = found.of(alive(found.seller, found.buyer))
    return found.of(np.argsort(found.day, kind="stable"))


def once(hops: Hops) -> tuple[Hops, Ints]:
    """Return hops alike in all but their place as one, by day, seller, buyer and amount, and the hop of each row."""
    pair = hops.seller * (hops.buyer.max(initial=0) + 1) + hops.buyer
    order = np.lexsort((hops.amount, pair, hops.day))
    by, pair = hops.of(order), pair[order]
    new = np.ones(len(by), np.bool_)
    new[1:] = (pair[1:] != pair[:-1]) | (by.day[1:] != by.day[:-1]) | (by.amount[1:] != by.amount[:-1])
    hop = np.empty(len(by), np.int64)
    hop[order] = np.cumsum(new) - 1
    return by.of(new), hop


def told(invoices: pl.DataFrame, rows: Ints, hop: Ints) -> pl.DataFrame:
    """Return hops (EDGES, and `times`: how many invoices are alike) by their number, of these rows of invoices.

    An invoice that both sides tell is told once.
    """
    some = invoices.select(list(EDGES))[rows].with_columns(pl.Series("hop", hop))
    alike = some.group_by("hop").agg(
        c("seller", "buyer", "date", "amount").first(), c("number").min(), times=c("number").n_unique().cast(pl.Int64)
    )
    return alike.select("hop", *EDGES, "times").sort("hop")


def _numbers(names: pl.Series, known: pl.Series) -> Ints:
    return names.cast(pl.Enum(known)).to_physical().to_numpy().astype(np.int64)


def alive(seller: Ints, buyer: Ints) -> Flags:
    """Return which edges are left when those that no closed path can use are dropped, until none is."""
    nodes = int(max(seller.max(initial=-1), buyer.max(initial=-1))) + 1
    left = np.arange(len(seller))
    while True:
        sells, buys = np.zeros(nodes, np.bool_), np.zeros(nodes, np.bool_)
        sells[seller[left]], buys[buyer[left]] = True, True
        kept = left[buys[seller[left]] & sells[buyer[left]]]
        if len(kept) == len(left):
            break
        left = kept
    mask = np.zeros(len(seller), np.bool_)
    mask[left] = True
    return mask
