"""Writing the tables of peer figures: of all parts of the book afresh, or of what has changed since there were some.

Part by part, and in a part firm by firm: those of whom something dated up to the day became known or left, those whom
they dealt with, and those whose partners' books or sizes changed. The result is that of computing everybody afresh.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson
import polars as pl
import structlog

from chassis.core.engine import completed
from chassis.core.moments import rfc3339
from services.profile.book import departures, import_store, withdrawals
from services.profile.book.context import Context
from services.profile.book.delta import Bucket, bucket_of
from services.profile.book.domain.evidence import HELD
from services.profile.book.domain.invoice import DATASET
from services.profile.book.domain.party import party_of
from services.profile.book.usecases.gather import EVERY, Known, scan
from services.profile.portrait.peer_files import named_by, naming
from services.profile.portrait.peer_store import Finished
from services.profile.portrait.usecases.baseline import CATALOGUE, peer_files
from services.profile.portrait.usecases.combine_parts import All, combine
from services.profile.portrait.usecases.figure_parts import (
    CHANNELS,
    PEERS,
    ROSTER,
    TOLD,
    Changed,
    Unit,
    figure,
    hear,
)

SIZES = ("enterprise", "size_class")

log = structlog.get_logger()


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


def same_firms(context: Context, known: Known, found: Finished) -> bool:
    """Tell whether firms, their industries and sizes are those of peers that are there."""
    return _roster(known).equals(_roster_then(context, found))


def _roster(known: Known) -> pl.DataFrame:
    return known.firms.select(ROSTER).sort("enterprise")


def _roster_then(context: Context, found: Finished) -> pl.DataFrame:
    assert found.stamp is not None
    return peer_files(context).read(found.stamp, "firms").collect()


def what_changed(context: Context, known: Known, found: Finished, until: datetime | None, parts: int) -> Changes | None:
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


def write_tables(context: Context, known: Known, found: Finished | None, changed: Changes | None, parts: int) -> Made:
    """Write the tables of all parts and then of the whole; those that are there are not made again."""
    files, stamp, at = peer_files(context), _stamp(known, parts), known.moment.known_at
    assert at is not None
    units = _units(context, known, stamp, parts)
    made = None if found is None or changed is None else _renewed(context, known, found, changed, units)
    heard, figured = made or _anew(context, units)
    counts = combine(All(stamp, files, tuple(heard), tuple(figured)))
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
        heard[unit.part.number] = unit.stamp
    resting = _resting(context, known, found, changed, (before, heard))
    again = [replace(unit, heard=tuple(heard)) for unit in _only(units, resting, before, figured)]
    _run(context, figure, again)
    for unit in again:
        figured[unit.part.number] = unit.stamp
    return heard, figured


def _only(units: Sequence[Unit], firms: Collection[str], heard: Sequence[str], figured: Sequence[str]) -> list[Unit]:
    """Return the units of parts that hold some firms, each for its own ones."""
    by_part: dict[int, list[str]] = defaultdict(list)
    for name in sorted(firms):
        by_part[bucket_of(name, len(units))].append(name)
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
        rows = import_store.channels(session)
    channels = pl.DataFrame(rows, schema={"import_id": pl.String, "channel": pl.String}, orient="row")
    place = pl.Series("part", [bucket_of(name, parts) for name in known.firms["enterprise"]], dtype=pl.Int64)
    files = peer_files(context)
    files.write(stamp, TOLD, known.firms.with_columns(place).sort("part", "enterprise"))
    files.write(stamp, CHANNELS, channels)
    lake = (context.settings.lake_url, context.settings.lake_options)
    told = replace(known, firms=known.firms.clear())
    return [Unit(stamp, Bucket(at, parts), told, lake, files) for at in range(parts)]


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
