"""Reading what the book says of enterprises: features of one or many, a portrait. Each begins at the one door."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any

import orjson
import polars as pl
from sqlalchemy import Connection

from chassis.core.call import timed
from chassis.core.errors import Forbidden, Refused
from chassis.core.moments import rfc3339
from chassis.data.database import Database
from chassis.data.storage import where_writable
from services.profile.book import outcome_store, snapshots, store
from services.profile.book.context import Context
from services.profile.book.domain.departure import Gone
from services.profile.book.domain.enterprise import Enterprise
from services.profile.book.domain.invoice import DATASET
from services.profile.book.domain.moment import Asked, Facts, Moment
from services.profile.book.domain.permit import Permit, joined
from services.profile.book.lake import Lake
from services.profile.book.usecases.enrol import known, not_in_the_book
from services.profile.book.usecases.gather import gone_at
from services.profile.book.usecases.settle import settle
from services.profile.book.usecases.tell_sources import BookSources
from services.profile.portrait.domain.features import VERSION
from services.profile.portrait.domain.fuller import SIDES
from services.profile.portrait.usecases.add_blocks import Block, catalogue_with, names_of, with_blocks
from services.profile.portrait.usecases.describe import NAMES, Describer, Description, Figures, nothing_known
from services.profile.portrait.usecases.tell_records import records_against
from services.profile.rights import dispute_store
from services.profile.rights.domain.consent import Purpose
from services.profile.rights.domain.dispute import Mark
from services.profile.rights.domain.resource import Resource
from services.profile.rights.usecases.open_file import Reading, open_each, open_file, open_files, reading_transaction

# What answers are stored under: the catalogue, and the form of the document.
FORM = f"{VERSION} 4"
FIRM_COLUMNS = ("industry", "region", "size_class")
# What stands beside the features of a row.
BESIDE = ("disputes", "evidence", "confirmed")


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """Features of many enterprises, one row each, and how many files were withheld."""

    frame: pl.DataFrame
    facts: Facts
    withheld: int
    catalogue: str = VERSION


def read_features(context: Context, reading: Reading, enterprise: str, asked: Asked) -> bytes:
    """Return one enterprise's features as JSON: one record, one stored answer where it still holds."""
    with reading_transaction(context) as connection:
        with timed("consent"):
            permit = open_file(context, connection, reading, enterprise)
        with timed("features"):
            today = context.today()
            state, stored = snapshots.book_and_snapshot(connection, permit, asked.as_of, today, FORM)
            facts = settle(connection, state, asked, today)
        body = stored if facts.current else None
        if body is None:
            known(connection, enterprise)
            files, facts = _files(connection, permit, facts)
    if body is None:
        with timed("compute"):
            body = _body(context, permit, facts, files)
        _keep(context, {enterprise: body}, facts, files)
    return _opened(_shown(context, reading, permit, facts, body), reading, enterprise)


def read_features_each(
    context: Context, readings: Sequence[tuple[str, Reading]], asked: Asked, blocks: Collection[Block] = ()
) -> list[bytes | Refused]:
    """Return the features, and blocks of figures, or why not, for each of several requests: one turn for all.

    Consent and record are those of `read_features`, for every one of the requests; they commit together.
    """
    names = list(dict.fromkeys(name for name, _ in readings))
    with reading_transaction(context) as connection:
        facts = settle(connection, store.book(connection), asked, context.today())
        with timed("features"):
            stored = snapshots.snapshots(connection, names, facts.moment.as_of, FORM) if facts.current else {}
            rest = [name for name in names if name not in stored]
            firms = store.enterprises(connection, rest) if rest else {}
        with timed("consent"):
            opened = open_each(context, connection, readings, stored.keys() | firms.keys())
        permits = {each.enterprises[0]: each for each in opened if isinstance(each, Permit)}
        missing = {name: permit for name, permit in permits.items() if name in firms}
        files, facts = _files(connection, joined(missing.values()), facts)
    computed = {name: _body(context, permit, facts, files) for name, permit in missing.items()}
    if computed:
        _keep(context, computed, facts, files)
    bodies = {**stored, **computed}
    first = readings[0][1]
    shown = {name: _shown(context, first, permits[name], facts, bodies[name]) for name in permits.keys() & bodies}
    if blocks and shown:
        opened_files = joined(permits[name] for name in shown)
        documents = {name: orjson.loads(body) for name, body in shown.items()}
        added = with_blocks(context, readings, opened_files, facts, documents, blocks)
        shown = {name: orjson.dumps(body) for name, body in added.items()}
    return [_handed(each, shown, first) for each in opened]


def _opened(body: bytes, reading: Reading, enterprise: str) -> bytes:
    """Return of an answer what the read opens: public records come with a score or a match, and to the firm itself."""
    if reading.terms.records or reading.caller.owns(enterprise):
        return body
    return orjson.dumps({**orjson.loads(body), "records": None})


def _handed(opened: Permit | Refused, bodies: Mapping[str, bytes], reading: Reading) -> bytes | Refused:
    """Return what a permit opens of these, or why there is none."""
    if isinstance(opened, Refused):
        return opened
    (enterprise,) = opened.enterprises
    body = bodies.get(enterprise)
    return not_in_the_book() if body is None else _opened(body, reading, enterprise)


def _shown(context: Context, reading: Reading, permit: Permit, facts: Facts, body: bytes) -> bytes:
    """Return a document as its reader sees it: without what partners' files hold where it is the enterprise itself.

    Whoever makes up a sale would learn from its confirmation that the other is in the book.
    """
    (enterprise,) = permit.enterprises
    if not reading.caller.owns(enterprise):
        return body
    with context.database.read() as session:
        if not store.speaking(session, [enterprise]):
            return body
        marks = dispute_store.marks(session, permit)
    return _body(context, permit, facts, Files({}, marks), sides=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose features are wanted (None: all that the reader may read), with outcomes or not, and with which blocks."""

    enterprises: Sequence[str] | None = None
    outcomes: bool = False
    blocks: tuple[Block, ...] = ()


def read_feature_set(context: Context, reading: Reading, wanted: Wanted, asked: Asked) -> FeatureSet:
    """Return the features of the wanted enterprises that the reader has consent for.

    Outcomes are returned for model training only.
    """
    if wanted.outcomes and reading.purpose != Purpose.TRAINING:
        raise Forbidden(f"Outcomes are told for the purpose {Purpose.TRAINING} only.", purpose=reading.purpose)
    with reading_transaction(context) as connection:
        permit = open_files(context, connection, reading, wanted.enterprises)
        facts = settle(connection, store.book(connection), asked, context.today())
        firms = store.enterprises(connection, permit.enterprises)
        stored = snapshots.snapshots(connection, list(firms), facts.moment.as_of, FORM) if facts.current else {}
        missing = permit.only(firms.keys() - stored.keys())
        files, facts = _files(connection, missing, facts)
        # Outcomes come without the book of invoices moving on: the time asked for counts, not the book's.
        labels = outcome_store.outcomes(connection, asked.known_at or context.now()) if wanted.outcomes else None
    bodies = {name: orjson.loads(body) for name, body in stored.items()}
    if missing.enterprises:
        computed = _computed(context, missing, facts, files)
        _keep(context, {name: orjson.dumps(body) for name, body in computed.items()}, facts, files)
        bodies |= computed
    for name in filter(reading.caller.owns, bodies):
        bodies[name] = orjson.loads(_shown(context, reading, permit.only({name}), facts, orjson.dumps(bodies[name])))
    unknown = len(permit.enterprises) - len(firms)
    readings = [(name, reading) for name in firms]
    told = with_blocks(context, readings, permit.only(firms.keys()), facts, bodies, wanted.blocks)
    names = NAMES + names_of(wanted.blocks)
    frame = _frame([told[name] for name in firms], firms, labels, names, records=reading.terms.records)
    if reading.resource is Resource.NEW_SCORE:  # what is supposed stands beside a score and nowhere else
        fuller = pl.Series("fuller", [told[name]["fuller"] for name in firms], dtype=_fuller(names))
        frame = frame.with_columns(fuller)
    return FeatureSet(frame, facts, permit.withheld + unknown, catalogue_with(wanted.blocks))


def _fuller(names: Sequence[str]) -> pl.Struct:
    """Return the form of a fuller file in a table, as columns: many rows have one, and text would be slow to read."""
    return pl.Struct(
        {
            "shown": pl.Struct(dict.fromkeys(SIDES, pl.Int64)),
            "window": pl.Int64,
            "registered_on": pl.String,
            "depth": pl.String,
            "values": pl.Struct(dict.fromkeys(names, pl.Float64)),
            "features_sha256": pl.String,
        }
    )


def describer(context: Context) -> Describer:
    """Return the describer of a lake; it remembers what it computed."""
    return _describer(tuple(context.lakes.items()), context.database)


@lru_cache(maxsize=4)
def _describer(lakes: tuple[tuple[str, Lake], ...], database: Database) -> Describer:
    def gone(enterprises: Sequence[str] | None, moment: Moment) -> Gone:
        with database.read() as session:
            return gone_at(session, enterprises, moment)

    held = dict(lakes)
    return Describer(held[DATASET.name], gone, BookSources(held, database))


@dataclass(frozen=True, slots=True)
class Files:
    """What stands beside the invoices of some enterprises: how often acts changed their files, and what is disputed."""

    revised: Mapping[str, int]
    marks: Mapping[str, Sequence[Mark]]


NO_FILES = Files({}, {})


def _files(connection: Connection, permit: Permit, facts: Facts) -> tuple[Files, Facts]:
    """Read it, and then the book of the same day: what an act changes from then on makes the answer void."""
    if not permit.enterprises:
        return NO_FILES, facts
    files = Files(snapshots.revisions(connection, permit.enterprises), dispute_store.marks(connection, permit))
    if not facts.current:
        return files, facts
    book = store.book(connection)
    moment = replace(facts.moment, version=book.lake_version, departures=book.departures)
    return files, Facts(moment, book.known_at)


def _computed(context: Context, permit: Permit, facts: Facts, files: Files) -> dict[str, dict[str, Any]]:
    found = describer(context).feature_set(permit, facts.moment, facts.known_at)
    day = facts.moment.as_of
    empty = {name: Description(name, day, nothing_known(day)) for name in permit.enterprises if name not in found}
    records = records_against(context, permit, facts)
    return {
        name: _document(description, facts, _contested(context, permit.only({name}), facts, files), records.get(name))
        for name, description in (found | empty).items()
    }


def _body(context: Context, permit: Permit, facts: Facts, files: Files, *, sides: bool = True) -> bytes:
    description = describer(context).features(permit, facts.moment, facts.known_at, sides=sides)
    records = records_against(context, permit, facts).get(description.enterprise)
    contested = _contested(context, permit, facts, files, sides=sides)
    return orjson.dumps(_document(description, facts, contested, records))


def _contested(context: Context, permit: Permit, facts: Facts, files: Files, *, sides: bool = True) -> dict[str, Any]:
    """Return the marks of what the enterprise disputes, and its features without the records among it."""
    (enterprise,) = permit.enterprises
    marks = files.marks.get(enterprise, ())
    aside = dispute_store.disputed({enterprise: marks})
    if not any(each.dataset == DATASET.name for each in aside):
        return {"disputes": [mark.as_json() for mark in marks], "undisputed": None}
    moment = replace(facts.moment, without=aside)
    found = describer(context).features(permit, moment, facts.known_at, sides=sides)
    without = found.figures.as_json() | {"confirmed": _or_null(found.confirmed, fuller=False)}
    return {"disputes": [mark.as_json() for mark in marks], "undisputed": without}


def _document(
    found: Description, facts: Facts, contested: Mapping[str, Any], records: Sequence[Mapping[str, Any]] | None
) -> dict[str, Any]:
    return {
        "enterprise": found.enterprise,
        "as_of": facts.moment.as_of.isoformat(),
        "known_at": rfc3339(facts.known_at),
        "depth": found.depth,
        "catalogue": VERSION,
        "values": dict(found.values),
        "features_sha256": found.features_sha256,
        "evidence": found.evidence,
        "fuller": None if found.figures.fuller is None else found.figures.fuller.as_json(),
        "confirmed": _or_null(found.confirmed),
        "records": list(records or ()),
        **contested,
    }


def _or_null(figures: Figures | None, *, fuller: bool = True) -> dict[str, Any] | None:
    if figures is None:
        return None
    return figures.with_fuller() if fuller else figures.as_json()


def _keep(context: Context, bodies: Mapping[str, bytes], facts: Facts, files: Files) -> None:
    """Keep what was computed for the next reader; on a disk that takes nothing it is computed again."""
    if facts.current:
        moment = facts.moment
        with where_writable(), context.database.begin() as session:
            snapshots.keep_snapshots(session, bodies, moment.as_of, FORM, moment.version, files.revised)


def _frame(
    bodies: Sequence[dict[str, Any]],
    firms: Mapping[str, Enterprise],
    labels: Mapping[str, tuple[bool, date | None]] | None,
    names: Sequence[str],
    *,
    records: bool,
) -> pl.DataFrame:
    columns: dict[str, pl.Series] = {
        name: pl.Series(name, [body[name] for body in bodies], dtype=pl.String)
        for name in ("enterprise", "depth", "features_sha256")
    }
    for name in FIRM_COLUMNS:
        told = [getattr(firms[body["enterprise"]], name) for body in bodies]
        columns[name] = pl.Series(name, told, dtype=pl.String)
    # As JSON: hardly any row has any, and a reader that knows nothing of these loses nothing.
    for name in BESIDE:
        told = [orjson.dumps(body[name]).decode() if body[name] else None for body in bodies]
        columns[name] = pl.Series(name, told, dtype=pl.String)
    # Null is withheld: that there are none is told too.
    told = [orjson.dumps(body["records"]).decode() if records else None for body in bodies]
    columns["records"] = pl.Series("records", told, dtype=pl.String)
    for name in names:
        columns[name] = pl.Series(name, [body["values"][name] for body in bodies], dtype=pl.Float64)
    if labels is not None:
        told = [labels.get(body["enterprise"], (None, None)) for body in bodies]
        columns["defaulted"] = pl.Series("defaulted", [defaulted for defaulted, _ in told], dtype=pl.Boolean)
        columns["observed_on"] = pl.Series("observed_on", [day for _, day in told], dtype=pl.Date)
    return pl.DataFrame(columns)
