"""Queues do not wait for each other, and no clock but the database's and the worker's own pulse decides who works."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import MetaData, update

from chassis.core import metrics
from chassis.core.settings import SettingsError
from chassis.data import clock, crew, jobs, leases, presence
from chassis.data.database import Database
from chassis.data.jobs import Job, Kind
from chassis.data.queues import Depth, Gauges, depths
from chassis.data.worker import HEARTBEAT_SECONDS, LEASE, Worker

IMPORT, LOOK, TRAIN = Kind("import", "imports"), Kind("look", "looks"), Kind("train", "looks")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    metadata = MetaData()
    jobs.declare(metadata)
    presence.declare(metadata)
    metadata.create_all(database.engine)
    yield database
    database.dispose()


class Pulse:
    """A clock of one process, which a test moves on."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def add(database: Database, kind: Kind) -> str:
    with database.begin() as session:
        return jobs.enqueue(session, kind, {})


def row(database: Database, job: str) -> jobs.TABLE.c:
    with database.read() as session:
        return session.execute(jobs.TABLE.select().where(jobs.TABLE.c.id == job)).one()


def lease(database: Database, until: datetime) -> None:
    """Write a lease as a host would whose clock is elsewhere."""
    with database.begin() as session:
        session.execute(update(jobs.TABLE).where(jobs.TABLE.c.state == "running").values(lease_until=until))


def worker(database: Database, *kinds: Kind, pulse: Callable[[], float] | None = None) -> Worker:
    work = dict.fromkeys(kinds or (IMPORT,), lambda _: None)
    return Worker(database, work, monotonic=pulse or Pulse())


def test_a_queue_does_not_wait_for_another(database: Database) -> None:
    """A look is taken while an older import is under way and another waits."""
    add(database, IMPORT)
    add(database, IMPORT)
    look = add(database, LOOK)
    assert worker(database)._claim() is not None
    taken = worker(database, LOOK)._claim()
    assert (taken.id, row(database, look).queue) == (look, "looks")


def test_kinds_of_one_queue_are_taken_in_their_order(database: Database) -> None:
    """Whoever came first goes first, whatever it is."""
    ordered = [add(database, kind) for kind in (TRAIN, LOOK, TRAIN)]
    one = worker(database, LOOK, TRAIN)
    assert [one._claim().id for _ in ordered] == ordered


def test_the_databases_clock_says_what_time_it_is(database: Database) -> None:
    """Moments of jobs are those of the database, to the second beside it, and come back as they were written."""
    job = row(database, add(database, IMPORT))
    with database.begin() as session:
        session.execute(update(jobs.TABLE).values(due_at=clock.ahead(3600)))
        same = jobs.TABLE.select().where(jobs.TABLE.c.created_at == job.created_at)
        due = session.execute(same).one().due_at
    assert timedelta(seconds=3600) <= due - job.created_at < timedelta(seconds=3660)
    assert abs(job.created_at - datetime.now(UTC)) < timedelta(seconds=60)


def test_a_clock_that_jumps_takes_no_job_from_a_living_worker(database: Database) -> None:
    """An hour ahead, all leases have run out; but who renews them is alive."""
    add(database, IMPORT)
    held, pulse = worker(database)._claim(), Pulse()
    other = worker(database, pulse=pulse)
    for step in range(30):
        held.progress(step, 30)
        lease(database, datetime.now(UTC) - timedelta(hours=1, seconds=-step))
        assert other._claim() is None
        pulse.seconds += HEARTBEAT_SECONDS


def test_a_lease_that_ran_out_is_taken_once_its_holder_is_silent(database: Database) -> None:
    """Two beats and a half without a word: not at the first look."""
    job, pulse = add(database, IMPORT), Pulse()
    worker(database)._claim()
    lease(database, datetime.now(UTC) - timedelta(seconds=1))
    other = worker(database, pulse=pulse)
    found = []
    for _ in range(4):
        found.append(other._claim())
        pulse.seconds += HEARTBEAT_SECONDS
    assert (found[:3], found[3].id) == ([None] * 3, job)


def test_a_lease_from_a_clock_far_ahead_is_worth_two_leases(database: Database) -> None:
    """A worker an hour ahead that is killed blocks its job for twenty seconds, not for an hour."""
    job, pulse = add(database, IMPORT), Pulse()
    worker(database)._claim()
    lease(database, datetime.now(UTC) + timedelta(hours=1))
    other = worker(database, pulse=pulse)
    assert other._claim() is None
    pulse.seconds += 2 * LEASE.total_seconds() - 0.1
    assert other._claim() is None
    pulse.seconds += 0.2
    assert other._claim().id == job


def test_a_job_that_is_tried_again_lets_others_go_first(database: Database) -> None:
    """Who waits for a second attempt does not hold up the queue."""
    first, second = add(database, IMPORT), add(database, IMPORT)
    ended: list[str] = []

    def once(job: Job) -> None:
        if job.id == first and job.attempt == 1:
            raise OSError
        ended.append(job.id)

    one = Worker(database, {IMPORT: once})
    one.run_once()
    one.run_once()
    assert ended == [second]
    with database.begin() as session:
        session.execute(update(jobs.TABLE).values(due_at=clock.ahead(-1)))
    one.run_once()
    assert ended == [second, first]


def test_a_job_over_which_workers_die_twice_is_set_aside(database: Database) -> None:
    """The first death gives it back, the second ends it with a problem that names it."""
    job = add(database, IMPORT)
    for how in ("signal 9", "signal 9"):
        one = Worker(database, {IMPORT: lambda _: None}, name="worker_one")
        assert one._claim().id == job
        leases.hand_back(database, "worker_one", how)
    ended = row(database, job)
    assert (ended.state, ended.problem["type"], ended.problem["job"]) == ("failed", "/problems/job-killed", job)
    assert worker(database)._claim() is None


def test_a_deploy_does_not_count_against_a_job(database: Database) -> None:
    """Whoever is ended by us while it works has done nothing wrong."""
    job = add(database, IMPORT)
    for _ in range(4):
        assert Worker(database, {IMPORT: lambda _: None}, name="worker_one")._claim().id == job
        leases.hand_back(database, "worker_one", None)
    assert (row(database, job).state, row(database, job).killed) == ("queued", 0)


def test_what_gets_on_is_no_poison(database: Database) -> None:
    """A checkpoint between two deaths takes the first one back."""
    job = add(database, IMPORT)
    for bucket in range(4):
        held = Worker(database, {IMPORT: lambda _: None}, name="worker_one")._claim()
        held.note({"bucket": bucket}, bucket, 4)
        leases.hand_back(database, "worker_one", "signal 9")
    assert (row(database, job).state, row(database, job).killed) == ("queued", 1)


def test_the_number_of_workers_is_one_a_queue_unless_it_is_set(database: Database) -> None:
    """None where another host serves a queue."""
    handlers = dict.fromkeys((IMPORT, LOOK, TRAIN), lambda _: None)
    made = [post.name for post in crew.posts(database, handlers, {}, {"imports": 3}, "X_WORKERS")]
    assert made == ["imports"] * 3 + ["looks"]
    assert [post.name for post in crew.posts(database, handlers, {}, {"imports": 0}, "X_WORKERS")] == ["looks"]


def test_a_queue_that_is_not_there_is_named(database: Database) -> None:
    """With those that are."""
    with pytest.raises(SettingsError, match="X_WORKERS: there is no queue import; the queues here are imports"):
        crew.posts(database, {IMPORT: lambda _: None}, {}, {"import": 1}, "X_WORKERS")


def test_a_worker_that_fell_silent_is_missed(database: Database) -> None:
    """Its post is served by nobody, and named with what to do; another's beat changes nothing for it."""
    for name, post in (("worker_one", "imports"), ("worker_two", "looks")):
        presence.beat(database, name, post)
    with database.begin() as session:
        silent = update(presence.TABLE).where(presence.TABLE.c.name == "worker_one")
        session.execute(silent.values(beat_at=clock.ahead(-presence.LATE_SECONDS - 1)))
    presence.beat(database, "worker_two", "looks")
    missed = presence.unserved(database, ["imports", "looks"])
    assert missed.keys() == {"imports"}
    assert "(1 fell silent)" in missed["imports"]


def test_the_depth_of_a_queue_is_what_waits_and_how_long(database: Database) -> None:
    """Waiting, running, the age of the oldest, and deaths; what is done is not counted."""
    for _ in range(3):
        add(database, IMPORT)
    add(database, LOOK)
    one = Worker(database, {LOOK: lambda _: None})
    assert one.run_once()
    Worker(database, {IMPORT: lambda _: None}, name="worker_one")._claim()
    leases.hand_back(database, "worker_one", "signal 9")
    worker(database)._claim()
    with database.begin() as session:
        session.execute(update(jobs.TABLE).values(created_at=clock.ahead(-90)))
    with database.read() as session:
        found = depths(session)
    assert found.keys() == {"imports"}
    depth = found["imports"]
    assert (depth.waiting, depth.running, depth.killed) == (2, 1, 1)
    assert 90 <= depth.oldest_seconds < 150


def test_metrics_tell_every_queue_also_an_empty_one(database: Database) -> None:
    """A gauge that vanishes when nothing waits cannot be alerted on."""
    add(database, IMPORT)
    presence.beat(database, "worker_one", "imports")
    lines = metrics.exposition(Gauges(database, ["imports", "looks"]))[0].decode().splitlines()
    for line in (
        'queue_waiting{queue="imports"} 1.0',
        'queue_waiting{queue="looks"} 0.0',
        'queue_workers{queue="imports"} 1.0',
        'queue_workers{queue="looks"} 0.0',
    ):
        assert line in lines
    assert Depth().oldest_seconds == 0
