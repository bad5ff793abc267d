"""A made-up market of tenders with groups planted in it: whose ties show, how they bid, and what only looks like a tie.

Every share below is assumed (ours, 2026-11), not measured anywhere: most groups hide some of their ties, some hide all.
What misleads is planted too: addresses and phones of registration agents, common names, honest firms that share
an owner, an address or a phone or trade with each other, neighbours who always meet at the same tenders.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import combinations

import polars as pl

from services.profile.book.domain import relation
from services.profile.supervision.domain.screen.auction import Auction, Bid, auction, in_order

TODAY = date(2026, 6, 30)
TRADES = 12
# Of a pair of one group: how often each tie shows in the files or documents.
SHOWN = {
    "controller": 0.45,
    "person-in-charge": 0.12,
    "address": 0.40,
    "phone": 0.35,
    "guarantor": 0.15,
    "trade": 0.20,
}
ON_PAPER = {"prepared_by": 0.30, "managers": 0.15, "deposit_from": 0.20, "agent": 0.25}
# Of firms: how many name an agent's address or phone, a common name; how many share an owner, an address or a phone
# with one honest rival of their trade (a family, a building, a bookkeeper).
AGENTS, COMMON_NAMES = 0.08, 0.05
FILED = 0.6  # of controllers that an honest firm's file names
SHARED = {"controller": 0.01, "address": 0.04, "phone": 0.02}
AGENT_OF_MANY = 0.10  # of tender documents that honest firms have made by a known agency
# Of pairs of honest rivals that trade, and that guarantee for one another.
HONEST_TRADE, HONEST_GUARANTEE = 0.005, 0.002


@dataclass
class Market:
    """Firms by trade, the group of each firm that is in one, relations as a lake gives them, past auctions, trade."""

    trades: list[list[str]]
    group_of: dict[str, int]
    relations: pl.DataFrame
    past: tuple[Auction, ...]
    traded: set[tuple[str, str]]
    crowds: dict[str, int]
    paper: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)

    def same(self, one: str, other: str) -> bool:
        """Tell whether two firms are of one planted group."""
        return one in self.group_of and self.group_of[one] == self.group_of.get(other)


def market(seed: int, firms: int = 600, groups: int = 40, auctions: int = 900) -> Market:
    """Make a market: firms of twelve trades, groups of three to five within a trade, auctions of three years."""
    rng = random.Random(seed)
    names = [f"local:B{at:04d}" for at in range(firms)]
    trades = [names[at::TRADES] for at in range(TRADES)]
    group_of: dict[str, int] = {}
    members: list[list[str]] = []
    for number in range(groups):
        free = [name for name in trades[number % TRADES] if name not in group_of]
        chosen = sorted(rng.sample(free, rng.randint(3, 5)))
        group_of.update(dict.fromkeys(chosen, number))
        members.append(chosen)
    rows = _own(trades, rng) + [row for group in members for row in _tied(group, rng)]
    relations = _frame(rows)
    paper = _paper(names, members, rng)
    traded = {pair for group in members for pair in combinations(group, 2) if rng.random() < SHOWN["trade"]}
    traded |= {pair for trade in trades for pair in combinations(trade, 2) if rng.random() < HONEST_TRADE}
    crowds = dict(relations.group_by("party").agg(pl.col("enterprise").n_unique()).iter_rows())
    return Market(trades, group_of, relations, _auctions(trades, members, rng, auctions), traded, crowds, paper)


def tender(held: Market, rng: random.Random, *, size: int = 8) -> tuple[list[str], Auction]:
    """Return the bidders and bids of a tender: one group's members, or none, among others of their trade."""
    trade = rng.choice(held.trades)
    numbers = sorted({held.group_of[name] for name in trade if name in held.group_of})
    ring: list[str] = []
    if numbers and rng.random() < 0.7:
        number = rng.choice(numbers)
        ring = [name for name in trade if held.group_of.get(name) == number]
        ring = sorted(rng.sample(ring, min(len(ring), rng.randint(2, 5))))
    others = [name for name in trade if name not in ring]
    bidders = sorted([*ring, *rng.sample(others, size - len(ring))])
    return bidders, _auction("present", bidders, ring, rng, TODAY)


def _own(trades: Sequence[Sequence[str]], rng: random.Random) -> list[tuple[str, str, str]]:
    """Return what each firm's file says of itself, with what misleads."""
    rows = []
    for trade in trades:
        for name in trade:
            person = f"common {rng.randrange(8)}" if rng.random() < COMMON_NAMES else f"person-in-charge of {name}"
            rows.append((name, "person-in-charge", person))
            agent = rng.random() < AGENTS
            rows += [(name, "controller", f"controller of {name}")] if rng.random() < FILED else []
            whose = f"agent {rng.randrange(3)}" if agent else name
            rows += [(name, sort, f"{sort} of {whose}") for sort in ("address", "phone")]
            shared = [sort for sort, share in SHARED.items() if rng.random() < share]
            rows += [(name, sort, f"{sort} of {rng.choice(trade)}") for sort in shared]
            if rng.random() < HONEST_GUARANTEE * len(trade):
                rows.append((name, "guarantor", rng.choice(trade)))
    return [row for row in rows if row[0] != row[2]]


def _tied(group: Sequence[str], rng: random.Random) -> list[tuple[str, str, str]]:
    """Return the relations that show of a group: each tie of some of its members, so that many pairs show none."""
    rows = []
    for sort, share in SHOWN.items():
        if sort == "trade":
            continue
        showing = [name for name in group if rng.random() < share**0.5]
        party = group[0] if sort == "guarantor" else f"{sort} of {group[0]} and friends"
        rows += [(name, sort, party) for name in showing if name != party]
    return rows


def _frame(rows: Sequence[tuple[str, str, str]]) -> pl.DataFrame:
    """Return relations as a lake gives them; parties stand for keyed hashes."""
    unique = sorted(set(rows))
    columns = {
        "enterprise": [row[0] for row in unique],
        "relation": [row[1] for row in unique],
        "party": [row[2] for row in unique],
    }
    frame = pl.DataFrame(columns)
    absent = [
        pl.lit(None, dtype=kind).alias(name) for name, kind in relation.SCHEMA.items() if name not in frame.columns
    ]
    return frame.with_columns(absent).select(list(relation.SCHEMA))


def _paper(
    names: Sequence[str], members: Sequence[Sequence[str]], rng: random.Random
) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return what tender documents show; an agency serves honest firms too."""
    said: dict[str, dict[str, tuple[str, ...]]] = {
        name: {
            "agent": (f"agency {rng.randrange(40)}" if rng.random() < AGENT_OF_MANY else name,),
            "prepared_by": (f"agency {rng.randrange(200)}" if rng.random() < AGENT_OF_MANY / 2 else name,),
            "managers": (f"manager of {name}",),
            "deposit_from": (name,),
        }
        for name in names
    }
    for group in members:
        for sort, share in ON_PAPER.items():
            for name in group:
                if rng.random() < share**0.5:
                    said[name][sort] = (f"friend of {group[0]}",)
    return said


def _auctions(
    trades: Sequence[Sequence[str]], members: Sequence[Sequence[str]], rng: random.Random, count: int
) -> tuple[Auction, ...]:
    """Return auctions of three years: some with a group that takes turns, all with neighbours who often meet."""
    activity = {name: rng.paretovariate(1.5) for trade in trades for name in trade}
    made, turn = [], [0] * len(members)
    for at in range(count):
        place = at % len(trades)
        here = [number for number in range(len(members)) if members[number][0] in trades[place]]
        ring: list[str] = []
        if here and rng.random() < 0.45:
            number = rng.choice(here)
            ring = [name for name in members[number] if rng.random() < 0.85]
            turn[number] += 1
            ring = ring[turn[number] % len(ring) :] + ring[: turn[number] % len(ring)] if ring else []
        others = [name for name in trades[place] if name not in ring]
        wanted = rng.randint(2, 6)
        neighbours = _drawn(others, [activity[name] for name in others], wanted, rng)
        day = TODAY - timedelta(days=1 + (count - at))
        made.append(_auction(f"A{at:04d}", [*ring, *sorted(neighbours)], ring, rng, day))
    return in_order(made)


def _drawn(names: Sequence[str], weights: Sequence[float], count: int, rng: random.Random) -> list[str]:
    keyed = sorted(zip(weights, names, strict=True), key=lambda pair: rng.random() ** (1 / pair[0]), reverse=True)
    return [name for _, name in keyed[:count]]


def _auction(name: str, bidders: Sequence[str], ring: Sequence[str], rng: random.Random, day: date) -> Auction:
    """Return an auction: honest bids around costs; of a group the first bids to win, the others step aside above it."""
    reserve = round(rng.lognormvariate(14, 1)) * 100
    bids = {each: reserve * rng.uniform(0.80, 0.99) for each in bidders}
    if len(ring) > 1:
        best = reserve * rng.uniform(0.80, 0.93)
        even, step = rng.random() < 0.3, rng.uniform(0.008, 0.02)
        for at, each in enumerate(ring):
            aside = step * at if even else (0.0 if at == 0 else rng.uniform(0.01, 0.05))
            bids[each] = best * (1 + aside)
    grain = 10_000 if reserve > 5_000_000 else 1_000
    return auction(
        name,
        [Bid(each, max(grain, round(amount / grain) * grain)) for each, amount in bids.items()],
        day=day,
        reserve_fen=reserve,
    )
