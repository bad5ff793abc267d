"""Looking at the whole book, or much of it: bucket by bucket, each read once and told in a transaction of its own.

What a look has done is noted with its job: one that was killed goes on with the same moment, the buckets that are
surveyed lie in files, and those that are told are told once. What signals need of other buckets (the hops of rings, who
does not pay) is taken from each bucket once and put together.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from typing import Any

import orjson
import polars as pl
import structlog

from chassis.core.engine import completed
from services.profile.book import enterprise_store, state_store
from services.profile.book.context import Context
from services.profile.book.delta import Bucket, bucket_of
from services.profile.book.domain import public_record
from services.profile.book.domain.departure import Gone
from services.profile.book.domain.evidence import empty
from services.profile.book.domain.moment import Moment, watched_day
from services.profile.book.domain.permit import Whole, Why
from services.profile.book.usecases.gather import Known, gather_kind, known_at
from services.profile.portrait.peer_files import PeerFiles
from services.profile.settings import USUAL_BUCKETS
from services.profile.standards.days import day_of
from services.profile.watch import alert_store
from services.profile.watch.domain.signals import SIGNALS, Evaluation, SignalInputs, version
from services.profile.watch.domain.signals.catalogue import has_source
from services.profile.watch.domain.signals.surroundings import DOES_NOT_PAY
from services.profile.watch.usecases.survey import RINGS, TABLES, Share, Survey, find_rings, survey
from services.profile.watch.usecases.tell import SAME, Judged, changes, keys_of, with_records
from services.profile.watch.usecases.view import RING, surroundings

WATCH = Whole(Why.WATCH)
# Notes a checkpoint, how much is done and of how much.
Note = Callable[[Mapping[str, Any], int, int], None]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Started:
    """A look as it was begun: its moment, the day up to which queries count, when, of how many buckets.

    And the buckets told since.
    """

    moment: Moment
    asked_on: date
    looked_at: datetime
    buckets: int
    told: tuple[int, ...] = ()

    @property
    def known_at(self) -> datetime:
        """When all that it sees was known."""
        assert self.moment.known_at is not None
        return self.moment.known_at

    def written(self) -> dict[str, Any]:
        """Return it as a checkpoint."""
        moment = self.moment
        return {
            "version": moment.version,
            "as_of": moment.as_of.isoformat(),
            "known_at": self.known_at.isoformat(),
            "departures": moment.departures,
            "asked_on": self.asked_on.isoformat(),
            "looked_at": self.looked_at.isoformat(),
            "buckets": self.buckets,
            "told": list(self.told),
        }


def read_started(checkpoint: Mapping[str, Any]) -> Started:
    """Return what `written` gave."""
    moment = Moment(
        checkpoint["version"],
        date.fromisoformat(checkpoint["as_of"]),
        datetime.fromisoformat(checkpoint["known_at"]),
        checkpoint["departures"],
    )
    days = (date.fromisoformat(checkpoint["asked_on"]), datetime.fromisoformat(checkpoint["looked_at"]))
    # One of an earlier release does not say of how many.
    return Started(moment, *days, checkpoint.get("buckets", USUAL_BUCKETS), tuple(checkpoint["told"]))


def begin(context: Context) -> Started:
    """Return a look that begins now."""
    looked_at = context.now()
    today = day_of(looked_at)
    with context.database.read() as session:
        state = state_store.book(session)
    # Not the book's own time: outcomes are heard without the book moving on.
    known = max(state.known_at, looked_at)
    moment = Moment(state.lake_version, watched_day(state.date, today), known, state.departures)
    return Started(moment, today, looked_at, context.lake.buckets(state.lake_version))


def look_at_all(
    context: Context, names: Collection[str] | None, started: Started | None = None, note: Note = lambda *_: None
) -> int:
    """Look at all enterprises, or at these, and return at how many; `started` goes on with a look that was broken off.

    Where a record leaves the book meanwhile it is begun again: an alert would rest on what nobody is shown any more.
    """
    while True:
        with context.database.read() as session:
            departures = state_store.book(session).departures
        if started is None or started.moment.departures != departures:
            started = begin(context)
            note(started.written(), 0, 2 * started.buckets)
        looked = _looked(context, names, started, note)
        if looked is not None:
            return looked


def _looked(context: Context, names: Collection[str] | None, started: Started, note: Note) -> int | None:
    whole, shares = _units(context, names, started)
    if not shares:
        return 0
    for place, _ in enumerate(completed(context.engine.run(survey, shares))):
        note(started.written(), place + 1, 2 * len(shares))
    buckets = [share.number for share in shares]
    find_rings(whole, buckets)
    partners = _partners(context, whole, buckets)
    for share in shares:
        if share.number in started.told:
            continue
        if not _told(context, whole, share, started, partners):
            return None
        started = replace(started, told=(*started.told, share.number))
        note(started.written(), len(shares) + len(started.told), 2 * len(shares))
    _clear(whole, buckets)
    looked = sum(share.firms.height if share.survey.looked is None else len(share.survey.looked) for share in shares)
    log.info("looked at the book", enterprises=looked, buckets=len(buckets))
    return looked


def _units(context: Context, names: Collection[str] | None, started: Started) -> tuple[Survey, list[Share]]:
    """Return the survey, and a share for each bucket."""
    known = known_at(context, started.moment, WATCH)
    with context.database.read() as session:
        book = pl.Series(enterprise_store.with_invoices(session), dtype=pl.String)
    beside = surroundings(context, started.moment, known.firms, started.asked_on)
    whole = Survey(
        stamp=_stamp(known, started, names),
        # Of all firms nothing goes along.
        known=replace(known, firms=known.firms.clear()),
        lake=(context.settings.lake_url, context.settings.lake_options),
        files=PeerFiles(context.settings.looks, context.settings.shared(context.settings.looks)),
        beside=beside,
        owing=_owing(context, started.moment),
        book=book,
        looked=None if names is None else pl.Series(sorted(names), dtype=pl.String),
    )
    count = started.buckets
    place = pl.Series([bucket_of(name, count) for name in known.firms["enterprise"]], dtype=pl.Int64)
    shares = [_share(whole, Bucket(at, count), known.firms.filter(place == at)) for at in place.unique().sort()]
    return whole, shares


def _share(whole: Survey, bucket: Bucket, firms: pl.DataFrame) -> Share:
    """Return the unit of a bucket: of what is known, no more than concerns it."""
    known, beside, here = whole.known, whole.beside, pl.col("enterprise").is_in(firms["enterprise"].implode())
    gone = Gone(frozenset(one for one in known.gone.records if bucket.has(one.enterprise)), known.gone.imports)
    mine = replace(beside, queries=beside.queries.filter(here), norms=beside.norms.filter(here))
    looked = (
        whole.looked if whole.looked is None else whole.looked.filter(whole.looked.is_in(firms["enterprise"].implode()))
    )
    return Share(bucket, firms, replace(whole, known=replace(known, gone=gone), beside=mine, looked=looked))


def _owing(context: Context, moment: Moment) -> pl.DataFrame:
    """Return the public records of who does not pay: anybody's customer may be in them."""
    records = gather_kind(context, moment, WATCH, public_record.DATASET.name)
    return records.filter(pl.col("record").is_in(DOES_NOT_PAY))


def _partners(context: Context, whole: Survey, buckets: Collection[int]) -> frozenset[str]:
    """Return the direct counterparties of those looked at that have a file, where not everybody is looked at."""
    if whole.looked is None:
        return frozenset()
    told = pl.concat([whole.files.read(whole.stamp, f"partners-{bucket}") for bucket in buckets]).unique().collect()
    return frozenset(told["party"]) & frozenset(whole.book)


def _told(context: Context, whole: Survey, share: Share, started: Started, partners: frozenset[str]) -> bool:
    """Bring the log of one bucket's firms up to date; tell False where a record has left the book meanwhile."""
    files, stamp, day = whole.files, whole.stamp, started.moment.as_of
    readings = pl.concat([files.read(stamp, f"readings-{share.number}").collect(), _rings(whole, RINGS[0], share)])
    found = Evaluation(readings, _sourceless(whole))
    here = frozenset(share.firms["enterprise"])
    names = sorted(here if share.survey.looked is None else share.survey.looked)
    members = frozenset(readings.filter(signal=RING)["enterprise"])
    with context.database.begin() as session:
        # Looks take turns: each must see what the one before it opened.
        if state_store.book(session, lock=True).departures != started.moment.departures:
            return False
        mine = alert_store.look(session, names, day, started.looked_at)
        done = changes(session, found, day, Judged(mine, (partners & here) - set(names), members))
        told = pl.concat([files.read(stamp, f"records-{share.number}").collect(), _rings(whole, RINGS[1], share)])
        told = told.join(keys_of(done.opened), on=SAME, how="semi", maintain_order="left")
        alert_store.move_alerts(session, done.moved)
        alert_store.add_alerts(session, with_records(done.opened, told, started.known_at, started.looked_at))
    log.info("looked", enterprises=len(names), opened=len(done.opened), moved=len(done.moved))
    return True


def _rings(whole: Survey, name: str, share: Share) -> pl.DataFrame:
    here = pl.col("enterprise").is_in(share.firms["enterprise"].implode())
    return whole.files.read(whole.stamp, name).filter(here).collect()


def _sourceless(whole: Survey) -> frozenset[str]:
    scene = SignalInputs(empty(), whole.known.moment.as_of, whole.beside)
    return frozenset(signal.key for signal in SIGNALS if not has_source(scene, signal))


def _clear(whole: Survey, buckets: Collection[int]) -> None:
    """Remove what only this look needed, and what older ones left that nobody went on with."""
    for name in (*RINGS, *(f"{table}-{bucket}" for table in TABLES for bucket in buckets)):
        whole.files.remove(whole.stamp, name)
    whole.files.sweep(())


def _stamp(known: Known, started: Started, names: Collection[str] | None) -> str:
    """Return the name of what is made of these facts; other facts, or another way of measuring, have another."""
    told = {
        **{name: value for name, value in started.written().items() if name != "told"},
        "versions": dict(known.versions),
        "imports": sorted(known.gone.imports),
        "signals": version(),
        "names": None if names is None else sorted(names),
    }
    return f"look-{sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]}"
