"""The key of persons, addresses and phones: what was hashed under one that is lost is never found equal again."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from services.profile.book.party_key import KEY_FILE, party_key
from services.profile.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings that say no key, of a home that is not there yet."""
    home = tmp_path / "home"
    return Settings(home=home, database_url="sqlite://", lake_url=f"{home}/lake", jwks_url="")


def test_of_ten_that_ask_at_once_all_get_the_one_that_is_kept(settings: Settings) -> None:
    with ThreadPoolExecutor(10) as pool:
        got = set(pool.map(party_key, [settings] * 10))
    assert got == {(settings.home / KEY_FILE).read_bytes()}


def test_nobody_else_reads_it_and_no_draft_stays(settings: Settings) -> None:
    party_key(settings)
    assert [(file.name, file.stat().st_mode & 0o777) for file in settings.home.iterdir()] == [(KEY_FILE, 0o600)]


def test_its_content_and_its_name_are_on_the_disk_before_it_is_used(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that was never synced is gone after a power cut, and the next process would make another key."""
    synced: list[int] = []
    real = os.fsync

    def noted(handle: int) -> None:
        synced.append(os.fstat(handle).st_ino)
        real(handle)

    monkeypatch.setattr(os, "fsync", noted)
    party_key(settings)
    assert synced == [(settings.home / KEY_FILE).stat().st_ino, settings.home.stat().st_ino]
