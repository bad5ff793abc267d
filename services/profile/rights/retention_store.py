"""Rows that are kept for a time only: each function deletes one kind of them, by age, and returns how many."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, exists, or_, select
from sqlalchemy.orm import Session

from chassis.core.moments import day_of
from chassis.data import jobs, keys, ledger
from chassis.data.database import batches
from services.profile.book import tables as book_tables
from services.profile.rights import tables
from services.profile.rights.domain.dispute import MARKED


def delete_answers(session: Session, before: datetime) -> int:
    """Delete the stored answers of requests that nobody repeats any more."""
    table = keys.TABLE
    return len(session.execute(delete(table).where(table.c.created_at < before).returning(table.c.key)).all())


def delete_accesses(session: Session, before: datetime) -> int:
    """Delete the record of old reads; the ledger forgets whose its entries about them were."""
    table = tables.Access
    rows = session.execute(select(table.id, table.ledger_entry).where(table.at < before)).all()
    ledger.forget(session, [entry for _, entry in rows if entry is not None])
    return _delete(session, table, [row_id for row_id, _ in rows])


def delete_consents(session: Session, before: datetime) -> int:
    """Delete consents that ended so long ago, unless a read that is still on file rests on one."""
    table = tables.Consent
    over = or_(table.revoked_at < before, table.valid_until < day_of(before))
    read = exists().where(tables.Access.consent == table.id)
    return _delete_forgotten(session, table, select(table.id, table.enterprise).where(over, ~read))


def delete_disputes(session: Session, before: datetime) -> int:
    """Delete what was decided so long ago; an open dispute, and one with both views on record, stay."""
    table = tables.Dispute
    due = select(table.id, table.enterprise).where(table.decided_at < before, table.state.not_in(MARKED))
    return _delete_forgotten(session, table, due)


def delete_notices(session: Session, before: datetime) -> int:
    """Delete old notices."""
    table = tables.Notice
    return _delete(session, table, session.scalars(select(table.id).where(table.created_at < before)))


def imports_over(session: Session, before: datetime) -> list[str]:
    """Return the imports received before a moment that are done or were refused."""
    table, job = book_tables.Import, jobs.TABLE
    over = or_(table.finished_at.is_not(None), exists().where(job.c.id == table.id, job.c.state == "failed"))
    return list(session.scalars(select(table.id).where(table.created_at < before, over)))


def _delete_forgotten(session: Session, table: Any, due: Select[str, str]) -> int:
    """Delete rows, and let the ledger forget whose its entries about them were."""
    rows = session.execute(due).all()
    for row_id, enterprise in rows:
        ledger.forget(session, ledger.numbers_about(session, enterprise, [row_id]))
    return _delete(session, table, [row_id for row_id, _ in rows])


def _delete(session: Session, table: Any, ids: Iterable[str]) -> int:
    due = list(ids)
    for part in batches(due):
        session.execute(delete(table).where(table.id.in_(part)))
    return len(due)
