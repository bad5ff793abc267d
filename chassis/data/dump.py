"""Copies of a running service's database: SQLite's own online backup, PostgreSQL's own `pg_dump` and `pg_restore`.

A copy is the database at one moment, and writers go on meanwhile.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.engine import URL, make_url

from chassis.core.disk import fsync
from chassis.core.errors import Refused
from chassis.data.database import Database

SQLITE, POSTGRESQL = NAMES = ("database.sqlite", "database.pgdump")


class CannotCopy(Refused):
    """The database cannot be copied or restored here; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of a database: the file, and a connection that reads what is in it."""

    file: Path
    connection: Connection


@contextmanager
def copied(url: str, folder: Path) -> Iterator[Copy]:
    """Copy a database into a folder, and give the copy for as long as the block lasts."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        file = _copy_pages(Path(str(address.database)), folder / SQLITE)
        engine = create_engine("sqlite://", creator=partial(sqlite3.connect, _read_only(file), uri=True))
        try:
            with engine.connect() as connection:
                yield Copy(file, connection)
        finally:
            engine.dispose()
        return
    file = folder / POSTGRESQL
    database = Database(url)
    with database.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        # Both read the same snapshot: what the connection is asked is what the copy holds.
        snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        # Uncompressed: the vault compresses, and finds again what did not change.
        options = ["--format=custom", "--compress=0", "--no-owner", "--no-privileges"]
        _run("pg_dump", address, [*options, f"--snapshot={snapshot}", f"--file={file}"])
        yield Copy(file, connection)
    database.dispose()


def restore(file: Path, url: str) -> None:
    """Make an empty database what a copy says; raise `CannotCopy` where one is there already."""
    address = make_url(url)
    backend = address.get_backend_name()
    if (file.name == SQLITE) != (backend == "sqlite"):
        raise CannotCopy(f"the backup holds {file.name}, and the settings name a database of {backend}")
    require_empty(url)
    if backend == "sqlite":
        _copy_pages(file, Path(str(address.database)))
    else:
        _run("pg_restore", address, ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"], file)


def require_empty(url: str) -> None:
    """Raise `CannotCopy` where a database holds something that a restore would write over."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite" and not Path(str(address.database)).exists():
        return
    database = Database(url)
    try:
        tables = inspect(database.engine).get_table_names()
    finally:
        database.dispose()
    if tables:
        raise CannotCopy(
            f"{address.render_as_string(hide_password=True)} holds {len(tables)} tables already, and a restore goes "
            "into an empty place only: move the old one away, or name another"
        )


def _copy_pages(source: Path, target: Path) -> Path:
    """Copy page by page in one read transaction; what is in the write-ahead log is in the copy."""
    if not source.exists():
        raise CannotCopy(f"there is no database {source}")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with closing(sqlite3.connect(_read_only(source), uri=True)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
        # The copy is one file: it has no log of its own beside it.
        new.execute("PRAGMA journal_mode=DELETE")
    fsync(target)
    return target


def _read_only(file: Path) -> str:
    """Return an address by which a file is only read; a home's name may hold what would mean something there."""
    return f"{file.absolute().as_uri()}?mode=ro"


def _run(program: str, address: URL, options: Sequence[str], *files: Path) -> None:
    found = shutil.which(program)
    if found is None:
        raise CannotCopy(f"{program} is not on the PATH: install PostgreSQL's client programs of the server's release")
    place = address.set(drivername="postgresql", password=None).render_as_string()
    # By the environment: what stands in the arguments can be read in every list of processes.
    secret = {"PGPASSWORD": str(address.password)} if address.password else {}
    command = [found, f"--dbname={place}", *options, *map(str, files)]
    done = subprocess.run(command, env={**os.environ, **secret}, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise CannotCopy(f"{program} failed: {done.stderr.strip()[-500:]}")
