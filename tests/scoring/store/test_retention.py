"""What scoring keeps for five years goes then, with all that rests on it; the ledger forgets whose it was."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from databases import lay
from filled_rows import fill
from sqlalchemy import func, select

from chassis.data import jobs, keys, ledger
from chassis.data.database import Database
from chassis.data.ledger import store
from chassis.data.removal import carry_out, counted
from services.scoring.store.retention import policies, removals
from services.scoring.tables import (
    Batch,
    BatchIndex,
    BatchPart,
    BatchRefusal,
    BatchSeal,
    Evaluation,
    Model,
    Override,
    Renewal,
    Score,
    ShadowScore,
)

NOW = datetime(2026, 12, 1, tzinfo=UTC)
LONG_AGO, OF_LATE = NOW - timedelta(days=6 * 366), NOW - timedelta(days=30)
GONE = (Score, ShadowScore, Override, Renewal, Batch, BatchPart, BatchSeal, BatchIndex, BatchRefusal, Evaluation)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    from chassis.data import migrations  # noqa: PLC0415 -- beside the fixture that needs it

    lay(database_url, "services.scoring")
    database = Database(database_url)
    migrations.upgrade(database, "services.scoring")
    yield database
    database.dispose()


def scored(database: Database, mark: str, at: datetime) -> None:
    """Store one of everything, as of a moment: a batch with a score of its own and one in a part."""
    with database.begin() as session:
        for job in ("m", "b", "e"):
            fill(session, jobs.TABLE, at, id=f"{job}{mark}", state="done", finished_at=at)
        fill(session, Model, at, version=f"mdl{mark}", job=f"m{mark}", state="retired")
        fill(session, Batch, at, id=f"bat{mark}", job=f"b{mark}", model=f"mdl{mark}")
        fill(session, Score, at, id=f"scr{mark}", model=f"mdl{mark}", batch=f"bat{mark}", enterprise="E1", client="c")
        fill(session, ShadowScore, at, score=f"scr{mark}", model=f"mdl{mark}")
        fill(session, Override, at, id=f"ovr{mark}", score=f"scr{mark}", model=f"mdl{mark}", client="c")
        fill(session, Renewal, at, score=f"scr{mark}")
        fill(session, BatchPart, at, batch=f"bat{mark}", head=f"hd{mark}", model=f"mdl{mark}")
        facts = ({"score": f"scr{mark}"}, {"id": f"ovr{mark}", "score": f"scr{mark}"})
        about = [ledger.Entry("score", "E1", "c", each) for each in facts]
        numbers = ledger.append(session, [*about, ledger.Entry("score-batch", None, "c", {"scores": f"hd{mark}"})])
        fill(session, BatchSeal, at, head=f"hd{mark}", ledger_entry=numbers[-1])
        fill(session, BatchIndex, at, batch=f"bat{mark}", bucket=1)
        fill(session, BatchRefusal, at, batch=f"bat{mark}", enterprise="E2")
        fill(session, Evaluation, at, id=f"evl{mark}", job=f"e{mark}")
        fill(session, keys.TABLE, at, client="c", key=mark)


def test_after_its_term_all_of_a_score_goes_and_nothing_of_a_later_one(database: Database) -> None:
    scored(database, "1", LONG_AGO)
    scored(database, "2", OF_LATE)
    with database.read() as session:
        before = store.head(session)
    due = {"score-answers": 1, "scores": 3, "score-batches": 1, "evaluations": 1, "score-jobs": 2}
    foretold = counted(database, policies(), removals(), NOW)
    assert carry_out(database, policies(), removals(), NOW) == due
    # A batch goes after its scores, and a job after its batch: the dry run sees what is due as things stand.
    assert foretold == due | {"score-batches": 0, "score-jobs": 0}
    assert not any(carry_out(database, policies(), removals(), NOW).values())
    with database.read() as session:
        assert {model.__tablename__: session.scalar(select(func.count()).select_from(model)) for model in GONE} == {
            model.__tablename__: 1 for model in GONE
        }
        # The model stays, and so its job.
        assert set(session.scalars(select(jobs.TABLE.c.id))) == {"m1", "m2", "b2", "e2"}
        concerned = [store.entry(session, n).actor for n in range(before.size)]
        assert store.head(session) == before
    assert concerned == [None, None, None, "c", "c", "c"]
