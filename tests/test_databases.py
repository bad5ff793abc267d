"""A database that tests lend to one another is each time as migrations made it, and nobody is left behind in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from databases import Server
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

PACKAGE = "services.scoring"
KEY = "INSERT INTO idempotency_keys (client, key, fingerprint, created_at) VALUES ('a', 'b', 'c', now())"
Lend = Callable[[], str]


@pytest.fixture
def lend(postgresql: Server) -> Iterator[Lend]:
    """Return what takes back the database that it lent before, and lends one."""
    lent: list[str] = []

    def again() -> str:
        if lent:
            postgresql.take_back(lent.pop(), PACKAGE)
        lent.append(postgresql.lend(PACKAGE))
        return lent[0]

    yield again
    postgresql.take_back(lent.pop(), PACKAGE)


def told(url: str, *statements: str) -> list[tuple[object, ...]]:
    """Return what the last of some statements says."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=NullPool)
    with engine.begin() as connection:
        *_, last = [connection.execute(text(each)) for each in statements]
        return [tuple(row) for row in last] if last.returns_rows else []


def test_what_one_test_wrote_the_next_one_does_not_find(lend: Lend) -> None:
    """Rows of it are gone, and those of the migrations are as they were."""
    head = told(first := lend(), "SELECT * FROM ledger_head")
    told(first, "UPDATE ledger_head SET size = 7", KEY)
    assert told(again := lend(), "SELECT * FROM ledger_head") == head
    assert told(again, "SELECT * FROM idempotency_keys") == []


def test_numbers_begin_anew(lend: Lend) -> None:
    first = lend()
    names = [name for (name,) in told(first, "SELECT sequencename FROM pg_sequences")]
    assert names
    told(first, *(f"SELECT nextval('{name}')" for name in names))
    again = lend()
    assert {told(again, f"SELECT nextval('{name}')")[0] for name in names} == {(1,)}


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE idempotency_keys ADD COLUMN odd integer",
        "ALTER TABLE idempotency_keys ALTER COLUMN fingerprint SET DEFAULT 'none'",
        "CREATE INDEX odd ON idempotency_keys (fingerprint)",
        "ALTER TABLE idempotency_keys DISABLE TRIGGER odd",
    ],
)
def test_a_database_whose_tables_were_changed_is_lent_to_nobody(lend: Lend, change: str) -> None:
    first = lend()
    if "TRIGGER" in change:
        told(first, "CREATE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")
        told(first, "CREATE TRIGGER odd BEFORE INSERT ON idempotency_keys FOR EACH ROW EXECUTE FUNCTION odd()")
    told(first, change)
    again = lend()
    assert told(again, "SELECT count(*) FROM pg_attribute WHERE attname = 'odd'") == [(0,)]
    told(again, KEY)


def test_who_was_left_behind_finds_nobody_there(lend: Lend) -> None:
    """Else a worker that a test has not stopped would write into the next one's: its pool connects anew."""
    engine = create_engine(make_url(lend()).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
        lend()
        with pytest.raises(OperationalError):
            connection.execute(text("SELECT 1"))
    with pytest.raises(OperationalError, match="does not exist"):
        engine.connect()
    engine.dispose()
