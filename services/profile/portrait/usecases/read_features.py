"""Reading what the book says of enterprises: features of one or many, a portrait. Each begins at the one door."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Connection

from chassis.core.call import timed
from chassis.core.errors import Refused
from chassis.data.database import Database
from chassis.data.storage import where_writable
from services.profile.book import enterprise_store, snapshots, state_store
from services.profile.book.context import Context
from services.profile.book.domain.departure import Gone
from services.profile.book.domain.invoice import DATASET
from services.profile.book.domain.moment import Asked, Facts, Moment
from services.profile.book.domain.permit import Permit, joined
from services.profile.book.lake import Lake
from services.profile.book.usecases.enrol import known, not_in_the_book
from services.profile.book.usecases.gather import gone_at
from services.profile.book.usecases.settle import settle
from services.profile.book.usecases.tell_sources import BookSources, FromDatabase
from services.profile.portrait.domain.features import VERSION
from services.profile.portrait.usecases.add_blocks import Block, with_blocks
from services.profile.portrait.usecases.describe import Describer
from services.profile.portrait.usecases.tell_records import records_against
from services.profile.rights import dispute_store
from services.profile.rights.domain.dispute import Mark
from services.profile.rights.usecases.open_file import Reading, open_each, open_file, reading_transaction

# What answers are stored under: the catalogue, and the form of the document.
FORM = f"{VERSION} 4"


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
            files, facts = files_of(connection, permit, facts)
    if body is None:
        with timed("compute"):
            body = _body(context, permit, facts, files)
        keep(context, {enterprise: body}, facts, files)
    return _opened(shown_to(context, reading, permit, facts, body), reading, enterprise)


def read_features_each(
    context: Context, readings: Sequence[tuple[str, Reading]], asked: Asked, blocks: Collection[Block] = ()
) -> list[bytes | Refused]:
    """Return the features, and blocks of figures, or why not, for each of several requests: one turn for all.

    Consent and record are those of `read_features`, for every one of the requests; they commit together.
    """
    names = list(dict.fromkeys(name for name, _ in readings))
    with reading_transaction(context) as connection:
        facts = settle(connection, state_store.book(connection), asked, context.today())
        with timed("features"):
            stored = snapshots.snapshots(connection, names, facts.moment.as_of, FORM) if facts.current else {}
            rest = [name for name in names if name not in stored]
            firms = enterprise_store.enterprises(connection, rest) if rest else {}
        with timed("consent"):
            opened = open_each(context, connection, readings, stored.keys() | firms.keys())
        permits = {each.enterprises[0]: each for each in opened if isinstance(each, Permit)}
        missing = {name: permit for name, permit in permits.items() if name in firms}
        files, facts = files_of(connection, joined(missing.values()), facts)
    computed = {name: _body(context, permit, facts, files) for name, permit in missing.items()}
    if computed:
        keep(context, computed, facts, files)
    bodies = {**stored, **computed}
    first = readings[0][1]
    shown = {name: shown_to(context, first, permits[name], facts, bodies[name]) for name in permits.keys() & bodies}
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


def shown_to(context: Context, reading: Reading, permit: Permit, facts: Facts, body: bytes) -> bytes:
    """Return a document as its reader sees it: without what partners' files hold where it is the enterprise itself.

    Whoever makes up a sale would learn from its confirmation that the other is in the book.
    """
    (enterprise,) = permit.enterprises
    if not reading.caller.owns(enterprise):
        return body
    with context.database.read() as session:
        if not enterprise_store.speaking(session, [enterprise]):
            return body
        marks = dispute_store.marks(session, permit)
    return _body(context, permit, facts, Files({}, marks), sides=False)


def describer(context: Context) -> Describer:
    """Return the describer of a lake; it remembers what it computed."""
    return _describer(tuple(context.lakes.items()), context.database)


@lru_cache(maxsize=4)
def _describer(lakes: tuple[tuple[str, Lake], ...], database: Database) -> Describer:
    def gone(enterprises: Sequence[str] | None, moment: Moment) -> Gone:
        with database.read() as session:
            return gone_at(session, enterprises, moment)

    held = dict(lakes)
    return Describer(held[DATASET.name], gone, BookSources(held, FromDatabase(database)))


@dataclass(frozen=True, slots=True)
class Files:
    """What stands beside the invoices of some enterprises: how often acts changed their files, and what is disputed."""

    revised: Mapping[str, int]
    marks: Mapping[str, Sequence[Mark]]


NO_FILES = Files({}, {})
NOTHING_DISPUTED: Mapping[str, Any] = {"disputes": [], "undisputed": None}


def files_of(connection: Connection, permit: Permit, facts: Facts) -> tuple[Files, Facts]:
    """Read it, and then the book of the same day: what an act changes from then on makes the answer void."""
    if not permit.enterprises:
        return NO_FILES, facts
    files = Files(snapshots.revisions(connection, permit.enterprises), dispute_store.marks(connection, permit))
    if not facts.current:
        return files, facts
    book = state_store.book(connection)
    moment = replace(facts.moment, version=book.lake_version, departures=book.departures)
    return files, Facts(moment, book.known_at)


def _body(context: Context, permit: Permit, facts: Facts, files: Files, *, sides: bool = True) -> bytes:
    description = describer(context).features(permit, facts.moment, facts.known_at, sides=sides)
    told = beside(context, permit, facts, files, records_against(context, permit, facts), sides=sides)
    return completed(orjson.dumps(description.as_json(facts.known_at)), told)


def beside(
    context: Context,
    permit: Permit,
    facts: Facts,
    files: Files,
    records: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    sides: bool = True,
) -> dict[str, Any]:
    """Return what stands beside a description: records, what is disputed, the features without disputed records."""
    (enterprise,) = permit.enterprises
    told: dict[str, Any] = {"records": list(records.get(enterprise, ()))}
    marks = files.marks.get(enterprise, ())
    if not marks:
        return {**told, **NOTHING_DISPUTED}
    aside = dispute_store.disputed({enterprise: marks})
    shown = [mark.as_json() for mark in marks]
    if not any(each.dataset == DATASET.name for each in aside):
        return {**told, "disputes": shown, "undisputed": None}
    found = describer(context).features(permit, replace(facts.moment, without=aside), facts.known_at, sides=sides)
    confirmed = None if found.confirmed is None else found.confirmed.as_json()
    return {**told, "disputes": shown, "undisputed": found.figures.as_json() | {"confirmed": confirmed}}


def completed(said: bytes, beside: Mapping[str, Any]) -> bytes:
    """Return a description as JSON with what stands beside it."""
    return said[:-1] + b"," + orjson.dumps(beside)[1:]


def keep(context: Context, bodies: Mapping[str, bytes], facts: Facts, files: Files) -> None:
    """Keep what was computed for the next reader; on a disk that takes nothing it is computed again."""
    if facts.current:
        moment = facts.moment
        with where_writable(), context.database.begin() as session:
            snapshots.keep_snapshots(session, bodies, moment.as_of, FORM, moment.version, files.revised)
