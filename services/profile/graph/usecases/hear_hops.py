"""Hearing who sold what to whom within the book: the hops that rings are looked for among.

All invoices of the time are read for it; what of them can be on a ring is little, and is remembered for who asks next
at the same moment, for some minutes. It is a function of the moment alone, whatever was remembered.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import date, timedelta
from threading import Lock, Timer
from time import monotonic
from weakref import WeakKeyDictionary

import polars as pl

from services.profile.book import import_store
from services.profile.book.context import Context
from services.profile.book.domain.departure import remaining
from services.profile.book.domain.invoice import DATASET, as_known
from services.profile.book.domain.moment import Moment
from services.profile.book.domain.permit import Whole, Why
from services.profile.book.lake import Lake
from services.profile.book.usecases.gather import gone_at, scan
from services.profile.graph.domain.rings import Limits, can_close, hops_between

# So many moments, of at most so many hops each (about 100 bytes a hop), for no longer than twice so many seconds.
REMEMBERED, MOST_REMEMBERED, KEPT_SECONDS = 2, 1_000_000, 150.0
c = pl.col


@dataclass(slots=True)
class _Remembered:
    """The hops of one moment, once they are read; who reads them has the lock."""

    since: float
    lock: Lock = field(default_factory=Lock)
    hops: pl.DataFrame | None = None


class Heard:
    """The hops of a lake that can be on a ring, of the moments that were asked for last.

    What has left the book or was erased is not remembered either: hops of a moment with fewer departures go when one
    with more is asked for, and all go by their age, whether or not anybody asks again.
    """

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[Moment, Limits], _Remembered] = OrderedDict()
        self._lock = Lock()
        self._watched = False

    def at(self, context: Context, moment: Moment, limits: Limits) -> pl.DataFrame:
        """Return the hops (EDGES) of a moment; the lake is read once for all who wait for the same, and no others."""
        # Where it is not said what is known, more may become known of the same moment.
        if moment.known_at is None:
            return can_close(_heard(context, moment, limits), limits.terms)
        one = self._of(moment, limits)
        with one.lock:
            if one.hops is not None:
                return one.hops
            hops = can_close(_heard(context, moment, limits), limits.terms)
            if hops.height <= MOST_REMEMBERED:
                one.hops = hops
            return hops

    def forget(self) -> None:
        """Forget what is older than it is kept, and look again later where something is left."""
        with self._lock:
            self._drop_old()
            self._watched = False
            self._watch()

    def _of(self, moment: Moment, limits: Limits) -> _Remembered:
        with self._lock:
            self._drop_old()
            for key in [key for key in self._held if key[0].departures < moment.departures]:
                del self._held[key]
            one = self._held.pop((moment, limits), None) or _Remembered(monotonic())
            self._held[moment, limits] = one
            while len(self._held) > REMEMBERED:
                self._held.popitem(last=False)
            self._watch()
            return one

    def _drop_old(self) -> None:
        before = monotonic() - KEPT_SECONDS
        for key in [key for key, one in self._held.items() if one.since <= before]:
            del self._held[key]

    def _watch(self) -> None:
        if self._held and not self._watched:
            timer = Timer(KEPT_SECONDS, self.forget)
            timer.daemon, self._watched = True, True
            timer.start()


_of_lakes: WeakKeyDictionary[Lake, Heard] = WeakKeyDictionary()
_lock = Lock()


def heard(lake: Lake) -> Heard:
    """Return the hops of a lake; they are remembered."""
    with _lock:
        return _of_lakes.setdefault(lake, Heard())


def heard_hops(context: Context, moment: Moment, limits: Limits) -> pl.DataFrame:
    """Return the hops (EDGES) among which all rings are that closed lately, as known at a moment.

    They are between enterprises with a file. Of no firm what it alone says of itself: whoever makes up a circle would
    draw others into it (ADR 28).
    """
    return heard(context.lake).at(context, moment, limits)


def _heard(context: Context, moment: Moment, limits: Limits) -> pl.DataFrame:
    """Return all hops of the time, from the lake."""
    since = moment.as_of - timedelta(days=limits.recent_days + limits.days)
    with context.database.read() as session:
        own = import_store.own_imports(session)
    rows, firms = pl.collect_all(_scanned(context, moment, since, limits.least_fen))
    with context.database.read() as session:
        gone = gone_at(session, None, moment)
    known = as_known(remaining(DATASET, rows, gone.records), known_at=moment.known_at, as_of=moment.as_of)
    heard = known.filter((c("status") == "valid") & ~c("import_id").is_in(sorted(own)))
    return hops_between(heard, firms["enterprise"], since=since, least_fen=limits.least_fen)


def _scanned(context: Context, moment: Moment, since: date, least_fen: int) -> list[pl.LazyFrame]:
    """Return the invoices that can be hops, in all their versions, and who has invoices of its own."""
    whole = scan(context, DATASET.name, moment.version, moment.known_at, Whole(Why.RINGS))
    book = whole.filter(c("version") > 0)
    if moment.known_at is not None:
        book = book.filter(c("known_at") <= moment.known_at)
    # A later version may name another day or amount.
    counts = ((c("date") >= since) & (c("total_fen") >= least_fen)) | (c("version") > 1)
    return [book.filter(counts), book.filter(c("date") <= moment.as_of).select("enterprise").unique()]
