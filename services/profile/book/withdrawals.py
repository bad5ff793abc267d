"""Rows of imports that were taken back: which count no more, since when, and who had repeated what they said."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, insert, select
from sqlalchemy.orm import Session

from chassis.data import jobs
from chassis.data.database import Runner, batches
from services.profile.book import tables

JOB = jobs.Kind("withdraw", "imports")


def withdrawn(runner: Runner, known_at: datetime | None = None) -> frozenset[str]:
    """Return the imports whose rows do not count at a moment (None: now)."""
    table = tables.Withdrawal
    ended = table.at.is_not(None) if known_at is None else table.at <= known_at
    return frozenset(runner.execute(select(table.import_id).where(ended)).scalars())


def withdrawn_between(runner: Runner, after: datetime, until: datetime) -> bool:
    """Tell whether an import was taken back later than one moment and no later than another."""
    table = tables.Withdrawal
    query = select(table.import_id).where(table.at > after, table.at <= until).limit(1)
    return runner.execute(query).first() is not None


def going(runner: Runner) -> frozenset[str]:
    """Return the imports that are taken back, also those whose rows still count for a moment."""
    return frozenset(runner.execute(select(tables.Withdrawal.import_id)).scalars())


def counts(import_id: SQLColumnExpression[Any], known_at: datetime) -> ColumnElement[bool]:
    """Return the condition that a row's import had not been taken back at a moment."""
    table = tables.Withdrawal
    return import_id.not_in(select(table.import_id).where(table.at <= known_at))


def withdrawal(session: Session, import_id: str, *, lock: bool = False) -> tables.Withdrawal | None:
    """Return the withdrawal of an import; `lock` keeps others from it until the transaction ends."""
    return session.get(tables.Withdrawal, import_id, with_for_update=lock)


def withdrawals(session: Session, imports: Collection[str]) -> dict[str, tables.Withdrawal]:
    """Return the withdrawals of these imports, by import."""
    table, found = tables.Withdrawal, dict[str, tables.Withdrawal]()
    for part in batches(sorted(imports)):
        found |= {row.import_id: row for row in session.scalars(select(table).where(table.import_id.in_(part)))}
    return found


def note_repeats(session: Session, import_id: str, repeated: Collection[str]) -> None:
    """Note that an import said again what these imports had said, and so left it out.

    One of them that was taken back while this import was loaded is worked off again: what it held is said here.
    """
    table = tables.Repeat
    before = set(session.scalars(select(table.repeated).where(table.import_id == import_id)))
    rows = [{"import_id": import_id, "repeated": name} for name in sorted(set(repeated) - before)]
    if rows:
        session.execute(insert(table), rows)
    for name in withdrawn(session).intersection(row["repeated"] for row in rows):
        jobs.enqueue(session, JOB, {"import": name})


def repeaters(runner: Runner, import_id: str) -> list[str]:
    """Return the imports that said again what one had said and still stand, in the order in which they came."""
    table = tables.Repeat
    gone = select(tables.Withdrawal.import_id)
    query = select(table.import_id).where(table.repeated == import_id, table.import_id.not_in(gone))
    return sorted(runner.execute(query).scalars())
