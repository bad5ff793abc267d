"""Rows of what sources said of enterprises, one a statement: what is known of a firm is all of them, the last one last.

Statements of imports that were taken back say nothing any more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from chassis.data.database import Runner, batches
from services.profile.book import tables
from services.profile.book.domain.enterprise import DAYS


def say(session: Session, said: Sequence[tuple[str, Mapping[str, Any]]], import_id: str | None) -> None:
    """Store what is said of enterprises, in this order; by no import where a source says it of one enterprise alone.

    The book must be locked: the numbers of statements follow one another.
    """
    numbers = _last(session, {name for name, _ in said})
    rows = []
    for name, stated in said:
        numbers[name] = numbers.get(name, 0) + 1
        rows.append({"enterprise": name, "number": numbers[name], "import_id": import_id, "said": _written(stated)})
    for part in batches(rows):
        session.execute(insert(tables.EnterpriseStatement), list(part))


def said_by(runner: Runner, import_id: str) -> dict[str, int]:
    """Return of which enterprises an import said something, and how many times."""
    table = tables.EnterpriseStatement
    query = select(table.enterprise, func.count()).where(table.import_id == import_id).group_by(table.enterprise)
    return dict(runner.execute(query).all())


def statements(runner: Runner, ids: Collection[str]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Give all that is said of each of these enterprises, in order, but for what was taken back."""
    table, gone = (
        tables.EnterpriseStatement,
        select(tables.Withdrawal.import_id).where(tables.Withdrawal.at.is_not(None)),
    )
    counts = table.import_id.is_(None) | table.import_id.not_in(gone)
    for part in batches(sorted(ids)):
        query = select(table.enterprise, table.said).where(table.enterprise.in_(part), counts)
        rows = runner.execute(query.order_by(table.enterprise, table.number)).all()
        told = {name: [_read(said) for _, said in group] for name, group in groupby(rows, key=lambda row: str(row[0]))}
        yield from ((name, told.get(name, [])) for name in part)


def _last(session: Session, ids: Collection[str]) -> dict[str, int]:
    table, found = tables.EnterpriseStatement, dict[str, int]()
    for part in batches(sorted(ids)):
        query = select(table.enterprise, func.max(table.number)).where(table.enterprise.in_(part))
        found |= dict(session.execute(query.group_by(table.enterprise)).all())
    return found


def _written(stated: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in stated.items()}


def _read(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: date.fromisoformat(value) if name in DAYS else value for name, value in said.items()}
