"""What is brought to the disk: a file by its content, a folder by its names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chassis.core.disk import fsync


@pytest.mark.parametrize("name", ["folder", "folder/file"])
def test_a_file_and_a_folder_are_brought_to_the_disk(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That very one is synced."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_bytes(b"rows")
    synced, real = [], os.fsync

    def noted(handle: int) -> None:
        synced.append(os.fstat(handle).st_ino)
        real(handle)

    monkeypatch.setattr(os, "fsync", noted)
    fsync(tmp_path / name)
    assert synced == [(tmp_path / name).stat().st_ino]


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        fsync(tmp_path / "nothing")
