"""Dropping hops that can be in no ring: those outside every strongly connected part of their window and amount.

All amounts of a ring lie within `ratio` of each other. Cells of twice that width, each begun halfway through the one
before, so hold every ring whole; a ring is a closed path, so its hops lie in one strongly connected component of one.
"""

from __future__ import annotations

from math import inf, log

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from services.profile.graph.domain.rings.hashes import bits_for, slots
from services.profile.graph.domain.rings.hops import Flags, Hops, Ints, alive

# Narrower cells gain nothing: amounts that near are alike.
NARROWEST = 1e-3


def knotted(hops: Hops, ratio: float) -> Flags:
    """Return which hops, all of one window of time, can be in a ring of amounts within `ratio` of each other."""
    if ratio == inf:
        return _strong(hops.seller, hops.buyer)
    width = max(log(ratio), NARROWEST)
    # Rounding must part nothing that lies just within the ratio.
    cell = np.floor(np.log(hops.amount) / (width * (1 + 1e-9))).astype(np.int64)
    cell -= cell.min(initial=0)
    found = np.zeros(len(hops), np.bool_)
    for shift in (0, 1):
        found |= _in_cells(hops, (cell + shift) // 2)
    return found


def _in_cells(hops: Hops, cell: Ints) -> Flags:
    nodes = int(max(hops.seller.max(initial=0), hops.buyer.max(initial=0))) + 1
    return _strong(cell * nodes + hops.seller, cell * nodes + hops.buyer)


def _strong(seller: Ints, buyer: Ints) -> Flags:
    """Return which edges lie within a strongly connected component; nodes have any numbers."""
    bits = bits_for(len(seller))
    # Two nodes in one slot keep an edge too many; what is left is few, and is told apart exactly.
    left = np.flatnonzero(alive(slots(seller, bits), slots(buyer, bits)))
    _, dense = np.unique(np.concatenate([seller[left], buyer[left]]), return_inverse=True)
    tail, head = dense[: len(left)], dense[len(left) :]
    nodes = int(dense.max(initial=-1)) + 1
    found = np.zeros(len(seller), np.bool_)
    if len(left):
        graph = csr_array((np.ones(len(left), np.bool_), (tail, head)), shape=(nodes, nodes))
        _, part = connected_components(graph, directed=True, connection="strong")
        found[left] = part[tail] == part[head]
    return found
