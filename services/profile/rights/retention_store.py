"""Rows of rights that are kept for a time only: each goes by age, and the ledger forgets whose its entries were."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from chassis.core.moments import day_of
from chassis.data import jobs, ledger
from chassis.data.removal import Removal, answers
from services.profile.book import tables as book_tables
from services.profile.rights import tables
from services.profile.rights.domain.dispute import MARKED


def removals() -> list[Removal]:
    """Return what goes, in the order in which it can: a consent after the reads that rest on it."""
    access, notice, repair = tables.Access, tables.Notice, tables.Repair
    return [
        answers("stored-answers"),
        Removal("accesses", access.__table__, lambda before: access.at < before, _forget_reads),
        _forgotten("consents", tables.Consent, _consents_over),
        _forgotten("disputes", tables.Dispute, _disputes_over),
        _forgotten("repairs", repair, lambda before: repair.created_at < before),
        _forgotten("measures", tables.Measure, _measures_over),
        Removal("notices", notice.__table__, lambda before: notice.created_at < before),
    ]


def imports_over(session: Session, before: datetime) -> list[str]:
    """Return the imports received before a moment that are done or were refused."""
    table, job = book_tables.Import, jobs.TABLE
    over = or_(table.finished_at.is_not(None), exists().where(job.c.id == table.id, job.c.state == "failed"))
    return list(session.scalars(select(table.id).where(table.created_at < before, over)))


def _consents_over(before: datetime) -> ColumnElement[bool]:
    """Tell of a consent that it ended so long ago, and that no read that is still on file rests on it."""
    table = tables.Consent
    read = exists().where(tables.Access.consent == table.id)
    return and_(or_(table.revoked_at < before, table.valid_until < day_of(before)), ~read)


def _disputes_over(before: datetime) -> ColumnElement[bool]:
    """Tell of a dispute that it was decided so long ago; an open one, and one with both views on record, stay."""
    return and_(tables.Dispute.decided_at < before, tables.Dispute.state.not_in(MARKED))


def _measures_over(before: datetime) -> ColumnElement[bool]:
    return or_(tables.Measure.ended_at < before, tables.Measure.expires_on < day_of(before))


def _forgotten(policy: str, table: Any, due: Any) -> Removal:
    """Return a removal of rows of which the ledger forgets whose its entries about them were."""

    def forget(session: Session, ids: Sequence[str]) -> None:
        for row_id, enterprise in session.execute(select(table.id, table.enterprise).where(table.id.in_(ids))).all():
            ledger.forget(session, ledger.numbers_about(session, enterprise, [row_id]))

    return Removal(policy, table.__table__, due, forget, at_once=50)


def _forget_reads(session: Session, ids: Sequence[str]) -> None:
    table = tables.Access
    entries = select(table.ledger_entry).where(table.id.in_(ids), table.ledger_entry.is_not(None))
    ledger.forget(session, [entry for entry in session.scalars(entries) if entry is not None])
