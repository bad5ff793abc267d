"""Rows of notices, and the clients who have to get one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from chassis.core.ids import new_id
from chassis.data.database import BATCH, batches
from services.profile.rights import tables
from services.profile.rights.domain.notice import Event


def readers(session: Session, enterprise: str, since: datetime) -> list[str]:
    """Return the clients that have read an enterprise's file since a moment, by name."""
    table = tables.Access
    query = select(table.client).distinct().where(table.enterprise == enterprise, table.at >= since)
    return sorted(session.execute(query).scalars())


def readers_of(session: Session, enterprises: Collection[str], since: datetime) -> dict[str, list[str]]:
    """Return the clients that have read the files of these enterprises since a moment, by enterprise."""
    table, found = tables.Access, dict[str, list[str]]()
    for part in batches(sorted(enterprises)):
        query = select(table.enterprise, table.client).distinct()
        for enterprise, client in session.execute(query.where(table.enterprise.in_(part), table.at >= since)):
            found.setdefault(enterprise, []).append(client)
    return found


def notify_each(
    session: Session, recipients: Mapping[str, Collection[str]], event: Event, act: str, now: datetime
) -> None:
    """Leave messages about many files, each with its own recipients, as `notify` does; `recipients` are by file."""
    same = {"event": event, "act": act, "facts": {}, "created_at": now, "acknowledged_at": None}
    rows = [
        {"id": new_id("ntc"), "recipient": name, "enterprise": enterprise, **same}
        for enterprise in sorted(recipients)
        for name in sorted(recipients[enterprise])
    ]
    for part in batches(rows):
        session.execute(insert(tables.Notice), list(part))


def notify(
    session: Session,
    recipients: Collection[str],
    event: Event,
    enterprise: str,
    act: str,
    facts: Mapping[str, Any],
    now: datetime,
) -> None:
    """Leave a message with each of these clients, in the transaction of the act that it tells of."""
    same = {"event": event, "enterprise": enterprise, "act": act, "facts": dict(facts), "created_at": now}
    rows = [{"id": new_id("ntc"), "recipient": name, **same, "acknowledged_at": None} for name in sorted(recipients)]
    if rows:
        session.execute(insert(tables.Notice), rows)


def sent_since(session: Session, after: str | None, most: int = BATCH) -> dict[str, Any]:
    """Return which clients and enterprises were told what of which file, in order, after an id; and the last id.

    An enterprise is told under its address (`of_enterprise`). Operators are told in their own list alone.
    """
    table = tables.Notice
    clients = table.recipient.not_like("role:%")
    last = session.scalar(select(func.max(table.id)).where(clients))
    if after is None:
        return {"items": [], "last": last}
    query = select(table.id, table.event, table.enterprise, table.recipient, table.act)
    rows = session.execute(query.where(clients, table.id > after).order_by(table.id).limit(most))
    names = ("id", "event", "enterprise", "client", "act")
    return {"items": [dict(zip(names, row, strict=True)) for row in rows], "last": last}
