"""Rows of the imports as others ask for them: who sent each, by which channel, of which day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.data.database import Runner, batches
from services.profile.book import tables
from services.profile.book.domain import relation
from services.profile.book.domain.channel import Channel
from services.profile.standards.days import day_of

# Kinds that name persons: their files go as soon as they are worked off, and parties are held as keyed hashes.
SEALED = frozenset({relation.DATASET.name})


def senders(session: Session, ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return who sent these imports, and by which channel, by id."""
    table, found = tables.Import, dict[str, tuple[str, str]]()
    for part in batches(ids):
        rows = session.execute(select(table.id, table.client, table.channel).where(table.id.in_(part)))
        found |= {row[0]: (row[1], row[2]) for row in rows}
    return found


def own_imports(session: Runner) -> frozenset[str]:
    """Return the imports by which enterprises spoke of themselves."""
    table = tables.Import
    return frozenset(session.execute(select(table.id).where(table.channel == Channel.SUBJECT)).scalars())


def stated_days(session: Session, ids: Sequence[str]) -> dict[str, date]:
    """Return on which day each of these imports was stated: as its sender said, else the day of receipt in China."""
    table, found = tables.Import, dict[str, date]()
    for part in batches(ids):
        rows = session.execute(select(table.id, table.stated_on, table.created_at).where(table.id.in_(part)))
        found |= {row[0]: row[1] or day_of(row[2]) for row in rows}
    return found


def came_before(session: Session, order: tables.Import) -> bool:
    """Tell whether a file was worked off before: same bytes, name, day, kind and sender, and not taken back.

    Under another day (`stated_on`) it is a statement of that day. Raw bodies and single records bear the name of their
    kind: whoever sends them again says them now.
    """
    if order.file in (order.kind, f"{order.kind}.json"):
        return False
    table = tables.Import
    same = ("sha256", "file", "stated_on", "kind", "client", "channel", "connector", "enterprise")
    alike = [getattr(table, name) == getattr(order, name) for name in same]
    stands = table.id.not_in(select(tables.Withdrawal.import_id))
    earlier = select(table.id).where(*alike, table.id != order.id, table.finished_at.is_not(None), stands).limit(1)
    return session.scalar(earlier) is not None


def import_with(session: Session, client: str, key: str | None) -> tables.Import | None:
    """Return the import that a client sent under an idempotency key."""
    table = tables.Import
    return session.scalars(select(table).where(table.client == client, table.idempotency_key == key)).one_or_none()


def origins(session: Runner, imports: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the source, lawful channel and file of these imports, by id."""
    table, found = tables.Import, dict[str, dict[str, str]]()
    for part in batches(imports):
        rows = session.execute(select(table.id, table.client, table.channel, table.file).where(table.id.in_(part)))
        found |= {row[0]: {"source": row[1], "channel": row[2], "file": row[3]} for row in rows}
    return found


def channels(session: Runner) -> list[tuple[str, str]]:
    """Return by which channel each import came: its id, the channel."""
    table = tables.Import
    return [(row[0], row[1]) for row in session.execute(select(table.id, table.channel))]
