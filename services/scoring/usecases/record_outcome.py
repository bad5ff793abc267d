"""Note what a bank saw happen to a borrower, for the next training."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from chassis.core.errors import Invalid
from chassis.core.identity import Caller
from chassis.core.ids import new_id
from chassis.core.moments import day_of
from services.scoring.domain.order import Observation
from services.scoring.domain.outcome import months_after
from services.scoring.tables import Outcome


def record_outcome(session: Session, caller: Caller, seen: Observation) -> Outcome:
    """Add an observation; earlier ones stay, so that a past training can be repeated as it was."""
    now = datetime.now(UTC)
    if seen.observed_on > day_of(now):
        raise Invalid(f"observed_on is {seen.observed_on}, in the future; report an outcome when it has been seen.")
    _check_window(seen)
    outcome = Outcome(
        id=new_id("out"),
        client=caller.client,
        enterprise=seen.enterprise,
        defaulted=seen.defaulted,
        observed_on=seen.observed_on,
        known_at=now,
        definition=seen.definition,
        window_from=seen.window_from,
        horizon_months=seen.horizon_months,
    )
    session.add(outcome)
    return outcome


def _check_window(seen: Observation) -> None:
    """Raise for a day that does not fit the window: before it, or a firm that pays in one that has not ended."""
    if seen.window_from is None:
        if seen.horizon_months is not None:
            raise Invalid("horizon_months is told without window_from, the day on which these months began.")
        return
    if seen.observed_on < seen.window_from:
        raise Invalid(f"observed_on is {seen.observed_on}, before the window that begins on {seen.window_from}.")
    if seen.horizon_months is None or seen.defaulted:
        return
    end = months_after(seen.window_from, seen.horizon_months)
    if seen.observed_on < end:
        raise Invalid(
            f"The window ends on {end}; on {seen.observed_on} nobody can say that the firm paid throughout. Report it "
            "then, or leave out horizon_months."
        )
