"""Rows and values of books of exposures."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from chassis.data import jobs
from chassis.data.database import Runner
from services.profile.graph.domain.contagion.book import Exposure
from services.profile.watch import tables

# The job that looks at clients' books.
JOB = jobs.Kind("watch-books", "looks")
FIGURES = ("enterprise", "exposure_fen", "lgd", "pd")


def clients(session: Runner) -> list[str]:
    """Return whose books there are, by name."""
    return list(session.execute(select(tables.ExposureBook.client).order_by(tables.ExposureBook.client)).scalars())


def book(session: Session, client: str) -> tables.ExposureBook | None:
    """Return a client's book, None where it stated none."""
    return session.get(tables.ExposureBook, client)


def exposures(session: Runner, client: str) -> dict[str, Exposure]:
    """Return a client's exposures, by firm."""
    table = tables.Exposure
    query = select(*(getattr(table, name) for name in FIGURES)).where(table.client == client)
    return {row[0]: Exposure(*row) for row in session.execute(query.order_by(table.enterprise))}


def replace(session: Session, row: tables.ExposureBook, stated: Sequence[Exposure]) -> None:
    """Store a client's book in the place of the one before."""
    session.merge(row)
    session.flush()
    session.execute(delete(tables.Exposure).where(tables.Exposure.client == row.client))
    rows = [{"client": row.client, **{name: getattr(each, name) for name in FIGURES}} for each in stated]
    if rows:
        session.execute(insert(tables.Exposure), rows)
