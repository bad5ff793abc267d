"""The matching database is what the tables in code say, and each migration can be taken back."""

from __future__ import annotations

from importlib.resources import files

from alembic import command
from alembic.config import Config
from sqlalchemy import inspect

from chassis.data import migrations
from chassis.data.database import Database
from services.matching.settings import PACKAGE
from services.matching.tables import Base


def test_migrations_make_exactly_the_declared_tables(database_url: str) -> None:
    """On both databases."""
    database = Database(database_url)
    migrations.upgrade(database, PACKAGE)
    assert migrations.differences(database, Base.metadata) == []
    database.dispose()


def test_every_migration_can_go_down_and_up_again(database_url: str) -> None:
    """Down to the base nothing is left; up again it is what it was."""
    database = Database(database_url)
    migrations.upgrade(database, PACKAGE)
    downgrade_to_base(database)
    assert inspect(database.engine).get_table_names() == ["alembic_version"]
    migrations.upgrade(database, PACKAGE)
    assert migrations.differences(database, Base.metadata) == []
    database.dispose()


def downgrade_to_base(database: Database) -> None:
    config = Config()
    config.set_main_option("script_location", str(files(PACKAGE) / "migrations"))
    with database.engine.execution_options(writes=True).begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
