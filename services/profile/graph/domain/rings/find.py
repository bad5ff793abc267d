"""Enumerating rings: window by window, the latest first, each pruned, then first halves joined with second halves.

A ring of n hops is a path of ⌈n/2⌉ hops and one of ⌊n/2⌋ that leads back: paths of three hops are all that is ever
grown, whose number is the square, not the fifth power, of how many hops follow on one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from services.profile.graph.domain.rings.hops import Hops, Ints, arrays, told
from services.profile.graph.domain.rings.paths import Search, Tally, TooMany
from services.profile.graph.domain.rings.prune import knotted
from services.profile.graph.domain.rings.terms import EDGES, LONGEST, Budget, Terms

c = pl.col
EPOCH = date(1970, 1, 1)
HOP = pl.Struct({**EDGES, "times": pl.Int64()})
RINGS: dict[str, pl.DataType] = {
    "ring": pl.String(),
    "members": pl.List(pl.String()),
    "hops": pl.Int64(),
    "amount": pl.Int64(),
    "first_on": pl.Date(),
    "last_on": pl.Date(),
    "path": pl.List(HOP),
}


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
    hops = told(invoices)
    job = _Job(terms, budget or Budget())
    job.run(arrays(hops))
    return Found(_shown(hops, job.found), _spans(job.left))


class _Job:
    """A search as it goes: what was found, what was looked at, and which first days were left out."""

    def __init__(self, terms: Terms, budget: Budget) -> None:
        self.terms, self.budget = terms, budget
        self.tally = Tally(budget.together)
        self.found: list[Ints] = []
        self.left: list[tuple[int, int]] = []

    def run(self, hops: Hops) -> None:
        """Search windows of so many first days as a ring may last, the latest first."""
        if not len(hops):
            return
        first, last, step = int(hops.day[0]), int(hops.day[-1]), self.terms.days + 1
        for begin in reversed(range(first, last + 1, step)):
            self._window(hops, begin, min(begin + step - 1, last))

    def _window(self, hops: Hops, first: int, last: int) -> None:
        """Search the rings that begin on these days; where that is too much together, half of the days at a time."""
        low, high = np.searchsorted(hops.day, [first, last + self.terms.days + 1])
        inside = hops.of(slice(int(low), int(high)))
        inside = inside.of(knotted(inside, self.terms.ratio))
        if not (inside.day <= last).any():
            return
        if self.tally.seen >= self.budget.most:
            self.left.append((first, last))
            return
        try:
            self.found += self._rings(inside, last)
        except TooMany:
            if first == last:
                self.left.append((first, last))
                return
            middle = (first + last) // 2
            self._window(inside, middle + 1, last)
            self._window(inside, first, middle)

    def _rings(self, hops: Hops, last: int) -> list[Ints]:
        search = Search(hops, self.terms, self.tally)
        fore = [search.begun(np.flatnonzero(hops.day <= last), opening=True)]
        back = [search.begun(np.arange(len(hops)), opening=False)]
        rings = []
        for length in range(2, self.terms.longest + 1):
            half = fore if length % 2 else back
            if length > 2:
                half.append(search.longer(half[-1], opening=half is fore))
            rings.append(hops.place[search.closed(fore[-1], back[-1])])
        return rings


def _shown(hops: pl.DataFrame, found: list[Ints]) -> pl.DataFrame:
    rows = [np.pad(each, ((0, 0), (0, LONGEST - each.shape[1])), constant_values=-1) for each in found if len(each)]
    if not rows:
        return pl.DataFrame(schema=RINGS)
    names = [f"hop_{place}" for place in range(LONGEST)]
    wide = pl.DataFrame(np.concatenate(rows), schema=dict.fromkeys(names, pl.Int64)).sort(names)
    listed = wide.select(path=pl.concat_list(names).list.filter(pl.element() >= 0))
    # The same hops in a circle from elsewhere: all of one day, or, in any order, some of the first day.
    once = listed.with_columns(same=c("path").list.sort()).unique(["same"], keep="first", maintain_order=True)
    return _told(once.select("path"), hops)


def _told(rings: pl.DataFrame, hops: pl.DataFrame) -> pl.DataFrame:
    numbered = hops.with_row_index("edge").with_columns(c("edge").cast(pl.Int64))
    rows = (
        rings.with_row_index("place")
        .explode("path")
        .join(numbered, left_on="path", right_on="edge", how="left", maintain_order="left")
    )
    return (
        rows.group_by("place", maintain_order=True)
        .agg(
            ring=pl.concat_str("seller", "number", separator=":").str.join(" > "),
            members=c("seller"),
            hops=pl.len().cast(pl.Int64),
            amount=c("amount").min(),
            first_on=c("date").min(),
            last_on=c("date").max(),
            path=pl.struct(*EDGES, "times"),
        )
        .select(list(RINGS))
        .sort("last_on", "ring")
    )


def _spans(left: list[tuple[int, int]]) -> tuple[tuple[date, date], ...]:
    """Return days that were left out as spans, the earliest first, those next to each other as one."""
    spans: list[tuple[int, int]] = []
    for first, last in sorted(left):
        if spans and first <= spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], max(last, spans[-1][1]))
        else:
            spans.append((first, last))
    return tuple((EPOCH + timedelta(one), EPOCH + timedelta(other)) for one, other in spans)
