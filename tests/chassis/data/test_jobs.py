"""The queue loses nothing and runs nothing that was rolled back."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from databases import Server
from prometheus_client import REGISTRY
from sqlalchemy import MetaData, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from chassis.core.errors import Conflict, UpstreamUnavailable
from chassis.core.identity import Caller
from chassis.data import jobs, leases, presence
from chassis.data import worker as work
from chassis.data.database import Database
from chassis.data.jobs import Job, Kind
from chassis.data.worker import Worker


@pytest.fixture
def database(database_url: str) -> Database:
    database = Database(database_url)
    metadata = MetaData()
    jobs.declare(metadata)
    presence.declare(metadata)
    metadata.create_all(database.engine)
    yield database
    database.dispose()


COUNT = Kind("count", "counts")
LOOK = Kind("look", "looks")


def add(database: Database, kind: Kind = COUNT, **payload: object) -> str:
    with database.begin() as session:
        return jobs.enqueue(session, kind, payload)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a worker believe at the first look that nobody renews what it sees, and try again at once."""
    monkeypatch.setattr(work, "SILENT_BEATS", 0)
    monkeypatch.setattr(work, "RETRY_SECONDS", (0,))


def state(database: Database, job: str) -> jobs.JobState:
    with database.read() as session:
        return jobs.state(session, job)


def worker(database: Database, handler: Callable[[Job], None]) -> Worker:
    return Worker(database, {COUNT: handler})


def test_a_job_is_done_once_with_its_payload_and_caller(database: Database) -> None:
    """The handler sees what was ordered and by whom."""
    seen: list[Job] = []
    who = Caller("bank-1", "bank", frozenset({"scores:write"}))
    with database.begin() as session:
        job = jobs.order(session, COUNT, {"firms": 3}, caller=who)
    one = worker(database, seen.append)
    assert [one.run_once(), one.run_once()] == [True, False]
    assert [(job.payload, job.caller) for job in seen] == [({"firms": 3}, who)]
    assert state(database, job).state == "done"


class Base(DeclarativeBase):
    """What the tests order."""


class Order(Base):
    """An order, and what its job made."""

    __tablename__ = "order"
    id: Mapped[str] = mapped_column(primary_key=True)
    made: Mapped[int] = mapped_column(default=0)


@pytest.fixture
def ordered(database: Database) -> str:
    """Return the job of the order `one`."""
    Base.metadata.create_all(database.engine)
    with database.begin() as session:
        session.add(Order(id="one"))
    return add(database, order="one")


def test_a_row_that_is_told_as_done_tells_what_its_job_made(
    database: Database, ordered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What commits between the read of the row and that of its job is seen in both, or in neither."""

    def make(job: Job) -> None:
        with database.begin() as session:
            session.get_one(Order, job.payload["order"]).made = 7

    def late(session: Session, job: str) -> jobs.JobState:
        worker(database, make).run_once()
        return asked(session, job)

    asked = jobs.state
    monkeypatch.setattr(jobs, "state", late)

    with database.read() as session:
        row = session.get_one(Order, "one")
        told = jobs.state_of(session, row, ordered)

    assert (told.state, row.made) in [("done", 7), ("queued", 0)]


def test_what_the_caller_has_changed_of_the_row_stays(database: Database, ordered: str) -> None:
    """Also before it is written."""
    with database.begin() as session:
        row = session.get_one(Order, "one")
        row.made = 3
        jobs.state_of(session, row, ordered)
        assert row.made == 3


def test_a_rolled_back_order_leaves_no_job(database: Database) -> None:
    """The job's row lives and dies with the transaction that it belongs to."""

    def order() -> None:
        with database.begin() as session:
            jobs.enqueue(session, COUNT, {})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        order()
    assert not worker(database, lambda _: None).run_once()


def test_jobs_are_taken_oldest_first(database: Database) -> None:
    """Nobody overtakes."""
    seen: list[int] = []
    for n in range(3):
        add(database, n=n)
        time.sleep(0.002)
    one = worker(database, lambda job: seen.append(job.payload["n"]))
    while one.run_once():
        pass
    assert seen == [0, 1, 2]


def test_a_refusal_fails_the_job_with_its_problem(database: Database) -> None:
    """Bad input is not tried again; it is told."""

    def refuse(_: Job) -> None:
        raise Conflict("Two sheets have the same name.", sheet="进项")

    job = add(database)
    worker(database, refuse).run_once()
    found = state(database, job)
    assert (found.state, found.problem["type"], found.problem["sheet"]) == ("failed", "/problems/conflict", "进项")


def test_a_job_outwaits_the_restart_of_another_service(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence is no refusal: the same worker goes on when the other is back, and that is no crash."""
    monkeypatch.setattr(work, "WAITS_SECONDS", (0, 0))
    tries: list[int] = []

    def handler(job: Job) -> None:
        tries.append(job.attempt)
        if len(tries) < 3:
            raise UpstreamUnavailable("the profile service does not answer")

    job = add(database)
    one = worker(database, handler)
    while one.run_once():
        pass
    assert tries == [1, 1, 1]
    assert state(database, job).state == "done"


def test_while_a_job_waits_for_another_service_others_of_its_queue_go_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes back to the queue with what it has noted, and comes when its time has come."""
    monkeypatch.setattr(work, "WAITS_SECONDS", (0.3,))
    seen: list[tuple[int, object]] = []

    def handler(job: Job) -> None:
        seen.append((job.payload["n"], job.checkpoint))
        if seen == [(1, None)]:
            job.note({"buckets": [0]}, 1, 2)
            raise UpstreamUnavailable("the profile service does not answer")

    first, second = add(database, n=1), add(database, n=2)
    one = worker(database, handler)
    assert [one.run_once(), one.run_once(), one.run_once()] == [True, True, False]
    assert [state(database, job).state for job in (first, second)] == ["queued", "done"]
    _until(one.run_once)
    assert seen == [(1, None), (2, None), (1, {"buckets": [0]})]
    assert state(database, first).state == "done"


def test_a_service_that_stays_away_fails_the_job_with_its_problem(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever ordered the job learns what is missing."""
    monkeypatch.setattr(work, "WAITS_SECONDS", (0,))

    def handler(_: Job) -> None:
        raise UpstreamUnavailable("the profile service does not answer")

    job = add(database)
    one = worker(database, handler)
    assert [one.run_once(), one.run_once(), one.run_once()] == [True, True, False]
    assert state(database, job).problem["type"] == "/problems/upstream-unavailable"


@pytest.mark.usefixtures("impatient")
def test_a_crash_is_tried_again(database: Database) -> None:
    """A handler that broke off once and then works ends well."""
    attempts: list[int] = []

    def flaky(job: Job) -> None:
        attempts.append(job.attempt)
        if job.attempt == 1:
            raise ZeroDivisionError

    job = add(database)
    one = worker(database, flaky)
    while one.run_once():
        pass
    assert (attempts, state(database, job).state) == ([1, 2], "done")


@pytest.mark.usefixtures("impatient")
def test_a_job_that_always_crashes_ends_as_failed(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A poisonous job does not hold the queue for ever."""
    monkeypatch.setattr(work, "MOST_ATTEMPTS", 2)
    job = add(database)
    one = worker(database, lambda _: 1 / 0)
    while one.run_once():
        pass
    assert (state(database, job).state, state(database, job).problem["error"]) == ("failed", "ZeroDivisionError")


@pytest.mark.usefixtures("impatient")
def test_a_job_that_kills_its_workers_ends_as_failed(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed worker raises nothing, so it is the takings that are counted."""
    monkeypatch.setattr(work, "MOST_TAKEN", 2)
    done: list[Job] = []
    job = add(database)
    for _ in range(2):
        worker(database, done.append)._claim()
        with database.begin() as session:
            session.execute(update(jobs.TABLE).values(lease_until=datetime.now(UTC) - timedelta(seconds=1)))
    assert worker(database, done.append).run_once()
    assert (state(database, job).state, state(database, job).problem["error"]) == ("failed", "WorkerKilled")
    assert done == []


@pytest.mark.parametrize("died", [False, True])
def test_restarts_count_against_no_job(database: Database, died: bool) -> None:
    """However often its worker is stopped: whether that gives the job back, or is ended and another does."""

    def stop(_: Job) -> None:
        raise SystemExit(0)

    job = add(database)
    for _ in range(work.MOST_TAKEN + 1):
        one = worker(database, stop)
        if died:
            one._claim()
            leases.hand_back(database, one._name, None)
        else:
            with pytest.raises(SystemExit):
                one.run_once()
    assert worker(database, lambda _: None).run_once()
    assert state(database, job).state == "done"


@pytest.mark.usefixtures("impatient")
def test_a_job_that_gets_on_is_not_given_up_for_what_was_before(database: Database) -> None:
    """Twice it slips, each time a step further."""
    job, done = add(database), list[int]()

    def walk(one: Job) -> None:
        done.append((one.checkpoint or {"step": 0})["step"])
        if done[-1] < 3:
            one.note({"step": done[-1] + 1}, done[-1] + 1, 3)
            raise KeyError("step")

    one = worker(database, walk)
    while one.run_once():
        pass
    assert (done, state(database, job).state) == ([0, 1, 2, 3], "done")


def test_a_database_that_takes_no_writes_ends_no_worker(postgresql: Server) -> None:
    """Neither one that waits nor one in the middle of a job; a standby says it in another way than a full disk."""
    url = postgresql.make()
    database = Database(url)
    metadata = MetaData()
    jobs.declare(metadata)
    metadata.create_all(database.engine)
    job = add(database)
    with database.connection(writes=True) as connection:
        name = connection.engine.url.database
        connection.exec_driver_sql(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    database.dispose()
    one, turns = worker(database, lambda _: None), iter([False, True])
    one._stopping.set()
    assert one._step() is False
    one._keep_alive(job, type("Once", (), {"wait": lambda *_: next(turns)})())
    database.dispose()
    postgresql.drop(url)


@pytest.mark.usefixtures("impatient")
def test_a_lease_that_ran_out_is_taken_over_and_the_slow_one_cannot_end_it(database: Database) -> None:
    """Two workers never both finish one job."""
    first, second = worker(database, lambda _: None), worker(database, lambda _: None)
    job = add(database)
    held = first._claim()
    with database.begin() as session:
        session.execute(update(jobs.TABLE).values(lease_until=datetime.now(UTC) - timedelta(seconds=1)))
    taken = second._claim()
    assert taken.attempt == 2
    before = ended("failed")
    first._end(held, "failed", {"type": "late"})
    assert state(database, job).state == "running"
    assert ended("failed") == before
    with pytest.raises(jobs.LeaseLost):
        held.progress(1, 2)
    before = ended("done")
    second._end(taken, "done", None)
    assert ended("done") == before + 1


def ended(how: str) -> float:
    """Return how many jobs ended so, as the metrics of this process tell."""
    return REGISTRY.get_sample_value("jobs_finished_total", {"kind": COUNT.name, "state": how}) or 0.0


@pytest.mark.usefixtures("impatient")
def test_whoever_takes_a_job_over_goes_on_where_it_was_noted(database: Database) -> None:
    """The one who is killed leaves its checkpoint; the takings before it do not count against the job any more."""
    add(database)
    seen: list[Job] = []
    for _ in range(3):
        held = worker(database, seen.append)._claim()
        with database.begin() as session:
            session.execute(update(jobs.TABLE).values(lease_until=datetime.now(UTC) - timedelta(seconds=1)))
    held.note({"buckets": [0, 1]}, 2, 16)
    with database.begin() as session:
        session.execute(update(jobs.TABLE).values(lease_until=datetime.now(UTC) - timedelta(seconds=1)))
    assert worker(database, seen.append).run_once()
    assert [(job.checkpoint, job.attempt) for job in seen] == [({"buckets": [0, 1]}, 2)]


def _work(url: str, marker: str) -> None:
    def slow(job: Job) -> None:
        with open(marker, "a") as file:  # noqa: PTH123 -- a plain append is what the test watches
            file.write(f"{job.attempt}\n")
        time.sleep(60 if job.attempt == 1 else 0)

    Worker(Database(url), {COUNT: slow}).run()


@pytest.mark.parametrize(("number", "lease"), [(signal.SIGKILL, 0.5), (signal.SIGTERM, 3600)])
def test_a_worker_that_dies_loses_no_job(
    database: Database, database_url: str, tmp_path, monkeypatch: pytest.MonkeyPatch, number: int, lease: float
) -> None:
    """After kill -9 the lease runs out and another takes the job; after SIGTERM it is given back at once."""
    monkeypatch.setattr(work, "LEASE", timedelta(seconds=lease))
    monkeypatch.setattr(work, "HEARTBEAT_SECONDS", 0.1)
    job = add(database)
    marker = tmp_path / "attempts"
    database.dispose()
    process = multiprocessing.get_context("fork").Process(target=_work, args=(database_url, str(marker)))
    process.start()
    _until(marker.exists)
    os.kill(process.pid, number)
    process.join()
    other = worker(database, lambda _: None)
    _until(other.run_once)
    assert state(database, job).state == "done"


def _until(claim: Callable[[], bool]) -> None:
    for _ in range(500):
        if claim():
            return
        time.sleep(0.02)
    pytest.fail("waited in vain")
