"""Note what a bank saw happen to a borrower, for the next training."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from chassis.core.errors import Invalid
from chassis.core.identity import Caller
from chassis.core.ids import new_id
from chassis.core.moments import day_of
from services.scoring.domain.order import Observation
from services.scoring.tables import Outcome


def record_outcome(session: Session, caller: Caller, seen: Observation) -> Outcome:
    """Add an observation; earlier ones stay, so that a past training can be repeated as it was."""
    now = datetime.now(UTC)
    if seen.observed_on > day_of(now):
        raise Invalid(f"observed_on is {seen.observed_on}, in the future; report an outcome when it has been seen.")
    outcome = Outcome(
        id=new_id("out"),
        client=caller.client,
        enterprise=seen.enterprise,
        defaulted=seen.defaulted,
        observed_on=seen.observed_on,
        known_at=now,
    )
    session.add(outcome)
    return outcome
