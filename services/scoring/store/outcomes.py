"""Rows of what banks saw happen to their borrowers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.scoring.domain.outcome import Seen
from services.scoring.tables import Outcome


def by_enterprise(session: Session, client: str, known_at: datetime | None) -> dict[str, bool]:
    """Return what `client` saw of each borrower by a moment: its latest observation counts."""
    query = select(Outcome.enterprise, Outcome.defaulted).where(Outcome.client == client)
    if known_at is not None:
        query = query.where(Outcome.known_at <= known_at)
    rows = session.execute(query.order_by(Outcome.observed_on, Outcome.id))
    return {enterprise: defaulted for enterprise, defaulted in rows}  # noqa: C416 -- later rows replace earlier ones


def seen_by(session: Session, client: str, known_at: datetime | None = None) -> dict[str, list[Seen]]:
    """Return all that `client` saw of each borrower by a moment, the latest last."""
    query = select(Outcome).where(Outcome.client == client)
    if known_at is not None:
        query = query.where(Outcome.known_at <= known_at)
    found: dict[str, list[Seen]] = {}
    for row in session.scalars(query.order_by(Outcome.observed_on, Outcome.id)):
        seen = Seen(row.defaulted, row.observed_on, row.definition, row.window_from)
        found.setdefault(row.enterprise, []).append(seen)
    return found


def observations(session: Session, client: str) -> list[Outcome]:
    """Return all that `client` saw of its borrowers, the latest of each last."""
    query = select(Outcome).where(Outcome.client == client).order_by(Outcome.observed_on, Outcome.id)
    return list(session.scalars(query))
