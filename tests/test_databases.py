"""A database that tests lend to one another is each time as migrations made it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from databases import Server
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.pool import NullPool

PACKAGE = "services.scoring"


@pytest.fixture
def lent(postgresql: Server) -> Iterator[str]:
    url = postgresql.lend(PACKAGE)
    yield url
    postgresql.take_back(url, PACKAGE)


def told(url: str, statement: str) -> list[tuple[object, ...]]:
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=NullPool)
    with engine.begin() as connection:
        result = connection.execute(text(statement))
        return [tuple(row) for row in result] if result.returns_rows else []


def test_what_one_test_wrote_the_next_one_does_not_find(postgresql: Server, lent: str) -> None:
    """Rows of it are gone, those of the migrations are as they were, and numbers begin anew."""
    head = told(lent, "SELECT * FROM ledger_head")
    told(lent, "UPDATE ledger_head SET size = 7")
    told(lent, "INSERT INTO idempotency_keys (client, key, fingerprint, created_at) VALUES ('a', 'b', 'c', now())")
    postgresql.take_back(lent, PACKAGE)
    assert postgresql.lend(PACKAGE) == lent
    assert told(lent, "SELECT * FROM ledger_head") == head
    assert told(lent, "SELECT * FROM idempotency_keys") == []


def test_a_database_whose_tables_were_changed_is_lent_to_nobody(postgresql: Server, lent: str) -> None:
    other = postgresql.lend(PACKAGE)
    told(other, "ALTER TABLE idempotency_keys ADD COLUMN odd integer")
    postgresql.take_back(other, PACKAGE)
    fresh = postgresql.lend(PACKAGE)
    postgresql.take_back(fresh, PACKAGE)
    assert fresh not in {lent, other}


def test_who_is_still_in_it_is_put_out(postgresql: Server, lent: str) -> None:
    """Else a worker that a test has left behind would write into the next one's."""
    engine = create_engine(make_url(lent).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        assert alive(connection)
        postgresql.take_back(lent, PACKAGE)
        with pytest.raises(Exception, match=r"terminat|closed"):
            alive(connection)
    engine.dispose()
    assert postgresql.lend(PACKAGE) == lent


def alive(connection: Connection) -> bool:
    return connection.execute(text("SELECT 1")).scalar() == 1
