"""Databases for tests: empty ones, and copies of what a service's migrations made once."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, wraps
from itertools import chain
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event, make_url, text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.pool import NullPool
from sqlalchemy.util import LRUCache

from chassis.data import migrations
from chassis.data.database import Database

# A test's database need not outlive a power cut, and to drop one waits for the disk.
IN_MEMORY_OF_THE_SYSTEM = ("fsync", "synchronous_commit", "full_page_writes")


# Who else is in a database leaves it.
ALONE = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
# All rows go, whatever refers to them, and sequences begin anew.
EMPTIED = """
    DO $$ DECLARE each record; BEGIN
        SET LOCAL session_replication_role = replica;
        FOR each IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
        LOOP EXECUTE format('DELETE FROM %I', each.tablename); END LOOP;
        FOR each IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL
        LOOP EXECUTE format('ALTER SEQUENCE %I RESTART', each.sequencename); END LOOP;
    END $$
"""
AGAIN = 'INSERT INTO "{0}" SELECT * FROM jsonb_populate_recordset(NULL::"{0}", :rows)'
ROWS = 'SELECT jsonb_agg(to_jsonb(each))::text FROM "{}" each'
SHAPE = """
    SELECT (SELECT count(*) FROM pg_namespace),
    (SELECT md5(string_agg(concat(relname, attname, atttypid, attnotnull, attisdropped), ' ' ORDER BY relname, attnum))
     FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace),
    (SELECT md5(string_agg(concat(conname, convalidated), ' ' ORDER BY conname)) FROM pg_constraint),
    (SELECT md5(string_agg(tgname, ' ' ORDER BY tgname)) FROM pg_trigger WHERE NOT tgisinternal)
"""

# What a dialect's statements and results depend on, beside its class.
SETTINGS = ("_json_serializer", "_json_deserializer", "server_version_info")
STATEMENTS_KEPT = 3000


def hasten() -> None:
    """Have the databases of this process be those of tests, which open hundreds and keep none.

    Statements stay compiled for all of a kind, where each would compile them anew; and SQLite leaves to the system when
    the disk is written, as `Server.hurry` has PostgreSQL do. Processes that tests start are as they always are.
    """
    kept: Any = LRUCache(STATEMENTS_KEPT)
    for kind in (SQLiteDialect_pysqlite, PGDialect_psycopg):
        kind.__hash__ = _kind_of  # type: ignore[assignment, method-assign]
        kind.__eq__ = _same_statements  # type: ignore[assignment, method-assign]
    made = Database.__init__

    @wraps(made)
    def make(database: Database, *args: Any, **options: Any) -> None:
        made(database, *args, **options)
        database.engine._compiled_cache = database._writer._compiled_cache = kept
        if database.engine.dialect.name == "sqlite":
            event.listen(database.engine, "connect", _leave_to_the_system)

    Database.__init__ = make  # type: ignore[assignment, method-assign]


def _leave_to_the_system(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


def _kind_of(dialect: Any) -> int:
    return hash(type(dialect))


def _same_statements(one: Any, other: object) -> bool:
    if one is other:
        return True
    return type(one) is type(other) and all(getattr(one, name, None) == getattr(other, name, None) for name in SETTINGS)


def lay(url: str, package: str) -> None:
    """Lay a migrated SQLite file where the URL points, as the package's migrations would make it."""
    file = make_url(url)
    if file.get_backend_name() == "sqlite" and file.database and not (path := Path(file.database)).exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_migrated_file(package))


@cache
def _migrated_file(package: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "migrated.db"
        _migrate(f"sqlite:///{path}", package)
        return path.read_bytes()


def _migrate(url: str, package: str) -> None:
    database = Database(url)
    migrations.upgrade(database, package)
    database.dispose()


@dataclass(frozen=True, slots=True)
class Made:
    """What a package's migrations make: the shape of the tables, and the rows that are there from the first."""

    shape: tuple[Any, ...]
    rows: Mapping[str, str]


class Server:
    """A PostgreSQL server on which this process makes databases under a name of its own."""

    def __init__(self, url: str, mark: str) -> None:
        self.url = url
        self._url = make_url(url).set(drivername="postgresql+psycopg")
        self._mark = mark
        self._migrated: dict[str, str] = {}
        self._free: defaultdict[str, list[str]] = defaultdict(list)
        self._known: dict[str, Made] = {}
        self._made = 0
        self._copying = ""
        self._engine = create_engine(self._url, isolation_level="AUTOCOMMIT")

    def hurry(self) -> None:
        """Have the server leave to the system when the disk is written: for one that only tests use."""
        for setting in IN_MEMORY_OF_THE_SYSTEM:
            self._tell(f"ALTER SYSTEM SET {setting} = off")
        self._tell("SELECT pg_reload_conf()")
        # Where no checkpoint waits for a disk, whole files are copied in a sixth of the time of a log of their pages.
        self._copying = " STRATEGY file_copy"

    def make(self, package: str | None = None) -> str:
        """Return the URL of a fresh database: an empty one, or one that a package's migrations are done on."""
        return self._new(f" TEMPLATE {self._migrated_database(package)}{self._copying}" if package else "")

    def lend(self, package: str) -> str:
        """Return the URL of a database that a package's migrations are done on, which nobody has written to."""
        return self._free[package].pop() if self._free[package] else self.make(package)

    def take_back(self, url: str, package: str) -> None:
        """Take back what was lent: as it was made it is lent again, and dropped where its tables have been changed.

        To copy and drop a database takes the server five times as long as to empty one.
        """
        if self._as_made(url, package):
            self._free[package].append(url)
        else:
            self.drop(url)

    def drop(self, url: str) -> None:
        """Drop a database with whoever is still connected."""
        self._tell(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")

    def close(self) -> None:
        """Drop what copies were made of, and what is free."""
        for url in chain.from_iterable(self._free.values()):
            self.drop(url)
        for name in self._migrated.values():
            self._tell(f"DROP DATABASE {name} WITH (FORCE)")
        self._engine.dispose()

    def _migrated_database(self, package: str) -> str:
        if package not in self._migrated:
            url = self._new()
            _migrate(url, package)
            self._migrated[package] = str(make_url(url).database)
        return self._migrated[package]

    def _as_made(self, url: str, package: str) -> bool:
        """Put a database back to what the migrations made; tell whether it is that."""
        made = self._made_by(package)
        with _apart(url) as connection:
            connection.execute(text(ALONE))
            connection.execute(text(EMPTIED))
            for table, rows in made.rows.items():
                connection.execute(text(AGAIN.format(table)), {"rows": rows})
            return _shape(connection) == made.shape

    def _made_by(self, package: str) -> Made:
        if package not in self._known:
            url = self.make(package)
            with _apart(url) as connection:
                told = {name: connection.execute(text(ROWS.format(name))).scalar() for name in _tables(connection)}
                self._known[package] = Made(_shape(connection), {name: rows for name, rows in told.items() if rows})
            self._free[package].append(url)
        return self._known[package]

    def _new(self, how: str = "") -> str:
        self._made += 1
        name = f"test_{self._mark}_{self._made}"
        self._tell(f"CREATE DATABASE {name}{how}")
        url = self._url.set(database=name, drivername="postgresql")
        return url.render_as_string(hide_password=False)

    def _tell(self, statement: str) -> None:
        with self._engine.connect() as connection:
            connection.execute(text(statement))


@contextmanager
def _apart(url: str) -> Iterator[Connection]:
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=NullPool)
    with engine.begin() as connection:
        yield connection


def _shape(connection: Connection) -> tuple[Any, ...]:
    return tuple(connection.execute(text(SHAPE)).one())


def _tables(connection: Connection) -> Sequence[str]:
    return connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars().all()
