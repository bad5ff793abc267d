"""Sessions keep the same promises on SQLite and PostgreSQL."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, delete, insert, select, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError

from chassis.data.database import Database, Json, Utc

TABLE = Table(
    "things", MetaData(), Column("id", Integer, primary_key=True), Column("at", Utc), Column("document", Json)
)


@pytest.fixture
def database(database_url: str) -> Database:
    database = Database(database_url)
    TABLE.metadata.create_all(database.engine)
    yield database
    database.dispose()


def test_a_time_comes_back_aware_and_equal(database: Database) -> None:
    """A moment written in Beijing's time is the same moment in UTC when read."""
    beijing = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=timezone(timedelta(hours=8)))
    with database.begin() as session:
        session.execute(insert(TABLE).values(id=1, at=beijing))
    with database.read() as session:
        found = session.execute(select(TABLE.c.at)).scalar_one()
    assert (found, found.tzinfo) == (beijing, UTC)


def test_an_error_does_not_quote_what_was_to_be_stored(database: Database) -> None:
    """Whoever prints it prints no name and no code."""
    row = insert(TABLE).values(id=1, document={"name": "甲公司"})
    with database.begin() as session:
        session.execute(row)
    with pytest.raises(IntegrityError) as error, database.begin() as session:
        session.execute(row)
    assert "甲公司" not in str(error.value)


def test_what_is_erased_is_not_left_in_the_file(sqlite_url: str) -> None:
    """Nor in the pages that its rows leave free."""
    database = Database(sqlite_url)
    TABLE.metadata.create_all(database.engine)
    with database.begin() as session:
        session.execute(insert(TABLE), [{"id": n, "document": {"name": f"whsec_{n}" * 50}} for n in range(100)])
    with database.begin() as session:
        session.execute(delete(TABLE))
    with closing(database.engine.raw_connection()) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert database.file
    assert b"whsec_" not in database.file.read_bytes()
    database.dispose()


def test_a_server_that_is_gone_without_a_word_is_waited_for_only_so_long(postgresql_url: str) -> None:
    """What the address itself says of it comes first."""
    url = make_url(postgresql_url).update_query_dict({"tcp_user_timeout": "7000"})
    database = Database(url.render_as_string(hide_password=False))
    with database.engine.connect() as connection:
        given = connection.connection.driver_connection.info.get_parameters()
    assert (given["connect_timeout"], given["tcp_user_timeout"]) == ("10", "7000")
    database.dispose()


def test_a_naive_time_is_refused(database: Database) -> None:
    """A time without a zone would mean something else elsewhere."""
    with pytest.raises(Exception, match="naive"), database.begin() as session:
        session.execute(insert(TABLE).values(id=1, at=datetime(2026, 1, 1)))  # noqa: DTZ001 -- that is the point


def test_a_document_comes_back_as_it_was(database: Database) -> None:
    """JSON survives with Chinese text, nulls and numbers."""
    document = {"名称": "某公司", "empty": None, "numbers": [1, 2.5], "nested": {"deep": True}}
    with database.begin() as session:
        session.execute(insert(TABLE).values(id=1, document=document))
    with database.read() as session:
        assert session.execute(select(TABLE.c.document)).scalar_one() == document


def test_a_block_that_raises_leaves_nothing(database: Database) -> None:
    """A write transaction is all or nothing."""

    def fail() -> None:
        with database.begin() as session:
            session.execute(insert(TABLE).values(id=1))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with database.read() as session:
        assert session.execute(select(TABLE.c.id)).all() == []


def test_writers_queue_and_none_is_lost(database: Database) -> None:
    """Eight threads that add to one row, each reading under its own lock, add up."""
    with database.begin() as session:
        session.execute(insert(TABLE).values(id=1, document={"n": 0}))

    def add() -> None:
        for _ in range(10):
            with database.begin() as session:
                n = session.execute(select(TABLE.c.document).with_for_update()).scalar_one()["n"]
                session.execute(update(TABLE).values(document={"n": n + 1}))

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert session.execute(select(TABLE.c.document)).scalar_one() == {"n": 80}


def test_a_glance_finds_what_a_query_finds(database: Database) -> None:
    """Of values with signs that mean something in SQL too; also what was written since the last one."""
    glances = {name: select(TABLE.c.id).where(TABLE.c.document == name).limit(1) for name in ("it's", "100 %?", ":a")}
    for number, (name, glance) in enumerate(glances.items()):
        assert not database.finds(glance)
        with database.begin() as session:
            session.execute(insert(TABLE).values(id=number, document=name))
        assert database.finds(glance)


def test_a_glance_that_fails_says_so_as_a_query_does(database: Database) -> None:
    """Whoever waits for a database that comes back is told by the same error."""
    TABLE.metadata.drop_all(database.engine)
    with pytest.raises(DBAPIError):
        database.finds(select(TABLE.c.id).limit(1))


def test_a_glance_holds_nothing(sqlite_url: str) -> None:
    """Behind it the log of SQLite is emptied whole; one that was read by half would keep it."""
    database = Database(sqlite_url)
    TABLE.metadata.create_all(database.engine)
    with database.begin() as session:
        session.execute(insert(TABLE), [{"id": number} for number in range(2)])
    assert database.finds(select(TABLE.c.id))
    with database.begin() as session:
        session.execute(insert(TABLE).values(id=2))
    with closing(sqlite3.connect(database.file or "")) as other:
        assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    database.dispose()


def test_the_dialect_of_the_other_database_is_not_loaded() -> None:
    """Every process of a suite that stands on SQLite would load it at its start."""
    program = (
        "import sys, chassis.data.clock, chassis.data.upsert; sys.exit('sqlalchemy.dialects.postgresql' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
