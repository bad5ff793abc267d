"""Rows of the connectors that senders saved."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chassis.data.database import Runner
from services.profile.book.tables import SavedConnector


def newest(session: Session, client: str, name: str) -> SavedConnector | None:
    """Return the newest version of a client's connector, retired or not."""
    return next(iter(versions(session, client, name)), None)


def versions(session: Session, client: str, name: str) -> Sequence[SavedConnector]:
    """Return all versions of a client's connector, newest first."""
    table = SavedConnector
    query = select(table).where(table.client == client, table.name == name)
    return session.scalars(query.order_by(table.version.desc())).all()


def version(session: Session, client: str, name: str, number: int) -> SavedConnector | None:
    """Return one version of a client's connector."""
    return session.get(SavedConnector, (client, name, number))


def live(session: Session, client: str | None) -> Sequence[SavedConnector]:
    """Return the newest version of each connector that is not retired: a client's, or everybody's; by name."""
    table = SavedConnector
    last = select(table.client, table.name, func.max(table.version).label("version")).group_by(table.client, table.name)
    latest = last.subquery()
    same = [getattr(table, name) == latest.c[name] for name in ("client", "name", "version")]
    query = select(table).join(latest, same[0] & same[1] & same[2]).where(table.retired_at.is_(None))
    if client is not None:
        query = query.where(table.client == client)
    return session.scalars(query.order_by(table.name, table.client)).all()


def count(session: Runner, client: str) -> int:
    """Return how many connectors a client has saved, each counted once."""
    table = SavedConnector
    return session.execute(select(func.count(func.distinct(table.name))).where(table.client == client)).scalar_one()
