"""The migrations and the tables in code say the same, and each migration can be taken back."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from flask import Flask
from sqlalchemy import inspect

from chassis.data import migrations
from chassis.data.database import Database
from services.scoring import migrations as folder
from services.scoring.context import PACKAGE
from services.scoring.tables import Base


def test_migrations_make_the_tables_of_the_code(app: Flask) -> None:
    """Nothing separates a migrated database from the tables in code."""
    assert migrations.differences(app.extensions["database"], Base.metadata) == []


def test_migrations_can_be_taken_back_and_made_again(app: Flask, batch_row: str) -> None:
    """Down to nothing, whatever is stored, and up again to the same tables."""
    database: Database = app.extensions["database"]
    take_back(database)
    assert inspect(database.engine).get_table_names() == ["alembic_version"]
    migrations.upgrade(database, PACKAGE)
    assert migrations.differences(database, Base.metadata) == []


def take_back(database: Database) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(folder.__file__).parent))
    with database.engine.execution_options(writes=True).begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
