"""Import a bank's past decisions, from which its probability of approval is learnt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chassis.core.identity import Caller
from services.matching.domain.approval import PastDecision
from services.matching.tables import Decision


@dataclass(frozen=True, slots=True)
class DecisionCounts:
    """How many decisions were new or known before, and how many the bank has in all."""

    added: int
    known: int
    decisions: int
    approved: int


def import_decisions(session: Session, caller: Caller, given: Sequence[PastDecision]) -> DecisionCounts:
    """Keep the decisions that are new by their reference; those known already stay as they came first."""
    by_reference = {decision.reference: decision for decision in given}
    mine = select(Decision.reference).where(Decision.client == caller.client)
    known = set(session.scalars(mine.where(Decision.reference.in_(list(by_reference)))))
    now = datetime.now(UTC)
    added = [decision for reference, decision in by_reference.items() if reference not in known]
    session.add_all(Decision(client=caller.client, created_at=now, **asdict(decision)) for decision in added)
    session.flush()
    query = select(Decision.approved, func.count()).where(Decision.client == caller.client).group_by(Decision.approved)
    counts = {bool(approved): count for approved, count in session.execute(query)}
    return DecisionCounts(len(added), len(given) - len(added), sum(counts.values()), counts.get(True, 0))
