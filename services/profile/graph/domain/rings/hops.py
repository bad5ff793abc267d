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
    """Hops by day: seller and buyer as numbers of nodes, the day since 1970, the amount in fen, the place in `told`."""

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
        return Hops(self.seller[chosen], self.buyer[chosen], self.day[chosen], self.amount[chosen], self.place[chosen])


def told(invoices: pl.DataFrame) -> pl.DataFrame:
    """Return hops (EDGES, and `times`: how many are alike) in one order; nobody sells to himself, nor for nothing."""
    same = ["date", "seller", "buyer", "amount"]
    return (
        invoices.lazy()
        .select(list(EDGES))
        .filter((c("seller") != c("buyer")) & (c("amount") > 0))
        .group_by(same)
        .agg(number=c("number").min(), times=pl.len().cast(pl.Int64))
        .select(*EDGES, "times")
        .sort(same)
        .collect()
    )


def arrays(hops: pl.DataFrame) -> Hops:
    """Return `told` hops as arrays, without those whose seller never buys or whose buyer never sells."""
    both = pl.concat([hops["seller"], hops["buyer"]]).rank("dense").to_numpy().astype(np.int64) - 1
    seller, buyer = both[: hops.height], both[hops.height :]
    day = hops["date"].cast(pl.Int32).to_numpy().astype(np.int64)
    found = Hops(seller, buyer, day, hops["amount"].to_numpy().astype(np.float64), np.arange(hops.height))
    return found.of(alive(found.seller, found.buyer))


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
