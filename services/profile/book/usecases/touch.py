"""Noting that what is known of enterprises has changed: a job for whoever watches them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from chassis.data import jobs

JOB = "watch"
# What is told of a firm beside its own invoices and can set off an alert of those who sell to it.
TELLS_OF_DEFAULT = frozenset({"outcomes", "public-records", "enterprises"})


def note_changed(session: Session, enterprises: Collection[str], kind: str) -> None:
    """Order a look at these enterprises, in the transaction that made their data visible.

    The job's id sorts behind those of imports, so that imports which wait are done first; a look that still waits
    takes the enterprises of the next import along.
    """
    names, tells = set(enterprises), kind in TELLS_OF_DEFAULT
    if not names:
        return
    waiting = waiting_job(session, JOB)
    if waiting is None:
        jobs.enqueue(session, JOB, {"enterprises": sorted(names), "customers": sorted(names) if tells else []})
    else:
        ordered = waiting.payload
        customers = {*ordered["customers"], *(names if tells else ())}
        payload = {"enterprises": sorted({*ordered["enterprises"], *names}), "customers": sorted(customers)}
        change_job(session, waiting.id, payload)


def waiting_job(session: Session, kind: str) -> Any | None:
    """Return a job of this kind that no worker has taken yet, and keep it from being taken: id, payload."""
    table = jobs.TABLE
    query = select(table.c.id, table.c.payload).where(table.c.kind == kind, table.c.state == "queued")
    return session.execute(query.order_by(table.c.id).limit(1).with_for_update(skip_locked=True)).first()


def change_job(session: Session, job_id: str, payload: Mapping[str, Any]) -> None:
    """Give a job that waits more to do."""
    session.execute(update(jobs.TABLE).where(jobs.TABLE.c.id == job_id).values(payload=dict(payload)))
