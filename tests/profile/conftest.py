"""Fixtures of the profile service; what they are made of is in `profile_house`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

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
