"""Rows of jobs that wait: a job that no worker has taken yet can be given more to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from chassis.data import jobs

# What follows from imports waits for those that wait already, and no longer than this.
GATHERING_SECONDS = 15.0


def waiting(session: Session, kind: jobs.Kind) -> Any | None:
    """Return a job of this kind that no worker has taken yet, and keep it from being taken: id, payload.

    One that was begun and given back is not: what is added to it might be thought done.
    """
    table = jobs.TABLE
    query = select(table.c.id, table.c.payload).where(table.c.kind == kind.name, table.c.state == "queued")
    query = query.where(table.c.checkpoint.is_(None))
    return session.execute(query.order_by(table.c.id).limit(1).with_for_update(skip_locked=True)).first()


def change(session: Session, job_id: str, payload: Mapping[str, Any], within: float | None = None) -> None:
    """Give a job that waits more to do; it is due at once, or by when it was where something of that kind comes."""
    due = {"due_at": None} if within is None else {}
    session.execute(update(jobs.TABLE).where(jobs.TABLE.c.id == job_id).values(payload=dict(payload), **due))


def within(session: Session, queue: str) -> float | None:
    """Return in how many seconds at most what follows from a job of a queue is due: at once (None) from the last one.

    Where more waits there, most of what would be made now would be made again in a moment.
    """
    table = jobs.TABLE
    waits = (table.c.queue == queue, table.c.state == jobs.QUEUED, table.c.due_at.is_(None))
    return None if session.execute(select(table.c.id).where(*waits).limit(1)).first() is None else GATHERING_SECONDS
