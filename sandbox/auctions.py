"""Sealed bids of public tenders: honest bidders, and rings that share the contracts out among themselves.

The lowest bid wins. A ring names its winner and bids so that it wins: with covers a little above it, with covers in
equal steps, in turns, or by staying away. Half of the rings are firms of one owner, the others have nothing in common.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sandbox.economy import Economy
from sandbox.tables import party_codes
from sandbox.ties.ownership import Group
from sandbox.ties.truth import Ties

AUCTIONS: Final = 70  # the random stream of this module
SCHEMES: Final = ("cover", "equidistant", "rotation", "abstention")
FIRMS_PER_RING: Final = 60
MEMBERS: Final = (3, 5)
RING_AUCTIONS: Final = (14, 20)
OUTSIDER: Final = 0.25  # of a ring's auctions, those with an honest bidder in them
HONEST: Final = 4  # honest auctions for each of a ring
CIRCUIT: Final = 12  # honest firms that meet one another again and again
BIDS = {
    "auction": pl.String,
    "date": pl.Date,
    "buyer": pl.String,
    "bidder": pl.String,
    "reserve_fen": pl.Int64,
    "amount_fen": pl.Int64,
    "won": pl.Boolean,
}
# What an auction truly was: null where nobody colluded. A scheme's winner may lose to an honest outsider.
AUCTION = {"auction": pl.String, "ring": pl.String, "scheme": pl.String, "named": pl.String}
BIDDER = {"enterprise": pl.String, "ring": pl.String, "scheme": pl.String, "tied": pl.Boolean}
Bid: TypeAlias = tuple[str, date, str, str, int, int, bool]  # as in BIDS


@dataclass(frozen=True, slots=True)
class Ring:
    """Firms that collude, by which scheme, and whether one person owns them."""

    name: str
    scheme: str
    members: list[int]
    tied: bool


@dataclass(frozen=True, slots=True)
class _Auction:
    """One tender: its bids as shares of the reserve price, who colluded, and whom they had named."""

    bids: dict[int, float]
    ring: Ring | None = None
    named: int | None = None


def bids(economy: Economy, ties: Ties) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """Return all bids by auction, and the labels: of auctions and of the bidders that collude."""
    rng = np.random.default_rng([economy.plan.seed, AUCTIONS])
    codes = party_codes(economy).head(len(economy.firms)).to_list()
    founded = np.flatnonzero(economy.firms.born <= 0)
    rings = list(_rings(rng, founded, ties.ownership.groups))
    held = [auction for ring in rings for auction in _colluded(rng, ring, _others(founded, rings))]
    held += list(_honest(rng, _others(founded, rings), len(held) * HONEST))
    days = economy.calendar.days[np.is_busday(economy.calendar.days)]
    on = np.sort(rng.choice(days, len(held))).tolist()
    order = rng.permutation(len(held))
    rows, labels = list[Bid](), []
    for number, (day, place) in enumerate(zip(on, order.tolist(), strict=True), 1):
        name, ring = f"A{number:06}", held[place].ring
        rows += _rows(rng, name, day, held[place].bids, codes)
        named = held[place].named
        labels.append((name, ring and ring.name, ring and ring.scheme, None if named is None else codes[named]))
    members = [(codes[firm], ring.name, ring.scheme, ring.tied) for ring in rings for firm in ring.members]
    table = pl.DataFrame(rows, schema=BIDS, orient="row").with_columns(synthetic=pl.lit(value=True))
    truth = {
        "auctions": pl.DataFrame(labels, schema=AUCTION, orient="row"),
        "bidders": pl.DataFrame(members, schema=BIDDER, orient="row").sort(pl.all()),
    }
    return table, truth


def _rings(rng: np.random.Generator, firms: NDArray[np.int64], groups: list[Group]) -> Iterator[Ring]:
    """Give the rings: every second one a group of one owner, where there is one."""
    within = set(firms.tolist())
    owned = [
        list(group.members) for group in groups if len(group.members) >= MEMBERS[0] and within >= set(group.members)
    ]
    grouped = {firm for group in groups for firm in group.members}
    free = [firm for firm in rng.permutation(firms).tolist() if firm not in grouped]
    for number in range(max(len(firms) // FIRMS_PER_RING, len(firms) >= 20)):
        turn, place = divmod(number, len(SCHEMES))
        scheme, tied = SCHEMES[place], bool((turn + place) % 2 and owned)
        size = int(rng.integers(MEMBERS[0], MEMBERS[1] + 1))
        members = owned.pop(int(rng.integers(len(owned))))[: MEMBERS[1]] if tied else free[:size]
        if not tied:
            free = free[size:]
        if len(members) >= MEMBERS[0]:
            yield Ring(f"R{number}", scheme, members, tied)


def _others(firms: NDArray[np.int64], rings: list[Ring]) -> NDArray[np.int64]:
    """Return the firms that collude with nobody."""
    return np.setdiff1d(firms, [firm for ring in rings for firm in ring.members])


def _colluded(rng: np.random.Generator, ring: Ring, others: NDArray[np.int64]) -> Iterator[_Auction]:
    """Give the auctions of a ring; into some an honest outsider comes, and mostly wins."""
    for turn in range(int(rng.integers(RING_AUCTIONS[0], RING_AUCTIONS[1] + 1))):
        members = ring.members
        named = members[turn % len(members)] if ring.scheme == "rotation" else int(rng.choice(members))
        low = rng.uniform(0.94, 0.985)
        covers = [firm for firm in rng.permutation(members).tolist() if firm != named]
        if ring.scheme == "abstention":
            covers = covers[: int(rng.integers(2))]
        steps = _steps(rng, ring.scheme, len(covers))
        bids = {named: low, **{firm: low + step for firm, step in zip(covers, steps.tolist(), strict=True)}}
        outsiders = rng.choice(others, min(int(rng.random() < OUTSIDER), len(others)), replace=False).tolist()
        yield _Auction(bids | {firm: _offer(rng) for firm in outsiders}, ring, named)


def _steps(rng: np.random.Generator, scheme: str, count: int) -> NDArray[np.float64]:
    """Return how far above the named winner the others bid, as shares of the reserve price."""
    if scheme == "equidistant":
        return np.asarray(0.004 * np.arange(1, count + 1), dtype=np.float64)
    return rng.uniform(0.01, 0.03, count)


def _honest(rng: np.random.Generator, firms: NDArray[np.int64], count: int) -> Iterator[_Auction]:
    """Give auctions of firms that bid what they can: mostly of one circuit, so that honest firms meet often too."""
    circuits = [firms[start : start + CIRCUIT] for start in range(0, len(firms), CIRCUIT)]
    for _ in range(count if len(firms) else 0):
        circuit = circuits[int(rng.integers(len(circuits)))]
        wanted = min(int(rng.integers(3, 8)), len(circuit))
        bidders = rng.choice(circuit, wanted, replace=False).tolist()
        yield _Auction({firm: _offer(rng) for firm in bidders})


def _offer(rng: np.random.Generator) -> float:
    """Draw an honest bid as a share of the reserve price."""
    return float(np.clip(rng.normal(0.91, 0.045), 0.6, 1.0))


def _rows(
    rng: np.random.Generator, auction: str, day: date, shares: dict[int, float], codes: list[str]
) -> Iterator[Bid]:
    """Give the bids of one auction in whole thousands of yuan; of equal lowest ones the first in the list wins."""
    reserve = round(float(np.exp(rng.normal(15.0, 0.8))) / 1e4) * 1_000_000
    buyer = f"local:B{int(rng.integers(1, 21)):04}"
    amounts = {firm: min(round(reserve * share / 1e4) * 10_000, reserve) for firm, share in sorted(shares.items())}
    winner = min(amounts, key=lambda firm: amounts[firm])
    for firm, amount in amounts.items():
        yield auction, day, buyer, codes[firm], reserve, amount, firm == winner
