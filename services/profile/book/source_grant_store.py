"""Rows of what sources are granted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from services.profile.book.domain.source_grant import SourceGrant
from services.profile.book.tables import SourceGrant as Row


def live(session: Session, client: str, today: date) -> list[SourceGrant]:
    """Return the grants of a client that hold on a day, oldest first."""
    held = or_(Row.expires_on.is_(None), Row.expires_on >= today)
    rows = session.scalars(select(Row).where(Row.client == client, Row.ended_at.is_(None), held).order_by(Row.id))
    return [_granted(row) for row in rows]


def named(session: Session, names: Sequence[str]) -> list[SourceGrant]:
    """Return grants by their ids, whatever became of them since."""
    return [_granted(row) for row in session.scalars(select(Row).where(Row.id.in_(names)))]


def hold(session: Session, name: str) -> Row | None:
    """Return a grant, and hold its row until the transaction ends."""
    return session.scalars(select(Row).where(Row.id == name).with_for_update()).one_or_none()


def of(client: str | None) -> Select[Any]:
    """Return the query of a client's grants, or of all."""
    return select(Row) if client is None else select(Row).where(Row.client == client)


def _granted(row: Row) -> SourceGrant:
    firms = None if row.enterprises is None else frozenset(row.enterprises)
    return SourceGrant(row.id, tuple(row.kinds), tuple(row.channels), firms)
