"""Rows of the versions of expert rules beside the model."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Date, bindparam, select
from sqlalchemy.orm import Session

from chassis.core.moments import day_of
from chassis.data.database import Runner
from services.scoring.domain.errors import OverlayNotFound
from services.scoring.domain.overlay import Rule, RuleSet, shipped
from services.scoring.tables import OverlayVersion

# Built once: it is asked on the way to each score.
IN_FORCE = (
    select(OverlayVersion.id, OverlayVersion.valid_from, OverlayVersion.rules)
    .where(
        OverlayVersion.confirmed_at <= bindparam("at", type_=OverlayVersion.confirmed_at.type),
        OverlayVersion.valid_from <= bindparam("day", type_=Date),
    )
    .order_by(OverlayVersion.valid_from.desc(), OverlayVersion.confirmed_at.desc())
    .limit(1)
)


def in_force(runner: Runner, at: datetime) -> RuleSet | None:
    """Return the version that was in force at a moment; None before the first.

    It is the confirmed one with the latest first day that had come, of those confirmed by then; else the shipped one.
    """
    row = runner.execute(IN_FORCE, {"at": at, "day": day_of(at)}).first()
    if row is not None:
        return RuleSet(row.id, row.valid_from, tuple(map(Rule.from_json, row.rules)))
    return shipped() if shipped().valid_from <= day_of(at) else None


def rule_set(session: Session, version: str) -> RuleSet | None:
    """Return the rules of a version; None where there is no such version."""
    if version == shipped().version:
        return shipped()
    row = session.get(OverlayVersion, version)
    return None if row is None else rules_of(row)


def rules_of(row: OverlayVersion) -> RuleSet:
    """Return what a row stands for."""
    return RuleSet(row.id, row.valid_from, tuple(map(Rule.from_json, row.rules)))


def proposal(session: Session, version: str) -> OverlayVersion:
    """Return a proposed version, kept from others until the transaction ends; raise `OverlayNotFound`."""
    row = session.get(OverlayVersion, version, with_for_update=True)
    if row is None:
        raise OverlayNotFound(f"There is no version {version} of the expert rules.")
    return row


def versions(session: Session) -> Sequence[OverlayVersion]:
    """Return every version that was proposed here, the newest first."""
    return session.scalars(select(OverlayVersion).order_by(OverlayVersion.id.desc())).all()
