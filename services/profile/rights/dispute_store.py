"""Rows of disputes: the marks that readers see, and the disputes that end with their records."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from chassis.data.database import Runner, batches
from services.profile.book.domain import public_record
from services.profile.book.domain.departure import Departure
from services.profile.book.domain.permit import Permit, Whole
from services.profile.rights import tables
from services.profile.rights.domain.dispute import DESCRIPTION, MARKED, REPAIRED, Correction, Mark, State

MARKS = ("id", "state", "kind", "record", "field", "reason", "statement", "opened_at", "due_at")
DISPUTES = tables.Dispute.__table__
# Built once: making it costs as much as asking it.
MARKS_OF = (
    select(DISPUTES.c.enterprise, *(DISPUTES.c[name] for name in MARKS))
    .where(DISPUTES.c.state.in_(MARKED), DISPUTES.c.enterprise.in_(bindparam("enterprises", expanding=True)))
    .order_by(DISPUTES.c.id)
)


def marks(runner: Runner, permit: Permit | Whole) -> dict[str, list[Mark]]:
    """Return what readers are told of the disputes of these enterprises, the oldest first; who has none is left out."""
    enterprises = permit.enterprises
    assert enterprises is not None, "marks are told of enterprises that are named"
    found: dict[str, list[Mark]] = {}
    for part in batches(enterprises):
        for row in runner.execute(MARKS_OF, {"enterprises": list(part)}):
            found.setdefault(row[0], []).append(Mark(*row[1:]))
    return found


def disputed(marked: Mapping[str, Iterable[Mark]]) -> frozenset[Departure]:
    """Return the records that these marks set aside, for the view without them."""
    return frozenset(
        Departure(enterprise, mark.kind, mark.record)
        for enterprise, each in marked.items()
        for mark in each
        if mark.record is not None and mark.kind != DESCRIPTION
    )


def marked_records(session: Session, enterprises: Collection[str], kind: str) -> dict[str, set[str]]:
    """Return the names of the records of a kind whose disputes are marked, by enterprise."""
    table, found = tables.Dispute, dict[str, set[str]]()
    query = select(table.enterprise, table.record).where(table.kind == kind, table.state.in_(MARKED))
    for part in batches(sorted(enterprises)):
        for enterprise, record in session.execute(query.where(table.enterprise.in_(part), table.record.is_not(None))):
            found.setdefault(enterprise, set()).add(str(record))
    return found


def end_disputes(
    session: Session,
    enterprise: str,
    records: Collection[str],
    now: datetime,
    *,
    kind: str = public_record.DATASET.name,
    by: tuple[Correction, str] = (Correction.REPAIRED, REPAIRED),
) -> None:
    """End the disputes about records that have left: their marks would tell of a record that nobody may see.

    `by` is how they left, and the answer.
    """
    table = tables.Dispute
    mine = (table.enterprise == enterprise, table.kind == kind, table.record.in_(sorted(records)))
    ended = {"state": State.CORRECTED, "correction": by[0], "reply": by[1], "decided_at": now}
    session.execute(update(table).where(*mine, table.state.in_(MARKED)).values(**ended))


def open_disputes(session: Session, enterprise: str, kind: str | None = None, item: str = "") -> int:
    """Return how many open disputes an enterprise has: of one item, a record or a field, or of all."""
    table = tables.Dispute
    query = select(func.count()).select_from(table).where(table.enterprise == enterprise, table.state == "open")
    if kind is not None:
        query = query.where(table.kind == kind, or_(table.record == item, table.field == item))
    return session.scalar(query) or 0


def any_open(runner: Runner) -> bool:
    """Tell whether a dispute is open."""
    query = select(tables.Dispute.id).where(tables.Dispute.state == "open").limit(1)
    return runner.execute(query).first() is not None


def undecided(session: Session) -> list[tables.Dispute]:
    """Return the open disputes, and keep other workers from reminding of them at the same time."""
    table = tables.Dispute
    query = select(table).where(table.state == "open").order_by(table.id)
    return list(session.scalars(query.with_for_update(skip_locked=True)))


def forget_items(session: Session, kind: str, records: Sequence[str]) -> None:
    """Erase what disputes about these records hold of them."""
    table = tables.Dispute
    for part in batches(records):
        session.execute(update(table).where(table.kind == kind, table.record.in_(part)).values(before={}))
