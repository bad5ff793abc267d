"""Durable background work: the service's own database is the queue.

A job's row commits with the data it belongs to, so nothing is accepted without its work, and no work exists for
what was rolled back. A worker holds a job by a lease that a heartbeat renews (`worker.py`); when the worker is killed
another takes the job again. Handlers are therefore idempotent. (ADR 0004 has the measurements, ADR 0049 the queues.)
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    case,
    func,
    insert,
    select,
)
from sqlalchemy.orm import Session

from chassis.core import call, traces
from chassis.core.errors import BacklogFull, QueueFull
from chassis.core.identity import Caller
from chassis.core.ids import new_id
from chassis.data import clock
from chassis.data.database import Json, Utc

QUEUED, RUNNING, DONE, FAILED = "queued", "running", "done", "failed"
# So many jobs may wait in a queue where no limit of it is set, and half of that of one client.
MOST_WAITING = 2000
LIMITS = "queue limits"
LAST_ONES = 20

TABLE = Table(
    "jobs",
    MetaData(),
    Column("id", String(40), primary_key=True),
    Column("kind", String(40), nullable=False),
    # Those of one queue wait for each other, and for no other queue's.
    Column("queue", String(40), nullable=False),
    Column("payload", Json, nullable=False),
    Column("caller", Json),
    # Whose job it is, where a caller ordered it.
    Column("client", String(128)),
    Column("state", String(10), nullable=False),
    Column("done", BigInteger, nullable=False, default=0),
    Column("total", BigInteger),
    Column("problem", Json),
    Column("attempts", Integer, nullable=False, default=0),
    # How often a worker was seen to die over it.
    Column("killed", Integer, nullable=False, default=0),
    Column("worker", String(40)),
    Column("lease_until", Utc),
    # Not before; none where at once.
    Column("due_at", Utc),
    # By the database's clock, as every moment here.
    Column("created_at", Utc, nullable=False),
    Column("finished_at", Utc),
    Column("checkpoint", Json),
    # Who had it run again last, when, and what had become of it before.
    Column("retried", Json),
    # How what ordered it is named in traces and logs (W3C Trace Context).
    Column("ordered_in", String(55)),
    Index("ix_jobs_state_queue_created_at_id", "state", "queue", "created_at", "id"),
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job, and the queue that it waits in.

    Whatever waits in one queue waits for what came before it there, and for nothing in another queue.
    """

    name: str
    queue: str


@dataclass(frozen=True, slots=True)
class JobState:
    """How far a job is: `queued`, `running`, `done` or `failed` (then `problem` says why)."""

    state: str
    done: int
    total: int | None
    problem: dict[str, Any] | None
    finished_at: datetime | None


class Holder(Protocol):
    """Who has a job in hand."""

    def renew(self, job_id: str, **values: Any) -> None:
        """Extend the lease and note progress; raise `LeaseLost` where another has taken the job over."""


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work in the hands of a worker; `checkpoint` is what whoever had it before noted last."""

    id: str
    kind: str
    payload: dict[str, Any]
    caller: Caller | None
    attempt: int
    _holder: Holder = field(repr=False)
    checkpoint: dict[str, Any] | None = None
    ordered_in: str | None = None

    def progress(self, done: int, total: int | None) -> None:
        """Tell how far the work is; raises `LeaseLost` where another worker has taken it over."""
        self._holder.renew(self.id, done=done, total=total)

    def note(self, checkpoint: Mapping[str, Any], done: int, total: int | None) -> None:
        """Note what is done (a small document), so that whoever takes the job over goes on there; raises as above.

        What gets on is no poison: the takings are counted anew.
        """
        self._holder.renew(self.id, checkpoint=dict(checkpoint), attempts=1, killed=0, done=done, total=total)


class LeaseLost(Exception):
    """This worker was too slow to renew; the job is another's now."""


def declare(metadata: MetaData) -> Table:
    """Make the queue one of the service's own tables."""
    return TABLE.to_metadata(metadata)


def limits(most: Mapping[str, int]) -> dict[str, Any]:
    """Return what a database's sessions are to know: how many jobs may wait, by queue; `MOST_WAITING` elsewhere."""
    return {LIMITS: dict(most)}


def order(
    session: Session, kind: Kind, payload: Mapping[str, Any], *, caller: Caller, job_id: str | None = None
) -> str:
    """Add a job that a caller orders, within that transaction, and return its id.

    Raise `QueueFull` where so much waits that no more is taken on, `BacklogFull` where half of that is the caller's.
    """
    _require_room(session, kind.queue, caller.client)
    return _add(session, kind, payload, job_id, caller)


def enqueue(session: Session, kind: Kind, payload: Mapping[str, Any], *, within: float | None = None) -> str:
    """Add a job of our own within a transaction and return its id: what follows from a job is never refused.

    Nobody takes it before so many seconds have passed, or somebody who has changed it makes it due.
    """
    return _add(session, kind, payload, None, None, within)


def _require_room(session: Session, queue: str, client: str) -> None:
    """Raise where no more is taken on; orders of one queue take turns here, so that two at once see each other."""
    if session.get_bind().dialect.name == "postgresql":  # SQLite has one writer at a time
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"queue {queue}"))))
    most = session.info.get(LIMITS, {}).get(queue, MOST_WAITING)
    waits = (TABLE.c.queue == queue, TABLE.c.state == QUEUED)
    waiting, own = session.execute(
        select(func.count(), func.count(case((TABLE.c.client == client, 1)))).where(*waits)
    ).one()
    facts = {"queue": queue, "waiting": waiting, "most": most}
    if waiting >= most:
        seconds = _until_shorter(session, queue, waiting)
        raise QueueFull(
            f"{waiting} jobs wait in the queue {queue}, and no more than {most} are taken on; nothing was stored. Send "
            f"it again in {seconds} s. / 队列 {queue} 中已有 {waiting} 个任务等待（上限 {most}），本次未受理，"
            f"请在 {seconds} 秒后重试。",
            **facts,
            retry_after=seconds,
        )
    if own >= max(1, most // 2):
        seconds = _until_shorter(session, queue, own)
        raise BacklogFull(
            f"{own} jobs of yours wait in the queue {queue}, and no more than {max(1, most // 2)} of one client are "
            f"taken on; nothing was stored. Send it again in {seconds} s. / 您在队列 {queue} 中已有 {own} 个任务等待"
            f"（上限 {max(1, most // 2)}），本次未受理，请在 {seconds} 秒后重试。",
            **facts,
            own=own,
            retry_after=seconds,
        )


def _until_shorter(session: Session, queue: str, waiting: int) -> int:
    """Return in how many seconds a tenth of what waits will be done, going by the last jobs that ended."""
    done = (TABLE.c.state == DONE, TABLE.c.queue == queue)
    last = select(TABLE.c.finished_at).where(*done).order_by(TABLE.c.created_at.desc()).limit(LAST_ONES)
    ended = sorted(session.scalars(last).all())
    if len(ended) < 2:
        return 60
    each = (ended[-1] - ended[0]).total_seconds() / (len(ended) - 1)
    return int(min(600, max(5, waiting / 10 * each)))


def _add(
    session: Session,
    kind: Kind,
    payload: Mapping[str, Any],
    job_id: str | None,
    caller: Caller | None,
    within: float | None = None,
) -> str:
    job_id = job_id or new_id("job")
    session.execute(
        insert(TABLE).values(
            id=job_id,
            kind=kind.name,
            queue=kind.queue,
            payload=dict(payload),
            caller=_pack(caller),
            client=caller and caller.client,
            state=QUEUED,
            due_at=None if within is None else clock.ahead(within),
            created_at=clock.now(),
            ordered_in=call.traceparent() or traces.current(),
        )
    )
    return job_id


def state(session: Session, job_id: str) -> JobState:
    """Return how far a job is."""
    columns = (TABLE.c.state, TABLE.c.done, TABLE.c.total, TABLE.c.problem, TABLE.c.finished_at)
    return JobState(*session.execute(select(*columns).where(TABLE.c.id == job_id)).one())


def states(session: Session, job_ids: Collection[str]) -> dict[str, JobState]:
    """Return how far these jobs are, by id."""
    columns = (TABLE.c.id, TABLE.c.state, TABLE.c.done, TABLE.c.total, TABLE.c.problem, TABLE.c.finished_at)
    rows = session.execute(select(*columns).where(TABLE.c.id.in_(job_ids)))
    return {job_id: JobState(*told) for job_id, *told in rows}


def state_of(session: Session, row: object, job_id: str) -> JobState:
    """Return how far the job of a row is, and read the row anew after it.

    PostgreSQL shows each statement what has been committed until then: a row that was read before its job would tell
    `done` without what the job has made. What the caller itself has changed of the row stays.
    """
    told = state(session, job_id)
    session.flush()  # a refresh would take back what is not written yet
    session.refresh(row)
    return told


def _pack(caller: Caller | None) -> dict[str, Any] | None:
    if caller is None:
        return None
    packed = {**asdict(caller), "scopes": sorted(caller.scopes)}
    # No job needs the name, and a worker of the release before would not know what it is.
    del packed["name"]
    return packed


def unpack(packed: dict[str, Any] | None) -> Caller | None:
    """Return who ordered a job, as its row holds it."""
    return Caller(**{**packed, "scopes": frozenset(packed["scopes"])}) if packed else None
