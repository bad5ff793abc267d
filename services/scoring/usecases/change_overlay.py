"""Change the expert rules beside the model: proposed by one, confirmed by another, in force from a day on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy.orm import Session

from chassis.core.errors import Forbidden
from chassis.core.identity import Caller
from chassis.core.ids import new_id
from chassis.core.moments import day_of
from chassis.data import ledger
from services.scoring.domain.errors import OverlayConfirmedByProposer, OverlayDecided, OverlayNotUnderstood
from services.scoring.store import overlays
from services.scoring.tables import OverlayVersion

OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Proposal:
    """All rules that are to hold, from which day on, and why."""

    rules: Sequence[Mapping[str, Any]]
    note: str
    valid_from: date | None = None


def propose(session: Session, caller: Caller, proposed: Proposal) -> OverlayVersion:
    """Write down a new version; it holds for nobody until another pair of eyes confirms it."""
    _check_operator(caller)
    now = datetime.now(UTC)
    today = day_of(now)
    first = proposed.valid_from or today
    if first < today:
        raise OverlayNotUnderstood(
            f"The rules cannot have held since {first}: what was said then stays as it was. Name today or a later day.",
            valid_from=str(first),
        )
    keys = [rule["key"] for rule in proposed.rules]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise OverlayNotUnderstood(f"Each rule has a key of its own; {', '.join(twice)} stands twice.", keys=twice)
    row = OverlayVersion(
        id=new_id("ovl"),
        rules=[dict(rule) for rule in proposed.rules],
        valid_from=first,
        note=proposed.note,
        proposed_by=caller.client,
        proposed_per=caller.per,
        proposed_at=now,
    )
    session.add(row)
    session.flush()
    return row


def confirm(session: Session, caller: Caller, version: str) -> OverlayVersion:
    """Confirm another's proposal; from then on, or from its first day, scores are given under it.

    The first confirmation stays. Raises `OverlayDecided` where a version of a later day is in force already.
    """
    _check_operator(caller)
    row = overlays.proposal(session, version)
    if row.withdrawn_at is not None:
        raise OverlayDecided(f"Version {version} was withdrawn; propose a new one.", state="withdrawn")
    if not _other_eyes(caller, row):
        raise OverlayConfirmedByProposer(
            f"{row.proposed_by} proposed version {version}; let another person who has signed in, or another "
            "operator's client, with the scope overlays:confirm read it and confirm it."
        )
    if row.confirmed_at is not None:
        return row
    now = datetime.now(UTC)
    held = overlays.in_force(session, now)
    if held is not None and held.valid_from > row.valid_from:
        raise OverlayDecided(
            f"Version {held.version} is in force since {held.valid_from}, later than the first day of {version}, "
            f"{row.valid_from}: confirmed now it would never hold. Propose its rules anew.",
            state="passed",
        )
    row.confirmed_by, row.confirmed_per, row.confirmed_at = caller.client, caller.per, now
    facts = {"version": row.id, "valid_from": row.valid_from.isoformat(), "rules": [rule["key"] for rule in row.rules]}
    facts |= {"proposed_by": row.proposed_by}
    ledger.append(session, [ledger.Entry("overlay-confirmed", None, caller.client, facts)])
    return row


def _check_operator(caller: Caller) -> None:
    """Refuse who is no operator, whatever scopes it was given: the rules are the installation's."""
    if caller.role != OPERATOR:
        raise Forbidden("The expert rules are the operator's to change. / 专家规则仅由运营方变更。", role=caller.role)


def _other_eyes(caller: Caller, row: OverlayVersion) -> bool:
    """Tell whether the caller is somebody else than who proposed.

    Of two persons who signed in it is another person, whichever clients they signed in for: one person with two clients
    has two eyes. Where either is a program, it is another client: whose hand a key is in nobody can tell.
    """
    if caller.per is not None and row.proposed_per is not None:
        return caller.per != row.proposed_per
    return caller.client != row.proposed_by


def withdraw(session: Session, caller: Caller, version: str) -> OverlayVersion:
    """Take back a proposal that nobody has confirmed yet, or refuse another's."""
    _check_operator(caller)
    row = overlays.proposal(session, version)
    if row.confirmed_at is not None:
        raise OverlayDecided(
            f"Version {version} is confirmed; propose another that takes its place.", state="confirmed"
        )
    if row.withdrawn_at is None:
        row.withdrawn_by, row.withdrawn_at = caller.client, datetime.now(UTC)
    return row
