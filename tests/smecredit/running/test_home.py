"""The home folder of an embedded suite."""

from __future__ import annotations

from pathlib import Path

import pytest

from smecredit.running.demo import fresh_home
from smecredit.running.home import held


def test_a_new_home_is_its_owners_alone(tmp_path: Path) -> None:
    """Databases, uploads and logs in it are not for other users of the machine."""
    with held(tmp_path / "home"):
        assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700


def test_a_demonstrations_home_is_its_owners_alone_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds the user's own files where these are shown."""
    monkeypatch.setenv("SMECREDIT_HOME", str(tmp_path / "home"))
    assert fresh_home().stat().st_mode & 0o777 == 0o700
