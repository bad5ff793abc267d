"""Jobs and retention at a service's door: who may, what is shown, and that the command and the door do the same."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import MetaData, insert, select, update

from chassis.core import metrics
from chassis.core.identity import Verifier
from chassis.core.problems import JOB_KILLED, document
from chassis.core.retention import Declared, Policy, Stays, Words
from chassis.data import jobs, keys, listing, presence, removal, schedule
from chassis.data.database import Database
from chassis.data.jobs import FAILED, Kind
from chassis.web.app import make_api, make_app
from chassis.web.housekeeping import House, blueprints

WORDS = Words("某", "some")
DECLARED = Declared(
    "7", (Policy("work", "any", "work", (), "ended", 3, ("jobs",), WORDS, WORDS),), {"schedules": Stays.STATE}
)
Tokens = Callable[..., dict[str, str]]


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    database = Database(sqlite_url)
    metadata = MetaData()
    for declare in (jobs.declare, keys.declare, presence.declare, schedule.declare):
        declare(metadata)
    metadata.create_all(database.engine)
    yield database
    database.dispose()


@pytest.fixture
def client(database: Database, verifier: Verifier) -> FlaskClient:
    app = make_app("scoring", verifier=verifier)
    house = House("scoring", database, DECLARED, {})
    app.extensions["database"] = database
    make_api(app, title="t", version="v1", blueprints=blueprints(house))
    return app.test_client()


@pytest.fixture
def operator(tokens: Tokens) -> dict[str, str]:
    return tokens(role="operator", client="operator-1", scopes="jobs:read jobs:write")


def add(database: Database, queue: str, days: float = 0, **values: Any) -> str:
    with database.begin() as session:
        job = jobs.enqueue(session, Kind("work", queue), {"enterprise": "local:E1"})
        made = {"created_at": datetime.now(UTC) - timedelta(days=days), **values}
        session.execute(update(jobs.TABLE).where(jobs.TABLE.c.id == job).values(**made))
    return job


def set_aside(database: Database) -> str:
    return add(database, "batches", state=FAILED, problem=document(JOB_KILLED, "local:E1 is too large", {}), killed=2)


def test_jobs_are_listed_by_state_queue_and_age_without_what_they_are_about(
    client: FlaskClient, database: Database, operator: dict[str, str]
) -> None:
    young, old = add(database, "batches"), add(database, "trainings", 2)
    failed, done = set_aside(database), add(database, "batches", 3, state="done")

    def ids(query: str) -> set[str]:
        answer = client.get(f"/v1/jobs{query}", headers=operator)
        assert "local:E1" not in answer.text
        return {item["id"] for item in answer.json["items"]}

    assert ids("") == {young, old, failed}
    assert ids("?state=done") == {done}
    assert ids("?queue=batches") == {young, failed}
    assert ids("?older_than=86400") == {old}
    assert client.get("/v1/jobs?state=lost", headers=operator).status_code == 422


def test_pages_go_on_where_the_one_before_ended(
    client: FlaskClient, database: Database, operator: dict[str, str]
) -> None:
    ordered = [add(database, "batches", days) for days in range(5)]
    found, cursor = [], ""
    while cursor is not None:
        page = client.get(f"/v1/jobs?limit=2&cursor={cursor}", headers=operator).json
        found += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert found == ordered


@pytest.mark.parametrize("key", [1, "", "x", "2026-01-01 job_1", "2026-01-01T00:00:00Z"])
def test_a_cursor_that_follows_no_job_is_refused(client: FlaskClient, operator: dict[str, str], key: object) -> None:
    """Numbers, words, a day without a time: 400, as with every other list; a moment alone follows that moment."""
    cursor = urlsafe_b64encode(json.dumps([key]).encode()).decode().rstrip("=")
    answer = client.get(f"/v1/jobs?cursor={cursor}", headers=operator)
    assert answer.status_code == (200 if key == "2026-01-01T00:00:00Z" else 400)


def test_what_was_set_aside_runs_again_and_keeps_who_asked(
    client: FlaskClient, database: Database, operator: dict[str, str]
) -> None:
    job = set_aside(database)
    keyed = operator | {"Idempotency-Key": "k"}
    said = {"id": job, "kind": "work", "queue": "batches"}
    assert [client.post(f"/v1/jobs/{job}/retry", headers=keyed).json for _ in range(2)] == [said, said]
    (shown,) = client.get("/v1/jobs", headers=operator).json["items"]
    assert (shown["state"], shown["retried"]["by"]) == ("queued", "operator-1")
    assert shown["retried"]["problem"] == "/problems/job-killed"
    assert client.post(f"/v1/jobs/{job}/retry", headers=operator).status_code == 409
    assert client.post("/v1/jobs/job_none/retry", headers=operator).status_code == 404


def test_the_command_does_what_the_door_does(database: Database) -> None:
    job = set_aside(database)
    listing.again(database, job)
    with database.read() as session:
        retried = session.scalar(select(jobs.TABLE.c.retried).where(jobs.TABLE.c.id == job))
    assert retried["by"] == "command"


@pytest.mark.parametrize("scopes", ["", "jobs:write", "scores:read"])
def test_nobody_lists_jobs_without_the_scope(client: FlaskClient, tokens: Tokens, scopes: str) -> None:
    assert client.get("/v1/jobs", headers=tokens(scopes=scopes)).status_code == 403


def test_nobody_runs_one_again_who_may_only_read(client: FlaskClient, database: Database, tokens: Tokens) -> None:
    job = set_aside(database)
    assert client.post(f"/v1/jobs/{job}/retry", headers=tokens(scopes="jobs:read")).status_code == 403


def test_retention_tells_the_last_run_and_the_next(
    client: FlaskClient, database: Database, operator: dict[str, str]
) -> None:
    assert client.get("/v1/retention", headers=operator).json["items"][0]["last_run"] is None
    due, ended = datetime(2026, 12, 2, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    row = {"name": removal.NAME, "plan": "04:45", "due_at": due, "last_finished": ended, "report": {"work": 4}}
    with database.begin() as session:
        session.execute(insert(schedule.TABLE).values(row))
    told = client.get("/v1/retention", headers=operator).json
    (item,) = told["items"]
    assert (item["service"], item["removed"]) == ("scoring", 4)
    assert (item["last_run"][:10], item["next_run"][:10]) == ("2026-12-01", "2026-12-02")
    assert [(each["table"], each["reason"]) for each in told["stays"]] == [("schedules", "state")]
    assert client.get("/v1/retention").status_code == 401


def test_the_metrics_tell_since_when_it_was_not_done_and_what_went(database: Database) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=3)
    row = {"plan": "04:45", "due_at": long_ago}
    with database.begin() as session:
        session.execute(insert(schedule.TABLE).values(name=removal.NAME, report={"work": 4}, **row))
        session.execute(insert(schedule.TABLE).values(name="shred", report=None, **row))
    told = metrics.exposition(metrics.Gauges(removal.gauges(database, DECLARED, {"shred": "off"})))[0].decode()
    (age,) = [line for line in told.splitlines() if line.startswith("scheduled_age_seconds{")]
    assert 'name="retention"' in age
    assert float(age.rpartition(" ")[2]) > 2 * 86_400
    assert 'retention_removed{policy="work"} 4.0' in told
