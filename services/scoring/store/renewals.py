"""Rows of the scores that were given anew, and up to which correction they were."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.scoring.domain.assessment import Assessment
from services.scoring.store import scores
from services.scoring.tables import (
    Renewal,
    RenewalCursor,
)


def renewed_up_to(session: Session) -> str | None:
    """Return the id of the last correction that scores were renewed for; None before the first look."""
    return session.scalar(select(RenewalCursor.after))


def note_renewed(session: Session, before: str | None, now: str) -> bool:
    """Note that scores were renewed up to a correction; False where another worker has noted more since `before`."""
    if before is None:
        session.add(RenewalCursor(id=1, after=now))
        session.flush()
        return True
    moved = update(RenewalCursor).where(RenewalCursor.after == before).values(after=now)
    return bool(session.execute(moved).rowcount)  # type: ignore[attr-defined]


def last_score_since(session: Session, enterprise: str, client: str, since: datetime) -> Assessment | None:
    """Return the last score that a client had of an enterprise since a moment, of an order of its own or of a batch."""
    found = scores.scores_of(session, enterprise, client, None, 1)
    return found[0] if found and found[0].created_at >= since else None


def add_renewal(session: Session, score_id: str, renews: str, act: str, at: datetime) -> None:
    """Note which score was given anew for which, and by which correction."""
    session.add(Renewal(score=score_id, renews=renews, act=act, at=at))


def renewal_of(session: Session, score_id: str) -> str | None:
    """Return the latest score that was given anew for this one."""
    query = select(Renewal.score).where(Renewal.renews == score_id).order_by(Renewal.score.desc())
    return session.scalar(query.limit(1))
