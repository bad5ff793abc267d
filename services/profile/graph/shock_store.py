"""Rows of shocks that were ordered."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, or_, select
from sqlalchemy.orm import Session

from chassis.data import jobs
from services.profile.graph.tables import ShockOrder


def add(session: Session, row: ShockOrder) -> None:
    """Store an order."""
    session.add(row)


def order(session: Session, order_id: str, client: str) -> ShockOrder | None:
    """Return a client's own order, None where it has none of this id."""
    query = select(ShockOrder).where(ShockOrder.id == order_id, ShockOrder.client == client)
    return session.scalars(query).one_or_none()


def hold(connection: Connection, order_id: str) -> None:
    """Keep others from the order until this transaction ends: a worker that lost its lease may be at it still."""
    connection.execute(select(ShockOrder.id).where(ShockOrder.id == order_id).with_for_update())


def delete_old(session: Session, before: datetime) -> int:
    """Delete orders of long ago that are done or have failed, with their answers; return how many."""
    return len(session.execute(delete(ShockOrder).where(_over(before)).returning(ShockOrder.id)).all())


def due(session: Session, before: datetime) -> int:
    """Return how many orders `delete_old` would delete."""
    return session.scalar(select(func.count()).select_from(ShockOrder).where(_over(before))) or 0


def _over(before: datetime) -> ColumnElement[bool]:
    job = jobs.TABLE
    over = or_(ShockOrder.result.is_not(None), exists().where(job.c.id == ShockOrder.id, job.c.state == "failed"))
    return and_(ShockOrder.created_at < before, over)
