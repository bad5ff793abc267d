"""A crew keeps its queues served, whatever dies, and gives back what it holds when it is stopped."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, select

from chassis.data import jobs, presence
from chassis.data.crew import MOST_DEATHS, Crew, Post, posts
from chassis.data.database import Database
from chassis.data.jobs import Job, Kind

BIG, SMALL = Kind("big", "imports"), Kind("small", "looks")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    metadata = MetaData()
    jobs.declare(metadata)
    presence.declare(metadata)
    metadata.create_all(database.engine)
    yield database
    database.dispose()


@pytest.fixture
def start(database: Database) -> Iterator[Callable[..., BaseProcess]]:
    """Start a crew in a process of its own, which is ended with the test."""
    crews: list[BaseProcess] = []

    def run(big: Callable[[Job], None], more: tuple[Post, ...] = ()) -> BaseProcess:
        database.dispose()
        places = posts(database, {BIG: big, SMALL: lambda _: None}, {}, {}, "X_WORKERS")
        process = multiprocessing.get_context("fork").Process(target=Crew(database, [*places, *more]).run)
        process.start()
        crews.append(process)
        return process

    yield run
    for process in crews:
        process.terminate()
        process.join(20)


def add(database: Database, kind: Kind) -> str:
    with database.begin() as session:
        return jobs.enqueue(session, kind, {})


def row(database: Database, job: str) -> Any:
    with database.read() as session:
        return session.execute(select(jobs.TABLE).where(jobs.TABLE.c.id == job)).one()


def until(claim: Callable[[], bool]) -> None:
    for _ in range(500):
        if claim():
            return
        time.sleep(0.02)
    pytest.fail("waited in vain")


def fill_the_memory(_: Job) -> None:
    os.kill(os.getpid(), signal.SIGKILL)  # as the kernel does


def lose_a_thread(_: Job) -> None:
    threading.Thread(target=lambda: 1 / 0).start()
    time.sleep(60)


@pytest.mark.parametrize(("deadly", "how"), [(fill_the_memory, "signal 9"), (lose_a_thread, "exit 1")])
def test_a_job_that_kills_its_worker_is_set_aside_and_the_queues_go_on(
    database: Database, start: Callable[..., BaseProcess], deadly: Callable[[Job], None], how: str
) -> None:
    """After two deaths it is told who died how; the other queue, and what waited behind it, are served."""
    poison, small = add(database, BIG), add(database, SMALL)
    behind = add(database, BIG)
    start(lambda job: deadly(job) if job.id == poison else None)
    until(lambda: {row(database, job).state for job in (small, behind)} == {"done"})
    ended = row(database, poison)
    assert (ended.state, ended.attempts, ended.problem["how"]) == ("failed", 2, how)


def deaf(_: Job) -> None:
    """Be deep in a library, where no signal is heard."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    time.sleep(60)


@pytest.mark.parametrize("busy", [deaf, lambda _: time.sleep(60)], ids=["deaf", "attentive"])
def test_a_crew_that_is_stopped_gives_its_jobs_back(
    database: Database, start: Callable[..., BaseProcess], busy: Callable[[Job], None]
) -> None:
    """Also those of a worker that does not hear; a deploy counts against no job."""
    job = add(database, BIG)
    crew = start(busy)
    until(lambda: row(database, job).state == "running")
    crew.terminate()
    crew.join(20)
    found = row(database, job)
    assert (crew.exitcode, found.state, found.worker, found.killed) == (0, "queued", None, 0)


def test_a_crew_that_cannot_keep_a_post_filled_ends(start: Callable[..., BaseProcess]) -> None:
    """Its supervisor hears of it by the exit code; it does not live on without that post."""

    def broken(_: str) -> None:
        raise RuntimeError

    crew = start(lambda _: None, (Post("deliveries", broken),))
    crew.join(20)
    assert (crew.exitcode, MOST_DEATHS > 1) == (1, True)


def test_what_a_dead_worker_held_beside_jobs_is_given_back(start: Callable[..., BaseProcess], tmp_path: Path) -> None:
    """By its name, each time that one dies."""

    def die(name: str) -> None:
        (tmp_path / f"began-{name}").touch()
        os.kill(os.getpid(), signal.SIGKILL)

    crew = start(lambda _: None, (Post("deliveries", die, lambda name: (tmp_path / f"freed-{name}").touch()),))
    crew.join(20)
    began, freed = ({path.name[6:] for path in tmp_path.glob(f"{word}-*")} for word in ("began", "freed"))
    assert (began, len(began)) == (freed, MOST_DEATHS)


def test_no_worker_outlives_its_crew(database: Database, start: Callable[..., BaseProcess]) -> None:
    """After kill -9 of the crew its workers give back what they hold and leave."""
    job = add(database, BIG)
    crew = start(lambda _: time.sleep(60))
    until(lambda: row(database, job).state == "running")
    crew.kill()
    crew.join(20)
    until(lambda: row(database, job).state == "queued")


def test_who_works_is_told_and_who_leaves_is_not_missed(database: Database, start: Callable[..., BaseProcess]) -> None:
    """Each post is served while the crew is there, and by nobody once it has left."""

    def served() -> dict[str, int]:
        with database.connection() as connection:
            return presence.alive(connection)

    crew = start(lambda _: None)
    until(lambda: served() == {"imports": 1, "looks": 1})
    assert presence.unserved(database, ["imports", "looks"]) == {}
    crew.terminate()
    crew.join(20)
    assert served() == {}
    with database.connection() as connection:
        assert presence.late(connection) == {}


def heed_the_collector(_: Job) -> None:
    if not gc.isenabled():
        os._exit(1)


def test_what_was_loaded_without_the_collector_works_with_it(
    database: Database, start: Callable[..., BaseProcess]
) -> None:
    """Whoever starts a crew may spare the collector's rounds while it loads; a worker lives for weeks."""
    job = add(database, BIG)
    gc.disable()
    try:
        start(heed_the_collector)
    finally:
        gc.enable()
    until(lambda: row(database, job).state != "queued" and row(database, job).state != "running")
    assert row(database, job).state == "done"
