"""Settings tell all that is wrong at once, and no value."""

from __future__ import annotations

from pathlib import Path

import pytest

from chassis.core.errors import UpstreamUnavailable
from chassis.core.settings import SettingsError, database_url, own_key, reading, require_readable


def test_every_error_is_reported_at_once_and_no_value_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "hunter2")

    def read() -> None:
        with reading() as env:
            env.int("PORT")
            env.str("MISSING_ONE")

    with pytest.raises(SettingsError) as caught:
        read()
    assert "PORT" in str(caught.value)
    assert "MISSING_ONE" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_the_database_is_a_file_in_the_home_folder_unless_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with reading() as env:
        assert database_url(env, "profile") == f"sqlite:///{home}/profile.db"
    monkeypatch.setenv("PROFILE_DATABASE_URL", "postgresql://db/profile")
    with reading() as env:
        assert database_url(env, "profile") == "postgresql://db/profile"


def test_a_services_own_key_is_the_one_given_or_that_of_the_development_identities(home: Path) -> None:
    """A first start writes the identities' file after the workers began, so it is looked up each time."""
    with pytest.raises(UpstreamUnavailable, match="SCORING_CLIENT_KEY"):
        own_key("scoring", None, home)
    home.mkdir(exist_ok=True)
    (home / "keys.json").write_text('{"scoring": "smc_of_this_home"}')
    assert own_key("scoring", None, home) == "smc_of_this_home"
    assert own_key("scoring", "smc_given", home) == "smc_given"


@pytest.mark.parametrize("name", ["h[1]", "h%20x", "h|x", "h^x", "h\\x", "h\nx"])
def test_a_folder_that_would_be_read_as_another_is_refused_at_start(name: str) -> None:
    """The lake's writer breaks on some and writes to another folder for others."""
    with pytest.raises(SettingsError, match="SMECREDIT_HOME"):
        require_readable(f"/data/{name}/lake", "SMECREDIT_HOME")
    require_readable("/data/a b/50% 账册/lake#1", "SMECREDIT_HOME")
    require_readable(f"s3://bucket/{name}", "SMECREDIT_HOME")
