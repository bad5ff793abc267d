"""Enumerating rings: window by window, the latest first, each pruned, then first halves joined with second halves.

A ring of n hops is a path of ⌈n/2⌉ hops and one of ⌊n/2⌋ that leads back: paths of three hops are all that is ever
grown, whose number is the square, not the fifth power, of how many hops follow on one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TypeAlias

import numpy as np
import polars as pl

from services.profile.graph.domain.rings.hops import Hops, Ints, arrays, once, told
from services.profile.graph.domain.rings.paths import Search, Tally, TooMany
from services.profile.graph.domain.rings.prune import knotted
from services.profile.graph.domain.rings.shown import shown
from services.profile.graph.domain.rings.terms import Budget, Terms

EPOCH = date(1970, 1, 1)
# The days on which a ring may begin, and the places of hops that can be on it.
Window: TypeAlias = tuple[int, int, Ints]


@dataclass(frozen=True, slots=True)
class Found:
    """The rings, and the days on which one may begin that was not looked for; none where the search is complete."""

    rings: pl.DataFrame
    unsearched: tuple[tuple[date, date], ...]

    @property
    def complete(self) -> bool:
        """Whether every ring was looked for."""
        return not self.unsearched


def find(invoices: pl.DataFrame, terms: Terms, budget: Budget | None = None) -> Found:
    """Return every ring among invoices (EDGES), each once, in an order that theirs does not change.

    `rings` has ring (its hops' numbers, joined), members (sellers in order), hops, amount (the smallest, fen),
    first_on, last_on, path (its hops, from the earliest). No enterprise occurs twice in a ring. Within a day any order
    counts; a ring of a single day begins at its first hop by name that the others' amounts fit.
    """
    rows = arrays(invoices)
    windows = list(_windows(rows, terms))
    used = np.zeros(len(rows), np.bool_)
    for _, _, inside in windows:
        used[inside] = True
    hops, hop = once(rows.of(used))
    of_row = np.cumsum(used) - 1
    job = _Job(hops, terms, budget or Budget())
    for first, last, inside in windows:
        job.run(first, last, hop[of_row[inside]])
    on = np.zeros(len(hops), np.bool_)
    for ring in job.found:
        on[ring] = True
    some = on[hop]
    return Found(shown(told(invoices, rows.place[used][some], hop[some]), job.found), _spans(job.left))


def can_close(invoices: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """Return the invoices (EDGES) among which all rings are: those that lie within a strongly connected part."""
    rows = arrays(invoices)
    used = np.zeros(len(rows), np.bool_)
    for _, _, inside in _windows(rows, terms):
        used[inside] = True
    return invoices[rows.place[used]]


def _windows(hops: Hops, terms: Terms) -> Iterator[Window]:
    """Return windows of so many first days as a ring may last, the latest first, where a hop is left when pruned."""
    if not len(hops):
        return
    first, last, step = int(hops.day[0]), int(hops.day[-1]), terms.days + 1
    for begin in reversed(range(first, last + 1, step)):
        yield from _pruned(hops, terms, begin, min(begin + step - 1, last))


def _pruned(hops: Hops, terms: Terms, first: int, last: int) -> Iterator[Window]:
    """Return the window of rings that begin on these days, if there can be one."""
    low, high = (int(place) for place in np.searchsorted(hops.day, [first, last + terms.days + 1]))
    inside = low + np.flatnonzero(knotted(hops.of(slice(low, high)), terms.ratio))
    if len(inside) and hops.day[inside[0]] <= last:
        yield first, last, inside


class _Job:
    """A search as it goes: what was found, what was looked at, and which first days were left out."""

    def __init__(self, hops: Hops, terms: Terms, budget: Budget) -> None:
        self.hops = replace(hops, place=np.arange(len(hops)))
        self.terms, self.budget = terms, budget
        self.tally = Tally(budget.together)
        self.found: list[Ints] = []
        self.left: list[tuple[int, int]] = []

    def run(self, first: int, last: int, places: Ints) -> None:
        """Search the rings among some hops that begin on these days."""
        on = np.zeros(len(self.hops), np.bool_)
        on[places] = True
        self._search(first, last, self.hops.of(on))

    def _search(self, first: int, last: int, hops: Hops) -> None:
        """Search a window; where that is too much together, half of its days at a time, the later first."""
        if self.tally.seen >= self.budget.most:
            self.left.append((first, last))
            return
        try:
            self.found += self._rings(hops, last)
        except TooMany:
            if first == last:
                self.left.append((first, last))
                return
            middle = (first + last) // 2
            for begin, end in ((middle + 1, last), (first, middle)):
                for one, other, inside in _pruned(hops, self.terms, begin, end):
                    self._search(one, other, hops.of(inside))

    def _rings(self, hops: Hops, last: int) -> list[Ints]:
        search = Search(hops, self.terms, self.tally)
        fore = [search.begun(np.flatnonzero(hops.day <= last))]
        back = [search.begun(np.arange(len(hops)))]
        rings = []
        for length in range(2, self.terms.longest + 1):
            half = fore if length % 2 else back
            if length > 2:
                half.append(search.longer(half[-1], opening=half is fore))
            rings.append(hops.place[search.closed(fore[-1], back[-1])])
        return rings


def _spans(left: list[tuple[int, int]]) -> tuple[tuple[date, date], ...]:
    """Return days that were left out as spans, the earliest first, those next to each other as one."""
    spans: list[tuple[int, int]] = []
    for first, last in sorted(left):
        if spans and first <= spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], max(last, spans[-1][1]))
        else:
            spans.append((first, last))
    return tuple((EPOCH + timedelta(one), EPOCH + timedelta(other)) for one, other in spans)
