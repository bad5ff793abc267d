"""Jobs as the operator sees them: by queue and state, without what they are about, and run again by hand."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import select, update

from chassis.core.errors import Conflict, NotFound
from chassis.core.moments import rfc3339
from chassis.core.problems import JOB_CRASHED, JOB_KILLED
from chassis.data import presence
from chassis.data.database import Database
from chassis.data.jobs import FAILED, QUEUED, RUNNING, TABLE
from chassis.data.queues import Depth, depths

MOST_SHOWN = 100
OURS = frozenset(f"/problems/{kind.slug}" for kind in (JOB_CRASHED, JOB_KILLED))


def told(database: Database, posts: Collection[str]) -> dict[str, Any]:
    """Return the queues with their depths, and the newest jobs that wait, run or have failed.

    A payload may hold a firm's code and a problem's sentences what a caller wrote: neither is shown.
    """
    with database.read() as session:
        found, there = depths(session), presence.alive(session)
        shown = select(TABLE).where(TABLE.c.state.in_([QUEUED, RUNNING, FAILED]))
        newest = session.execute(shown.order_by(TABLE.c.created_at.desc(), TABLE.c.id.desc()).limit(MOST_SHOWN)).all()
    queues = [_queue(name, found.get(name, Depth()), there.get(name, 0)) for name in sorted({*posts, *found})]
    return {"queues": queues, "jobs": [_job(row) for row in newest]}


def again(database: Database, job_id: str) -> dict[str, Any]:
    """Have a job run again that ended by a fault of ours or was set aside; return its id, kind and queue.

    Raise `NotFound` where this service has no such job, `Conflict` where it was refused or has not failed.
    """
    with database.begin() as session:
        mine = TABLE.c.id == job_id
        row = session.execute(select(TABLE).where(mine).with_for_update()).first()
        if row is None:
            raise NotFound(f"There is no job {job_id[:40]} here.")
        if row.state != FAILED or row.problem["type"] not in OURS:
            why = row.state if row.state != FAILED else f"failed with {row.problem['type']}"
            raise Conflict(f"{job_id} is {why}; only what broke off or was set aside is run again.")
        fresh = {"attempts": 0, "killed": 0, "problem": None, "finished_at": None, "due_at": None, "worker": None}
        session.execute(update(TABLE).where(mine).values(state=QUEUED, **fresh))
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
        "problem": row.problem and row.problem["type"],
    }
