"""These rooms store, so their tests run on SQLite and on PostgreSQL."""

from __future__ import annotations

import pytest


@pytest.fixture
def scoring_url(database_url: str) -> str:
    """Return a fresh database, once of each kind."""
    return database_url
