"""The operator sees the queues without what jobs are about, and has run again what was set aside."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import MetaData

from chassis.core.errors import Conflict, NotFound
from chassis.data import jobs, leases, listing, presence
from chassis.data.database import Database
from chassis.data.jobs import Job, Kind
from chassis.data.worker import Worker

IMPORT = Kind("import", "imports")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    metadata = MetaData()
    jobs.declare(metadata)
    presence.declare(metadata)
    metadata.create_all(database.engine)
    yield database
    database.dispose()


def set_aside(database: Database) -> str:
    with database.begin() as session:
        job = jobs.enqueue(session, IMPORT, {"enterprise": "local:E1"})
    for _ in range(2):
        Worker(database, {IMPORT: lambda _: None}, name="worker_one")._claim()
        leases.hand_back(database, "worker_one", "signal 9")
    return job


def test_jobs_are_told_without_what_they_are_about(database: Database) -> None:
    """Queue, state and kind of problem; no payload, no sentence."""
    job = set_aside(database)
    presence.beat(database, "worker_two", "imports")
    told = listing.told(database, ["imports", "looks"])
    assert [(queue["queue"], queue["workers"]) for queue in told["queues"]] == [("imports", 1), ("looks", 0)]
    (shown,) = told["jobs"]
    assert (shown["id"], shown["state"], shown["killed"]) == (job, "failed", 2)
    assert shown["problem"] == "/problems/job-killed"
    assert "local:E1" not in str(told)


def test_what_was_set_aside_is_run_again_by_hand(database: Database) -> None:
    """With a clean sheet: two more deaths are needed to set it aside again."""
    job = set_aside(database)
    assert listing.again(database, job) == {"id": job, "kind": "import", "queue": "imports"}
    seen: list[Job] = []
    assert Worker(database, {IMPORT: seen.append}).run_once()
    assert [(each.id, each.attempt) for each in seen] == [(job, 1)]


def test_what_was_refused_or_waits_is_not_run_again(database: Database) -> None:
    """The same input would be refused again."""
    with database.begin() as session:
        job = jobs.enqueue(session, IMPORT, {})

    def refuse(_: Job) -> None:
        raise Conflict("no")

    with pytest.raises(Conflict, match="is queued"):
        listing.again(database, job)
    Worker(database, {IMPORT: refuse}).run_once()
    with pytest.raises(Conflict, match="failed with /problems/conflict"):
        listing.again(database, job)
    with pytest.raises(NotFound):
        listing.again(database, "job_none")
