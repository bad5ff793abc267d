"""The migrations make exactly the tables that the code uses, and each of them can be undone."""

from __future__ import annotations

from importlib.resources import files

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import inspect

from chassis.data import migrations
from chassis.data.database import Database
from services.profile.composition import PACKAGE
from services.profile.tables import Base


@pytest.fixture
def tables_of() -> None:
    """Return no service: here a fresh database is empty."""


def downgrade(database: Database) -> None:
    """Undo all migrations in one transaction."""
    config = Config()
    config.set_main_option("script_location", str(files(PACKAGE) / "migrations"))
    with database.engine.execution_options(writes=True).begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")


def test_migrations_go_up_down_to_nothing_and_up_again(database_url: str) -> None:
    """On both databases; each time up, the tables are those of the code."""
    database = Database(database_url)
    for _ in range(2):
        assert migrations.upgrade(database, PACKAGE)
        assert migrations.differences(database, Base.metadata) == []
        downgrade(database)
        assert inspect(database.engine).get_table_names() == ["alembic_version"]
    database.dispose()
