"""The newest migration of each service is the last by name: by that a start tells whether its database is current."""

from __future__ import annotations

from importlib.resources import files

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from chassis.data import migrations

PACKAGES = ("gateway", "services.profile", "services.scoring", "services.matching")


@pytest.mark.parametrize("package", PACKAGES)
def test_the_last_migration_by_name_is_the_end_of_the_chain(package: str) -> None:
    """Else a service waits for ever for a revision that its database has behind it."""
    config = Config()
    config.set_main_option("script_location", str(files(package) / "migrations"))
    assert ScriptDirectory.from_config(config).get_heads() == [migrations.head(package)]
