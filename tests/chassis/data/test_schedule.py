"""What the clock orders is done once when it is due, by one worker over all hosts, and is told."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import MetaData, func, select, update

from chassis.core.errors import Conflict
from chassis.core.retention import Declared
from chassis.core.settings import SettingsError
from chassis.data import clock, jobs, schedule
from chassis.data.database import Database
from chassis.data.jobs import Job
from chassis.data.removal import gauges
from chassis.data.schedule import Daily, Every, Scheduled, arranged, handlers, listed, runs, tick
from chassis.data.worker import Worker

NIGHT = Daily(time(3, 30))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    metadata = MetaData()
    jobs.declare(metadata)
    schedule.declare(metadata)
    metadata.create_all(database.engine)
    yield database
    database.dispose()


def told(_: Job) -> dict[str, Any]:
    return {"looked at": 7}


LOOK = Scheduled("daily-look", NIGHT, told)


def let_pass(database: Database, days: float) -> None:
    """Have so many days gone by since what is scheduled was due."""
    with database.begin() as session:
        session.execute(update(schedule.TABLE).values(due_at=clock.ahead(-days * 86_400)))


def ordered(database: Database) -> int:
    with database.read() as session:
        return int(session.scalar(select(func.count()).select_from(jobs.TABLE)) or 0)


def work(database: Database, *plan: Scheduled) -> bool:
    return Worker(database, handlers(database, plan)).run_once()


def test_what_is_new_waits_for_its_time(database: Database) -> None:
    """A daily thing is due at its next hour of China, not at the first start."""
    assert (tick(database, [LOOK]), ordered(database)) == ([], 0)
    with database.read() as session:
        (run,) = runs(session)
    now = datetime.now(UTC)
    assert now < run.due_at <= now + timedelta(days=1, minutes=1)
    assert (run.due_at + timedelta(hours=8)).strftime("%H:%M") == "03:30"


def test_what_was_missed_is_done_once(database: Database) -> None:
    """After three days without a worker it is ordered one time, and then again at its hour."""
    tick(database, [LOOK])
    let_pass(database, 3)
    assert [tick(database, [LOOK]) for _ in range(3)] == [["daily-look"], [], []]
    assert work(database, LOOK)
    assert (tick(database, [LOOK]), ordered(database)) == ([], 1)


def test_hosts_that_look_at_the_clock_together_order_once(database: Database) -> None:
    """Eight of them, at the first start and when it is due."""
    with ThreadPoolExecutor(8) as hosts:
        list(hosts.map(lambda _: tick(database, [LOOK]), range(8)))
        let_pass(database, 1)
        found = list(hosts.map(lambda _: tick(database, [LOOK]), range(8)))
    assert (sorted(map(len, found)), ordered(database)) == ([0] * 7 + [1], 1)


def test_a_run_is_not_ordered_beside_one_that_lasts(database: Database) -> None:
    """Whose run takes longer than a day is ordered again when it has ended."""
    tick(database, [LOOK])
    let_pass(database, 2)
    tick(database, [LOOK])
    let_pass(database, 1)
    assert tick(database, [LOOK]) == []
    work(database, LOOK)
    assert tick(database, [LOOK]) == ["daily-look"]


def test_a_run_tells_when_it_was_and_what_came_of_it(database: Database) -> None:
    """The operator reads it in a line."""
    tick(database, [LOOK])
    let_pass(database, 1)
    tick(database, [LOOK])
    work(database, LOOK)
    with database.read() as session:
        (run,) = runs(session)
    assert (run.state, run.report) == ("done", {"looked at": 7})
    assert run.last_started is not None
    assert run.last_started <= run.last_finished
    line = listed(database, [LOOK]).splitlines()[1]
    assert line.startswith("daily-look")
    assert line.endswith("done: looked at 7")


def test_a_run_that_is_refused_tells_its_problem(database: Database) -> None:
    """And nothing of the report of the run before."""

    def refuse(_: Job) -> None:
        raise Conflict("the lake does not fit the database")

    for each in (LOOK, Scheduled("daily-look", NIGHT, refuse)):
        tick(database, [each])
        let_pass(database, 1)
        tick(database, [each])
        work(database, each)
    with database.read() as session:
        (run,) = runs(session)
    assert (run.state, run.problem["detail"], run.report) == ("failed", "the lake does not fit the database", None)
    assert "failed: the lake does not fit the database" in listed(database, [LOOK])


@pytest.mark.parametrize("was_done", [True, False])
def test_what_fails_night_after_night_is_known_by_its_age(database: Database, was_done: bool) -> None:
    """Be it that it was carried out once or never: that it is due again tomorrow says nothing."""

    def refuse(_: Job) -> None:
        raise Conflict("the lake does not fit the database")

    for each in (LOOK if was_done else None, Scheduled("daily-look", NIGHT, refuse)):
        if each is None:
            continue
        tick(database, [each])
        let_pass(database, 1)
        tick(database, [each])
        work(database, each)
        with database.begin() as session:
            session.execute(update(jobs.TABLE).values(created_at=clock.ahead(-3 * 86_400)))
            done = update(schedule.TABLE).where(schedule.TABLE.c.last_finished.is_not(None))
            session.execute(done.values(last_finished=clock.ahead(-3 * 86_400)))
    age, _ = gauges(database, Declared("1", (), {}), {}, "daily-look")
    assert age.read()["daily-look"] >= 3 * 86_400


def test_what_comes_again_after_some_time_comes_at_once_at_first(database: Database) -> None:
    """Then after that time."""
    often = Scheduled("remind", Every(3600), told)
    assert [tick(database, [often]) for _ in range(3)] == [[], ["remind"], []]
    with database.read() as session:
        (run,) = runs(session)
    assert timedelta(minutes=59) < run.due_at - datetime.now(UTC) < timedelta(minutes=61)


def test_the_operator_chooses_the_hour_or_none(database: Database) -> None:
    """A changed hour holds at once; what is off is not ordered, however long it is due."""
    tick(database, [LOOK])
    (late,) = arranged([LOOK], {"daily-look": "23:15"}, "X_SCHEDULE")
    tick(database, [late])
    with database.read() as session:
        (run,) = runs(session)
    assert (run.due_at + timedelta(hours=8)).strftime("%H:%M") == "23:15"
    let_pass(database, 9)
    assert arranged([LOOK], {"daily-look": "off"}, "X_SCHEDULE") == []
    assert (tick(database, []), listed(database, []).splitlines()[1].split()[:2]) == ([], ["daily-look", "off"])


@pytest.mark.parametrize(
    ("wishes", "says"),
    [({"look": "off"}, "nothing is scheduled as look; there is daily-look"), ({"daily-look": "25:00"}, "may be off")],
)
def test_a_wish_that_cannot_be_is_named(wishes: dict[str, str], says: str) -> None:
    """At the start, with what can be."""
    with pytest.raises(SettingsError, match=f"X_SCHEDULE: .*{says}"):
        arranged([LOOK], wishes, "X_SCHEDULE")
