"""Reading what the book says of enterprises: features of one or many, a portrait. Each begins at the one door."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from time import perf_counter
from typing import Any

import orjson
import polars as pl
from sqlalchemy import Connection

from chassis.core.call import add_timing, timed
from chassis.core.errors import Forbidden, Invalid, Refused
from chassis.data.database import Database
from services.profile import dispute_store, store
from services.profile.context import Context
from services.profile.domain.consent import Purpose
from services.profile.domain.departure import Departure
from services.profile.domain.dispute import Mark
from services.profile.domain.enterprise import Enterprise
from services.profile.domain.features import THIN, VERSION
from services.profile.domain.invoice import DATASET
from services.profile.lake import Lake
from services.profile.usecases.access import (
    Reading,
    known,
    not_in_the_book,
    permit_again,
    permit_each,
    permit_many,
    permit_one,
)
from services.profile.usecases.describe import NAMES, Describer, Description, Moment, digest
from services.profile.usecases.evidence import departed

FIRM_COLUMNS = ("industry", "region", "size_class")


@dataclass(frozen=True, slots=True)
class Asked:
    """The moment that a request asks for; None stands for the book's date, and for all that is known now."""

    as_of: date | None = None
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """A moment settled: `known_at` names what counts, so that the same answer can be had again later.

    By default it is the time at which the latest part of the book became known, which is exact; the present time
    would not be, because an import may be on its way.
    """

    moment: Moment
    known_at: datetime

    @property
    def current(self) -> bool:
        """Tell whether everything known counts."""
        return self.moment.known_at is None


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """Features of many enterprises, one row each, and how many files were withheld."""

    frame: pl.DataFrame
    facts: Facts
    withheld: int
    catalogue: str = VERSION


def settle(connection: Connection, state: store.BookState, asked: Asked, today: date) -> Facts:
    """Return which facts count; raise `Invalid` where the future is asked for.

    A past moment is read at the version of the lake that readers saw then, so that a replay gives the same bytes.
    """
    if asked.as_of and asked.as_of > today:
        raise Invalid(f"as_of {asked.as_of} lies in the future; ask for today or a day before.", as_of=str(asked.as_of))
    as_of = asked.as_of or min(state.date or today, today)
    earlier = asked.known_at is not None and asked.known_at < state.known_at
    if not earlier or asked.known_at is None:
        return Facts(Moment(state.lake_version, as_of, departures=state.departures), state.known_at)
    version = store.lake_versions(connection, asked.known_at).get("invoices", 0)
    return Facts(Moment(version, as_of, asked.known_at, state.departures), asked.known_at)


def read_features(context: Context, reading: Reading, enterprise: str, asked: Asked) -> bytes:
    """Return one enterprise's features as JSON: one record, one stored answer where it still holds."""
    with _transaction(context) as connection:
        with timed("consent"):
            permit_one(context, connection, reading, enterprise)
        with timed("features"):
            today = context.now().date()
            state, stored = store.book_and_snapshot(connection, enterprise, asked.as_of, today, VERSION)
            facts = settle(connection, state, asked, today)
            if facts.current and stored is not None:
                return stored
        known(connection, enterprise)
        files = _files(connection, [enterprise])
    with timed("compute"):
        body = _body(context, enterprise, facts, files)
    _keep(context, {enterprise: body}, facts, files)
    return body


def read_features_each(
    context: Context, readings: Sequence[tuple[str, Reading]], asked: Asked
) -> list[bytes | Refused]:
    """Return the features, or why not, for each of several requests: one turn for all.

    Consent and record are those of `read_features`, for every one of the requests; they commit together.
    """
    names = list(dict.fromkeys(name for name, _ in readings))
    with _transaction(context) as connection:
        facts = settle(connection, store.book(connection), asked, context.now().date())
        with timed("features"):
            stored = store.snapshots(connection, names, facts.moment.as_of, VERSION) if facts.current else {}
            rest = [name for name in names if name not in stored]
            firms = store.enterprises(connection, rest) if rest else {}
        with timed("consent"):
            refusals = permit_each(context, connection, readings, stored.keys() | firms.keys())
        files = _files(connection, list(firms))
    permitted = {name for (name, _), refusal in zip(readings, refusals, strict=True) if refusal is None}
    missing = [name for name in rest if name in permitted and name in firms]
    computed = {name: _body(context, name, facts, files) for name in missing}
    if computed:
        _keep(context, computed, facts, files)
    told = {**stored, **computed}
    return [
        refusal or told.get(name) or not_in_the_book() for (name, _), refusal in zip(readings, refusals, strict=True)
    ]


def read_again(context: Context, reading: Reading, wanted: Sequence[str]) -> dict[str, list[Mapping[str, Any]]]:
    """Return what those of these enterprises dispute whose stored scores the reader may see now; record each read."""
    with _transaction(context) as connection:
        permit = permit_again(context, connection, reading, wanted)
        marks = dispute_store.marks(connection, permit.enterprises)
    return {name: [mark.as_json() for mark in marks.get(name, ())] for name in permit.enterprises}


def read_feature_set(
    context: Context, reading: Reading, wanted: Sequence[str] | None, asked: Asked, *, outcomes: bool
) -> FeatureSet:
    """Return the features of the wanted enterprises (None: all) that the reader has consent for.

    Whether a firm defaulted is told for training only: no other purpose needs what other lenders saw.
    """
    if outcomes and reading.purpose != Purpose.TRAINING:
        raise Forbidden(f"Outcomes are told for the purpose {Purpose.TRAINING} only.", purpose=reading.purpose)
    with _transaction(context) as connection:
        permit = permit_many(context, connection, reading, wanted)
        facts = settle(connection, store.book(connection), asked, context.now().date())
        firms = store.enterprises(connection, permit.enterprises)
        stored = store.snapshots(connection, list(firms), facts.moment.as_of, VERSION) if facts.current else {}
        files = _files(connection, [name for name in firms if name not in stored])
        # Outcomes come without the book of invoices moving on: the time asked for counts, not the book's.
        labels = store.outcomes(connection, asked.known_at or context.now()) if outcomes else None
    bodies = {name: orjson.loads(body) for name, body in stored.items()}
    missing = [name for name in firms if name not in bodies]
    if missing:
        computed = _computed(context, missing, facts, files)
        _keep(context, {name: orjson.dumps(body) for name, body in computed.items()}, facts, files)
        bodies |= computed
    unknown = len(permit.enterprises) - len(firms)
    frame = _frame([bodies[name] for name in firms], firms, labels)
    return FeatureSet(frame, facts, permit.withheld + unknown)


def read_enterprise(context: Context, reading: Reading, enterprise: str) -> Enterprise:
    """Return what is known of who an enterprise is."""
    with _transaction(context) as connection:
        permit_one(context, connection, reading, enterprise)
        return known(connection, enterprise)


def describer(context: Context) -> Describer:
    """Return the describer of a lake; it remembers what it computed."""
    return _describer(context.lake, context.database)


@lru_cache(maxsize=4)
def _describer(lake: Lake, database: Database) -> Describer:
    def gone(enterprises: Sequence[str] | None, moment: Moment) -> frozenset[Departure]:
        with database.read() as session:
            return departed(session, enterprises, moment)

    return Describer(lake, gone)


@dataclass(frozen=True, slots=True)
class Files:
    """What stands beside the invoices of some enterprises: how often acts changed their files, and what is disputed."""

    revised: Mapping[str, int]
    marks: Mapping[str, Sequence[Mark]]


NO_FILES = Files({}, {})


def _files(connection: Connection, names: Sequence[str]) -> Files:
    """Read it. The revisions come first: what an act changes from then on makes them, and the answer, void."""
    if not names:
        return NO_FILES
    revised = store.revisions(connection, names)
    return Files(revised, dispute_store.marks(connection, names))


@contextmanager
def _transaction(context: Context) -> Iterator[Connection]:
    """Give a connection for one read of files and its record, and tell how long the commit took."""
    with context.database.connection(writes=True) as connection:
        yield connection
        start = perf_counter()
    add_timing(("commit", (perf_counter() - start) * 1000))


def _computed(context: Context, names: Sequence[str], facts: Facts, files: Files) -> dict[str, dict[str, Any]]:
    frame = describer(context).feature_set(names, facts.moment)
    found: dict[str, Description] = {}
    for row in frame.iter_rows(named=True):
        values = {name: row[name] for name in NAMES}
        firm, sha256 = row["enterprise"], row["features_sha256"]
        found[firm] = Description(firm, facts.moment.as_of, row["depth"], values, sha256)
    nothing: dict[str, float | None] = dict.fromkeys(NAMES)
    day = facts.moment.as_of
    empty = {name: Description(name, day, THIN, nothing, digest(nothing, day)) for name in names if name not in found}
    return {
        name: _document(description, facts, _contested(context, name, facts, files))
        for name, description in (found | empty).items()
    }


def _body(context: Context, enterprise: str, facts: Facts, files: Files) -> bytes:
    description = describer(context).features(enterprise, facts.moment)
    return orjson.dumps(_document(description, facts, _contested(context, enterprise, facts, files)))


def _contested(context: Context, enterprise: str, facts: Facts, files: Files) -> dict[str, Any]:
    """Return the marks of what the enterprise disputes, and its features without the records among it."""
    marks = files.marks.get(enterprise, ())
    aside = dispute_store.disputed({enterprise: marks})
    if not any(each.dataset == DATASET.name for each in aside):
        return {"disputes": [mark.as_json() for mark in marks], "undisputed": None}
    found = describer(context).features(enterprise, replace(facts.moment, without=aside))
    without = {"depth": found.depth, "values": dict(found.values), "features_sha256": found.features_sha256}
    return {"disputes": [mark.as_json() for mark in marks], "undisputed": without}


def _document(found: Description, facts: Facts, contested: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "enterprise": found.enterprise,
        "as_of": facts.moment.as_of.isoformat(),
        "known_at": facts.known_at.isoformat(),
        "depth": found.depth,
        "catalogue": VERSION,
        "values": dict(found.values),
        "features_sha256": found.features_sha256,
        **contested,
    }


def _keep(context: Context, bodies: Mapping[str, bytes], facts: Facts, files: Files) -> None:
    if facts.current:
        moment = facts.moment
        with context.database.begin() as session:
            # The book was read before the revisions: with what left it between the two this would seem to hold.
            if store.book(session).departures != moment.departures:
                return
            store.keep_snapshots(session, bodies, moment.as_of, VERSION, moment.version, files.revised)


def _frame(
    bodies: Sequence[dict[str, Any]], firms: Mapping[str, Enterprise], labels: Mapping[str, bool] | None
) -> pl.DataFrame:
    columns: dict[str, pl.Series] = {
        name: pl.Series(name, [body[name] for body in bodies], dtype=pl.String)
        for name in ("enterprise", "depth", "features_sha256")
    }
    for name in FIRM_COLUMNS:
        told = [getattr(firms[body["enterprise"]], name) for body in bodies]
        columns[name] = pl.Series(name, told, dtype=pl.String)
    # As JSON: hardly any row has any, and a reader that knows nothing of disputes loses nothing.
    marks = [orjson.dumps(body["disputes"]).decode() if body["disputes"] else None for body in bodies]
    columns["disputes"] = pl.Series("disputes", marks, dtype=pl.String)
    for name in NAMES:
        columns[name] = pl.Series(name, [body["values"][name] for body in bodies], dtype=pl.Float64)
    if labels is not None:
        told = [labels.get(body["enterprise"]) for body in bodies]
        columns["defaulted"] = pl.Series("defaulted", told, dtype=pl.Boolean)
    return pl.DataFrame(columns)
