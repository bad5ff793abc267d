"""Shredding what is past its keeping: rows of the lake, of the tables and received files; the ledger forgets whose.

Each step may be broken off and done again: what is due is found by its age, not by what an earlier run had planned.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import polars as pl
from sqlalchemy import Select, delete, exists, or_, select, update
from sqlalchemy.orm import Session

from chassis.data import jobs, keys, ledger
from chassis.data.database import batches
from services.profile.book import departures, store
from services.profile.book import tables as book_tables
from services.profile.book.context import Context
from services.profile.book.domain import public_record, relation
from services.profile.book.domain.dataset import Dataset
from services.profile.book.domain.departure import Cause, Departure, names_of, remaining
from services.profile.rights import dispute_store, register, tables
from services.profile.rights.domain.dispute import EXPIRED, MARKED, Correction
from services.profile.rights.domain.retention import Policy, policies_on, version
from services.profile.rights.usecases.repair import leave
from services.profile.rights.usecases.set_measure import end_measures_on
from services.profile.standards.days import day_of

# When the thing itself ended: from then on the months count.
ENDED = {
    public_record.DATASET.name: pl.coalesce("ends_on", "published_on"),
    relation.DATASET.name: pl.col("until"),
}


def shred(context: Context) -> dict[str, int]:
    """Shred all that is past its keeping, and return how much of each policy; enter the counts in the ledger."""
    today = day_of(context.now())
    _reconcile(context)
    done: Counter[str] = Counter()
    for dataset in (public_record.DATASET, relation.DATASET):
        for policy in policies_on(dataset.name):
            done[policy.key] += _expire(context, dataset, policy, policy.kept_from(today))
    for policy in policies_on("departed"):
        done[policy.key] += _erase(context, Cause(policy.sorts[0]), policy.kept_from(today))
    for what, step in (
        ("answers", _answers),
        ("uploads", _uploads),
        ("accesses", _accesses),
        ("consents", _consents),
        ("disputes", _disputes),
        ("notices", _notices),
    ):
        for policy in policies_on(what):
            done[policy.key] += step(context, _midnight(policy.kept_from(today)))
    shredded = {key: count for key, count in done.items() if count}
    if shredded:
        with context.database.begin() as session:
            ledger.append(session, [ledger.Entry("shredded", None, None, {"policies": version(), "counts": shredded})])
    return dict(done)


def _reconcile(context: Context) -> None:
    """Let records leave that were stated to be repaired before a repair was an act of its own."""
    rows = _present(context, public_record.DATASET).filter(pl.col("repaired_on").is_not_null())
    for enterprise, records in _by_enterprise(public_record.DATASET, rows).items():
        with context.database.begin() as session:
            leave(context, session, enterprise, records, "stated", "profile", context.now())


def _expire(context: Context, dataset: Dataset, policy: Policy, kept_from: date) -> int:
    """Take records past their keeping out of the book; their rows are erased with those of all that has left it."""
    rows = _present(context, dataset)
    due = rows.filter(ENDED[dataset.name] < kept_from)
    if policy.sorts:
        due = due.filter(pl.col(dataset.lead).is_in(policy.sorts))
    count = 0
    for enterprise, records in _by_enterprise(dataset, due).items():
        if not policy.concerns(enterprise):
            continue
        gone = [Departure(enterprise, dataset.name, name) for name in records]
        with context.database.begin() as session:
            left = departures.depart(session, gone, Cause.EXPIRED, policy.key, context.now())
            if dataset is public_record.DATASET:
                context.alerts.withdraw(session, enterprise, set(records.values()), context.now())
                by = (Correction.EXPIRED, EXPIRED)
                dispute_store.end_disputes(session, enterprise, list(records), context.now(), by=by)
                for number in records.values():
                    end_measures_on(session, enterprise, number, context.now())
            register.enter(session, "record-expired", enterprise, None, {"policy": policy.key, "records": len(left)})
        count += len(left)
    return count


def _erase(context: Context, cause: Cause, kept_from: date) -> int:
    """Erase the rows of what has left the book long enough ago; that it left stays noted, so that it never returns."""
    table = book_tables.Departure
    before = _midnight(kept_from + timedelta(days=1))
    due = select(table).where(table.cause == cause, table.known_at < before, table.shredded_at.is_(None))
    with context.database.read() as session:
        rows = session.scalars(due).all()
    by_kind: dict[str, list[Departure]] = defaultdict(list)
    for row in rows:
        by_kind[row.dataset].append(Departure(row.enterprise, row.dataset, row.record))
    erased = sum(context.lakes[kind].shred(gone) for kind, gone in by_kind.items())
    if rows:
        with context.database.begin() as session:
            _forget_copies(context, session, by_kind, before)
            done = update(table).where(table.id.in_([row.id for row in rows])).values(shredded_at=context.now())
            session.execute(done)
    return erased


def _forget_copies(context: Context, session: Session, gone: dict[str, list[Departure]], before: datetime) -> None:
    """Erase what else holds what such records said: the item in a dispute about one, alerts that were withdrawn."""
    dispute = tables.Dispute
    for kind, each in gone.items():
        for part in batches([one.record for one in each]):
            mine = dispute.kind == kind, dispute.record.in_(part)
            session.execute(update(dispute).where(*mine).values(before={}))
    context.alerts.forget(session, before)


def _answers(context: Context, before: datetime) -> int:
    """Delete the stored answers of requests that nobody repeats any more."""
    table = keys.TABLE
    with context.database.begin() as session:
        gone = session.execute(delete(table).where(table.c.created_at < before).returning(table.c.key))
        return len(gone.all())


def _accesses(context: Context, before: datetime) -> int:
    table = tables.Access
    with context.database.begin() as session:
        rows = session.execute(select(table.id, table.ledger_entry).where(table.at < before)).all()
        ledger.forget(session, [entry for _, entry in rows if entry is not None])
        return _delete(session, table, [row_id for row_id, _ in rows])


def _consents(context: Context, before: datetime) -> int:
    """Delete consents that ended so long ago, unless a read that is still on file rests on one."""
    table = tables.Consent
    over = or_(table.revoked_at < before, table.valid_until < before.date())
    read = exists().where(tables.Access.consent == table.id)
    return _forgotten(context, table, select(table.id, table.enterprise).where(over, ~read))


def _disputes(context: Context, before: datetime) -> int:
    """Delete what was decided so long ago; an open dispute, and one with both views on record, stay."""
    table = tables.Dispute
    due = select(table.id, table.enterprise).where(table.decided_at < before, table.state.not_in(MARKED))
    return _forgotten(context, table, due)


def _notices(context: Context, before: datetime) -> int:
    table = tables.Notice
    with context.database.begin() as session:
        rows = session.scalars(select(table.id).where(table.created_at < before)).all()
        return _delete(session, table, rows)


def _uploads(context: Context, before: datetime) -> int:
    """Delete the files of imports received so long ago, with their reports of rejected rows; also of those refused."""
    table, job = book_tables.Import, jobs.TABLE
    over = or_(table.finished_at.is_not(None), exists().where(job.c.id == table.id, job.c.state == "failed"))
    with context.database.read() as session:
        ids = session.scalars(select(table.id).where(table.created_at < before, over)).all()
    found = [path for import_id in ids for path in context.settings.uploads.glob(f"{import_id}*")]
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def _forgotten(context: Context, table: Any, due: Select[str, str]) -> int:
    """Delete rows, and let the ledger forget whose its entries about them were."""
    with context.database.begin() as session:
        rows = session.execute(due).all()
        for row_id, enterprise in rows:
            ledger.forget(session, ledger.numbers_about(session, enterprise, [row_id]))
        return _delete(session, table, [row_id for row_id, _ in rows])


def _delete(session: Session, table: Any, ids: Iterable[str]) -> int:
    wanted = list(ids)
    for part in batches(wanted):
        session.execute(delete(table).where(table.id.in_(part)))
    return len(wanted)


def _present(context: Context, dataset: Dataset) -> pl.DataFrame:
    """Return the records of a kind that have not left, each in its last version."""
    with context.database.read() as session:
        at = store.lake_versions(session).get(dataset.name)
        gone = departures.departed(session)
    if at is None:
        return dataset.empty()
    return dataset.as_known(remaining(dataset, context.lakes[dataset.name].read(at), gone))


def _by_enterprise(dataset: Dataset, rows: pl.DataFrame) -> dict[str, dict[str, str]]:
    """Return, by enterprise, the document number (or the day) of each record by its name."""
    if rows.is_empty():
        return {}
    told = "number" if "number" in rows.columns else dataset.day
    found: dict[str, dict[str, str]] = {}
    names = names_of(dataset, rows)
    for enterprise, name, number in zip(rows["enterprise"], names, rows[told], strict=True):
        found.setdefault(enterprise, {})[name] = str(number)
    return found


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
