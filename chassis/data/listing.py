"""Jobs as the operator sees them: by queue and state, without what they are about, and run again by hand."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import ColumnElement, select, tuple_, update
from sqlalchemy.orm import Session

from chassis.core.errors import Conflict, NotFound
from chassis.core.identity import Caller
from chassis.core.moments import rfc3339
from chassis.data import clock, presence
from chassis.data.database import Database
from chassis.data.jobs import DONE, FAILED, QUEUED, RUNNING, TABLE
from chassis.data.queues import Depth, depths

MOST_SHOWN = 100
AS_NEW = ("problem", "finished_at", "due_at", "worker")
STATES = (QUEUED, RUNNING, DONE, FAILED)
# Whoever has the command line of a service.
BY_COMMAND = {"by": "command", "per": None}
log = structlog.get_logger()
# A job that failed with a status from here on failed by a fault of ours: a damaged file, a worker that died.
OURS = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which jobs somebody asks for: of one queue, in these states, as old as this in seconds at least."""

    states: Collection[str] = (QUEUED, RUNNING, FAILED)
    queue: str | None = None
    older_than: float | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return what they are found by."""
        found: list[ColumnElement[bool]] = [TABLE.c.state.in_(list(self.states))]
        if self.queue is not None:
            found.append(TABLE.c.queue == self.queue)
        if self.older_than is not None:
            found.append(TABLE.c.created_at <= clock.ahead(-self.older_than))
        return found


def newest(
    session: Session, wanted: Wanted, most: int, after: tuple[datetime, str] | None = None
) -> list[dict[str, Any]]:
    """Return the newest jobs, those older than one (by moment and id) where it is given.

    A payload may hold a firm's code and a problem's sentences what a caller wrote: neither is shown.
    """
    query = select(TABLE).where(*wanted.conditions())
    if after is not None:
        query = query.where(tuple_(TABLE.c.created_at, TABLE.c.id) < tuple_(*after))
    rows = session.execute(query.order_by(TABLE.c.created_at.desc(), TABLE.c.id.desc()).limit(most)).all()
    return [_job(row) for row in rows]


def told(database: Database, posts: Collection[str]) -> dict[str, Any]:
    """Return the queues with their depths, and the newest jobs that wait, run or have failed."""
    with database.read() as session:
        found, there = depths(session), presence.alive(session)
        shown = newest(session, Wanted(), MOST_SHOWN)
    queues = [_queue(name, found.get(name, Depth()), there.get(name, 0)) for name in sorted({*posts, *found})]
    return {"queues": queues, "jobs": shown}


def again(database: Database, job_id: str) -> dict[str, Any]:
    """Do as `retry` does, for whoever has the command line."""
    with database.begin() as session:
        return retry(session, job_id)


def retry(session: Session, job_id: str, caller: Caller | None = None) -> dict[str, Any]:
    """Have a job run again that failed by a fault of ours, which was mended since; return its id, kind and queue.

    It keeps who asked for that (none: by the command line), when, and what had become of it.

    Raise `NotFound` where this service has no such job, `Conflict` where it was refused or has not failed.
    """
    mine = TABLE.c.id == job_id
    row = session.execute(select(TABLE).where(mine).with_for_update()).first()
    if row is None:
        raise NotFound(f"There is no job {job_id[:40]} here.")
    if row.state != FAILED or row.problem["status"] < OURS:
        why = row.state if row.state != FAILED else f"failed with {row.problem['type']}"
        raise Conflict(f"{job_id} is {why}; only what failed by a fault of the service is run again.")
    fresh: dict[str, Any] = {"attempts": 0, "killed": 0, **dict.fromkeys(AS_NEW)}
    who = {"by": caller.client, "per": caller.per} if caller else BY_COMMAND
    now = session.execute(select(clock.now())).scalar_one()
    fresh |= {"retried": {**who, "at": rfc3339(now), "problem": row.problem["type"]}}
    session.execute(update(TABLE).where(mine).values(state=QUEUED, **fresh))
    log.info("job run again", job=row.id, kind=row.kind, **who)
    return {"id": row.id, "kind": row.kind, "queue": row.queue}


def _queue(name: str, depth: Depth, workers: int) -> dict[str, Any]:
    return {
        "queue": name,
        "waiting": depth.waiting,
        "running": depth.running,
        "oldest_seconds": round(depth.oldest_seconds, 1),
        "workers": workers,
    }


def _job(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "queue": row.queue,
        "kind": row.kind,
        "state": row.state,
        "done": row.done,
        "total": row.total,
        "attempts": row.attempts,
        "killed": row.killed,
        "created_at": rfc3339(row.created_at),
        "finished_at": row.finished_at and rfc3339(row.finished_at),
        "retried": row.retried,
        "problem": row.problem and row.problem["type"],
    }
