"""Reading the features of many enterprises: described part by part, told as tables of so many rows each.

Neither the book nor the set is ever held: what is described lies in a file that is gone with the answer. What is the
present moment's is kept beside, unit by unit, so that whoever asks again after a break is told what was done before.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from tempfile import SpooledTemporaryFile
from typing import Any

import orjson
import polars as pl

from chassis.core.engine import completed as ended
from chassis.core.errors import Forbidden
from chassis.data.database import batches
from services.profile.book import (
    departures,
    enterprise_store,
    outcome_store,
    snapshots,
    state_store,
    step_store,
    withdrawals,
)
from services.profile.book.context import Context
from services.profile.book.domain.confirmation import SENDERS
from services.profile.book.domain.enterprise import Enterprise
from services.profile.book.domain.moment import Asked, Facts
from services.profile.book.domain.permit import Permit
from services.profile.book.usecases.settle import settle
from services.profile.book.usecases.tell_sources import everybody, registered_at
from services.profile.portrait.domain.features import VERSION
from services.profile.portrait.domain.fuller import SIDES
from services.profile.portrait.peer_files import PeerFiles
from services.profile.portrait.usecases.add_blocks import Block, catalogue_with, names_of, with_blocks
from services.profile.portrait.usecases.describe import NAMES
from services.profile.portrait.usecases.describe_parts import (
    FIRMS,
    LEFT,
    SENT,
    Handed,
    Unit,
    at_once,
    describe_part,
    described,
    stretches,
)
from services.profile.portrait.usecases.read_features import (
    FORM,
    Files,
    beside,
    completed,
    describer,
    files_of,
    keep,
    shown_to,
)
from services.profile.portrait.usecases.tell_records import records_against
from services.profile.rights.domain.consent import Purpose
from services.profile.rights.domain.resource import Resource
from services.profile.rights.usecases.open_file import Reading, open_files, reading_transaction

FIRM_COLUMNS = ("industry", "region", "size_class")
# What stands beside the features of a row.
BESIDE = ("disputes", "evidence", "confirmed")
# Rows of a table, and bytes of documents that are held in memory.
TOGETHER, IN_MEMORY = 2048, 32 << 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose features are wanted (None: all that the reader may read), with outcomes or not, and with which blocks."""

    enterprises: Sequence[str] | None = None
    outcomes: bool = False
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """Features of many enterprises, one row each by their order, in tables; and how many files were withheld."""

    frames: Iterator[pl.DataFrame]
    facts: Facts
    withheld: int
    catalogue: str = VERSION


class Documents:
    """The documents of enterprises: in memory, and where they are many in a file without a name."""

    def __init__(self, context: Context) -> None:
        context.settings.scratch.mkdir(parents=True, exist_ok=True)
        self._file = SpooledTemporaryFile(IN_MEMORY, dir=str(context.settings.scratch))  # noqa: SIM115 - `close` ends it
        self._places: dict[str, tuple[int, int]] = {}

    def __contains__(self, enterprise: object) -> bool:
        """Tell whether there is a document of an enterprise."""
        return enterprise in self._places

    def add(self, bodies: Mapping[str, bytes]) -> None:
        """Put documents down."""
        end = self._file.seek(0, 2)
        for name, body in bodies.items():
            self._places[name] = (end, len(body))
            end += self._file.write(body)

    def read(self, enterprise: str) -> bytes:
        """Return a document."""
        start, length = self._places[enterprise]
        self._file.seek(start)
        body: bytes = self._file.read(length)
        return body

    def close(self) -> None:
        """Forget all."""
        self._file.close()


@contextmanager
def read_feature_set(context: Context, reading: Reading, wanted: Wanted, asked: Asked) -> Iterator[FeatureSet]:
    """Give the features of the wanted enterprises that the reader has consent for.

    Outcomes are told for model training only.
    """
    if wanted.outcomes and reading.purpose != Purpose.TRAINING:
        raise Forbidden(f"Outcomes are told for the purpose {Purpose.TRAINING} only.", purpose=reading.purpose)
    with ExitStack() as stack:
        documents = Documents(context)
        stack.callback(documents.close)
        with reading_transaction(context) as connection:
            permit = open_files(context, connection, reading, wanted.enterprises)
            state = state_store.book(connection)
            facts = settle(connection, state, asked, context.today())
            firms = enterprise_store.enterprises(connection, permit.enterprises)
            for part in batches(sorted(firms)) if facts.current else ():
                documents.add(snapshots.snapshots(connection, part, facts.moment.as_of, FORM))
            missing = permit.only([name for name in sorted(firms) if name not in documents])
            files, facts = files_of(connection, missing, facts)
            # Outcomes come without the book of invoices moving on: the time asked for counts, not the book's.
            labels = outcome_store.outcomes(connection, asked.known_at or context.now()) if wanted.outcomes else None
            size = enterprise_store.size(connection)
        for found in _found(context, missing, facts, at_once(state.invoices, size)):
            bodies = _bodies(context, missing, facts, files, found)
            keep(context, bodies, facts, files)
            documents.add(bodies)
        told = _Told(context, reading, wanted, facts, permit, firms, labels)
        withheld = permit.withheld + len(permit.enterprises) - len(firms)
        yield FeatureSet(told.frames(documents), facts, withheld, catalogue_with(wanted.blocks))


def _found(context: Context, permit: Permit, facts: Facts, most: int) -> Iterator[Mapping[str, bytes]]:
    """Yield the descriptions of open files: of few at once and here, of many as units of the engine as they end."""
    names = permit.enterprises
    if len(names) <= most:
        found = described(describer(context), permit, facts) if names else {}
        yield {name: orjson.dumps(each.as_json(facts.known_at)) for name, each in found.items()}
        return
    with _handed(context, permit, facts) as handed:
        left, days = handed.left, handed.days or {}
        lake = (context.settings.lake_url, context.settings.lake_options)
        units = []
        for bucket, place, part in stretches(names, most, context.lake.buckets(facts.moment.version)):
            own = frozenset(part)
            mine = replace(
                handed,
                own=own,
                left=frozenset(each for each in left if each.enterprise in own) if left else left,
                days={name: days[name] for name in part if name in days},
            )
            units.append(Unit(bucket, place, permit.only(part), facts, lake, mine))
        for _, told in ended(context.engine.run(describe_part, units)):
            yield dict(told)


@contextmanager
def _handed(context: Context, permit: Permit, facts: Facts) -> Iterator[Handed]:
    """Give what SQL knows; its tables are gone afterwards."""
    settings, moment, stamp = context.settings, facts.moment, f"set-{secrets.token_hex(16)}"
    # Not beside the figures of peers: what nobody names goes there at once in the night.
    files = PeerFiles(settings.looks, settings.shared(settings.looks))
    with context.database.read() as session:
        versions, (firms, sent) = step_store.lake_versions(session, facts.known_at), everybody(session)
        left = departures.departed(session, None, moment.known_at)
        gone = withdrawals.withdrawn(session, moment.known_at)
        days = registered_at(session, permit.enterprises, facts.known_at)
    tables = {
        FIRMS: pl.DataFrame({"enterprise": firms}, schema={"enterprise": pl.String}),
        LEFT: pl.DataFrame(
            [(each.enterprise, each.dataset, each.record) for each in left],
            schema=dict.fromkeys(("enterprise", "dataset", "record"), pl.String),
            orient="row",
        ),
        SENT: pl.DataFrame(sent, schema=SENDERS, orient="row"),
    }
    try:
        for name, table in tables.items():
            files.write(stamp, name, table)
        yield Handed(versions, gone, files, stamp, left, days)
    finally:
        for name in tables:
            files.remove(stamp, name)


def _bodies(
    context: Context, permit: Permit, facts: Facts, files: Files, found: Mapping[str, bytes]
) -> dict[str, bytes]:
    """Return whole documents: what is described, with what the database alone knows beside."""
    records = records_against(context, permit.only(list(found)), facts)
    return {
        name: completed(said, beside(context, permit.only([name]), facts, files, records))
        for name, said in found.items()
    }


@dataclass(frozen=True, slots=True)
class _Told:
    """What a set of features is told by."""

    context: Context
    reading: Reading
    wanted: Wanted
    facts: Facts
    permit: Permit
    firms: Mapping[str, Enterprise]
    labels: Mapping[str, tuple[bool, date | None]] | None

    def frames(self, documents: Documents) -> Iterator[pl.DataFrame]:
        """Yield the rows of all firms in their order; at least one table, be it empty."""
        names = sorted(self.firms)
        for start in range(0, max(1, len(names)), TOGETHER):
            yield self._frame({name: documents.read(name) for name in names[start : start + TOGETHER]})

    def _frame(self, documents: Mapping[str, bytes]) -> pl.DataFrame:
        permit, facts = self.permit.only(list(documents)), self.facts
        bodies = {
            name: orjson.loads(
                shown_to(self.context, self.reading, permit.only([name]), facts, body)
                if self.reading.caller.owns(name)
                else body
            )
            for name, body in documents.items()
        }
        readings = [(name, self.reading) for name in bodies]
        told = with_blocks(self.context, readings, permit, facts, bodies, self.wanted.blocks)
        names, terms = NAMES + names_of(self.wanted.blocks), self.reading.terms
        frame = _frame([told[name] for name in bodies], self.firms, self.labels, names, records=terms.records)
        if self.reading.resource is not Resource.NEW_SCORE:
            return frame
        # What is supposed stands beside a score and nowhere else.
        return frame.with_columns(pl.Series("fuller", [told[name]["fuller"] for name in bodies], dtype=_fuller(names)))


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
