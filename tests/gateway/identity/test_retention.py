"""Sessions go after their term, those that may be a signature much later; what ended by itself goes the next day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from databases import lay
from filled_rows import fill
from sqlalchemy import select, update

from chassis.data import schedule
from chassis.data.database import Database
from chassis.data.removal import carry_out
from chassis.data.worker import Worker
from gateway.identity.retention import policies, removals
from gateway.identity.tables import (
    AttemptRow,
    ClientRow,
    FactorEventRow,
    PersonRow,
    SessionRow,
    StepRow,
    UsedAssertionRow,
)
from gateway.upkeep import do_due, plan, scheduled, told

NOW = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'gateway.db'}"
    lay(url, "gateway")
    database = Database(url)
    with database.begin() as session:
        for client, role in (("bank-1", "bank"), ("firm-1", "enterprise")):
            fill(session, ClientRow, NOW, id=client, role=role)
            fill(session, PersonRow, NOW, id=f"of-{client}", login=client, client=client)
            for name, years in (("old", 3), ("ancient", 21), ("new", 0)):
                at = NOW - timedelta(days=366 * years)
                mark = {"id": f"{name}-{client}", "person": f"of-{client}"}
                fill(session, SessionRow, at, **mark, expires_at=at + timedelta(hours=8))
        fill(session, AttemptRow, NOW - timedelta(days=2))
        fill(session, StepRow, NOW - timedelta(days=2), person="of-bank-1")
        fill(session, FactorEventRow, NOW - timedelta(days=731), person="of-bank-1")
        fill(session, UsedAssertionRow, NOW - timedelta(days=2))
    yield database
    database.dispose()


def left(database: Database) -> set[str]:
    with database.read() as session:
        return set(session.scalars(select(SessionRow.id)))


def test_a_session_that_may_have_signed_outlives_the_others(database: Database) -> None:
    gone = carry_out(database, policies(), removals(), NOW)
    ended = {"sign-in-steps": 1, "factor-events": 1, "attempts": 1, "used-assertions": 1, "gateway-jobs": 0}
    assert gone == {"signing-sessions": 1, "sessions": 2, **ended}
    assert left(database) == {"new-bank-1", "new-firm-1", "old-firm-1"}


def test_the_gateway_does_it_by_itself_and_tells(database: Database) -> None:
    """As its thread does it: what is due becomes a job, and is done."""
    worker = Worker(database, schedule.handlers(database, plan(database)))
    wished = scheduled(database, {})
    do_due(database, wished, worker)
    assert told(database, off=False)["items"][0]["last_run"] is None
    with database.begin() as session:
        session.execute(update(schedule.TABLE).values(due_at=datetime.now(UTC) - timedelta(days=1)))
    do_due(database, wished, worker)
    items = {item["key"]: item for item in told(database, off=False)["items"]}
    assert items["attempts"]["removed"] == 1
    assert items["attempts"]["next_run"] > items["attempts"]["last_run"]
    assert told(database, off=True)["items"][0]["next_run"] is None
