"""What a restore leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from chassis.data.files import Folder
from chassis.data.vault import Part, Vault
from smecredit.report import Reporter
from smecredit.running.backups import ORDER, BackupRefused, back_up, bring_back


def test_a_restore_writes_over_no_key(tmp_path: Path) -> None:
    """Of a home that is in use: with its key the names of persons would be lost for good."""
    vault = Vault(Folder(tmp_path / "vault"))
    for service in ORDER:
        vault.write_part("2026-11-30T100000Z", Part(service, (), {"keys": []}))
    vault.complete("2026-11-30T100000Z", ORDER)
    home, keys = tmp_path / "home", tmp_path / "keys"
    for folder, key in ((home, b"in use"), (keys, b"of another suite")):
        folder.mkdir()
        (folder / "party.key").write_bytes(key)
    with pytest.raises(BackupRefused, match=r"other keys under the names party\.key"):
        bring_back(str(tmp_path / "vault"), home, Reporter(), at="", keys=keys)
    assert (home / "party.key").read_bytes() == b"in use"


def test_a_clock_before_the_newest_backup_is_told(tmp_path: Path) -> None:
    """The new one would never be chosen, and taking old ones out would take it."""
    vault, home = Vault(Folder(tmp_path / "vault")), tmp_path / "home"
    home.mkdir()
    vault.write_part("2126-11-30T100000Z", Part("profile", (), {}))
    with pytest.raises(BackupRefused, match=r"a backup of 2126-11-30T100000Z"):
        back_up(str(tmp_path / "vault"), home, Reporter(), keys=None, most=1)
    assert vault.newest() == "2126-11-30T100000Z"
