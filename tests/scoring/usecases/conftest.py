"""These rooms store, so their tests run on SQLite and on PostgreSQL; what they train is small."""

from __future__ import annotations

import pytest


@pytest.fixture
def scoring_url(database_url: str) -> str:
    """Return a fresh database, once of each kind."""
    return database_url


@pytest.fixture(scope="module", autouse=True)
def small_models(quick_training: None) -> None:
    """Train with few forests: these tests ask what becomes of a training, not how good it is."""
