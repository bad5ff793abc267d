"""Note what a bank saw happen to a borrower, for the next training."""

from __future__ import annotations

from datetime import UTC, date, datetime

from sqlalchemy.orm import Session

from chassis.core.errors import Invalid
from chassis.core.identity import Caller
from chassis.core.ids import new_id
from services.scoring.tables import Outcome


def record_outcome(session: Session, caller: Caller, *, enterprise: str, defaulted: bool, observed_on: date) -> Outcome:
    """Add an observation; earlier ones stay, so that a past training can be repeated as it was."""
    now = datetime.now(UTC)
    if observed_on > now.date():
        raise Invalid(f"observed_on is {observed_on}, in the future; report an outcome when it has been seen.")
    outcome = Outcome(
        id=new_id("out"),
        client=caller.client,
        enterprise=enterprise,
        defaulted=defaulted,
        observed_on=observed_on,
        known_at=now,
    )
    session.add(outcome)
    return outcome
