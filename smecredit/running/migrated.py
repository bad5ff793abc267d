"""Knows whether an embedded database is current without starting Python once more for each service.

Loading a service to ask takes a second of CPU; reading one row and listing a folder takes a millisecond.
"""

from __future__ import annotations

import importlib.util
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path


def current(folder: Path, service: str, environment: Mapping[str, str]) -> bool:
    """Return whether the SQLite database of a service stands at the newest migration of this code.

    A database elsewhere (`PROFILE_DATABASE_URL` and the like) is never taken to be current.
    """
    if f"{service.upper()}_DATABASE_URL" in environment:
        return False
    return _revision(folder / f"{service}.db") == _newest(service)


def _revision(database: Path) -> str | None:
    """Return the revision that the database itself names, None where there is none."""
    if not database.exists():
        return None
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error:
        return None
    return str(row[0]) if row else None


def _newest(service: str) -> str:
    """Return the newest revision in code: a migration's file is named by it, `0001_initial.py`."""
    package = "gateway" if service == "gateway" else f"services.{service}"
    found = importlib.util.find_spec(package)
    assert found
    assert found.submodule_search_locations
    folder = Path(found.submodule_search_locations[0]) / "migrations" / "versions"
    return max(path.name.partition("_")[0] for path in folder.glob("[0-9]*.py"))
