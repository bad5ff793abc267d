"""The home folder of an embedded suite."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_disk import remount, small_disk

from smecredit.running.demo import fresh_home
from smecredit.running.home import HomeUnusable, held


def test_a_new_home_is_its_owners_alone(tmp_path: Path) -> None:
    """Databases, uploads and logs in it are not for other users of the machine."""
    with held(tmp_path / "home"):
        assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700


def test_a_demonstrations_home_is_its_owners_alone_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds the user's own files where these are shown."""
    monkeypatch.setenv("SMECREDIT_HOME", str(tmp_path / "home"))
    assert fresh_home().stat().st_mode & 0o777 == 0o700


def test_a_home_that_cannot_be_written_is_told_in_a_sentence(tmp_path: Path) -> None:
    """No traceback: where it lies, why, and what to do."""
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(HomeUnusable, match=r"cannot be written \(Not a directory\).*SMECREDIT_HOME"),
        held(tmp_path / "file" / "home"),
    ):
        pass


def test_a_read_only_home_is_told_in_a_sentence(tmp_path: Path) -> None:
    """A disk that was put back as read-only is the usual case."""
    with small_disk(tmp_path / "disk", 1) as folder:
        remount(folder, "ro")
        with pytest.raises(HomeUnusable, match="Read-only file system"), held(folder / "home"):
            pass
