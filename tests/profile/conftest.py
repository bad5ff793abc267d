"""Fixtures of the profile service; what they are made of is in `profile_house`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from profile_house import House, open_house

from chassis.core.identity import Verifier
from services.profile.composition import PACKAGE


@pytest.fixture
def tables_of() -> str:
    """Return the service that fresh databases are of."""
    return PACKAGE


@pytest.fixture
def house(database_url: str, tmp_path: Path, verifier: Verifier, tokens: Callable[..., dict[str, str]]) -> House:
    """Return the service, once on SQLite and once on PostgreSQL."""
    return open_house(database_url, tmp_path, verifier, tokens)


@pytest.fixture
def cottage(sqlite_url: str, tmp_path: Path, verifier: Verifier, tokens: Callable[..., dict[str, str]]) -> House:
    """Return the service on SQLite, for claims that no database can change."""
    return open_house(sqlite_url, tmp_path, verifier, tokens)


@pytest.fixture(scope="module")
def furnished_homes() -> dict[Callable[[House], Any], Path]:
    """Return the folders of what `furnished` made in this module."""
    return {}


@pytest.fixture
def furnished(
    furnished_homes: dict[Callable[[House], Any], Path],
    tmp_path_factory: pytest.TempPathFactory,
    tmp_path: Path,
    verifier: Verifier,
    tokens: Callable[..., dict[str, str]],
) -> Callable[[Callable[[House], Any]], House]:
    """Return what opens the service on SQLite as a function leaves it, for claims that no database can change.

    The function works once a module, in a house that is closed behind it: what each test has is a copy of its own.
    """

    def opened(folder: Path) -> House:
        return open_house(f"sqlite:///{folder / 'test.db'}", folder, verifier, tokens)

    def copied(furnish: Callable[[House], Any]) -> House:
        if furnish not in furnished_homes:
            house = opened(folder := tmp_path_factory.mktemp("furnished"))
            furnish(house)
            house.context.database.dispose()
            furnished_homes[furnish] = folder
        copytree(furnished_homes[furnish], tmp_path, dirs_exist_ok=True)
        return opened(tmp_path)

    return copied
