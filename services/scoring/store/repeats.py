"""Which scores are repeats: the same client had one on the same facts of the same model in the days before.

An order of its own, or a line of a batch, whichever came first. A batch as a whole is one by `batches.repeat_of`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.core.ids import numbered, parted
from services.scoring.domain.assessment import Assessment
from services.scoring.domain.order import REPEATED_WITHIN
from services.scoring.store import batch_file, batches
from services.scoring.tables import Batch, BatchPart, Score

FACTS = ("enterprise", "features_sha256")


def repeat_of(session: Session, assessment: Assessment) -> str | None:
    """Return the first score that it repeats, by its id; None where it repeats none.

    To an enterprise that is told its score by its own file nothing is told: that an order repeats another, or does not
    although its own file is the same, tells of the files of others.
    """
    if assessment.own_view:
        return None
    found = filter(None, (_alone(session, assessment), _in_batch(session, assessment)))
    return min(found, default=None)


def _alone(session: Session, assessment: Assessment) -> str | None:
    same = ("enterprise", "client", "purpose", "model", "features_sha256")
    query = select(Score.id).where(
        *(getattr(Score, name) == getattr(assessment, name) for name in same),
        Score.batch.is_(None),
        Score.id < assessment.id,
        Score.created_at >= assessment.created_at - REPEATED_WITHIN,
    )
    return session.scalar(query.order_by(Score.id).limit(1))


def _in_batch(session: Session, assessment: Assessment) -> str | None:
    since = assessment.created_at - REPEATED_WITHIN
    wanted = (Batch.purpose == assessment.purpose, Batch.model == assessment.model, Batch.created_at >= since)
    others = (*wanted, Batch.id != assessment.batch) if assessment.batch else wanted
    ids = batches.ids_of(session, assessment.enterprise, assessment.client, *others)
    facts = (assessment.enterprise, assessment.features_sha256)
    return next((each for each in sorted(ids) if each < assessment.id and _facts(session, each) == facts), None)


def _facts(session: Session, score_id: str) -> tuple[str, ...]:
    head, place = parted(score_id)
    body = session.scalars(select(BatchPart.body).where(BatchPart.head == head)).one()
    return batch_file.read(body, list(FACTS)).row(place)


def repeats_of(session: Session, batch: Batch) -> Callable[[Assessment], str | None]:
    """Return a function that tells of each score of a batch which one it repeats: read once for all its lines."""
    first: dict[tuple[str, str], str] = {}
    for score_id, *facts in _before(session, batch):
        key = (facts[0], facts[1])
        first[key] = min(score_id, first.get(key, score_id))

    def of(assessment: Assessment) -> str | None:
        found = first.get((assessment.enterprise, assessment.features_sha256))
        return found if found is not None and found < assessment.id else None

    return of


def _before(session: Session, batch: Batch) -> Iterator[tuple[str, str, str]]:
    """Yield id, enterprise and hash of each score that the batch's client had in the days before it."""
    since, same = batch.created_at - REPEATED_WITHIN, ("client", "purpose", "model")
    rows = select(Score.id, Score.enterprise, Score.features_sha256).where(
        *(getattr(Score, name) == getattr(batch, name) for name in same),
        Score.batch.is_(None),
        Score.created_at >= since,
    )
    yield from ((row.id, row.enterprise, row.features_sha256) for row in session.execute(rows))
    parts = select(BatchPart.head, BatchPart.body).where(
        *(getattr(BatchPart, name) == getattr(batch, name) for name in same),
        BatchPart.batch < batch.id,
        BatchPart.created_at >= since,
    )
    for head, body in session.execute(parts.execution_options(yield_per=1)):
        for place, (enterprise, sha256) in enumerate(batch_file.read(body, list(FACTS)).iter_rows()):
            yield numbered(head, place), enterprise, sha256
