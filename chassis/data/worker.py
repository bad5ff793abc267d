"""A worker: takes the jobs of its queues one at a time, oldest first, and hands each to the handler of its kind.

It holds a job by a lease, which is written by the database's clock and renewed by a heartbeat. A lease that ran out is
not enough to take a job away: whoever takes it must also have seen, by a clock that nobody sets, that it was not
renewed meanwhile. So a clock that jumps, or a host an hour off, takes no job from a living worker, and a moment far
ahead in a lease holds no job longer than two leases.
"""

from __future__ import annotations

import secrets
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from types import FrameType
from typing import Any

import structlog
from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from chassis.core import metrics, problems, traces
from chassis.core.errors import Refused, Unready, UpstreamUnavailable
from chassis.data import clock
from chassis.data.database import Database
from chassis.data.jobs import DONE, FAILED, QUEUED, RUNNING, TABLE, Job, Kind, LeaseLost, unpack
from chassis.data.storage import passes, refusal_of

LEASE = timedelta(seconds=10)
HEARTBEAT_SECONDS = 2.0
# A living worker renews within one beat; who was silent for so many lives no more, or cannot reach the database.
SILENT_BEATS = 2.5
POLL_SECONDS = 0.1
MOST_ATTEMPTS = 5
# What a slip in the code raises comes again; a second look tells that it was no accident of the moment.
SLIPS = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
MOST_SLIPS = 2
# Before a job that broke off is tried again; others of its queue go first meanwhile.
RETRY_SECONDS = (0.4, 0.8, 1.6, 3.2)
# A disk has been given room, a lake has been put back: whoever waits for that looks so often.
PUT_OFF_SECONDS = 10.0
# A restart of another service must not fail the work of an hour: about a minute of waiting in all.
WAITS_SECONDS = (0.5, 1, 2, 4, 8, 15, 30)
# Where a whole host dies with its workers nobody sees over what; that it was the job's fault takes more to believe.
MOST_TAKEN = 10

# What makes a job one that waits as if it had not been taken.
AS_BEFORE: Mapping[str, Any] = {
    "state": QUEUED,
    "worker": None,
    "lease_until": None,
    "attempts": TABLE.c.attempts - 1,
}

log = structlog.get_logger()
Handler = Callable[[Job], None]
Problems = Mapping[type[Refused], problems.Kind]


class Worker:
    """Takes jobs one at a time, oldest first, and hands each to the handler of its kind.

    Who serves several queues serves them in the order in which `handlers` names them. A handler that raises `Refused`
    fails the job with that problem, `UpstreamUnavailable` only after a minute of patience, in which others of the queue
    go on; `Unready` (a full disk, say) puts it off until that is put right. One that crashes is tried again: five times
    at most, twice where the code has slipped. `problem_kinds` is the service's table, so that a failed job reads like a
    refused request.
    """

    def __init__(
        self,
        database: Database,
        handlers: Mapping[Kind, Handler],
        problem_kinds: Problems | None = None,
        *,
        name: str | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._handlers = {kind.name: handler for kind, handler in handlers.items()}
        self._queues = tuple(dict.fromkeys(kind.queue for kind in handlers))
        self._mine = and_(TABLE.c.queue.in_(self._queues), TABLE.c.kind.in_(sorted(self._handlers)))
        self._glance = select(TABLE.c.id).where(self._mine, TABLE.c.state.in_([QUEUED, RUNNING])).limit(1)
        self._kinds = problem_kinds or {}
        self._name = name or new_name()
        self._watched = Watched(monotonic)
        # How often a job has waited for another service in these hands; other hands begin to count anew.
        self._waited: dict[str, int] = {}
        self._stopping = threading.Event()

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; the job in hand is given back to the queue."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        log.info("worker started", kinds=sorted(self._handlers))
        while not self._stopping.is_set():
            if not self._step():
                self._stopping.wait(POLL_SECONDS)

    def run_once(self) -> bool:
        """Do the oldest waiting job; tell whether there was one."""
        job = self._claim()
        if job is None:
            return False
        if job.attempt > MOST_TAKEN:
            self._give_up(job, "WorkerKilled")
        else:
            self._do(job)
        return True

    def renew(self, job_id: str, **values: Any) -> None:
        """Extend the lease and note progress."""
        with self._database.begin() as session:
            mine = update(TABLE).where(TABLE.c.id == job_id, TABLE.c.worker == self._name, TABLE.c.state == RUNNING)
            if session.execute(mine.values(lease_until=_soon(), **values)).rowcount == 0:  # type: ignore[attr-defined]
                raise LeaseLost(job_id)

    def _step(self) -> bool:
        try:
            return self.run_once()
        except DBAPIError as error:
            if not passes(error):
                raise
            # A database that restarts, or takes no writes for a while, must not end its workers.
            log.warning("database unavailable", error=type(error.orig).__name__)
            self._stopping.wait(1)
            return False

    def _do(self, job: Job) -> None:
        finished = threading.Event()
        beat = threading.Thread(target=self._keep_alive, args=(job.id, finished), daemon=True)
        beat.start()
        try:
            self._handle(job)
        except Refused as refusal:
            self._stop_at(job, refusal)
        except LeaseLost:
            log.warning("lease lost", job=job.id)
        except Exception as error:  # a broken job must not end the worker
            if isinstance(unready := refusal_of(error), Unready):
                self._stop_at(job, unready)
                return
            log.exception("job broke off", job=job.id, kind=job.kind, attempt=job.attempt)
            self._retry(job, error)
        except SystemExit:
            self._put_back(job)
            raise
        else:
            self._end(job, DONE, None)
        finally:
            finished.set()

    def _handle(self, job: Job) -> None:
        with traces.working(job.kind, job.ordered_in, {"job.id": job.id, "job.attempt": job.attempt}):
            self._handlers[job.kind](job)

    def _keep_alive(self, job_id: str, finished: threading.Event) -> None:
        while not finished.wait(HEARTBEAT_SECONDS):
            with suppress(DBAPIError, LeaseLost):
                self.renew(job_id)

    def _claim(self) -> Job | None:
        # Look before locking: an idle SQLite worker must not take the write lock ten times a second. And glance before
        # looking: that is what idle workers do all day, so it is one statement, made once.
        if not self._database.finds(self._glance):
            return None
        with self._database.read() as session:
            found = self._abandoned(session) or self._oldest(session)
        if found is None:
            return None
        with self._database.begin() as session:
            row = session.execute(select(TABLE.c.id).where(*found).with_for_update(skip_locked=True)).first()
            return self._take(session, row.id) if row else None

    def _abandoned(self, session: Session) -> Sequence[ColumnElement[bool]] | None:
        """Return what names a running job that nobody works at any more."""
        columns = (TABLE.c.id, TABLE.c.worker, TABLE.c.lease_until, TABLE.c.lease_until < clock.now())
        held = session.execute(select(*columns).where(self._mine, TABLE.c.state == RUNNING).order_by(TABLE.c.id)).all()
        gone = self._watched.silent(held)
        if gone is None:
            return None
        # As it was seen: who renewed it since, or took it, keeps it.
        return (TABLE.c.id == gone[0], TABLE.c.worker == gone[1], TABLE.c.lease_until == gone[2])

    def _oldest(self, session: Session) -> Sequence[ColumnElement[bool]] | None:
        """Return what names the job that has waited longest in the first queue that has one."""
        due = or_(TABLE.c.due_at.is_(None), TABLE.c.due_at <= clock.now())
        waiting = select(TABLE.c.id).where(self._mine, TABLE.c.state == QUEUED, due)
        for queue in self._queues:
            oldest = waiting.where(TABLE.c.queue == queue).order_by(TABLE.c.created_at, TABLE.c.id).limit(1)
            if first := session.execute(oldest).first():
                return (TABLE.c.id == first.id, TABLE.c.state == QUEUED)
        return None

    def _take(self, session: Session, job_id: str) -> Job:
        taken = (
            update(TABLE)
            .where(TABLE.c.id == job_id)
            .values(state=RUNNING, worker=self._name, lease_until=_soon(), attempts=TABLE.c.attempts + 1)
        )
        columns = (TABLE.c.id, TABLE.c.kind, TABLE.c.payload, TABLE.c.caller, TABLE.c.attempts)
        row = session.execute(taken.returning(*columns, TABLE.c.checkpoint, TABLE.c.ordered_in)).one()
        name, kind, payload, packed, attempt, noted, ordered_in = row
        return Job(name, kind, payload, unpack(packed), attempt, self, noted, ordered_in)

    def _retry(self, job: Job, error: Exception) -> None:
        attempt = self._attempt(job)
        if attempt >= (MOST_SLIPS if isinstance(error, SLIPS) else MOST_ATTEMPTS):
            self._give_up(job, type(error).__name__)
        else:
            due = clock.ahead(RETRY_SECONDS[min(attempt, len(RETRY_SECONDS)) - 1])
            self._update(job, state=QUEUED, worker=None, lease_until=None, due_at=due)

    def _attempt(self, job: Job) -> int:
        """Return the how many-eth taking this is: a job that noted how far it is was counted anew meanwhile."""
        with self._database.read() as session:
            attempt: int = session.execute(select(TABLE.c.attempts).where(TABLE.c.id == job.id)).scalar_one()
            return attempt

    def _stop_at(self, job: Job, refusal: Refused) -> None:
        """End a job that was refused, unless what it was refused for passes."""
        if isinstance(refusal, Unready):
            self._put_off(job, refusal, PUT_OFF_SECONDS)
        elif isinstance(refusal, UpstreamUnavailable):
            self._wait_for(job, refusal)
        else:
            self._end(job, FAILED, problems.describe(refusal, self._kinds))

    def _wait_for(self, job: Job, refusal: UpstreamUnavailable) -> None:
        """Give a job back until another service answers, and end it where that lasts."""
        waited = self._waited.get(job.id, 0)
        if waited == len(WAITS_SECONDS):
            self._end(job, FAILED, problems.describe(refusal, self._kinds))
        else:
            self._put_off(job, refusal, WAITS_SECONDS[waited])
            self._waited[job.id] = waited + 1

    def _put_off(self, job: Job, refusal: Refused, seconds: float) -> None:
        """Let a job wait while others of its queue go on; that it was tried does not count."""
        log.warning("job put off", job=job.id, kind=job.kind, reason=refusal.detail.partition(" / ")[0])
        self._put_back(job, due_at=clock.ahead(seconds))

    def _give_up(self, job: Job, error: str) -> None:
        detail = (
            f"It broke off {job.attempt} times by a fault of ours, not of what was sent; the operator finds the cause "
            f"in the log under {job.id}. / "
            f"任务因本系统故障中断，并非所报送内容有误；运营方可凭编号 {job.id} 在日志中查明原因。"
        )
        self._end(job, FAILED, problems.document(problems.JOB_CRASHED, detail, {"error": error}))

    def _end(self, job: Job, state: str, problem: dict[str, Any] | None) -> None:
        self._waited.pop(job.id, None)
        if not self._update(job, state=state, problem=problem, finished_at=clock.now(), lease_until=None):
            log.warning("lease lost", job=job.id)  # whoever has it now ends it, and counts it
            return
        metrics.JOBS.labels(job.kind, state).inc()
        ordered = job.ordered_in[3:35] if job.ordered_in else None
        told = {"job": job.id, "kind": job.kind, "state": state, "ordered_in_trace": ordered}
        log.info("job ended", **told, problem=problem and problem["type"])

    def _put_back(self, job: Job, **values: Any) -> None:
        """Give a job back as if it had not been taken: a worker that is stopped has not tried it to its end."""
        self._update(job, **AS_BEFORE, **{"due_at": None, **values})

    def _update(self, job: Job, **values: Any) -> bool:
        """Write what became of a job; tell whether it was still ours."""
        mine = update(TABLE).where(TABLE.c.id == job.id, TABLE.c.worker == self._name)
        with self._database.begin() as session:
            return bool(session.execute(mine.values(**values)).rowcount)  # type: ignore[attr-defined]

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping.set()
        raise SystemExit(0)


class Watched:
    """Since when each lease was seen as it is: by this process's own clock, which runs evenly and is never set."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._seen: dict[str, tuple[tuple[Any, ...], float]] = {}

    def silent(self, held: Sequence[Sequence[Any]]) -> Sequence[Any] | None:
        """Return one of the leases that nobody renews any more; each is (job, worker, until, whether it ran out)."""
        now, before = self._monotonic(), self._seen
        self._seen = {}
        found = None
        for row in held:
            mark = (row[1], row[2])
            known = before.get(row[0])
            since = known[1] if known and known[0] == mark else now
            self._seen[row[0]] = (mark, since)
            patience = SILENT_BEATS * HEARTBEAT_SECONDS if row[3] else 2 * LEASE.total_seconds()
            if found is None and now - since >= patience:
                found = row
        return found


def new_name() -> str:
    """Return the name of a worker: another at each start."""
    return f"worker_{secrets.token_hex(8)}"


def _soon() -> ColumnElement[Any]:
    return clock.ahead(LEASE.total_seconds())
