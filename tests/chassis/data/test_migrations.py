"""The newest revision of each service's code, told without Alembic."""

from __future__ import annotations

from importlib.resources import files

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from chassis.data.migrations import head


@pytest.mark.parametrize("package", ["services.profile", "services.scoring", "services.matching", "gateway"])
def test_the_newest_revision_is_the_one_that_alembic_comes_to(package: str) -> None:
    """Else no web process is ready after a migration; two that no other follows are refused by either."""
    config = Config()
    config.set_main_option("script_location", str(files(package) / "migrations"))
    assert head(package) == ScriptDirectory.from_config(config).get_current_head()
