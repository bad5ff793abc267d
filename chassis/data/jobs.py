"""Durable background work: the service's own database is the queue.

A job's row commits with the data it belongs to, so nothing is accepted without its work, and no work exists for
what was rolled back. A worker holds a job by a lease that a heartbeat renews; when the worker is killed the lease
runs out and another takes the job again. Handlers are therefore idempotent. (ADR 0004 has the measurements.)
"""

from __future__ import annotations

import secrets
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Any

import structlog
from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from chassis.core import metrics, problems
from chassis.core.errors import Refused, UpstreamUnavailable
from chassis.core.identity import Caller
from chassis.core.ids import new_id
from chassis.data.database import Database, Json, Utc

LEASE = timedelta(seconds=10)
HEARTBEAT_SECONDS = 2.0
POLL_SECONDS = 0.1
MOST_ATTEMPTS = 5
# What a slip in the code raises comes again; a second look tells that it was no accident of the moment.
SLIPS = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
MOST_SLIPS = 2
# A restart of another service must not fail the work of an hour: about a minute of waiting in all.
WAITS_SECONDS = (0.5, 1, 2, 4, 8, 15, 30)
# A worker that is killed leaves no error behind: a job taken this often takes its workers down (it fills the memory).
MOST_TAKEN = 10

TABLE = Table(
    "jobs",
    MetaData(),
    Column("id", String(40), primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("payload", Json, nullable=False),
    Column("caller", Json),
    Column("state", String(10), nullable=False),
    Column("done", BigInteger, nullable=False, default=0),
    Column("total", BigInteger),
    Column("problem", Json),
    Column("attempts", Integer, nullable=False, default=0),
    Column("worker", String(40)),
    Column("lease_until", Utc),
    Column("created_at", Utc, nullable=False),
    Column("finished_at", Utc),
    Column("checkpoint", Json),
    Index("ix_jobs_state_id", "state", "id"),
)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class JobState:
    """How far a job is: `queued`, `running`, `done` or `failed` (then `problem` says why)."""

    state: str
    done: int
    total: int | None
    problem: dict[str, Any] | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work in the hands of a worker; `checkpoint` is what whoever had it before noted last."""

    id: str
    kind: str
    payload: dict[str, Any]
    caller: Caller | None
    attempt: int
    _worker: Worker = field(repr=False)
    checkpoint: dict[str, Any] | None = None

    def progress(self, done: int, total: int | None) -> None:
        """Tell how far the work is; raises `LeaseLost` where another worker has taken it over."""
        self._worker.renew(self.id, done=done, total=total)

    def note(self, checkpoint: Mapping[str, Any], done: int, total: int | None) -> None:
        """Note what is done (a small document), so that whoever takes the job over goes on there; raises as above.

        What gets on is no poison: the takings are counted anew.
        """
        self._worker.renew(self.id, checkpoint=dict(checkpoint), attempts=1, done=done, total=total)


class LeaseLost(Exception):
    """This worker was too slow to renew; the job is another's now."""


def declare(metadata: MetaData) -> Table:
    """Make the queue one of the service's own tables."""
    return TABLE.to_metadata(metadata)


def enqueue(
    session: Session,
    kind: str,
    payload: Mapping[str, Any],
    *,
    caller: Caller | None = None,
    job_id: str | None = None,
) -> str:
    """Add a job within the caller's transaction and return its id."""
    job_id = job_id or new_id("job")
    session.execute(
        insert(TABLE).values(
            id=job_id,
            kind=kind,
            payload=dict(payload),
            caller=_pack(caller),
            state="queued",
            created_at=datetime.now(UTC),
        )
    )
    return job_id


def state(session: Session, job_id: str) -> JobState:
    """Return how far a job is."""
    columns = (TABLE.c.state, TABLE.c.done, TABLE.c.total, TABLE.c.problem, TABLE.c.finished_at)
    return JobState(*session.execute(select(*columns).where(TABLE.c.id == job_id)).one())


def state_of(session: Session, row: object, job_id: str) -> JobState:
    """Return how far the job of a row is, and read the row anew after it.

    PostgreSQL shows each statement what has been committed until then: a row that was read before its job would tell
    `done` without what the job has made. What the caller itself has changed of the row stays.
    """
    told = state(session, job_id)
    session.flush()  # a refresh would take back what is not written yet
    session.refresh(row)
    return told


class Worker:
    """Takes jobs one at a time, oldest first, and hands each to the handler of its kind.

    A handler that raises `Refused` fails the job with that problem, `UpstreamUnavailable` only after a minute of
    patience; one that crashes is tried again: five times at most, twice where the code has slipped. `problem_kinds` is
    the service's table, so that a failed job reads like a refused request. A chore is done between jobs every so many
    seconds: what the clock brings, not a request. Several workers may do it at once, so it locks what it works on.
    """

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, Callable[[Job], None]],
        problem_kinds: Mapping[type[Refused], problems.Kind] | None = None,
        *,
        chores: Mapping[Callable[[], object], float] | None = None,
    ) -> None:
        self._database = database
        self._handlers = handlers
        self._chores = dict(chores or {})
        self._done_at = dict.fromkeys(self._chores, float("-inf"))
        self._kinds = problem_kinds or {}
        self._name = f"worker_{secrets.token_hex(8)}"
        self._stopping = threading.Event()

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; the job in hand is given back to the queue."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        log.info("worker started", kinds=sorted(self._handlers))
        while not self._stopping.is_set():
            self._do_chores()
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
            mine = update(TABLE).where(TABLE.c.id == job_id, TABLE.c.worker == self._name, TABLE.c.state == "running")
            if session.execute(mine.values(lease_until=_soon(), **values)).rowcount == 0:  # type: ignore[attr-defined]
                raise LeaseLost(job_id)

    def _do_chores(self) -> None:
        for chore, seconds in self._chores.items():
            if time.monotonic() - self._done_at[chore] < seconds:
                continue
            self._done_at[chore] = time.monotonic()
            try:
                chore()
            except (Refused, OperationalError) as error:
                # The next round finds the same work again.
                log.warning("chore put off", error=type(error).__name__)
            except Exception:  # a broken chore must not end the worker
                log.exception("chore broke off")

    def _step(self) -> bool:
        try:
            return self.run_once()
        except OperationalError:
            # A database that restarts must not end its workers.
            log.warning("database unavailable")
            self._stopping.wait(1)
            return False

    def _do(self, job: Job) -> None:
        finished = threading.Event()
        beat = threading.Thread(target=self._keep_alive, args=(job.id, finished), daemon=True)
        beat.start()
        try:
            self._handle(job)
        except Refused as refusal:
            self._end(job, "failed", problems.describe(refusal, self._kinds))
        except LeaseLost:
            log.warning("lease lost", job=job.id)
        except Exception as error:  # a broken job must not end the worker
            log.exception("job broke off", job=job.id, kind=job.kind, attempt=job.attempt)
            self._retry(job, error)
        except SystemExit:
            self._give_back(job)
            raise
        else:
            self._end(job, "done", None)
        finally:
            finished.set()

    def _handle(self, job: Job) -> None:
        for wait in WAITS_SECONDS:
            try:
                return self._handlers[job.kind](job)
            except UpstreamUnavailable:
                time.sleep(wait)
        return self._handlers[job.kind](job)

    def _keep_alive(self, job_id: str, finished: threading.Event) -> None:
        while not finished.wait(HEARTBEAT_SECONDS):
            with suppress(OperationalError, LeaseLost):
                self.renew(job_id)

    def _claim(self) -> Job | None:
        now = datetime.now(UTC)
        waiting = or_(TABLE.c.state == "queued", (TABLE.c.state == "running") & (TABLE.c.lease_until < now))
        oldest = select(TABLE.c.id).where(waiting, TABLE.c.kind.in_(self._handlers)).order_by(TABLE.c.id).limit(1)
        # Look before locking: an idle SQLite worker must not take the write lock ten times a second.
        with self._database.read() as session:
            if session.execute(oldest).first() is None:
                return None
        with self._database.begin() as session:
            row = session.execute(oldest.with_for_update(skip_locked=True)).first()
            if row is None:
                return None
            taken = (
                update(TABLE)
                .where(TABLE.c.id == row.id)
                .values(state="running", worker=self._name, lease_until=_soon(), attempts=TABLE.c.attempts + 1)
            )
            columns = (TABLE.c.id, TABLE.c.kind, TABLE.c.payload, TABLE.c.caller, TABLE.c.attempts, TABLE.c.checkpoint)
            job_id, kind, payload, packed, attempt, noted = session.execute(taken.returning(*columns)).one()
        return Job(job_id, kind, payload, _unpack(packed), attempt, self, noted)

    def _retry(self, job: Job, error: Exception) -> None:
        if job.attempt >= (MOST_SLIPS if isinstance(error, SLIPS) else MOST_ATTEMPTS):
            self._give_up(job, type(error).__name__)
        else:
            time.sleep(min(0.2 * 2**job.attempt, 5))
            self._give_back(job)

    def _give_up(self, job: Job, error: str) -> None:
        detail = (
            f"It broke off {job.attempt} times by a fault of ours, not of what was sent; the operator finds the cause "
            f"in the log under {job.id}. / "
            f"任务因本系统故障中断，并非所报送内容有误；运营方可凭编号 {job.id} 在日志中查明原因。"
        )
        self._end(job, "failed", problems.document(problems.JOB_CRASHED, detail, {"error": error}))

    def _end(self, job: Job, state: str, problem: dict[str, Any] | None) -> None:
        self._update(job, state=state, problem=problem, finished_at=datetime.now(UTC), lease_until=None)
        metrics.JOBS.labels(job.kind, state).inc()
        log.info("job ended", job=job.id, kind=job.kind, state=state, problem=problem and problem["type"])

    def _give_back(self, job: Job) -> None:
        self._update(job, state="queued", worker=None, lease_until=None)

    def _update(self, job: Job, **values: Any) -> None:
        with self._database.begin() as session:
            session.execute(update(TABLE).where(TABLE.c.id == job.id, TABLE.c.worker == self._name).values(**values))

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping.set()
        raise SystemExit(0)


def _soon() -> datetime:
    return datetime.now(UTC) + LEASE


def _pack(caller: Caller | None) -> dict[str, Any] | None:
    return {**asdict(caller), "scopes": sorted(caller.scopes)} if caller else None


def _unpack(packed: dict[str, Any] | None) -> Caller | None:
    return Caller(**{**packed, "scopes": frozenset(packed["scopes"])}) if packed else None
