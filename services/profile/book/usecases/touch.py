"""Noting that what is known of enterprises has changed: a job for whoever watches them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.orm import Session

from chassis.data import jobs
from services.profile.book import job_store

JOB = jobs.Kind("watch", "looks")
# What is told of a firm beside its own invoices and can set off an alert of those who sell to it.
TELLS_OF_DEFAULT = frozenset({"outcomes", "public-records", "enterprises"})


def note_changed(session: Session, enterprises: Collection[str], kind: str, *, undone: datetime | None = None) -> None:
    """Enqueue a job to watch these enterprises, in the transaction that made their data visible.

    It waits in a queue of its own; a job that still waits takes the enterprises of the next import along. Where an
    import was taken back, `undone` is when it became known: what was told since then is looked at again.
    """
    names, tells = set(enterprises), kind in TELLS_OF_DEFAULT
    if not names:
        return
    waiting = job_store.waiting(session, JOB)
    if waiting is None:
        payload = {"enterprises": sorted(names), "customers": sorted(names) if tells else []}
        jobs.enqueue(session, JOB, {**payload, **_since(undone)})
    else:
        ordered = waiting.payload
        customers = {*ordered["customers"], *(names if tells else ())}
        payload = {"enterprises": sorted({*ordered["enterprises"], *names}), "customers": sorted(customers)}
        before = ordered.get("undone")
        known = [at for at in (undone, datetime.fromisoformat(before) if before else None) if at]
        job_store.change(session, waiting.id, {**payload, **_since(min(known, default=None))})


def _since(undone: datetime | None) -> dict[str, str]:
    return {"undone": undone.isoformat()} if undone else {}
