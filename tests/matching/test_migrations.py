"""The matching database is what the tables in code say."""

from __future__ import annotations

from chassis.data import migrations
from chassis.data.database import Database
from services.matching.tables import Base


def test_migrations_make_exactly_the_declared_tables(database_url: str) -> None:
    """On both databases."""
    database = Database(database_url)
    migrations.upgrade(database, "services.matching")
    assert migrations.differences(database, Base.metadata) == []
    database.dispose()
