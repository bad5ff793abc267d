"""Insert rows or change what is there, alike on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Insert
from sqlalchemy.orm import Session

from chassis.data.database import batches


def upsert(
    session: Session,
    table: Any,
    rows: Sequence[Mapping[str, Any]],
    key: list[str],
    changing: list[str],
    *,
    newer: str | None = None,
) -> None:
    """Insert rows, or change what is there; with `newer` only where that column does not go back."""
    statement = insert_into(session, table.__table__)
    change = {name: statement.excluded[name] for name in changing}
    where = statement.excluded[newer] >= table.__table__.c[newer] if newer else None
    final: Insert = statement.on_conflict_do_update(index_elements=key, set_=change, where=where)
    for part in batches(rows):
        session.execute(final, list(part))


def insert_into(session: Session, table: Any) -> Any:
    """Return the insert of this database's own dialect, which can say what a conflict does."""
    # Each is loaded with the database that speaks it: nobody loads the other one.
    if session.get_bind().dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as of_postgresql  # noqa: PLC0415

        return of_postgresql(table)
    from sqlalchemy.dialects.sqlite import insert as of_sqlite  # noqa: PLC0415

    return of_sqlite(table)
