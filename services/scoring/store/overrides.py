"""Rows of the grades that analysts gave beside the model's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.scoring.tables import (
    Override,
    Score,
)


def override_of(session: Session, score_id: str) -> Override | None:
    """Return the latest override of a score."""
    query = select(Override).where(Override.score == score_id).order_by(Override.id.desc())
    return session.scalars(query.limit(1)).one_or_none()


def overrides_of(session: Session, score_ids: Sequence[str]) -> dict[str, Override]:
    """Return the latest override of each of these scores that has one."""
    query = select(Override).where(Override.score.in_(score_ids)).order_by(Override.id)
    return {row.score: row for row in session.scalars(query)}


def override_counts(
    session: Session, client: str, since: datetime, until: datetime, model: str | None = None
) -> dict[str, Any]:
    """Return how many of a client's single scores of a period were overridden: what a drift report divides.

    `{"scores", "overridden", "up", "down", "by_reason": {reason: n}}`; the latest override of a score counts, up is
    towards a better grade.
    """
    made = [Score.client == client, Score.created_at >= since, Score.created_at < until, Score.batch.is_(None)]
    if model is not None:
        made.append(Score.model == model)
    scores = session.scalar(select(func.count()).select_from(Score).where(*made)) or 0
    latest = select(func.max(Override.id)).group_by(Override.score)
    query = select(Override.reason, Override.steps).join(Score, Score.id == Override.score)
    rows = session.execute(query.where(*made, Override.id.in_(latest))).all()
    return {
        "scores": scores,
        "overridden": len(rows),
        "up": sum(steps > 0 for _, steps in rows),
        "down": sum(steps < 0 for _, steps in rows),
        "by_reason": dict(Counter(reason for reason, _ in rows)),
    }
