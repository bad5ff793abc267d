"""Rows of the integrity index to months and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, Select, delete, func, insert, select
from sqlalchemy.orm import Session

from chassis.data.database import batches
from services.profile.supervision.domain.cells import Cell, Level
from services.profile.supervision.domain.panel import Atom
from services.profile.supervision.domain.publication import Change, Figures, Month
from services.profile.supervision.tables import IndexCell, IndexMember, IndexMonth

KEY = (IndexCell.month, IndexCell.level, IndexCell.region, IndexCell.industry)


@dataclass(frozen=True, slots=True)
class Made:
    """From which state of the book a month was made, by which rules, for whom."""

    month: str
    lake_version: int
    known_at: datetime
    synthetic: bool
    rules: date
    published_by: str
    published_at: datetime


def latest(session: Session) -> str | None:
    """Return the latest month that is published."""
    return session.scalar(select(func.max(IndexMonth.month)))


def months(session: Session, first: str | None = None, last: str | None = None) -> list[IndexMonth]:
    """Return what is published from a month to a month, in order."""
    query = select(IndexMonth).order_by(IndexMonth.month)
    return list(session.scalars(query.where(*_between(IndexMonth.month, first, last))))


def cells(session: Session, month: str) -> Month | None:
    """Return a published month; None where it is none."""
    if session.get(IndexMonth, month) is None:
        return None
    rows = session.scalars(select(IndexCell).where(IndexCell.month == month))
    return Month({Cell(Level(row.level), row.region, row.industry): figures(row) for row in rows})


def begun(session: Session) -> bool:
    """Tell whether any figure was published yet."""
    return session.scalar(select(IndexCell.month).where(IndexCell.firms.is_not(None)).limit(1)) is not None


def hidden(session: Session, since: str) -> frozenset[Cell]:
    """Return the cells that are hidden in any month from this one on."""
    query = select(*KEY[1:]).where(IndexCell.month >= since, IndexCell.firms.is_(None)).distinct()
    return frozenset(Cell(Level(row[0]), row[1], row[2]) for row in session.execute(query))


def of_cells(first: str | None, last: str | None, level: str, region: str | None, industry: str | None) -> Select[Any]:
    """Return the query of cells: of a level, within a region, of an industry or (None) of each but all together."""
    query = select(IndexCell).where(IndexCell.level == level, *_between(IndexCell.month, first, last))
    if region is not None:
        query = query.where(IndexCell.region.startswith(region, autoescape=True))
    return query.where(IndexCell.industry == industry if industry else IndexCell.industry != "all")


def figures(row: IndexCell) -> Figures | None:
    """Return what is published of a cell."""
    if row.firms is None or row.components is None or row.known is None:
        return None
    change = row.change and Change(row.change["components"], row.change["composition"])
    return Figures(row.firms, row.components, row.known, change or None)


def members(session: Session) -> dict[str, tuple[Atom, Mapping[str, int]]]:
    """Return the members with their cells and points."""
    rows = session.execute(select(IndexMember.enterprise, IndexMember.region, IndexMember.industry, IndexMember.points))
    return {name: ((region, industry), points) for name, region, industry, points in rows}


def keep(session: Session, made: Made, month: Month, firms: pl.DataFrame, components: Sequence[str]) -> None:
    """Store a month, and its members in the place of those of the month before."""
    session.execute(insert(IndexMonth).values(**{name: getattr(made, name) for name in Made.__slots__}))
    for part in batches([_row(made.month, cell, found) for cell, found in sorted(month.cells.items())]):
        session.execute(insert(IndexCell), list(part))
    session.execute(delete(IndexMember))
    for part in batches([_member(row, components) for row in firms.sort("enterprise").iter_rows(named=True)]):
        session.execute(insert(IndexMember), list(part))


def _row(month: str, cell: Cell, found: Figures | None) -> dict[str, Any]:
    key = {"month": month, "level": str(cell.level), "region": cell.region, "industry": cell.industry}
    nothing = dict.fromkeys(("firms", "known", "components", "change"))
    if found is None:
        return key | nothing
    change = found.change and {
        "components": dict(found.change.components),
        "composition": found.change.composition,
    }
    told = {"firms": found.firms, "known": found.known, "components": dict(found.components), "change": change}
    return key | told


def _member(row: Mapping[str, Any], components: Sequence[str]) -> dict[str, Any]:
    points = {name: row[name] for name in components}
    own = {"enterprise": row["enterprise"], "region": row["prefecture"], "industry": row["industry"]}
    return {**own, "points": points}


def _between(column: Any, first: str | None, last: str | None) -> list[ColumnElement[bool]]:
    return [*([column >= first] if first else []), *([column <= last] if last else [])]
