"""Rows of what sources said of outcomes: whether a firm defaulted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import TypeAlias

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from chassis.core.ids import new_id
from chassis.data.database import Runner, batches
from services.profile.book import tables, withdrawals

# Of which firm, whether it defaulted, and when that was observed.
Statement: TypeAlias = tuple[str, bool, date | None]


def outcomes(session: Runner, known_at: datetime) -> dict[str, tuple[bool, date | None]]:
    """Return whether each firm defaulted and when that was observed, by the latest statement known at a time."""
    table = tables.Outcome
    known = (table.known_at <= known_at, withdrawals.counts(table.import_id, known_at))
    query = select(table.enterprise, table.defaulted, table.observed_on).where(*known)
    rows = session.execute(query.order_by(table.known_at, table.observed_on, table.id))
    return {enterprise: (defaulted, day) for enterprise, defaulted, day in rows}


def outcome_statements(session: Session, ids: Sequence[str]) -> set[Statement]:
    """Return everything said so far about these firms' outcomes, but for what was taken back."""
    table = tables.Outcome
    gone = select(tables.Withdrawal.import_id)
    statements: set[Statement] = set()
    for part in batches(ids):
        query = select(table.enterprise, table.defaulted, table.observed_on).where(
            table.enterprise.in_(part), table.import_id.not_in(gone)
        )
        statements |= {(row.enterprise, row.defaulted, row.observed_on) for row in session.execute(query)}
    return statements


def imports_saying(session: Session, statements: Collection[Statement]) -> set[str]:
    """Return the imports that said one of these things about outcomes, but for those that were taken back."""
    table, found = tables.Outcome, set[str]()
    gone = select(tables.Withdrawal.import_id)
    for part in batches(sorted({name for name, _, _ in statements})):
        query = select(table.import_id, table.enterprise, table.defaulted, table.observed_on).where(
            table.enterprise.in_(part), table.import_id.not_in(gone)
        )
        found |= {row[0] for row in session.execute(query) if tuple(row[1:]) in statements}
    return found


def add_outcomes(session: Session, statements: Sequence[Statement], import_id: str, known_at: datetime) -> None:
    """Store statements about outcomes."""
    names = ("enterprise", "defaulted", "observed_on")
    origin = {"import_id": import_id, "known_at": known_at}
    rows = [{"id": new_id("out"), **dict(zip(names, each, strict=True)), **origin} for each in statements]
    if rows:
        session.execute(insert(tables.Outcome), rows)
