"""Rows of measures, and which of them are in force on a day."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from chassis.data.database import batches
from services.profile.rights.domain.measure import bases
from services.profile.rights.tables import Measure


def measure(session: Session, measure_id: str) -> Measure | None:
    """Return a measure that nobody else changes until the transaction ends."""
    return session.get(Measure, measure_id, with_for_update=True)


def resting_on(session: Session, enterprise: str, record_number: str) -> list[Measure]:
    """Return the measures of a firm that rest on a public record and were not ended; nobody else changes them."""
    resting = and_(Measure.enterprise == enterprise, Measure.record == record_number, Measure.ended_at.is_(None))
    return list(session.scalars(select(Measure).where(resting).order_by(Measure.id).with_for_update()))


def numbers_rested_on(session: Session, enterprises: Collection[str]) -> set[tuple[str, str]]:
    """Return the public records that measures of these firms rest on and that were not ended: firm and number."""
    found: set[tuple[str, str]] = set()
    query = select(Measure.enterprise, Measure.record).where(Measure.ended_at.is_(None), Measure.record.is_not(None))
    for part in batches(sorted(enterprises)):
        rows = session.execute(query.where(Measure.enterprise.in_(part)))
        found |= {(enterprise, number) for enterprise, number in rows if number is not None}
    return found


def of_firms(enterprises: Collection[str], day: date, *, ended: bool = False) -> Select[Any]:
    """Return the query of firms' measures in force on a day; with `ended` also of those that are over."""
    begun = or_(Measure.starts_on <= day, Measure.ended_at.is_not(None))
    return select(Measure).where(Measure.enterprise.in_(enterprises), begun if ended else _in_force(day))


def of_all(day: date, *, planned: bool = False) -> Select[Any]:
    """Return the query of all measures in force on a day; with `planned` also of those that are to begin."""
    to_begin = and_(Measure.starts_on > day, Measure.ended_at.is_(None))
    return select(Measure).where(or_(_in_force(day), to_begin) if planned else _in_force(day))


def _in_force(day: date) -> ColumnElement[bool]:
    """Return what `State.IN_FORCE` means in SQL."""
    lawful = Measure.basis.in_([basis.key for basis in bases().in_force(day)])
    return and_(Measure.starts_on <= day, Measure.expires_on >= day, Measure.ended_at.is_(None), lawful)
