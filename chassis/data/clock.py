"""The database's own clock, in SQL: the one clock that all hosts share, whatever each of them thinks the time is.

SQLite runs on the one host that holds the file, so its clock is that host's; PostgreSQL's is the server's.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, literal, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement

from chassis.data.database import Runner, Utc


class moment(FunctionElement[Any]):  # noqa: N801 -- a function of SQL
    """The present moment by the database's clock, so many seconds ahead (or back, below zero)."""

    type = Utc()
    inherit_cache = True
    name = "moment"


def now() -> ColumnElement[Any]:
    """Return the present moment: on PostgreSQL that of the statement, not of its transaction's begin."""
    return ahead(0)


def ahead(seconds: float) -> ColumnElement[Any]:
    """Return the moment that lies so many seconds ahead."""
    return moment(literal(float(seconds)))


def present(session: Session) -> datetime:
    """Return the present moment by the database's clock, to the microsecond: on SQLite that is this host's."""
    if session.get_bind().dialect.name == "sqlite":
        return datetime.now(UTC)
    there: datetime = session.scalars(select(now())).one()
    return there


def apart(runner: Runner, here: datetime) -> timedelta:
    """Return by how much the present moment by another clock is ahead of the database's."""
    there: datetime = runner.execute(select(now())).scalar_one()
    return here - there


@compiles(moment, "sqlite")
def _sqlite(element: moment, compiler: Any, **options: Any) -> str:
    # As `Utc` stores it: microseconds, of which SQLite knows the first three digits.
    seconds = compiler.process(element.clauses, **options)
    return f"(strftime('%Y-%m-%d %H:%M:%f', 'now', {seconds} || ' seconds') || '000')"


@compiles(moment, "postgresql")
def _postgresql(element: moment, compiler: Any, **options: Any) -> str:
    return f"(statement_timestamp() + make_interval(secs => {compiler.process(element.clauses, **options)}))"
