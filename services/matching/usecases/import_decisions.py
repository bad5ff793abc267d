"""Take in a bank's past decisions, from which its probability of approval is learnt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chassis.core.identity import Caller
from services.matching.tables import Decision


def import_decisions(session: Session, caller: Caller, given: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Keep the decisions that are new by their reference; those known already stay as they came first."""
    by_reference = {each["reference"]: each for each in given}
    known = set(
        session.scalars(
            select(Decision.reference).where(
                Decision.client == caller.client, Decision.reference.in_(list(by_reference))
            )
        )
    )
    now = datetime.now(UTC)
    added = [each for reference, each in by_reference.items() if reference not in known]
    session.add_all(Decision(client=caller.client, created_at=now, **each) for each in added)
    session.flush()
    return {"added": len(added), "known": len(given) - len(added), **state(session, caller.client)}


def state(session: Session, client: str) -> dict[str, Any]:
    """How many decisions of a bank are held."""
    query = select(Decision.approved, func.count()).where(Decision.client == client).group_by(Decision.approved)
    counts = {bool(approved): count for approved, count in session.execute(query)}
    return {"decisions": sum(counts.values()), "approved": counts.get(True, 0)}
