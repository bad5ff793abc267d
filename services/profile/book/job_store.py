"""Rows of jobs that wait: a job that no worker has taken yet can be given more to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from chassis.data import jobs


def waiting(session: Session, kind: jobs.Kind) -> Any | None:
    """Return a job of this kind that no worker has taken yet, and keep it from being taken: id, payload.

    One that was begun and given back is not: what is added to it might be thought done.
    """
    table = jobs.TABLE
    query = select(table.c.id, table.c.payload).where(table.c.kind == kind.name, table.c.state == "queued")
    query = query.where(table.c.checkpoint.is_(None))
    return session.execute(query.order_by(table.c.id).limit(1).with_for_update(skip_locked=True)).first()


def change(session: Session, job_id: str, payload: Mapping[str, Any]) -> None:
    """Give a job that waits more to do."""
    session.execute(update(jobs.TABLE).where(jobs.TABLE.c.id == job_id).values(payload=dict(payload)))
