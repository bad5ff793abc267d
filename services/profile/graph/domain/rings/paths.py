"""Growing paths of hops by joins on sorted arrays, and closing two of them into a ring."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import log
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from services.profile.graph.domain.rings.hops import Flags, Hops, Ints, Reals
from services.profile.graph.domain.rings.terms import Terms

# Logarithms are rounded: a bucket too many is looked into, and none too few.
SLACK = 1e-9
# Bits of a slot of the table of hashes: 4 MB.
SLOTS = 22
Slots: TypeAlias = npt.NDArray[np.uint64]


class TooMany(Exception):
    """A join would look at more candidates than may be held together."""


class Tally:
    """How many candidates were looked at in all, and how many may be together."""

    def __init__(self, together: int) -> None:
        self.seen, self._together = 0, together

    def add(self, count: int) -> None:
        """Count candidates before they are made; raises `TooMany`."""
        if count > self._together:
            raise TooMany
        self.seen += count


@dataclass(frozen=True, slots=True)
class Paths:
    """Open paths: the hops (places in Hops, a row a path), and between which days and amounts the next one may lie."""

    hops: Ints
    earliest: Ints
    latest: Ints
    least: Reals
    most: Reals

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.hops)

    def of(self, chosen: Flags) -> Paths:
        """Return some of them."""
        return Paths(
            self.hops[chosen], self.earliest[chosen], self.latest[chosen], self.least[chosen], self.most[chosen]
        )


def _among(pairs: Ints, others: Ints) -> Flags:
    """Tell which numbers may be among others: all that are, and a few that are not, by a table of hashes."""
    table = np.zeros(1 << SLOTS, np.bool_)
    table[_slots(others)] = True
    return np.asarray(table[_slots(pairs)])


def _slots(numbers: Ints) -> Slots:
    return np.asarray(numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(64 - SLOTS))


class Search:
    """One window's hops, sorted for looking up who sold what next."""

    def __init__(self, hops: Hops, terms: Terms, tally: Tally) -> None:
        self.hops, self.terms, self.tally = hops, terms, tally
        self._first_day = int(hops.day.min(initial=0))
        self._days = int(hops.day.max(initial=0)) - self._first_day + 2
        self._width = max(log(terms.ratio), 1e-3) if terms.tolerance < 1 else None
        self._floor = 0
        bucket = self._bucket(hops.amount)
        self._floor = int(bucket.min(initial=0))
        self._buckets = int(bucket.max(initial=0)) - self._floor + 1
        key = (hops.seller * self._buckets + bucket - self._floor) * self._days + hops.day - self._first_day
        self._order = np.argsort(key, kind="stable")
        self._key = key[self._order]

    @cached_property
    def nodes(self) -> int:
        """One more than the largest number of a node."""
        return int(max(self.hops.seller.max(initial=0), self.hops.buyer.max(initial=0))) + 1

    def begun(self, first: Ints, *, opening: bool) -> Paths:
        """Return paths of one hop: as the first half of a ring (`opening`: held to that hop), or as any second half."""
        day, amount, terms = self.hops.day[first], self.hops.amount[first], self.terms
        if opening:
            least, most = amount * terms.least, amount * terms.most
        else:
            least, most = amount / terms.ratio, amount * terms.ratio
        earliest = day if terms.ordered or opening else day - terms.days
        return Paths(first[:, None], earliest, day + terms.days, least, most)

    def longer(self, paths: Paths, *, opening: bool) -> Paths:
        """Return all paths that are one hop longer, to somebody new."""
        rows, added = self._onward(paths)
        hops, chain = self.hops, paths.hops[rows]
        new = hops.buyer[added]
        fits = (hops.amount[added] >= paths.least[rows]) & (hops.amount[added] <= paths.most[rows])
        for column in chain.T:
            fits &= hops.seller[column] != new
        rows, added, chain = rows[fits], added[fits], chain[fits]
        return self._narrowed(paths, rows, added, np.column_stack([chain, added]), opening=opening)

    def closed(self, fore: Paths, back: Paths) -> Ints:
        """Return the rings (hops, a row a ring) of a first half and a second half that leads back to its start."""
        hops = self.hops
        seller, buyer = hops.seller, hops.buyer
        pair = seller[back.hops[:, 0]] * self.nodes + buyer[back.hops[:, -1]]
        wanted = buyer[fore.hops[:, -1]] * self.nodes + seller[fore.hops[:, 0]]
        fore, wanted = fore.of(meets := _among(wanted, pair)), wanted[meets]
        back_hops, pair = back.hops[meets := _among(pair, wanted)], pair[meets]
        days = hops.day[back_hops]
        key = pair * self._days + days[:, 0] - self._first_day
        order = np.argsort(key, kind="stable")
        low = wanted * self._days + fore.earliest - self._first_day
        high = wanted * self._days + np.minimum(fore.latest - self._first_day, self._days - 1)
        rows, places = self._ranges(key[order], low, high)
        ends = back_hops[order[places]]
        fits = np.ones(len(rows), np.bool_)
        for column in ends.T:
            day, amount = hops.day[column], hops.amount[column]
            fits &= (day <= fore.latest[rows]) & (day >= fore.earliest[rows])
            fits &= (amount >= fore.least[rows]) & (amount <= fore.most[rows])
        rows, ends = rows[fits], ends[fits]
        starts = fore.hops[rows]
        return np.column_stack([starts, ends])[self._apart(starts, ends)]

    def _apart(self, starts: Ints, ends: Ints) -> Flags:
        """Tell which halves share nobody but the two where they meet."""
        seller = self.hops.seller
        fits = np.ones(len(starts), np.bool_)
        for one in starts[:, 1:].T:
            for other in ends[:, 1:].T:
                fits &= seller[one] != seller[other]
        return fits

    def _narrowed(self, paths: Paths, rows: Ints, added: Ints, chain: Ints, *, opening: bool) -> Paths:
        day, amount, terms = self.hops.day[added], self.hops.amount[added], self.terms
        earliest, latest, least, most = paths.earliest[rows], paths.latest[rows], paths.least[rows], paths.most[rows]
        if terms.ordered:
            earliest = day
        elif not opening:
            earliest, latest = np.maximum(earliest, day - terms.days), np.minimum(latest, day + terms.days)
        if not opening:
            least, most = np.maximum(least, amount / terms.ratio), np.minimum(most, amount * terms.ratio)
        return Paths(chain, earliest, latest, least, most)

    def _onward(self, paths: Paths) -> tuple[Ints, Ints]:
        """Return pairs of a path and a hop from where it ends, by buckets of amounts and by days."""
        at = self.hops.buyer[paths.hops[:, -1]]
        first = np.maximum(paths.earliest - self._first_day, 0)
        last = np.minimum(paths.latest - self._first_day, self._days - 1)
        lowest = np.maximum(self._bucket(paths.least * (1 - SLACK)) - self._floor, 0)
        highest = np.minimum(self._bucket(paths.most * (1 + SLACK)) - self._floor, self._buckets - 1)
        rows, added = [], []
        for shift in range(int((highest - lowest).max(initial=-1)) + 1):
            some = np.flatnonzero(lowest + shift <= highest)
            base = (at[some] * self._buckets + lowest[some] + shift) * self._days
            found, places = self._ranges(self._key, base + first[some], base + last[some])
            rows.append(some[found])
            added.append(self._order[places])
        nothing = np.empty(0, np.int64)
        return np.concatenate([nothing, *rows]), np.concatenate([nothing, *added])

    def _ranges(self, keys: Ints, low: Ints, high: Ints) -> tuple[Ints, Ints]:
        """Return every pair of a row and a place in sorted keys from its `low` to its `high`."""
        start = np.searchsorted(keys, low, "left")
        count = np.maximum(np.searchsorted(keys, high, "right") - start, 0)
        total = int(count.sum())
        self.tally.add(total)
        rows = np.repeat(np.arange(len(low)), count)
        before = np.cumsum(count) - count
        return rows, np.arange(total) - before[rows] + start[rows]

    def _bucket(self, amount: Reals) -> Ints:
        if self._width is None:
            return np.zeros(len(amount), np.int64)
        return np.floor(np.log(amount) / self._width).astype(np.int64)
