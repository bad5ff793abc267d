"""Ownership and control in a graph with rings: ours beside networkx swept by hand and beside dense linear algebra.

100,000 firms, each with three holders on average, four in ten of them firms: chains, rings and one large tangle. Both
sides answer for the same firms: who owns how much of each (integrated, rings counted once), and what each controls. The
peer is a networkx graph, swept until nothing changes, as one would write it; its answers must be ours.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from sandbox.economy import Plan, simulate
from sandbox.ties.truth import draw_ties
from services.profile.book.domain.relation import DATASET, sealed
from services.profile.graph.domain.control.group import group
from services.profile.graph.domain.control.integrated import Holdings, owners
from services.profile.graph.domain.control.majority import Votes, controlled
from services.profile.graph.domain.control.ties import WHOLE, Tie, Ties, ties_of
from services.profile.graph.domain.control.ultimate import top

FIRMS, HOLDERS, SMALL = 100_000, 3, 1_000
ASKED, HEADS, HEADS_OF_PEER = 12, 2_000, 200
ENOUGH = 1e-15
SEED = 35


@dataclass(frozen=True, slots=True)
class Graph:
    """Stakes by place: firms come first, then as many persons; `share` is of the held firm, up to 1 in all."""

    firms: int
    holder: NDArray[np.int64]
    held: NDArray[np.int64]
    share: NDArray[np.float64]

    @property
    def size(self) -> int:
        """Firms and persons."""
        return 2 * self.firms

    def matrix(self) -> csr_array:
        """Return the shares by holder and held."""
        return csr_array((self.share, (self.holder, self.held)), shape=(self.size, self.size))


def graph(firms: int, seed: int) -> Graph:
    """Draw who holds whom: no two stakes alike, nobody holds of itself, a firm's stakes are nearly the whole."""
    rng = np.random.default_rng(seed)
    held = rng.integers(0, firms, firms * HOLDERS)
    holder = np.where(
        rng.random(len(held)) < 0.4, rng.integers(0, firms, len(held)), firms + rng.integers(0, firms, len(held))
    )
    pairs = np.unique(np.column_stack([holder, held])[holder != held], axis=0)
    weight = rng.exponential(size=len(pairs)) + 0.05
    total = np.bincount(pairs[:, 1], weight, minlength=2 * firms)
    share = weight / total[pairs[:, 1]] * rng.choice([0.9, 0.98, 0.999], 2 * firms)[pairs[:, 1]]
    return Graph(firms, pairs[:, 0], pairs[:, 1], share)


def run() -> dict[str, Any]:
    """Measure owners and control, and the largest difference from dense linear algebra and from the peer."""
    large, small = graph(FIRMS, SEED), graph(SMALL, SEED)
    swept = nx.DiGraph()
    swept.add_weighted_edges_from(zip(large.holder.tolist(), large.held.tolist(), large.share.tolist(), strict=True))
    asked = np.random.default_rng(1).choice(FIRMS, ASKED, replace=False).tolist()
    ours, peer, apart, (once, about) = _owners(large, swept, asked)
    control = _control(large, swept)
    exact, dense_seconds, our_seconds = _beside_dense(small)
    stakes = f"{FIRMS:,} firms, {len(large.share):,} stakes"
    rows = [
        _row(f"owners of a firm among {stakes}, mean of {ASKED}", 1e3 * ours, 1e3 * peer, "ms"),
        _figure("before the first of these, once", once, None, "s"),
        _row(f"what a party controls there, mean of {HEADS:,}", *control[:2], "µs"),
        _row(f"owners of every firm of {SMALL:,}, each asked by itself; one inverse", our_seconds, dense_seconds, "s"),
        _figure("largest difference from dense linear algebra", exact, 1e-9, "share"),
        _figure("largest difference from the peer", apart, 1e-9, "share"),
        _figure("controlled sets that differ from the peer's", control[2], 0, ""),
        _planted(),
    ]
    title = "Ownership and control beside networkx and numpy"
    return {"name": "graph_ownership", "title": title, "rows": rows, "rings": about}


def _names(size: int) -> list[str]:
    return [str(at) for at in range(size)]


def _owners(large: Graph, swept: nx.DiGraph, asked: Sequence[int]) -> tuple[float, float, float, tuple[float, str]]:
    held = Holdings(_names(large.size), large.matrix())
    held.turned  # noqa: B018 - made once for all questions, as the peer's graph is
    start, sizes = time.perf_counter(), np.bincount(held.rings)
    held.turns(int(sizes.argmax()))
    once = time.perf_counter() - start
    taken, found = [], {}
    for firm in asked:
        start = time.perf_counter()
        found[firm] = dict(zip(*(each.tolist() for each in owners(held, firm)), strict=True))
        taken.append(time.perf_counter() - start)
    peers, apart = [], 0.0
    for firm in asked:
        start = time.perf_counter()
        theirs = _swept_owners(swept, firm)
        peers.append(time.perf_counter() - start)
        apart = max([apart, *(abs(share - found[firm].get(party, 0.0)) for party, share in theirs.items())])
    ours = float(np.mean(taken))
    about = f"its largest ring has {sizes.max():,} firms"
    return ours, float(np.mean(peers)), apart, (once, about)


def _swept_owners(graph: nx.DiGraph, firm: int) -> dict[int, float]:
    """Return what persons own of a firm: shares pushed up from it until nothing is left on the way.

    A person is held by nobody, so that what reaches one is its integrated ownership.
    """
    owned, moving = dict[int, float](), {firm: 1.0}
    while moving and sum(moving.values()) > ENOUGH:
        above: dict[int, float] = {}
        for held, weight in moving.items():
            for holder, _, told in graph.in_edges(held, data=True):
                above[holder] = above.get(holder, 0.0) + weight * told["weight"]
        persons = {party: share for party, share in above.items() if party >= FIRMS}
        for party, share in persons.items():
            owned[party] = owned.get(party, 0.0) + share
        moving = {party: share for party, share in above.items() if party < FIRMS}
    return owned


def _control(large: Graph, swept: nx.DiGraph) -> tuple[float, float, int]:
    """Return microseconds a party of ours and of the peer, and how many sets differ."""
    parts = np.round(large.share * WHOLE).astype(int).tolist()
    names = [str(i) for i in range(large.size)]
    ends = zip(large.holder.tolist(), large.held.tolist(), parts, strict=True)
    votes = Votes(Ties(tuple(Tie("shareholder", names[i], names[j], share) for i, j, share in ends)))
    votes.stakes, votes.declared  # noqa: B018 - made once
    heads = np.random.default_rng(2).choice(np.unique(large.holder), HEADS, replace=False).tolist()
    start = time.perf_counter()
    found = {head: set(controlled(votes, [names[head]])) for head in heads}
    ours = (time.perf_counter() - start) / len(heads)
    start = time.perf_counter()
    theirs = {head: _swept_control(swept, head) for head in heads[:HEADS_OF_PEER]}
    peer = (time.perf_counter() - start) / len(theirs)
    differ = sum({names[i] for i in some} != found[head] for head, some in theirs.items())
    return 1e6 * ours, 1e6 * peer, differ


def _swept_control(graph: nx.DiGraph, head: int) -> set[int]:
    """Return what a party controls: every firm below asked again and again until no majority is new."""
    inside, grown = {head}, True
    while grown:
        near = {held for member in inside for held in graph.successors(member)} - inside
        new = {f for f in near if sum(d["weight"] for i, _, d in graph.in_edges(f, data=True) if i in inside) > 0.5}
        inside, grown = inside | new, bool(new)
    return inside - {head}


def _beside_dense(small: Graph) -> tuple[float, float, float]:
    """Return the largest difference from the inverse over all owners of all firms, its seconds, and ours."""
    shares = small.matrix()
    start = time.perf_counter()
    inverse = np.linalg.inv(np.eye(small.size) - shares.toarray())
    turns = np.diag(inverse)
    expected = inverse / turns[:, None]
    expected[np.diag_indices(small.size)] = 1 - 1 / turns
    dense = time.perf_counter() - start
    held, worst, start = Holdings(_names(small.size), shares), 0.0, time.perf_counter()
    found = [owners(held, firm) for firm in range(small.firms)]
    ours = time.perf_counter() - start
    for firm, (places, values) in enumerate(found):
        whole = np.zeros(small.size)
        whole[places] = values
        worst = max(worst, float(np.abs(whole - expected[:, firm]).max()))
    return worst, dense, ours


def _planted() -> dict[str, Any]:
    """Return how many groups of a sandbox economy are found whole with their person at the top, of how many."""
    economy = simulate(Plan(firms=2_000, months=14, seed=9))
    drawn = draw_ties(economy)
    rows = sealed(drawn.relations.with_row_index("line").cast({"line": pl.Int64}), b"k" * 32)
    held = DATASET.conform(rows).with_columns(import_id=pl.lit("imp_register"))
    ties = ties_of(held, economy.calendar.days[-1].item(), ())
    groups = drawn.labels["owners"].group_by("group").agg(pl.col("enterprise").sort())["enterprise"].to_list()
    found = [_firms(ties, firms[0]) for firms in groups]
    whole = sum(one == firms for one, firms in zip(found, groups, strict=True))
    what = "planted groups of the sandbox found whole (2,000 firms)"
    return {"what": what, "ours": whole, "peer": len(groups), "unit": "groups", "ratio": whole / len(groups)}


def _firms(ties: Ties, firm: str) -> list[str]:
    return [one.enterprise for one in group(ties, firm, top(ties, firm)).members]


def _figure(what: str, ours: float, peer: float | None, unit: str) -> dict[str, Any]:
    return {"what": what, "ours": ours, "peer": peer, "unit": unit, "ratio": None}


def _row(what: str, ours: float, peer: float, unit: str) -> dict[str, Any]:
    return {"what": what, "ours": round(ours, 4), "peer": round(peer, 4), "unit": unit, "ratio": round(ours / peer, 4)}
