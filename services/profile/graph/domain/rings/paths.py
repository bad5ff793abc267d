"""Growing paths of hops along which hop can follow on which, and closing two of them into a ring."""

from __future__ import annotations

from functools import cached_property
from math import isinf
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from services.profile.graph.domain.rings.hashes import among
from services.profile.graph.domain.rings.hops import Flags, Hops, Ints
from services.profile.graph.domain.rings.terms import Terms

# Products are rounded: an amount too many is looked at, and none too few.
SLACK = 1e-9
# Open paths, a column of hops a step; half as wide as other numbers, since there are many.
Short: TypeAlias = npt.NDArray[np.int32]
Paths: TypeAlias = tuple[Short, ...]


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


class Search:
    """Some hops, and which of them can follow on which: within the days and the ratio of the terms."""

    def __init__(self, hops: Hops, terms: Terms, tally: Tally) -> None:
        self.hops, self.terms, self.tally = hops, terms, tally
        self._nodes = int(max(hops.seller.max(initial=0), hops.buyer.max(initial=0))) + 1
        self._day = hops.day - (hops.day.min() if len(hops) else 0)
        self._days = int(self._day.max(initial=0)) + 1
        mark, self._low, self._high = self._marks()
        self._width = int(mark.max(initial=0)) + 1
        key = hops.seller * self._width + mark
        self._order = np.argsort(key)
        self._key = key[self._order]

    def _marks(self) -> tuple[Ints, Ints, Ints]:
        """Return what hops of one seller are sorted by, and between which marks of another's those lie that can follow.

        By rank of amounts, since that tells most apart; by days where any amount counts.
        """
        if isinf(self.terms.ratio):
            least = 0 if self.terms.ordered else self.terms.days
            last = np.minimum(self._day + self.terms.days, self._days - 1)
            return self._day, np.maximum(self._day - least, 0), last
        levels, rank = np.unique(self.hops.amount, return_inverse=True)
        ratio = self.terms.ratio * (1 + SLACK)
        low, high = np.searchsorted(levels, levels / ratio, "left"), np.searchsorted(levels, levels * ratio, "right")
        return rank, low[rank], high[rank] - 1

    def begun(self, first: Ints) -> Paths:
        """Return paths of one hop."""
        return (first.astype(np.int32),)

    def longer(self, paths: Paths, *, opening: bool) -> Paths:
        """Return all paths that are one hop longer, to somebody new: first halves of rings (`opening`), or any."""
        row, new = self._onward(paths[-1])
        hops = self.hops
        fits = self._held(paths[0][row], new) if opening else self._alike(paths[:-1], row, new)
        kept = np.flatnonzero(fits)
        row, new = row[kept], new[kept]
        buyer = hops.buyer[new]
        fits = np.ones(len(row), np.bool_)
        for column in paths[:-1]:
            fits &= hops.seller[column[row]] != buyer
        kept = np.flatnonzero(fits)
        row, new = row[kept], new[kept]
        return (*(column[row] for column in paths), new)

    def closed(self, fore: Paths, back: Paths) -> Ints:
        """Return the rings (hops, a row a ring) of a first half and a second half that leads back to its start."""
        row, place = self._meeting(fore, back)
        for column in back:
            kept = np.flatnonzero(self._held(fore[0][row], column[place]))
            row, place = row[kept], place[kept]
        starts, ends = [column[row] for column in fore], [column[place] for column in back]
        return np.column_stack([*starts, *ends])[self._apart(starts, ends)]

    def _meeting(self, fore: Paths, back: Paths) -> tuple[Ints, Ints]:
        """Return pairs of a first half and a second one between the same two firms that begins in time."""
        seller, buyer, day, days = self.hops.seller, self.hops.buyer, self._day, self._days
        pair = seller[back[0]] * self._nodes + buyer[back[-1]]
        wanted = buyer[fore[-1]] * self._nodes + seller[fore[0]]
        some = np.flatnonzero(among(wanted, pair))
        wanted = wanted[some]
        others = np.flatnonzero(among(pair, wanted))
        key = pair[others] * days + day[back[0][others]]
        order = np.argsort(key)
        first, last = day[fore[0][some]], day[fore[-1][some]]
        low = wanted * days + (last if self.terms.ordered else first)
        high = wanted * days + np.minimum(first + self.terms.days, days - 1)
        row, place = self._ranges(key[order], low, high)
        return some[row], others[order[place]]

    def _apart(self, starts: list[Short], ends: list[Short]) -> Flags:
        """Tell which halves share nobody but the two where they meet."""
        seller = self.hops.seller
        fits = np.ones(len(starts[0]), np.bool_)
        for one in starts[1:]:
            for other in ends[1:]:
                fits &= seller[one] != seller[other]
        return fits

    def _held(self, first: Short, later: Short) -> Flags:
        """Tell which hops lie within the days and the tolerance of the first hops of their rings."""
        day, amount, terms = self.hops.day, self.hops.amount, self.terms
        after = day[later] - day[first]
        fits: Flags = (after >= 0) & (after <= terms.days)
        if not isinf(terms.ratio):
            held, told = amount[first], amount[later]
            fits &= (told >= held * terms.least) & (told <= held * terms.most)
        return fits

    def _alike(self, paths: Paths, row: Ints, new: Short) -> Flags:
        """Tell which hops lie within the days and the ratio of those on their path but the last one."""
        day, amount, terms = self.hops.day, self.hops.amount, self.terms
        ratio = terms.ratio * (1 + SLACK)
        fits = np.ones(len(row), np.bool_)
        for column in paths:
            other = column[row]
            fits &= np.abs(day[new] - day[other]) <= terms.days
            if not isinf(ratio):
                fits &= (amount[new] <= amount[other] * ratio) & (amount[new] * ratio >= amount[other])
        return fits

    def _onward(self, last: Short) -> tuple[Ints, Short]:
        """Return pairs of a row and a hop that can follow on its last one."""
        begin, follow, row = self._following(last)
        count = np.diff(begin)[row]
        rows, place = self._spread(begin[row], count)
        return rows, follow[place]

    def _following(self, last: Short) -> tuple[Ints, Short, Ints | Short]:
        """Return the hops that can follow on some (`_links`), and whose are each path's."""
        if len(last) < len(self.hops):
            some, which = np.unique(last, return_inverse=True)
            return *self._links(some.astype(np.int64)), which
        return *self._all, last

    @cached_property
    def _all(self) -> tuple[Ints, Short]:
        return self._links(np.arange(len(self.hops)))

    def _links(self, some: Ints) -> tuple[Ints, Short]:
        """Return the hops that can follow on some, one after the other, and where those of each begin."""
        hops = self.hops
        base = hops.buyer[some] * self._width
        row, place = self._ranges(self._key, base + self._low[some], base + self._high[some])
        new, hop = self._order[place], some[row]
        after = hops.day[new] - hops.day[hop]
        least = 0 if self.terms.ordered else -self.terms.days
        fits = (after >= least) & (after <= self.terms.days) & (hops.buyer[new] != hops.seller[hop])
        kept = np.flatnonzero(fits)
        row, new = row[kept], new[kept]
        begin = np.zeros(len(some) + 1, np.int64)
        np.cumsum(np.bincount(row, minlength=len(some)), out=begin[1:])
        return begin, new[np.argsort(row, kind="stable")].astype(np.int32)

    def _ranges(self, keys: Ints, low: Ints, high: Ints) -> tuple[Ints, Ints]:
        """Return every pair of a row and a place in sorted keys from its `low` to its `high`."""
        # Looking up numbers in order is several times faster than looking them up at random.
        order = np.argsort(low)
        start = np.searchsorted(keys, low[order], "left")
        row, place = self._spread(start, np.maximum(np.searchsorted(keys, high[order], "right") - start, 0))
        return order[row], place

    def _spread(self, start: Ints, count: Ints) -> tuple[Ints, Ints]:
        """Return every pair of a row and a place: so many places from where each row starts."""
        total = int(count.sum())
        self.tally.add(total)
        shift = start - (np.cumsum(count) - count)
        return np.repeat(np.arange(len(count)), count), np.arange(total) + np.repeat(shift, count)
