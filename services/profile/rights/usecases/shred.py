"""Shredding what is past its keeping: rows of the lake, of the tables and received files; the ledger forgets whose.

Each step may be broken off and done again: what is due is found by its age, not by what an earlier run had planned.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta

import polars as pl

from chassis.core.retention import Policy
from chassis.data import ledger, removal
from chassis.data.files import Kept
from services.profile.book import departures, import_store, step_store
from services.profile.book.context import Context
from services.profile.book.domain import public_record, relation
from services.profile.book.domain.dataset import Dataset
from services.profile.book.domain.departure import Cause, Departure, names_of, remaining
from services.profile.book.domain.evidence import speaking_of
from services.profile.book.usecases.agree import agree
from services.profile.rights import dispute_store, ledger_entries, retention_store
from services.profile.rights.domain.dispute import EXPIRED, Correction
from services.profile.rights.domain.retention import all_declared, concerns, policies_on, version
from services.profile.rights.usecases.repair import leave
from services.profile.rights.usecases.set_measure import end_measures_on
from services.profile.standards.days import start_of

# When the thing itself ended: from then on the months count.
# A file of no import is left alone so long: an operator who restored an older database may still want it.
STRAY_SECONDS = 7 * 86_400.0
ENDED = {
    public_record.DATASET.name: pl.coalesce("ends_on", "published_on"),
    relation.DATASET.name: pl.col("until"),
}


def shred(context: Context) -> dict[str, int]:
    """Shred all that is past its keeping, and return how much of each policy; enter the counts in the ledger."""
    agree(context)
    today = context.today()
    _reconcile(context)
    done: Counter[str] = Counter()
    for dataset in (public_record.DATASET, relation.DATASET):
        for policy in policies_on(dataset.name):
            done[policy.key] += _expire(context, dataset, policy, policy.kept_from(today))
    for policy in policies_on("departed"):
        done[policy.key] += _erase(context, Cause(policy.sorts[0]), policy.kept_from(today))
    for policy in policies_on("uploads"):
        done[policy.key] += _delete_uploads(context, start_of(policy.kept_from(today)))
    done.update(removal.carry_out(context.database, all_declared(), retention_store.removals(), context.now()))
    shredded = {key: count for key, count in done.items() if count}
    if shredded:
        with context.database.begin() as session:
            ledger.append(session, [ledger.Entry("shredded", None, None, {"policies": version(), "counts": shredded})])
    return dict(done)


def would_shred(context: Context) -> dict[str, int]:
    """Return how much of each policy `shred` would take now; nothing is changed.

    Records are counted, where `shred` tells of the rows of the lake that held them: a record has one of each version.
    What leaves the book in that run is erased in it too, and not counted twice here.
    """
    today, found = context.today(), Counter[str]()
    for dataset in (public_record.DATASET, relation.DATASET):
        for policy in policies_on(dataset.name):
            due = _due(context, dataset, policy, policy.kept_from(today))
            found[policy.key] += sum(map(len, due.values()))
    for policy in policies_on("departed"):
        with context.database.read() as session:
            before = start_of(policy.kept_from(today) + timedelta(days=1))
            found[policy.key] += len(departures.unerased(session, Cause(policy.sorts[0]), before))
    for policy in policies_on("uploads"):
        found[policy.key] += len(_due_uploads(context, start_of(policy.kept_from(today))))
    found.update(removal.counted(context.database, all_declared(), retention_store.removals(), context.now()))
    return dict(found)


def _reconcile(context: Context) -> None:
    """Let records leave that were stated to be repaired before a repair was an act of its own."""
    rows = _present(context, public_record.DATASET).filter(pl.col("repaired_on").is_not_null())
    for enterprise, records in _by_enterprise(public_record.DATASET, rows).items():
        with context.database.begin() as session:
            leave(context, session, enterprise, records, "stated", "profile", context.now())


def _expire(context: Context, dataset: Dataset, policy: Policy, kept_from: date) -> int:
    """Take records past their keeping out of the book; their rows are erased with those of all that has left it."""
    count = 0
    for enterprise, records in _due(context, dataset, policy, kept_from).items():
        gone = [Departure(enterprise, dataset.name, name) for name in records]
        with context.database.begin() as session:
            left = departures.depart(session, gone, Cause.EXPIRED, policy.key, context.now())
            context.peers.changed(session)
            if dataset is public_record.DATASET:
                context.alerts.withdraw(session, enterprise, set(records.values()), context.now())
                by = (Correction.EXPIRED, EXPIRED)
                dispute_store.end_disputes(session, enterprise, list(records), context.now(), by=by)
                for number in records.values():
                    end_measures_on(session, enterprise, number, context.now())
            ledger_entries.enter(
                session, "record-expired", enterprise, None, {"policy": policy.key, "records": len(left)}
            )
        count += len(left)
    return count


def _due(context: Context, dataset: Dataset, policy: Policy, kept_from: date) -> dict[str, dict[str, str]]:
    """Return the records past their keeping, as `_by_enterprise` does."""
    due = _present(context, dataset).filter(ENDED[dataset.name] < kept_from)
    if policy.sorts:
        due = due.filter(pl.col(dataset.lead).is_in(policy.sorts))
    return {name: found for name, found in _by_enterprise(dataset, due).items() if concerns(policy, name)}


def _erase(context: Context, cause: Cause, kept_from: date) -> int:
    """Erase the rows of what has left the book long enough ago."""
    before = start_of(kept_from + timedelta(days=1))
    with context.database.read() as session:
        due = departures.unerased(session, cause, before)
    by_kind: dict[str, list[Departure]] = defaultdict(list)
    for departure in due.values():
        by_kind[departure.dataset].append(departure)
    erased = sum(context.lakes[name].shred(gone) for kind, gone in by_kind.items() for name in speaking_of(kind))
    if due:
        with context.database.begin() as session:
            # What else holds what such records said: the item in a dispute about one, alerts that were withdrawn.
            for kind, gone in by_kind.items():
                dispute_store.forget_items(session, kind, [departure.record for departure in gone])
            context.alerts.forget(session, before)
            departures.note_erased(session, due, context.now())
    return erased


def _delete_uploads(context: Context, before: datetime) -> int:
    """Delete the files of imports received so long ago, with their reports of rejected rows; also of those refused.

    And files of no import at all: they may name persons, and no moment would come at which they go.
    """
    due = _due_uploads(context, before)
    for name in due:
        context.uploads.delete(name)
    return len(due)


def _due_uploads(context: Context, before: datetime) -> list[str]:
    # One list of all: a list for each import would ask an object store as often. Listed before the imports are read:
    # what came in between is no stray.
    files = context.uploads.list()
    with context.database.read() as session:
        imports = set(retention_store.imports_over(session, before))
        known = import_store.senders(session, sorted({_import_of(file) for file in files}))
    # A stray is of nobody's import: whoever took it in was killed before that was noted. Ages are those of their place.
    late = max((file.written for file in files), default=0.0) - STRAY_SECONDS
    strays = {file.name for file in files if _import_of(file) not in known and file.written < late}
    return [file.name for file in files if _import_of(file) in imports or file.name in strays]


def _import_of(file: Kept) -> str:
    return file.name.partition(".")[0]


def _present(context: Context, dataset: Dataset) -> pl.DataFrame:
    """Return the records of a kind that have not left, each in its last version.

    Also those of imports that were taken back: their rows are there for replays, and their keeping ends as well.
    """
    with context.database.read() as session:
        at = step_store.lake_versions(session).get(dataset.name)
        gone = departures.departed(session)
    if at is None:
        return dataset.empty()
    return dataset.as_known(remaining(dataset, context.lakes[dataset.name].read(at, without=()), gone))


def _by_enterprise(dataset: Dataset, rows: pl.DataFrame) -> dict[str, dict[str, str]]:
    """Return, by enterprise, the document number (or the day) of each record by its name."""
    if rows.is_empty():
        return {}
    mark = "number" if "number" in rows.columns else dataset.day
    records: dict[str, dict[str, str]] = {}
    for enterprise, name, number in zip(rows["enterprise"], names_of(dataset, rows), rows[mark], strict=True):
        records.setdefault(enterprise, {})[name] = str(number)
    return records
