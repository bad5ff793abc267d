"""Addresses and phones: most firms have their own, groups often share, and agents lend theirs to many."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import numpy as np

from sandbox.ties.ownership import Ownership
from sandbox.ties.tie import Registry, Tie

KINDS: Final = ("address", "phone")
TOGETHER: Final = {"address": 0.6, "phone": 0.5}  # of the groups, those at one address, with one phone
FIRMS_PER_AGENT: Final = 100  # one agent in so many firms: registration at its address, bookkeeping with its phone
CLIENTS: Final = (5, 9)  # least and most firms of an agent
FIRMS_PER_PAIR: Final = 60  # two firms in so many share one and nothing else
MOVED: Final = 0.08  # of all firms, those that moved, or changed their number, within the book

Labels = list[tuple[str, str, str, str]]


def draw_places(rng: np.random.Generator, firms: Registry, owned: Ownership) -> tuple[list[Tie], Labels]:
    """Draw where firms sit and how they are reached; labels of shared ones: (firm, address or phone, which, why)."""
    ties, labels = list[Tie](), Labels()
    for kind in KINDS:
        shared = _shared(rng, kind, owned, len(firms))
        for firm, code in enumerate(firms.codes):
            name, why = shared.get(firm, (f"{kind}F{firm}", None))
            day = firms.within(rng, firm) if rng.random() < MOVED else None
            if day is not None:
                before = day - timedelta(days=1)
                ties.append(Tie(code, kind, f"{kind}Z{firm}", since=firms.founded[firm], until=before))
            ties.append(Tie(code, kind, name, since=day or firms.founded[firm]))
            if why:
                labels.append((code, kind, name, why))
    return ties, labels


def _shared(rng: np.random.Generator, kind: str, owned: Ownership, count: int) -> dict[int, tuple[str, str]]:
    """Return the firms that share, each with what it shares and why: its group, an agent, or nothing one could see."""
    found: dict[int, tuple[str, str]] = {}
    for group in owned.groups:
        if rng.random() < TOGETHER[kind]:
            found |= dict.fromkeys(group.members, (f"{kind}{group.name}", "group"))
    free = sorted(owned.owners)
    order = [free[place] for place in rng.permutation(len(free))]
    sizes = [("agent", int(rng.integers(CLIENTS[0], CLIENTS[1] + 1))) for _ in range(count // FIRMS_PER_AGENT)]
    for number, (why, size) in enumerate([*sizes, *[("pair", 2)] * (count // FIRMS_PER_PAIR)]):
        if len(order) >= size:
            found |= dict.fromkeys(order[:size], (f"{kind}{why}{number}", why))
            del order[:size]
    return found
