"""What of this service's rows goes under which policy of `retention.toml`, each with what rests on it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, delete, exists, select
from sqlalchemy.orm import Session

from chassis.core.retention import Declared, declared
from chassis.data import ledger
from chassis.data.removal import Removal, answers, finished_jobs
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


def policies() -> Declared:
    """Return what this service declares."""
    return declared("services.scoring")


def removals() -> list[Removal]:
    """Return what goes, in the order in which it can: a batch after the scores that name it, a job after its order."""
    scores, batches = Score.__table__, Batch.__table__
    in_batch = exists().where(Score.batch == Batch.id)
    return [
        answers("score-answers"),
        Removal("scores", Override.__table__, lambda before: Override.created_at < before, _forget_overrides),
        Removal("scores", Renewal.__table__, lambda before: Renewal.at < before),
        Removal("scores", scores, lambda before: Score.created_at < before, _with_scores),
        # A batch is some megabytes.
        Removal(
            "score-batches",
            batches,
            lambda before: and_(Batch.created_at < before, ~in_batch),
            _with_batches,
            at_once=1,
        ),
        Removal("evaluations", Evaluation.__table__, lambda before: Evaluation.created_at < before, at_once=1),
        finished_jobs("score-jobs", Model.job, Batch.job, Evaluation.job),
    ]


def _with_scores(session: Session, ids: Sequence[str]) -> None:
    """Take out what a challenger said beside scores, and let the ledger forget whose its entries about them were."""
    rows = session.execute(select(Score.id, Score.enterprise).where(Score.id.in_(ids))).all()
    for row_id, enterprise in rows:
        ledger.forget(session, ledger.numbers_about(session, enterprise, [row_id]))
    session.execute(delete(ShadowScore).where(ShadowScore.score.in_(ids)))


def _forget_overrides(session: Session, ids: Sequence[str]) -> None:
    """Let the ledger forget whose its entries about overrides were."""
    rows = session.execute(select(Override.id, Override.client).where(Override.id.in_(ids))).all()
    for client in sorted({client for _, client in rows}):
        mine = [row_id for row_id, whose in rows if whose == client]
        ledger.forget(session, ledger.numbers_by(session, client, mine))


def _with_batches(session: Session, ids: Sequence[str]) -> None:
    """Take out the results of batches, and let the ledger forget whose its entries about them were."""
    heads = select(BatchPart.head).where(BatchPart.batch.in_(ids))
    ledger.forget(session, session.scalars(select(BatchSeal.ledger_entry).where(BatchSeal.head.in_(heads))).all())
    session.execute(delete(BatchSeal).where(BatchSeal.head.in_(heads)))
    for rows in (BatchPart, BatchIndex, BatchRefusal):
        session.execute(delete(rows).where(rows.batch.in_(ids)))
