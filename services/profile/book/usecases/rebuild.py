"""Making a lake again from the files received: beside the old one, with the same imports, moments and versions.

The database says which import made which version, and since when its rows are known; the files say what they stated.
What no file tells any more stops it, in words: files past their keeping or of kinds that name persons, rows that were
handed over when an import was taken back, another count than was noted. Then the old lake stays as it is.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

import polars as pl
from deltalake import CommitProperties, write_deltalake
from deltalake.exceptions import DeltaError
from sqlalchemy import select

from chassis.core.errors import Invalid, Refused
from services.profile.book import import_store, step_store, tables, withdrawals
from services.profile.book.context import Context
from services.profile.book.damage import damaged
from services.profile.book.domain import invoice, invoice_lines
from services.profile.book.domain.channel import Standing, standing
from services.profile.book.domain.dataset import Dataset
from services.profile.book.domain.departure import Departure
from services.profile.book.domain.evidence import HELD, speaking_of
from services.profile.book.domain.sheet import taken
from services.profile.book.domain.versions import former_parties
from services.profile.book.fit import Commit, Step
from services.profile.book.lake import Lake
from services.profile.book.usecases.bring_slices import divided
from services.profile.book.usecases.load import records_of, sheets_of, without_refused


class CannotRebuild(Refused):
    """A lake cannot be made again: what of it no file tells any more."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What became of a lake: made again (`done`) or left as it was, and why."""

    lake: str
    done: bool
    said: str


def rebuild(context: Context, kinds: Sequence[str]) -> list[Rebuilt]:
    """Make the lakes of these kinds again, or of all; nobody may write to them meanwhile."""
    if unknown := sorted(set(kinds) - HELD.keys()):
        raise Invalid(f"There is no lake of {', '.join(unknown)}; there are: {', '.join(HELD)}.")
    # Invoices first: what stands beside them is read against them.
    return [_rebuilt(context, kind) for kind in HELD if not kinds or kind in kinds]


def _rebuilt(context: Context, kind: str) -> Rebuilt:
    old = context.lakes[kind].files.folder
    if old is None:
        return Rebuilt(kind, done=False, said="it lies in an object store: restore it from a backup")
    beside = old.with_name(f"{old.name}.rebuilt")
    shutil.rmtree(beside, ignore_errors=True)
    with context.database.read() as session:
        steps, gone = _steps(context, kind), _shredded(context, kind)
        bound = step_store.last_steps(session).get(kind)
    lake = Lake(str(beside), dataset=HELD[kind])
    try:
        lake.create(_buckets(context, kind))
        for step, records in steps:
            _fill(lake, HELD[kind], step.version)
            _again(context, lake, HELD[kind], step, records)
        if gone:
            lake.shred(gone)
        lake.require(bound)
        if wrong := [each.file for each in damaged(kind, lake.files, deep=True)]:
            raise CannotRebuild(f"what was written cannot be read: {wrong[0]}")
    except Refused as refusal:
        shutil.rmtree(beside, ignore_errors=True)
        return Rebuilt(kind, done=False, said=f"left as it was: {refusal.detail.partition(' / ')[0]}")
    kept = _swapped(old, beside, context.now())
    context.lakes[kind].files.forget()
    return Rebuilt(kind, done=True, said=f"made again from {len(steps)} imports; the old one is kept as {kept.name}")


def _buckets(context: Context, kind: str) -> int:
    """Return of how many buckets the lake was, or those of a new one where it does not say so any more."""
    try:
        return context.lakes[kind].buckets()
    except (DeltaError, OSError):
        return context.settings.buckets


def _steps(context: Context, kind: str) -> list[tuple[Step, int]]:
    table = tables.LakeStep
    columns = (table.lake_version, table.commit_id, table.committed_at, table.known_at, table.records)
    query = select(*columns).where(table.dataset == kind).order_by(table.lake_version)
    with context.database.read() as session:
        rows = session.execute(query).all()
    return [(Step(version, commit, at or known_at), records) for version, commit, at, known_at, records in rows]


def _shredded(context: Context, kind: str) -> list[Departure]:
    """Return what was erased from a kind's lake: it must not come back with the files that stated it."""
    table = tables.Departure
    query = select(table.enterprise, table.dataset, table.record).where(table.shredded_at.is_not(None))
    with context.database.read() as session:
        return [Departure(*row) for row in session.execute(query) if kind in speaking_of(row[1])]


def _fill(lake: Lake, dataset: Dataset, version: int) -> None:
    """Let versions that the database does not name be empty ones: they joined files, or came to nothing."""
    empty = pl.DataFrame(schema={**dataset.schema, "bucket": pl.Int8()})
    while (table := lake.files.table()).version() < version - 1:
        properties = CommitProperties(custom_metadata={"left-out": str(table.version() + 1)})
        with lake.files.committing(table) as (writable, _):
            write_deltalake(writable, empty, mode="append", commit_properties=properties)


def _again(context: Context, lake: Lake, dataset: Dataset, step: Step, records: int) -> None:
    """Append once more what one import brought, and raise `CannotRebuild` where it is not the same."""
    if step.commit is None or step.committed_at is None:
        raise CannotRebuild(f"version {step.version} is from before it was kept which import made it")
    if ">" in step.commit:
        raise CannotRebuild(f"version {step.version} holds rows that were handed over: {step.commit}")
    with context.database.read() as session:
        order = session.get_one(tables.Import, step.commit)
    if order.kind in import_store.SEALED:
        raise CannotRebuild(f"the file of {order.id} names persons and is not kept ({order.kind})")
    standing = partial(_standing, context, order, step.committed_at)
    try:
        with context.uploads.open(order.id) as path, divided(context, order, path, bounded=False) as found:
            if found is None:
                commit = _whole(context, lake, dataset, order, path, step.committed_at, standing)
            else:
                commit = lake.append_parts(
                    found.parts,
                    order.id,
                    found.kept,
                    now=step.committed_at,
                    standing=standing,
                    counted=found.counted,
                )
    except FileNotFoundError:
        raise CannotRebuild(f"the file of {order.id}, received {order.created_at:%Y-%m-%d}, is not kept") from None
    if (found := sum(commit.facts["appended"].values())) != records or commit.version != step.version:
        raise CannotRebuild(f"{order.id} gives {found} records today, and brought {records} when it came")


def _whole(
    context: Context,
    lake: Lake,
    dataset: Dataset,
    order: tables.Import,
    path: Path,
    now: datetime,
    standing: Callable[[list[str]], Standing],
) -> Commit:
    """Append what a file states that is looked at whole."""
    sheets = sheets_of(context, order, path)
    if dataset is invoice_lines.DATASET:
        invoices = context.lakes[invoice.DATASET.name].committed(order.id)
        sheets = sheets if invoices is None else without_refused(sheets, invoices)
    return lake.append(
        records_of(context, dataset, sheets),
        order.id,
        {},
        now=now,
        standing=standing,
        counted=lambda new, held: {"taken": taken(sheets, new["line"]), "before": former_parties(dataset, new, held)},
    )


def _standing(context: Context, order: tables.Import, at: datetime, earlier: Collection[str]) -> Standing:
    """Return how earlier imports stood to one when it came: what was taken back later stood then."""
    table = tables.Withdrawal
    with context.database.read() as session:
        names = sorted(earlier)
        senders = import_store.senders(session, names)
        going = withdrawals.going(session)
        later = set(session.execute(select(table.import_id).where(table.asked_at > at)).scalars())
        days, again = import_store.stated_days(session, names), import_store.came_before(session, order)
    stands = standing((order.client, order.channel), senders, going - later)
    return replace(stands, days=days, stated_on=order.stated_on, again=again)


def _swapped(old: Path, new: Path, now: datetime) -> Path:
    """Put the new lake in the place of the old one, which is kept beside it; return where."""
    kept = old.with_name(f"{old.name}.before-{now:%Y%m%dT%H%M%S}")
    if old.exists():
        old.rename(kept)
    new.rename(old)
    return kept
