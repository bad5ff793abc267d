"""The migrations and the tables in code say the same."""

from __future__ import annotations

from flask import Flask

from chassis.data import migrations
from services.scoring.tables import Base


def test_migrations_make_the_tables_of_the_code(app: Flask) -> None:
    """Nothing separates a migrated database from the tables in code."""
    assert migrations.differences(app.extensions["database"], Base.metadata) == []
