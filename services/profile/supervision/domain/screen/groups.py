"""Groups of bidders: joined by pairs that weigh enough, each member tied to the others by a path of such pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import combinations
from math import log

import rustworkx as rx

# From here on a pair is a hint and joins a group (ours, 2026-11: nearly all planted pairs are found; ADR 40).
JOINS = 5.0
# The words of forensic science for a likelihood ratio, from each on (ENFSI guideline for evaluative reporting, 2015).
LEVELS = ((1000.0, "strong"), (100.0, "moderately-strong"), (10.0, "moderate"), (0.0, "weak"))


@dataclass(frozen=True, slots=True)
class Pair:
    """Two bidders and the likelihood ratio of all that ties them."""

    one: str
    other: str
    ratio: float


@dataclass(frozen=True, slots=True)
class Path:
    """How two members of a group are tied: the bidders from one to the other, each tied to the next.

    `weakest` is the least likelihood ratio on the way; the path is the one where that is greatest.
    """

    bidders: tuple[str, ...]
    weakest: float


@dataclass(frozen=True, slots=True)
class Group:
    """Bidders who hang together, in the order of their ids, with the path between each two of them."""

    bidders: tuple[str, ...]
    paths: tuple[Path, ...]


def level(ratio: float) -> str:
    """Return the word for a likelihood ratio: weak, moderate, moderately-strong, strong.

    >>> level(7.2), level(100), level(54_000)
    ('weak', 'moderately-strong', 'strong')
    """
    return next(word for least, word in LEVELS if ratio >= least)


def groups(pairs: Sequence[Pair], least: float = JOINS) -> list[Group]:
    """Return the groups of two and more, the largest first, with the widest path between each two members."""
    joined = [pair for pair in pairs if pair.ratio >= least]
    names = sorted({name for pair in joined for name in (pair.one, pair.other)})
    place = {name: at for at, name in enumerate(names)}
    graph: rx.PyGraph[str, float] = rx.PyGraph()
    graph.add_nodes_from(names)
    graph.add_edges_from([(place[pair.one], place[pair.other], pair.ratio) for pair in joined])
    parts = [sorted(names[at] for at in part) for part in rx.connected_components(graph)]
    near: dict[str, dict[str, float]] = {name: {} for name in names}
    for pair in joined:
        near[pair.one][pair.other] = near[pair.other][pair.one] = pair.ratio
    return [_group(part, near) for part in sorted(parts, key=lambda part: (-len(part), part))]


def _group(members: Sequence[str], near: dict[str, dict[str, float]]) -> Group:
    widest = {one: _widest(one, near) for one in members}
    return Group(tuple(members), tuple(widest[one][other] for one, other in combinations(members, 2)))


def _widest(start: str, near: dict[str, dict[str, float]]) -> dict[str, Path]:
    """Return the path to each bidder whose weakest tie is strongest, the shortest and first of such."""
    found: dict[str, Path] = {}
    waiting: list[tuple[float, int, tuple[str, ...], float]] = [(0.0, 1, (start,), float("inf"))]
    while waiting:
        _, _, way, weakest = heappop(waiting)
        if way[-1] in found:
            continue
        found[way[-1]] = Path(way, weakest)
        for name, ratio in sorted(near[way[-1]].items()):
            if name not in found:
                least = min(weakest, ratio)
                heappush(waiting, (-log(least), len(way) + 1, (*way, name), least))
    return found
