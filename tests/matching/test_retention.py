"""What matching keeps for a time goes then, with all that rests on it; what is under way or counts on stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from databases import lay
from filled_rows import fill
from sqlalchemy import select

from chassis.data import jobs, ledger
from chassis.data.database import Database
from chassis.data.ledger.store import entry
from chassis.data.removal import carry_out
from services.matching.retention import policies, removals
from services.matching.settings import PACKAGE
from services.matching.tables import (
    Application,
    ApplicationEvent,
    ApplicationOffer,
    Batch,
    BatchPart,
    Plan,
    StoredMatch,
    WebhookDelivery,
    WebhookEndpoint,
)

NOW = datetime(2026, 12, 1, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=6 * 366)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'matching.db'}"
    lay(url, PACKAGE)
    database = Database(url)
    yield database
    database.dispose()


def test_what_is_over_goes_and_what_is_not_stays(database: Database) -> None:
    with database.begin() as session:
        for name in ("old", "new"):
            at = LONG_AGO if name == "old" else NOW
            fill(session, jobs.TABLE, at, id=f"job-{name}", state="done", finished_at=at)
            fill(session, Batch, at, id=name, job=f"job-{name}")
            fill(session, BatchPart, at, batch=name)
            fill(session, Plan, at, id=name, job=f"plan-{name}")
            fill(session, StoredMatch, at, id=name)
        for state, open_as in (("declined", None), ("disbursed", None), ("submitted", "E1 p")):
            fill(session, Application, LONG_AGO, id=state, state=state, open_as=open_as)
            fill(session, ApplicationEvent, LONG_AGO, application=state)
            (number,) = ledger.append(session, [ledger.Entry("terms-agreed", state, "firm", {"application": state})])
            fill(session, ApplicationOffer, LONG_AGO, application=state, ledger_entry=number)
        fill(session, WebhookEndpoint, LONG_AGO, id="hook")
        for state in ("pending", "delivered", "failed"):
            fill(session, WebhookDelivery, LONG_AGO, id=state, endpoint="hook", state=state)
    gone = carry_out(database, policies(), removals(), NOW)
    assert gone == {
        "match-answers": 0,
        "matches": 1,
        "match-batches": 1,
        "plans": 1,
        "applications": 1,
        "webhook-deliveries": 2,
        "match-jobs": 1,
    }
    with database.read() as session:
        kept = {model: set(session.scalars(select(model.id))) for model in (Batch, Plan, StoredMatch)}
        assert all(ids == {"new"} for ids in kept.values())
        assert set(session.scalars(select(Application.id))) == {"disbursed", "submitted"}
        assert set(session.scalars(select(ApplicationEvent.application))) == {"disbursed", "submitted"}
        assert set(session.scalars(select(WebhookDelivery.id))) == {"pending"}
        assert set(session.scalars(select(ApplicationOffer.application))) == {"disbursed", "submitted"}
        # Whose the entry about what has gone was is forgotten; its leaf stays.
        assert [entry(session, n).subject for n in range(3)] == [None, "disbursed", "submitted"]
