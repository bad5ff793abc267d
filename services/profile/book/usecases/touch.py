"""Noting that what is known of enterprises has changed: a job for whoever watches them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from chassis.data import jobs
from services.profile.book import job_store

JOB = jobs.Kind("watch", "looks")
# What is told of a firm beside its own invoices and can set off an alert of those who sell to it.
TELLS_OF_DEFAULT = frozenset({"outcomes", "public-records", "enterprises"})


def note_changed(
    session: Session,
    enterprises: Collection[str],
    kind: str,
    *,
    undone: datetime | None = None,
    within: float | None = None,
) -> None:
    """Enqueue a job to watch these enterprises, in the transaction that made their data visible.

    It waits in a queue of its own; a job that still waits takes the enterprises of the next import along. Where an
    import was taken back, `undone` is when it became known: what was told since then is looked at again. `within` so
    many seconds it is due, and at once where none are told.
    """
    names, tells = set(enterprises), kind in TELLS_OF_DEFAULT
    if names:
        _order(session, {"enterprises": sorted(names), "customers": sorted(names) if tells else []}, undone, within)


def note_all_changed(session: Session, *, books: bool = False) -> str:
    """Enqueue a job to watch every enterprise, and clients' `books` where told; return the job's id."""
    ordered: dict[str, Any] = {"enterprises": [], "customers": [], "every": True}
    return _order(session, {**ordered, "books": True} if books else ordered, None)


def _order(session: Session, ordered: Mapping[str, Any], undone: datetime | None, within: float | None = None) -> str:
    """Let the job that waits do what is ordered beside what it was to do; enqueue one where none waits."""
    waiting = job_store.waiting(session, JOB)
    if waiting is None:
        return jobs.enqueue(session, JOB, {**ordered, **_since(undone)}, within=within)
    before = dict(waiting.payload)
    since = before.pop("undone", None)
    lists = {name: sorted({*before[name], *ordered[name]}) for name in ("enterprises", "customers")}
    known = [at for at in (undone, datetime.fromisoformat(since) if since else None) if at]
    changed = {**before, **ordered, **lists, **_since(min(known, default=None))}
    job_store.change(session, waiting.id, changed, within)
    return str(waiting.id)


def _since(undone: datetime | None) -> dict[str, str]:
    return {"undone": undone.isoformat()} if undone else {}
