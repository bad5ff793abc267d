"""Making peer figures: by workers and commands, never by a web process (an import contract holds `app` to that).

Peers of a month's end are brought forward part by part of the book, and in a part firm by firm: those of whom something
dated up to the day became known or left, those whom they dealt with, and those whose partners' books or sizes changed.
The result is that of computing everybody afresh.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from typing import Any

import orjson
import polars as pl
import structlog
from sqlalchemy.orm import Session

from chassis.core.engine import completed
from chassis.core.moments import rfc3339
from chassis.data.jobs import Job
from services.profile.book import departures, store, withdrawals
from services.profile.book.context import Context
from services.profile.book.delta import BUCKETS, bucket_of
from services.profile.book.domain.evidence import HELD
from services.profile.book.domain.invoice import DATASET
from services.profile.book.domain.moment import Moment, usual_day
from services.profile.book.domain.party import party_of
from services.profile.book.usecases.gather import EVERY, Known, known_at, scan
from services.profile.portrait import peer_store
from services.profile.portrait.peer_files import named_by, naming
from services.profile.portrait.peer_store import Finished
from services.profile.portrait.usecases.baseline import CATALOGUE, LAST, live_day, peer_files, readable
from services.profile.portrait.usecases.figure_parts import (
    CHANNELS,
    MIRROR,
    PEERS,
    ROSTER,
    TOLD,
    All,
    Changed,
    Part,
    Unit,
    combine,
    figure,
    hear,
)
from services.profile.portrait.usecases.order_peers import Ordering

# A book of fewer invoices is one part: each part costs some tenth of a second.
ONE_PART = 100_000
SIZES = ("enterprise", "size_class")

log = structlog.get_logger()


class AtOnce:
    """Peers as of the very moment, made by whoever asks for them: for tests and for measurements."""

    def changed(self, session: Session) -> None:
        """Do nothing: whoever asks will see."""

    def see_to(self, context: Context, day: date, known_at: datetime) -> None:
        """Bring the peers of a day forward to a moment."""
        bring_forward(context, day, known_at, moves=False)


class InWorker(Ordering):
    """What a worker needs: finished peers where there are any, else it makes them itself."""

    def see_to(self, context: Context, day: date, known_at: datetime) -> None:
        """Make the peers of a day where none that may be read at the moment are finished."""
        with context.database.read() as session:
            found = peer_store.newest(session, day, known_at, CATALOGUE)
        if not readable(context, found):
            bring_forward(context, day, known_at, moves=False)


@dataclass(frozen=True, slots=True)
class Changes:
    """The firms of whom something became known or left, whom new statements name, and who states something anew.

    Of these last, earlier statements may have named others.
    """

    firms: frozenset[str]
    named: frozenset[str]
    again: frozenset[str]


@dataclass(frozen=True, slots=True)
class Made:
    """Files of peer figures that are written: their stamp, those of the parts, how many firms they tell of."""

    stamp: str
    parts: list[list[str]]
    figured: int
    traded: int


def work_off(context: Context, job: Job) -> None:
    """Make what was ordered and bring the book's own day forward; may be repeated after a crash."""
    with context.database.read() as session:
        live = live_day(context, session)
    for written, at in job.payload["orders"]:
        moment = datetime.fromisoformat(at) if at else None
        bring_forward(context, date.fromisoformat(written), moment, moves=moment is None)
    bring_forward(context, live, None, moves=True)
    with context.database.read() as session:
        found = peer_store.newest(session, live, None, CATALOGUE)
        day = usual_day(store.book(session).date, context.today())
    if found is not None and not found.traded and day != live:
        bring_forward(context, day, None, moves=True)  # nothing is known of closed months: the day itself must do
    tidy(context)


def tidy(context: Context, *, unnamed: float | None = None) -> int:
    """Remove files of peers that are no longer kept, and what broken work left; return how many."""
    with context.database.begin() as session:
        kept = peer_store.forget_files(session, live_day(context, session), context.now())
    files = peer_files(context)
    return files.sweep(kept) if unnamed is None else files.sweep(kept, unnamed=unnamed)


def tend_peers(context: Context) -> None:
    """Order the peers of the book's own day where there are none: a month has ended, or the suite is a newer one."""
    with context.database.begin() as session:
        found = peer_store.newest(session, live_day(context, session), None, CATALOGUE)
        if not readable(context, found) and store.book(session) != store.EMPTY_BOOK:
            peer_store.order(session, [])


def bring_forward(context: Context, day: date, at: datetime | None, *, moves: bool, again: bool = True) -> None:
    """See to it that the peers of a day are those of a moment (None: now), made of what is there where that is less.

    With `moves` new ones are published by moving the book on, so that every moment up to then is answered as it was;
    without, they are read from the moment itself on.
    """
    with context.database.read() as session:
        state = store.book(session)
        wanted = state.known_at if at is None else min(at, state.known_at)
        found = peer_store.newest(session, day, wanted if not moves else None, CATALOGUE)
    try:
        if found is not None and not readable(context, found):
            found = _again(context, found, state)
        if found is None or found.current_to < wanted:
            _onward(context, day, wanted, found, state, moves=moves)
    except FileNotFoundError:
        if not again:
            raise
        # Another worker made the same, and has removed the tables that only the work needed.
        bring_forward(context, day, at, moves=moves, again=False)


def _again(context: Context, found: Finished, state: store.BookState) -> Finished:
    """Make the files of peers anew, without what has left every moment since; what they are of stays."""
    known = _known(context, found.day, found.known_at, state)
    there = found.stamp is not None and peer_files(context).has(found.stamp, LAST)
    changed = _changed(context, known, found, None, parts_of(state)) if there else None
    made = _made(context, known, found, changed, parts_of(state))
    again = _finished(context, made, found.day, found.known_at, found.published_at, state)
    with context.database.begin() as session:
        peer_store.publish(session, again)
    return again


def _onward(
    context: Context, day: date, wanted: datetime, found: Finished | None, state: store.BookState, *, moves: bool
) -> None:
    known = _known(context, day, wanted, state)
    changed = None if found is None else _changed(context, known, found, wanted, parts_of(state))
    if found is not None and changed is not None and not changed.firms and _same_firms(context, known, found):
        with context.database.begin() as session:
            peer_store.note_current(session, day, found.published_at, wanted)
        return
    made = _made(context, known, found, changed, parts_of(state))
    with context.database.begin() as session:
        now = store.book(session, lock=True)
        latest = peer_store.newest(session, day, wanted if not moves else None, CATALOGUE)
        if (latest and latest.published_at) != (found and found.published_at):
            return  # another worker was quicker; its job does what is left
        published_at = max(context.now(), now.known_at + store.TICK) if moves else wanted
        finished = _finished(context, made, day, wanted, published_at, state)
        if moves and now.known_at == wanted:
            finished = replace(finished, current_to=published_at)  # but for these peers nothing became known since
        peer_store.publish(session, finished)
        if moves:
            store.move_book(session, replace(now, known_at=published_at))
    log.info(
        "peers made", day=day.isoformat(), firms=made.figured, changed=None if changed is None else len(changed.firms)
    )


def _finished(
    context: Context, made: Made, day: date, at: datetime, published_at: datetime, state: store.BookState
) -> Finished:
    return Finished(
        day=day,
        published_at=published_at,
        known_at=at,
        made_at=context.now(),
        current_to=at,
        heard_at=state.known_at,
        catalogue=CATALOGUE,
        figured=made.figured,
        traded=made.traded,
        stamp=made.stamp,
        parts=made.parts,
        sound=True,
    )


def parts_of(state: store.BookState) -> int:
    """Return into how many parts a book is divided: one for each bucket of the lake. What comes of it is the same."""
    return 1 if state.invoices < ONE_PART else BUCKETS


def _known(context: Context, day: date, at: datetime, state: store.BookState) -> Known:
    return known_at(context, Moment(state.lake_version, day, at, state.departures), PEERS)


def _same_firms(context: Context, known: Known, found: Finished) -> bool:
    """Tell whether firms, their industries and sizes are those of peers that are there."""
    return _roster(known).equals(_roster_then(context, found))


def _roster(known: Known) -> pl.DataFrame:
    return known.firms.select(ROSTER).sort("enterprise")


def _roster_then(context: Context, found: Finished) -> pl.DataFrame:
    assert found.stamp is not None
    return peer_files(context).read(found.stamp, "firms").collect()


def _changed(context: Context, known: Known, found: Finished, until: datetime | None, parts: int) -> Changes | None:
    """Return what has changed since, as far as it is dated up to the day; None stands for everything.

    Without `until` only what has left every moment counts.
    """
    if not found.parts or len(found.parts) != parts or found.catalogue != CATALOGUE:
        return None
    with context.database.read() as session:
        if until is not None and withdrawals.withdrawn_between(session, found.current_to, until):
            return None  # seldom, and then of any firm
        left = departures.departed_between(session, min(found.current_to, found.heard_at), None)
    firms, named, again = set(left), set[str](), set(left)
    for kind in sorted(known.versions.keys() & EVERY) if until is not None else ():
        rows = _new(context, known, kind, found.current_to).collect()
        firms |= set(rows["enterprise"])
        if kind == DATASET.name:
            named |= set(rows.select(party_of(pl.col("counterparty").unique())).to_series().drop_nulls())
            again |= set(rows.filter(pl.col("version") != 1)["enterprise"])
    return Changes(frozenset(firms), frozenset(named), frozenset(again))


def _new(context: Context, known: Known, kind: str, since: datetime) -> pl.LazyFrame:
    """Return of whom rows of a kind, dated up to the day, became known after a moment, and whom they name."""
    at, day = known.moment.known_at, pl.col(HELD[kind].day)
    rows = scan(context, kind, known.versions[kind], at, PEERS, since=since)
    past = rows.filter(pl.col("known_at") <= at, day.is_null() | (day <= known.moment.as_of))
    return past.select("enterprise", "version", *(["counterparty"] if kind == DATASET.name else [])).unique()


def _made(context: Context, known: Known, found: Finished | None, changed: Changes | None, parts: int) -> Made:
    """Write the tables of all parts and then of the whole; those that are there are not made again."""
    files, stamp, at = peer_files(context), _stamp(known, parts), known.moment.known_at
    assert at is not None
    units = _units(context, known, stamp, parts)
    made = None if found is None or changed is None else _renewed(context, known, found, changed, units)
    heard, figured = made or _anew(context, units)
    counts = combine(All(stamp, files, tuple(figured)))
    for name in (TOLD, CHANNELS, *(f"{MIRROR}-{at}" for at in range(parts))):
        files.remove(stamp, name)
    # Where only some firms of a part were heard again, what the others said since is in no table.
    since = [part[2] for part in found.parts] if made and found and found.parts else [rfc3339(at)] * parts
    return Made(stamp, [list(each) for each in zip(heard, figured, since, strict=True)], *counts)


def _anew(context: Context, units: Sequence[Unit]) -> tuple[list[str], list[str]]:
    """Write the tables of all parts; return the stamps of what each says of others, and of its figures."""
    stamps = [unit.stamp for unit in units]
    _run(context, hear, units)
    _run(context, figure, [replace(unit, heard=tuple(stamps)) for unit in units])
    return stamps, stamps


def _renewed(
    context: Context, known: Known, found: Finished, changed: Changes, units: Sequence[Unit]
) -> tuple[list[str], list[str]] | None:
    """Write the tables of the parts of firms that have changed, and of those whose figures rest on them.

    None where tables that were there are gone.
    """
    try:
        return _brought_on(context, known, found, changed, units)
    except FileNotFoundError:
        log.warning("tables of peers are gone", day=found.day.isoformat(), stamp=found.stamp)
        return None


def _brought_on(
    context: Context, known: Known, found: Finished, changed: Changes, units: Sequence[Unit]
) -> tuple[list[str], list[str]]:
    assert found.parts is not None
    before, figured = ([part[at] for part in found.parts] for at in (0, 1))
    heard = list(before)
    listening = _only(units, changed.firms, before, figured)
    _run(context, hear, listening)
    for unit in listening:
        heard[unit.part.place] = unit.stamp
    resting = _resting(context, known, found, changed, (before, heard))
    again = [replace(unit, heard=tuple(heard)) for unit in _only(units, resting, before, figured)]
    _run(context, figure, again)
    for unit in again:
        figured[unit.part.place] = unit.stamp
    return heard, figured


def _only(units: Sequence[Unit], firms: Collection[str], heard: Sequence[str], figured: Sequence[str]) -> list[Unit]:
    """Return the units of parts that hold some firms, each for its own ones."""
    by_part: dict[int, list[str]] = defaultdict(list)
    for name in sorted(firms):
        by_part[bucket_of(name) % len(units)].append(name)
    return [
        replace(units[place], changed=Changed((heard[place], figured[place]), tuple(names)))
        for place, names in sorted(by_part.items())
    ]


def _resting(
    context: Context, known: Known, found: Finished, changed: Changes, heard: tuple[Sequence[str], Sequence[str]]
) -> set[str]:
    """Return the firms that have changed, and those whose figures rest on what these said or are."""
    files, (before, after) = peer_files(context), heard
    named = {*changed.named, *named_by(files, before, changed.again), *named_by(files, after, changed.again)}
    # Silence counts where the partner's book runs, so a book that runs longer is a matter of all its partners.
    moved = [at for at, stamps in enumerate(zip(before, after, strict=True)) if stamps[0] != stamps[1]]
    spans = [_rows(files.read(stamps[at], f"spans-{at}") for at in moved) for stamps in heard]
    # Whether a large firm owes decides on terms of payment.
    sizes = [_rows([each.lazy().select(SIZES).drop_nulls()]) for each in (_roster_then(context, found), _roster(known))]
    partners = {row[0] for row in (spans[0] ^ spans[1]) | (sizes[0] ^ sizes[1])}
    resting = {*changed.firms, *named, *partners, *naming(files, after, partners)}
    return resting & set(known.firms["enterprise"])


def _rows(tables: Iterable[pl.LazyFrame]) -> set[tuple[Any, ...]]:
    return {row for table in tables for row in table.collect().iter_rows()}


def _units(context: Context, known: Known, stamp: str, parts: int) -> list[Unit]:
    """Return the units of all parts, and write down for them who the firms are and how imports came."""
    with context.database.read() as session:
        rows = store.channels(session)
    channels = pl.DataFrame(rows, schema={"import_id": pl.String, "channel": pl.String}, orient="row")
    place = pl.Series("part", [bucket_of(name) % parts for name in known.firms["enterprise"]], dtype=pl.Int64)
    files = peer_files(context)
    files.write(stamp, TOLD, known.firms.with_columns(place).sort("part", "enterprise"))
    files.write(stamp, CHANNELS, channels)
    lake = (context.settings.lake_url, context.settings.lake_options)
    told = replace(known, firms=known.firms.clear())
    return [Unit(stamp, Part(at, parts), told, lake, files) for at in range(parts)]


def _run(context: Context, work: Callable[[Unit], None], units: Sequence[Unit]) -> None:
    for _ in completed(context.engine.run(work, units)):
        pass


def _stamp(known: Known, parts: int) -> str:
    """Return the name of what is made of these facts; other facts, or another way of counting, have another."""
    moment, gone = known.moment, known.gone
    assert moment.known_at is not None
    told = {
        "catalogue": CATALOGUE,
        "parts": parts,
        "day": moment.as_of,
        "known_at": moment.known_at,
        "versions": dict(known.versions),
        "records": sorted((each.enterprise, each.dataset, each.record) for each in gone.records),
        "imports": sorted(gone.imports),
    }
    digest = sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return f"{moment.as_of:%Y-%m-%d}-{digest[:24]}"
