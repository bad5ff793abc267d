"""Rows of evaluations: the order of each, and its result."""

from __future__ import annotations

from sqlalchemy.orm import Session

from services.scoring.domain.errors import EvaluationNotFound
from services.scoring.tables import (
    Evaluation,
)


def evaluation(session: Session, evaluation_id: str, client: str | None = None) -> Evaluation:
    """Return an evaluation, only the client's own where one is given; raise `EvaluationNotFound`."""
    found = session.get(Evaluation, evaluation_id)
    if found is None or (client is not None and found.client != client):
        raise EvaluationNotFound(f"There is no evaluation {evaluation_id}, or it is not yours to read.")
    return found
