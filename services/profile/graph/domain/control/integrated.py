r"""Integrated ownership: how much of a firm a party owns directly and through all chains, rings among them.

With `a_ij` the share of firm j that i holds, integrated ownership is the solution of

    y_ij = a_ij + sum over k other than i of y_ik * a_kj

(Brioschi, Buzzacchi and Colombo 1989, Journal of Banking & Finance 13; Baldone, Brioschi and Paleari 1998, Ownership
measures among firms connected by cross-shareholdings; as the correction for cycles in Vitali, Glattfelder and Battiston
2011, PLoS ONE 6(10), supporting text). Leaving i itself out on the way keeps what flows back to i from being counted
again. With N = (I - A)^-1 it is N_ij / N_ii for j other than i, and 1 - 1/N_jj for j itself.

Where a ring of firms holds all of each other's shares, nobody outside owns any of them, and I - A has no inverse. The
equation still has one solution for each i, since leaving i out breaks the ring; that solution is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array, eye_array
from scipy.sparse.csgraph import breadth_first_order, connected_components
from scipy.sparse.linalg import splu

from services.profile.graph.domain.control.ties import Tie

# Nothing is lost beside this: shares are stated in billionths.
FULL = 1 - 1e-9
TOLERANCE = 1e-14
# A direct solution is quick up to here, and always exact; large ones are iterated first, which converges in most books.
DIRECT, SWEEPS, SETTLED = 400, 400, 1e-15
Values = NDArray[np.float64]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Holdings:
    """Who holds how much of whom: `shares[i, j]` is what i holds of j; the columns sum to 1 at most."""

    names: Sequence[str]
    shares: csr_array

    @cached_property
    def place(self) -> Mapping[str, int]:
        """The place of each name."""
        return {name: place for place, name in enumerate(self.names)}

    @cached_property
    def turned(self) -> csr_array:
        """The shares by held firm."""
        return self.shares.T.tocsr()


def holdings(stakes: Iterable[Tie]) -> Holdings:
    """Return stakes as a matrix over the sorted names of all that they name."""
    known = [tie for tie in stakes if tie.share]
    names = sorted({name for tie in known for name in (tie.holder, tie.held)})
    at = {name: place for place, name in enumerate(names)}
    ends = ([at[tie.holder] for tie in known], [at[tie.held] for tie in known])
    return Holdings(names, csr_array(([tie.share for tie in known], ends), shape=(len(names), len(names))))


def owners(held: Holdings, firm: int) -> tuple[Places, Values]:
    """Return who owns how much of a firm, directly and through others: places and shares, the firm's own included."""
    over = _reached(held.turned, firm)
    part = held.shares[over][:, over]
    rings = _rings(part)
    sealed = _sealed(part, rings)
    shares = np.zeros(len(over))
    at = int(np.searchsorted(over, firm))
    free = np.flatnonzero(~sealed)
    if not sealed[at]:
        inner = part[free][:, free]
        weight = _solved(inner, _unit(len(free), int(np.searchsorted(free, at))))
        turns = _turns(inner, rings[free], weight)
        shares[free] = weight / turns
        shares[at] = 1 - 1 / turns[np.searchsorted(free, at)]
    for i in np.flatnonzero(sealed):
        shares[i] = _from(part, int(i))[at]
    return over[shares > 0], shares[shares > 0]


def owned(held: Holdings, party: int) -> tuple[Places, Values]:
    """Return of which firms a party owns how much, directly and through others: places and shares."""
    under = _reached(held.shares, party)
    part = held.shares[under][:, under]
    shares = _from(part, int(np.searchsorted(under, party)))
    return under[shares > 0], shares[shares > 0]


def _reached(rows: csr_array, start: int) -> Places:
    return np.sort(breadth_first_order(rows, start, return_predecessors=False)).astype(np.int64)


def _from(part: csr_array, start: int) -> Values:
    """Return what one holder owns of all: nothing that comes back to it goes on from there."""
    cut = part.T.tocsr()
    first = cut[:, [start]].toarray()[:, 0]
    keep = np.ones(part.shape[0])
    keep[start] = 0.0
    return _solved((cut * keep).tocsr(), first)


def _solved(a: csr_array, b: Values) -> Values:
    """Solve x = b + a x for a nonnegative matrix whose powers vanish.

    Sweeps end where chains end, or where what is added is lost in rounding; a slow ring is solved directly.
    """
    if a.shape[0] > DIRECT:
        x, added = b.copy(), b
        for _ in range(SWEEPS):
            added = a @ added
            x += added
            if added.max(initial=0.0) <= SETTLED * max(1.0, x.max(initial=0.0)):
                return x
    return np.asarray(splu(csc_array(eye_array(a.shape[0]) - a)).solve(b))


def _rings(part: csr_array) -> NDArray[np.int32]:
    return np.asarray(connected_components(part, directed=True, connection="strong")[1])


def _sealed(part: csr_array, rings: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Tell which firms are in a ring whose members hold all shares of each other: it has no owner outside."""
    ends = part.tocoo()
    inside = rings[ends.row] == rings[ends.col]
    sums = np.bincount(ends.col[inside], ends.data[inside], minlength=part.shape[0])
    least = np.ones(rings.max(initial=0) + 1)
    np.minimum.at(least, rings, sums)
    return np.asarray(least[rings] >= FULL)


def _turns(part: csr_array, rings: NDArray[np.int32], weight: Values) -> Values:
    """Return N_ii: how often what leaves a firm passes it, 1 where it is on no ring."""
    turns = np.ones(part.shape[0])
    sizes = np.bincount(rings)
    for ring in np.flatnonzero(sizes > 1):
        members = np.flatnonzero(rings == ring)
        block = part[members][:, members]
        if len(members) <= DIRECT * 4:
            turns[members] = np.diag(np.linalg.inv(np.eye(len(members)) - block.toarray()))
        else:
            for place, member in enumerate(members):
                if weight[member] > TOLERANCE:
                    turns[member] = _solved(block, _unit(len(members), place))[place]
    return turns


def _unit(size: int, place: int) -> Values:
    unit = np.zeros(size)
    unit[place] = 1.0
    return unit
