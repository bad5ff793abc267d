"""Repairs that a source states in a file of public records: which of them hold, and what they do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import polars as pl
from sqlalchemy.orm import Session

from chassis.data.jobs import Job
from services.profile.book import import_store, step_store, tables, withdrawals
from services.profile.book.context import Context
from services.profile.book.domain import public_record
from services.profile.book.domain.departure import names_of
from services.profile.book.domain.display import too_early
from services.profile.book.domain.versions import NOT_YOURS
from services.profile.book.usecases.hooks import Hooks
from services.profile.rights.usecases.repair import leave

TOO_EARLY = "repaired sooner than the tier on file allows / 早于档案所载失信类别的最短公示期"


def refuse_wrong(
    context: Context, job: Job, order: tables.Import, rows: pl.DataFrame
) -> Iterator[tuple[list[int], str]]:
    """Give the lines of repairs that are not the sender's to state, or too early for the record as it is held.

    What a row says of the record beside its repair is the sender's word: the tier that counts is the one on file.
    """
    repaired = _repaired(rows)
    if repaired.is_empty():
        return
    with context.database.read() as session:
        on_file = _held_records(context, session, repaired["enterprise"].unique().to_list())
        sent = import_store.senders(session, on_file["import_id"].unique().to_list())
    theirs = [name for name, (client, _) in sent.items() if client == order.client or _is_operator(job)]
    same = list(public_record.IDENTITY)
    stated = repaired.select(*same, "line", "repaired_on").join(on_file, on=same)
    others = stated.filter(~pl.col("import_id").is_in(theirs))["line"].to_list()
    if others:
        yield others, NOT_YOURS
    early = sorted(set(stated.filter(too_early())["line"]) - set(others))
    if early:
        yield early, TOO_EARLY


def repair_stated(context: Context, session: Session, order: tables.Import, rows: pl.DataFrame, now: datetime) -> None:
    """Let the public records leave that a source says were repaired."""
    repaired = _repaired(rows)
    named = repaired.select("enterprise", "number").with_columns(
        names_of(public_record.DATASET, repaired).alias("name")
    )
    for (enterprise,), mine in named.partition_by("enterprise", as_dict=True, maintain_order=True).items():
        records = dict(mine.select("name", "number").iter_rows())
        leave(context, session, str(enterprise), records, order.id, order.client, now)


REPAIRS = Hooks(on_check=refuse_wrong, on_visible=repair_stated)


def _repaired(rows: pl.DataFrame) -> pl.DataFrame:
    if "repaired_on" not in rows.columns:
        return rows.clear()
    return rows.filter(pl.col("repaired_on").is_not_null())


def _held_records(context: Context, session: Session, enterprises: list[str]) -> pl.DataFrame:
    """Return the public records of these enterprises as they are held, each in its last version."""
    dataset = public_record.DATASET
    version = step_store.lake_versions(session).get(dataset.name)
    gone = withdrawals.withdrawn(session)
    rows = dataset.empty() if version is None else context.lakes[dataset.name].read(version, enterprises, without=gone)
    return dataset.as_known(rows).select(*dataset.identity, "tier", "published_on", "import_id")


def _is_operator(job: Job) -> bool:
    return job.caller is not None and job.caller.role == "operator"
