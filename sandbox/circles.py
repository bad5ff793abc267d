"""Invoices that go in a circle (循环开票), planted into the book, and some that only look like it.

A ring is 3 to 6 firms that invoice one another in turn within 30 days, nearly the same sum each time. The lookalikes
miss one mark each: an open chain, sums that do not hold, a last invoice months later. None of it knows who defaults.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sandbox.firms import Firms
from sandbox.invoices import Invoices
from sandbox.reference import INDUSTRIES
from sandbox.seasons import Calendar

FIRMS_PER_RING: Final = 50
HOPS: Final = (3, 6)
WINDOW: Final = 30  # days from the first invoice of a ring to its last
KEPT: Final = 0.02  # at most this part of the sum is kept, or added, at a hop
LEAST: Final = 3_000_000  # fen: for less nobody takes the trouble
RING, LOOKALIKES = "ring", ("open", "unequal", "slow")


@dataclass(frozen=True, slots=True)
class Hops:
    """Invoices of rings and lookalikes, one an entry: `row` is the place in the book's invoices."""

    circle: NDArray[np.int64]
    hop: NDArray[np.int64]
    sort: list[str]
    row: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Hop:
    circle: int
    hop: int
    sort: str
    seller: int
    buyer: int
    day: int
    total: int


def plant_circles(
    rng: np.random.Generator, firms: Firms, calendar: Calendar, invoices: Invoices
) -> tuple[Invoices, Hops]:
    """Return the book with rings and lookalikes in it, in order of issue, and where they stand."""
    hops = list(_hops(rng, firms, calendar))
    taxes = np.array([industry.tax for industry in INDUSTRIES])[firms.industry]
    seller = np.array([hop.seller for hop in hops], dtype=np.int64)
    total = np.array([hop.total for hop in hops], dtype=np.int64)
    net = np.rint(total / (1 + taxes[seller])).astype(np.int64)
    added = Invoices(
        seller=seller,
        buyer=np.array([hop.buyer for hop in hops], dtype=np.int64),
        day=np.array([hop.day for hop in hops], dtype=np.int64),
        net=net,
        tax=total - net,
        void=np.zeros(len(hops), dtype=bool),
    )
    book = invoices.joined(added)
    order = np.argsort(book.day, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    circle, number = (np.array([getattr(hop, name) for hop in hops], dtype=np.int64) for name in ("circle", "hop"))
    return book.take(order), Hops(circle, number, [hop.sort for hop in hops], place[len(invoices) :])


def _hops(rng: np.random.Generator, firms: Firms, calendar: Calendar) -> Iterator[_Hop]:
    """Give the invoices of all circles: rings turn one to three times, lookalikes once; a firm is in one at most."""
    order = rng.permutation(len(firms))
    working = np.flatnonzero(np.is_busday(calendar.days))
    rings = len(firms) // FIRMS_PER_RING
    sorts = [sort for number in range(rings) for sort in (RING, LOOKALIKES[number % 3])[: 1 + number % 2]]
    for circle, sort in enumerate(sorts):
        size = int(rng.integers(HOPS[0], HOPS[1] + 1))
        members, order = order[:size], order[size:]
        first = np.searchsorted(calendar.days, np.datetime64(calendar.days[0], "M") + max(firms.born[members].max(), 0))
        usable = working[working >= first]
        if len(members) < size or len(usable) < 200:
            continue
        for turn in range(int(rng.integers(1, 4)) if sort == RING else 1):
            days = _days(rng, usable, size, slow=sort == "slow")
            sums = _sums(rng, firms, members, equal=sort != "unequal")
            for hop in range(size - (sort == "open")):
                buyer = int(members[(hop + 1) % size])
                yield _Hop(circle, turn * size + hop, sort, int(members[hop]), buyer, int(days[hop]), int(sums[hop]))


def _days(rng: np.random.Generator, usable: NDArray[np.int64], size: int, *, slow: bool) -> NDArray[np.int64]:
    """Draw working days, one after another within the window; a slow circle closes three months later."""
    start = int(rng.integers(len(usable) - 90))
    within = usable[(usable >= usable[start]) & (usable < usable[start] + WINDOW)]
    days = np.sort(rng.choice(within, size, replace=False))
    if slow:
        days[-1] = usable[usable >= days[-2] + 90][0]
    return np.asarray(days)


def _sums(rng: np.random.Generator, firms: Firms, members: NDArray[np.int64], *, equal: bool) -> NDArray[np.int64]:
    """Draw the totals of a circle in fen: a part of the members' usual month, a little less or more at each hop."""
    base = max(100 * float(np.median(firms.sales[members])) * rng.uniform(0.1, 0.4), LEAST)
    steps = rng.uniform(1 - KEPT, 1 + KEPT / 4, len(members)) if equal else rng.choice([0.5, 1.8], len(members))
    return np.asarray(np.rint(base * np.cumprod(steps)).astype(np.int64))
