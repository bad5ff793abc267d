"""Whether the databases of a home are current is told without starting a service."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from chassis.core.settings import sqlite_url
from chassis.data import migrations
from chassis.data.database import Database
from smecredit.running.migrated import current


@pytest.mark.parametrize("service", ["gateway", "matching"])
def test_a_database_is_current_as_soon_as_its_service_has_migrated_it(tmp_path: Path, service: str) -> None:
    """The suite and the service read the same two places: the database and the names of the migrations."""
    assert not current(tmp_path, service, {})
    package = service if service == "gateway" else f"services.{service}"
    migrations.upgrade(Database(f"sqlite:///{tmp_path / service}.db"), package)
    assert current(tmp_path, service, {})


def test_a_home_may_have_any_name(tmp_path: Path) -> None:
    """Else its databases would be taken to be old at every start."""
    home = tmp_path / "a%20b #1?"
    database = Database(sqlite_url(home / "gateway.db"))
    migrations.upgrade(database, "gateway")
    assert (database.file, current(home, "gateway", {})) == (home / "gateway.db", True)


def test_a_database_put_back_from_an_older_release_is_not_current(tmp_path: Path) -> None:
    """What counts is the revision in the database, not what was noted beside it."""
    with closing(sqlite3.connect(tmp_path / "gateway.db")) as older:
        older.execute("CREATE TABLE alembic_version (version_num TEXT)")
        older.execute("INSERT INTO alembic_version VALUES ('0000')")
        older.commit()
    assert not current(tmp_path, "gateway", {})


def test_a_database_elsewhere_is_never_taken_to_be_current(tmp_path: Path) -> None:
    """Only its service can reach it."""
    migrations.upgrade(Database(f"sqlite:///{tmp_path}/gateway.db"), "gateway")
    assert not current(tmp_path, "gateway", {"GATEWAY_DATABASE_URL": "postgresql://elsewhere/gateway"})
