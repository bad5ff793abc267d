"""Gathering what is known of enterprises at a moment, kind by kind, from the lakes and the book."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import polars as pl
from sqlalchemy.orm import Session

from chassis.data.database import Runner
from services.profile.book import departures, enterprise_store, import_store, step_store, withdrawals
from services.profile.book.context import Context
from services.profile.book.delta import Bucket
from services.profile.book.domain import invoice, invoice_lines
from services.profile.book.domain.channel import Channel
from services.profile.book.domain.contested import contested, spoken_of_again
from services.profile.book.domain.dataset import Dataset
from services.profile.book.domain.departure import Gone, remaining
from services.profile.book.domain.enterprise import Enterprise
from services.profile.book.domain.evidence import DATASETS, ENTERPRISES, HELD, Evidence, evidence
from services.profile.book.domain.moment import Moment
from services.profile.book.domain.permit import Permit, Whole
from services.profile.book.lake import Lake

EVERY = frozenset({"invoices", *DATASETS})
# The lines of invoices beside all that: read by those who ask for them.
WITH_LINES = EVERY | {invoice_lines.DATASET.name}


def gather(context: Context, moment: Moment, scope: Permit | Whole, kinds: Collection[str] = EVERY) -> Evidence:
    """Return what is known of the enterprises of a scope at a moment, dated up to its `as_of`.

    `kinds` are those that are read; of the others nothing is said. Records that have left the book are not among it.
    """
    enterprises = scope.enterprises
    with context.database.read() as session:
        versions = step_store.lake_versions(session, moment.known_at)
        firms = _known(session, moment, enterprises)
        gone = gone_at(session, enterprises, moment)
    wanted = {name: version for name, version in versions.items() if name in kinds}
    invoices, disputed = invoice.DATASET.empty(), None
    if "invoices" in kinds:
        rows = standing_rows(context.lake, invoice.DATASET, moment.version, enterprises, gone)
        invoices = invoice.as_known(rows, known_at=moment.known_at, as_of=moment.as_of)
        disputed = _contested(context, rows, moment)
    found = _kinds(context, wanted, moment, enterprises, gone)
    if invoice_lines.DATASET.name in found:
        found[invoice_lines.DATASET.name] = invoice_lines.standing(found[invoice_lines.DATASET.name], invoices)
    return evidence(invoices, found, _firms(firms), disputed)


@dataclass(frozen=True, slots=True)
class Known:
    """What SQL knows of a moment, so that lakes are read without it: in another process, on another machine.

    `versions` are those of the lakes, `gone` what does not count, `own` the imports by which enterprises spoke of
    themselves, `firms` (`evidence.ENTERPRISES`) all that were known then. `moment` names its `known_at`.
    """

    moment: Moment
    versions: Mapping[str, int]
    gone: Gone
    own: frozenset[str]
    firms: pl.DataFrame


def known_at(context: Context, moment: Moment, _: Whole) -> Known:
    """Return what SQL knows of a moment; for a declared reason, as no file is open."""
    with context.database.read() as session:
        versions = step_store.lake_versions(session, moment.known_at)
        firms = _known(session, moment, None)
        gone, own = gone_at(session, None, moment), import_store.own_imports(session)
    return Known(moment, versions, gone, own, _firms(firms))


def gather_part(lakes: Mapping[str, Rows], known: Known, scope: Whole, firms: pl.DataFrame) -> Evidence:
    """Return what `gather` does of lakes that hold a part of the book (or of some firms of it), without SQL.

    `firms` are the known ones of that part.
    """
    moment, kinds = known.moment, {}
    rows = standing_rows(
        lakes["invoices"], invoice.DATASET, known.versions.get("invoices", 0), scope.enterprises, known.gone
    )
    invoices = invoice.as_known(rows, known_at=moment.known_at, as_of=moment.as_of)
    again = spoken_of_again(rows.filter(pl.col("known_at") <= moment.known_at))
    disputed = contested(again, known.own).filter(pl.col("date") <= moment.as_of)
    for name in DATASETS.keys() & known.versions.keys():
        rows = standing_rows(lakes[name], HELD[name], known.versions[name], scope.enterprises, known.gone)
        kinds[name] = HELD[name].as_known(rows, known_at=moment.known_at, as_of=moment.as_of)
    return evidence(invoices, kinds, firms, disputed)


def gather_kind(context: Context, moment: Moment, scope: Permit | Whole, name: str) -> pl.DataFrame:
    """Return what is known of one kind of data beside invoices, of a scope at a moment."""
    with context.database.read() as session:
        versions = step_store.lake_versions(session, moment.known_at)
        gone = gone_at(session, scope.enterprises, moment)
    wanted = {name: versions[name]} if name in versions else {}
    return _kinds(context, wanted, moment, scope.enterprises, gone).get(name, HELD[name].empty())


def scan(
    context: Context, kind: str, version: int, known_at: datetime | None, _: Whole, *, since: datetime | None = None
) -> pl.LazyFrame:
    """Return all rows of a kind at a version of its lake, to be filtered; for a declared reason, as no file is open.

    With `since` only those that became known later are read. Those of imports that had been taken back at `known_at`
    (None: by now) are not among them.
    """
    with context.database.read() as session:
        gone = withdrawals.withdrawn(session, known_at)
    return context.lakes[kind].scan(version, without=gone, since=since)


def scan_invoices(
    lakes: Mapping[str, Lake],
    version: int,
    of: Collection[str] | Bucket,
    _: Whole,
    *,
    without: Collection[str],
) -> pl.LazyFrame:
    """Return the invoices of some firms, or of a bucket, in all versions, unread; for a declared reason.

    `without` names the imports that had been taken back.
    """
    lake = lakes[invoice.DATASET.name]
    if isinstance(of, Bucket):
        return lake.scan(version, without=without, bucket=of)
    return lake.scan_of(version, of, without=without)


def gone_at(runner: Runner, enterprises: Sequence[str] | None, moment: Moment) -> Gone:
    """Return what of these enterprises does not count at a moment."""
    left = departures.departed(runner, enterprises, moment.known_at) | moment.without
    return Gone(left, withdrawals.withdrawn(runner, moment.known_at))


class Rows(Protocol):
    """What is asked of a lake."""

    def read(self, version: int, enterprises: Iterable[str] | None = None, *, without: Collection[str]) -> pl.DataFrame:
        """Return all versions of what is known of these enterprises, or of all; see `Lake.read`."""


def standing_rows(
    lake: Rows, dataset: Dataset, version: int, enterprises: Sequence[str] | None, gone: Gone
) -> pl.DataFrame:
    """Return the rows of a lake at a version that still count, in all their versions."""
    return remaining(dataset, lake.read(version, enterprises, without=gone.imports), gone.records)


def _contested(context: Context, rows: pl.DataFrame, moment: Moment) -> pl.DataFrame:
    """Return the invoices of which enterprises themselves say something else than the source that stands."""
    if moment.known_at is not None:
        rows = rows.filter(pl.col("known_at") <= moment.known_at)
    again = spoken_of_again(rows)
    own: frozenset[str] = frozenset()
    if not again.is_empty():
        with context.database.read() as session:
            sent = import_store.senders(session, again["import_id"].unique().to_list())
        own = frozenset(name for name, (_, channel) in sent.items() if channel == Channel.SUBJECT)
    return contested(again, own).filter(pl.col("date") <= moment.as_of)


def _known(session: Session, moment: Moment, enterprises: Sequence[str] | None) -> list[Enterprise]:
    if moment.known_at is not None:
        return enterprise_store.enterprises_at(session, moment.known_at, enterprises)
    if enterprises is None:
        return enterprise_store.all_enterprises(session)
    return list(enterprise_store.enterprises(session, enterprises).values())


def _kinds(
    context: Context,
    versions: Mapping[str, int],
    moment: Moment,
    enterprises: Sequence[str] | None,
    gone: Gone,
) -> dict[str, pl.DataFrame]:
    found = {}
    for name, version in versions.items():
        if name != invoice.DATASET.name:
            rows = standing_rows(context.lakes[name], HELD[name], version, enterprises, gone)
            found[name] = HELD[name].as_known(rows, known_at=moment.known_at, as_of=moment.as_of)
    return found


def _firms(firms: Sequence[Enterprise]) -> pl.DataFrame:
    columns = {
        name: [firm.id if name == "enterprise" else getattr(firm, name) for firm in firms] for name in ENTERPRISES
    }
    return pl.DataFrame(columns, schema=ENTERPRISES)
