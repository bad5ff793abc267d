"""The migrations make exactly the tables that the code uses."""

from __future__ import annotations

from chassis.data import migrations
from chassis.data.database import Database
from services.profile.book.tables import Base
from services.profile.composition import PACKAGE


def test_the_migrations_agree_with_the_tables(database_url: str) -> None:
    """Neither database lacks a column or an index, or has one too many."""
    database = Database(database_url)
    migrations.upgrade(database, PACKAGE)
    assert migrations.differences(database, Base.metadata) == []
