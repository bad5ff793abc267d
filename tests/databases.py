"""Databases for tests: empty ones, and copies of what a service's migrations made once."""

from __future__ import annotations

import tempfile
from functools import cache, wraps
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, event, make_url, text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

from chassis.data import migrations
from chassis.data.database import Database

# A test's database need not outlive a power cut, and to drop one waits for the disk.
IN_MEMORY_OF_THE_SYSTEM = ("fsync", "synchronous_commit", "full_page_writes")


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


class Server:
    """A PostgreSQL server on which this process makes databases under a name of its own."""

    def __init__(self, url: str, mark: str) -> None:
        self.url = url
        self._url = make_url(url).set(drivername="postgresql+psycopg")
        self._mark = mark
        self._migrated: dict[str, str] = {}
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

    def drop(self, url: str) -> None:
        """Drop a database with whoever is still connected."""
        self._tell(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")

    def close(self) -> None:
        """Drop what copies were made of."""
        for name in self._migrated.values():
            self._tell(f"DROP DATABASE {name} WITH (FORCE)")
        self._engine.dispose()

    def _migrated_database(self, package: str) -> str:
        if package not in self._migrated:
            url = self._new()
            _migrate(url, package)
            self._migrated[package] = str(make_url(url).database)
        return self._migrated[package]

    def _new(self, how: str = "") -> str:
        self._made += 1
        name = f"test_{self._mark}_{self._made}"
        self._tell(f"CREATE DATABASE {name}{how}")
        url = self._url.set(database=name, drivername="postgresql")
        return url.render_as_string(hide_password=False)

    def _tell(self, statement: str) -> None:
        with self._engine.connect() as connection:
            connection.execute(text(statement))
