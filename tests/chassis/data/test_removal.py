"""What is past its keeping goes, a little at a time; what is not, or is named by what is kept, stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Column, ForeignKey, MetaData, String, Table, delete, func, insert, select, update

from chassis.core.retention import Declared, Policy, Words
from chassis.data import jobs, keys, removal, schedule
from chassis.data.database import Database, Utc
from chassis.data.jobs import Job, Kind
from chassis.data.removal import Removal, answers, carry_out, counted, finished_jobs, nightly
from chassis.data.schedule import handlers, runs, tick
from chassis.data.worker import Worker

NOW = datetime(2026, 12, 1, 4, 0, tzinfo=UTC)
METADATA = MetaData()
ORDERS = Table(
    "orders", METADATA, Column("id", String(40), primary_key=True), Column("job", String(40)), Column("at", Utc)
)
LINES = Table("lines", METADATA, Column("of", ForeignKey(ORDERS.c.id), primary_key=True))
WORK = Kind("work", "batches")


def policy(key: str, months: int) -> Policy:
    words = Words("某", "some")
    return Policy(key, "any", key, (), "made", months, (), words, words)


DECLARED = Declared("1", (policy("answers", 1), policy("orders", 12), policy("jobs", 3)), {})


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    metadata = MetaData()
    for declare in (jobs.declare, keys.declare, schedule.declare, ORDERS.to_metadata, LINES.to_metadata):
        declare(metadata)
    metadata.create_all(database.engine)
    yield database
    database.dispose()


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Keep the pauses instead of making them."""
    made: list[float] = []
    monkeypatch.setattr(removal.time, "sleep", made.append)
    return made


def answered(database: Database, count: int, days: float) -> None:
    rows = [
        {"client": f"bank-{n % 3}", "key": f"{days}-{n}", "fingerprint": "f", "created_at": NOW - timedelta(days=days)}
        for n in range(count)
    ]
    with database.begin() as session:
        session.execute(insert(keys.TABLE), rows)


def count(database: Database, table: Table) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def finished(database: Database, days: float, state: str = jobs.DONE) -> str:
    with database.begin() as session:
        job = jobs.enqueue(session, WORK, {})
        ended = {"state": state, "finished_at": NOW - timedelta(days=days)}
        session.execute(update(jobs.TABLE).where(jobs.TABLE.c.id == job).values(**ended))
    return job


def test_what_is_old_goes_over_many_stretches_and_the_rest_stays(
    database: Database, monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    """Old and new rows lie mixed along the key; a dry run counts the same. Others are let in after each transaction."""
    monkeypatch.setattr(removal, "STRETCH", 7)
    answered(database, 20, 40)
    answered(database, 10, 20)
    work = [Removal("answers", keys.TABLE, lambda before: keys.TABLE.c.created_at < before, at_once=3)]
    assert counted(database, DECLARED, work, NOW) == {"answers": 20}
    assert carry_out(database, DECLARED, work, NOW) == {"answers": 20}
    # More than SQLite's longest nap before it looks at a taken lock again.
    assert len(pauses) >= 20 / 3
    assert min(pauses) > 0.1
    assert carry_out(database, DECLARED, work, NOW) == {"answers": 0}
    assert count(database, keys.TABLE) == 10


def test_what_rests_on_a_row_goes_before_it(database: Database) -> None:
    """Else the reference would hold it back."""
    with database.begin() as session:
        session.execute(insert(ORDERS), [{"id": "o1", "at": NOW - timedelta(days=400)}, {"id": "o2", "at": NOW}])
        session.execute(insert(LINES), [{"of": "o1"}, {"of": "o2"}])
    work = Removal(
        "orders",
        ORDERS,
        lambda before: ORDERS.c.at < before,
        lambda session, ids: session.execute(delete(LINES).where(LINES.c.of.in_(ids))) and None,
    )
    assert carry_out(database, DECLARED, [work], NOW) == {"orders": 1}
    assert (count(database, ORDERS), count(database, LINES)) == (1, 1)


def test_a_job_goes_after_what_names_it(database: Database) -> None:
    """Neither one under way, nor the last run of something scheduled, nor that of an order that is kept."""
    old, named, scheduled = (finished(database, 100) for _ in range(3))
    young, failed = finished(database, 10), finished(database, 100, jobs.FAILED)
    with database.begin() as session:
        waiting = jobs.enqueue(session, WORK, {})
        session.execute(insert(ORDERS).values(id="o1", job=named, at=NOW))
        session.execute(insert(schedule.TABLE).values(name="n", plan="p", due_at=NOW, job=scheduled))
    assert carry_out(database, DECLARED, [finished_jobs("jobs", ORDERS.c.job)], NOW) == {"jobs": 2}
    with database.read() as session:
        left = set(session.scalars(select(jobs.TABLE.c.id)))
    assert left == {named, scheduled, young, waiting}
    assert not left & {old, failed}


def test_what_changed_meanwhile_stays(database: Database) -> None:
    """A job that somebody runs again between the look and the removal is not due any more."""
    job = finished(database, 100, jobs.FAILED)
    due = finished_jobs("jobs").due(NOW)
    with database.begin() as session:
        session.execute(update(jobs.TABLE).values(state=jobs.QUEUED))
    assert removal._take_out(database, finished_jobs("jobs"), due, [(job,)]) == 0
    assert count(database, jobs.TABLE) == 1


class Died(BaseException):
    """The process ends."""


def test_a_removal_that_was_broken_off_is_finished_and_told_whole(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What had gone before stands in the job's checkpoint: the report counts it."""
    monkeypatch.setattr(removal, "AT_ONCE", 4)
    answered(database, 10, 40)
    works = [Removal("answers", keys.TABLE, lambda before: keys.TABLE.c.created_at < before, at_once=4)]
    noted: list[dict[str, object]] = []

    class Holder:
        def renew(self, _: str, **values: object) -> None:
            noted.append(values["checkpoint"])  # type: ignore[arg-type]
            if len(noted) == 2:
                raise Died

    holder = Holder()
    with pytest.raises(Died):
        carry_out(database, DECLARED, works, NOW, Job("j", "retention", {}, None, 1, holder))
    assert count(database, keys.TABLE) == 2
    again = Job("j", "retention", {}, None, 2, holder, checkpoint=noted[-1])
    assert carry_out(database, DECLARED, works, NOW, again) == {"answers": 10}
    assert count(database, keys.TABLE) == 0


def test_it_is_done_each_night_as_a_job_with_a_report(database: Database) -> None:
    with database.begin() as session:
        row = {"client": "c", "key": "k", "fingerprint": "f", "created_at": datetime.now(UTC) - timedelta(days=60)}
        session.execute(insert(keys.TABLE).values(row))
    night = nightly(database, DECLARED, [answers("answers"), finished_jobs("jobs")])
    tick(database, [night])
    with database.begin() as session:
        session.execute(update(schedule.TABLE).values(due_at=datetime.now(UTC) - timedelta(days=1)))
    assert tick(database, [night]) == ["retention"]
    assert Worker(database, handlers(database, [night])).run_once()
    with database.read() as session:
        (run,) = runs(session)
    assert (run.state, run.report) == ("done", {"answers": 1})
