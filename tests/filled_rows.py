"""Rows for tests that need some row of a table: every column that must have a value has one."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Table, insert
from sqlalchemy.orm import Session

VALUES: dict[str, Any] = {"int": 1, "float": 0.5, "bool": False, "str": "x", "bytes": b"x"}


def fill(session: Session, model: Any, at: datetime, /, **given: Any) -> None:
    """Insert a row: moments are `at`, what is given stands."""
    table: Table = model.__table__ if hasattr(model, "__table__") else model
    row = {column.name: _value(column, at) for column in table.columns if not column.nullable}
    session.execute(insert(table).values({**row, **given}))


def _value(column: Any, at: datetime) -> Any:
    kind = type(column.type).__name__
    if kind == "Utc":
        return at
    if kind == "Json":
        return []
    if kind == "Date":
        return date(2020, 1, 1)
    return VALUES[column.type.python_type.__name__]
