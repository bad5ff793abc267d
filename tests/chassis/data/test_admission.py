"""A queue takes on so much and no more: who comes then hears how much waits and when to come back."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import MetaData, func, select, update

from chassis.core.errors import BacklogFull, QueueFull, Refused
from chassis.core.identity import Caller
from chassis.core.problems import describe
from chassis.data import clock, jobs
from chassis.data.database import Database
from chassis.data.jobs import Kind
from chassis.data.worker import Worker

IMPORT, LOOK = Kind("import", "imports"), Kind("look", "looks")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url, jobs.limits({"imports": 6}))
    metadata = MetaData()
    jobs.declare(metadata)
    metadata.create_all(database.engine)
    yield database
    database.dispose()


def order(database: Database, client: str, kind: Kind = IMPORT) -> str:
    with database.begin() as session:
        return jobs.order(session, kind, {}, caller=Caller(client, "source", frozenset()))


def fill(database: Database) -> None:
    for client in "abc":
        for _ in range(2):
            order(database, client)


def waiting(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(jobs.TABLE).where(jobs.TABLE.c.state == "queued"))


def test_a_full_queue_takes_nothing_on_and_stores_nothing(database: Database) -> None:
    """503 `queue-full` with its depth and its limit; another queue is open."""
    fill(database)
    with pytest.raises(QueueFull) as refused:
        order(database, "d")
    problem = describe(refused.value, {})
    assert (problem["status"], problem["type"]) == (503, "/problems/queue-full")
    assert (problem["queue"], problem["waiting"], problem["most"]) == ("imports", 6, 6)
    assert 5 <= problem["retry_after"] <= 600
    assert waiting(database) == 6
    order(database, "d", LOOK)


def test_half_of_a_queue_is_the_most_for_one_client(database: Database) -> None:
    """429 for whoever fills it alone, while others are still served."""
    for _ in range(3):
        order(database, "a")
    with pytest.raises(BacklogFull) as refused:
        order(database, "a")
    assert (describe(refused.value, {})["status"], refused.value.members["own"]) == (429, 3)
    order(database, "b")


def test_what_follows_from_a_job_is_never_refused(database: Database) -> None:
    """An import that was accepted has its look, however many wait."""
    fill(database)
    with database.begin() as session:
        jobs.enqueue(session, IMPORT, {})
    assert waiting(database) == 7


def test_a_queue_opens_again_as_it_is_worked_off(database: Database) -> None:
    """What runs or is done takes no room."""
    fill(database)
    assert Worker(database, {IMPORT: lambda _: None}).run_once()
    order(database, "d")
    with pytest.raises(QueueFull):
        order(database, "d")


def test_orders_at_once_do_not_pass_the_limit_together(database: Database) -> None:
    """Twelve clients at the same time: six are taken on, six hear that it is full."""

    def try_it(client: str) -> bool:
        try:
            order(database, client)
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(12) as many:
        taken = list(many.map(try_it, [f"client-{n}" for n in range(12)]))
    assert (taken.count(True), waiting(database)) == (6, 6)


def test_the_time_to_come_back_follows_from_what_was_done_lately(database: Database) -> None:
    """A tenth of what waits, at the pace of the last jobs."""
    fill(database)
    one = Worker(database, {IMPORT: lambda _: None})
    while one.run_once():
        pass
    with database.begin() as session:
        done = session.scalars(select(jobs.TABLE.c.id).order_by(jobs.TABLE.c.id)).all()
        for number, job in enumerate(done):
            at = update(jobs.TABLE).where(jobs.TABLE.c.id == job)
            session.execute(at.values(finished_at=clock.ahead(100 * number)))
    fill(database)
    with pytest.raises(QueueFull) as refused:
        order(database, "d")
    assert 58 <= refused.value.members["retry_after"] <= 62
