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
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array, eye_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from services.profile.graph.domain.control.ties import Tie

# Shares are stated in billionths: what lacks less than one lacks nothing.
FULL = 1 - 5e-10
TOLERANCE = 1e-14
# A direct solution is quick up to here, and always exact; large ones are iterated first, which converges in most books.
DIRECT, SWEEPS, SETTLED = 400, 400, 1e-15
# Of so few parties the inverse itself is quickest; entries from this size on mean that a ring is sealed, or nearly.
DENSE, WELL = 48, 1e4
# A ring of more firms than this is taken some columns at a time, so that it fits in memory.
LARGE, COLUMNS = 1_600, 256
Values = NDArray[np.float64]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Holdings:
    """Who holds how much of whom: `shares[i, j]` is what i holds of j; the columns sum to 1 at most."""

    names: Sequence[str]
    shares: csr_array
    known_turns: dict[int, Values] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def place(self) -> Mapping[str, int]:
        """The place of each name."""
        return {name: place for place, name in enumerate(self.names)}

    @cached_property
    def turned(self) -> csr_array:
        """The shares by held firm."""
        return self.shares.T.tocsr()

    @cached_property
    def rings(self) -> NDArray[np.int32]:
        """The strongly connected part that each place is in."""
        return np.asarray(connected_components(self.shares, directed=True, connection="strong")[1])

    def turns(self, ring: int) -> tuple[Places, Values]:
        """Return the members of a ring, and of each N_ii: how often what leaves it passes it again, once counted."""
        members = np.flatnonzero(self.rings == ring)
        if ring not in self.known_turns:
            self.known_turns[ring] = _diagonal(self.shares[members][:, members])
        return members, self.known_turns[ring]


def holdings(stakes: Iterable[Tie]) -> Holdings:
    """Return stakes as a matrix over the sorted names of all that they name."""
    known = [tie for tie in stakes if tie.share]
    names = sorted({name for tie in known for name in (tie.holder, tie.held)})
    at = {name: place for place, name in enumerate(names)}
    ends = ([at[tie.holder] for tie in known], [at[tie.held] for tie in known])
    return Holdings(names, csr_array(([tie.share for tie in known], ends), shape=(len(names), len(names))))


def owners(held: Holdings, firm: int) -> tuple[Places, Values]:
    """Return who owns how much of a firm, directly and through others: places and shares, the firm's own included."""
    over, into = _closure(held.turned, firm)
    at = int(np.searchsorted(over, firm))
    shares = _small(into, at) if len(over) <= DENSE else None
    if shares is None:
        shares = _owners(held, over, into, at)
    return over[shares > 0], shares[shares > 0]


def owned(held: Holdings, party: int) -> tuple[Places, Values]:
    """Return of which firms a party owns how much, directly and through others: places and shares."""
    under, out = _closure(held.shares, party)
    shares = _from(out.T.tocsr(), int(np.searchsorted(under, party)))
    return under[shares > 0], shares[shares > 0]


def _closure(rows: csr_array, start: int) -> tuple[Places, csr_array]:
    """Return all that is reached from a place, and the rows of these among themselves: no way leads out of them."""
    seen, layer = np.zeros(rows.shape[0], dtype=bool), np.array([start], dtype=np.int64)
    seen[start] = True
    layers = [layer]
    while len(layer):
        found = rows.indices[_entries(rows, layer)[0]]
        layer = np.sort(found[~seen[found]]).astype(np.int64)
        layer = layer[np.diff(layer, prepend=-1) > 0]
        seen[layer] = True
        layers.append(layer)
    reached = np.sort(np.concatenate(layers))
    entries, ends = _entries(rows, reached)
    local = np.searchsorted(reached, rows.indices[entries])
    return reached, csr_array((rows.data[entries], local, ends), shape=(len(reached), len(reached)))


def _entries(rows: csr_array, chosen: Places) -> tuple[Places, Places]:
    """Return where the entries of these rows lie, and where each row's entries end among them."""
    first, counts = rows.indptr[chosen], rows.indptr[chosen + 1] - rows.indptr[chosen]
    ends = np.concatenate([[0], np.cumsum(counts)])
    return np.arange(ends[-1]) + np.repeat(first - ends[:-1], counts), ends


def _small(into: csr_array, at: int) -> Values | None:
    """Return the owners of the firm at a place by the inverse itself; None where there is none, or nearly so."""
    inverse_of = np.eye(into.shape[0]) - into.toarray().T
    try:
        inverse = np.linalg.inv(inverse_of)
    except np.linalg.LinAlgError:
        return None
    if not np.abs(inverse).max() < WELL:
        return None
    turns = np.diag(inverse)
    shares = inverse[:, at] / turns
    shares[at] = 1 - 1 / turns[at]
    return np.where(shares > TOLERANCE, shares, 0.0)


def _owners(held: Holdings, over: Places, into: csr_array, at: int) -> Values:
    part, rings = into.T.tocsr(), held.rings[over]
    sealed = _sealed(part, rings)
    shares = np.zeros(len(over))
    if not sealed[at]:
        free = np.flatnonzero(~sealed)
        weight = _solved(part[free][:, free], _unit(len(free), int(np.searchsorted(free, at))))
        turns = _turns(held, over[free], rings[free])
        shares[free] = weight / turns
        shares[at] = 1 - 1 / turns[np.searchsorted(free, at)]
    for i in np.flatnonzero(sealed):
        shares[i] = _from(into, int(i))[at]
    return shares


def _from(into: csr_array, start: int) -> Values:
    """Return what one holder owns of all: nothing that comes back to it goes on from there."""
    first = into[:, [start]].toarray()[:, 0]
    keep = np.ones(into.shape[0])
    keep[start] = 0.0
    return _solved((into * keep).tocsr(), first)


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


def _sealed(part: csr_array, rings: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Tell which firms are in a ring whose members hold all shares of each other: it has no owner outside."""
    ends = part.tocoo()
    inside = rings[ends.row] == rings[ends.col]
    sums = np.bincount(ends.col[inside], ends.data[inside], minlength=part.shape[0])
    least = np.ones(rings.max(initial=0) + 1)
    np.minimum.at(least, rings, sums)
    return np.asarray(least[rings] >= FULL)


def _turns(held: Holdings, over: Places, rings: NDArray[np.int32]) -> Values:
    """Return N_ii of these places, 1 where one is on no ring; all of a ring are above a firm, or none."""
    turns = np.ones(len(over))
    for ring in np.flatnonzero(np.bincount(rings) > 1):
        members, values = held.turns(int(ring))
        turns[np.searchsorted(over, members)] = values
    return turns


def _diagonal(block: csr_array) -> Values:
    """Return the diagonal of (I - A)^-1 of a ring: by the inverse, or some columns at a time where it is large."""
    size = block.shape[0]
    if size <= LARGE:
        return np.diag(np.linalg.inv(np.eye(size) - block.toarray())).copy()
    found = np.empty(size)
    for first in range(0, size, COLUMNS):
        places = np.arange(first, min(first + COLUMNS, size))
        unit = np.zeros((size, len(places)))
        unit[places, places - first] = 1.0
        found[places] = _solved(block, unit)[places, places - first]
    return found


def _unit(size: int, place: int) -> Values:
    unit = np.zeros(size)
    unit[place] = 1.0
    return unit
