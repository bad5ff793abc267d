"""A backup holds sealed secrets and not their key: with the key that was kept apart a restore can sign again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from databases import lay

from chassis.core.identity import Caller
from services.matching import cli
from services.matching.context import make_context
from services.matching.settings import PACKAGE, Settings
from services.matching.usecases.seal_secrets import unreadable
from services.matching.usecases.tend_endpoint import register

MOMENT = "2026-12-01T080000Z"


def test_a_restore_signs_with_the_keys_that_were_kept_apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And names the endpoints whose secrets it cannot open where another key lies there."""
    monkeypatch.setenv("SMECREDIT_HOME", str(tmp_path / "old"))
    old = make_context(Settings.from_environment())
    lay(old.settings.database_url, PACKAGE)
    with old.database.begin() as session:
        owner = Caller("bank-1", "bank", frozenset())
        hook = register(session, owner, "https://example.com/hook", old.sealer, private=False)[0].id
    told = cli.backup(str(tmp_path / "vault"), MOMENT)
    assert told["keys"] == ["matching-secret-key"]
    monkeypatch.setenv("SMECREDIT_HOME", str(tmp_path / "new"))
    cli.restore(str(tmp_path / "vault"), MOMENT)
    new = make_context(Settings.from_environment())
    assert not new.settings.secret_key_file.exists()
    shutil.copyfile(old.settings.secret_key_file, new.settings.secret_key_file)
    assert unreadable(new.database, new.sealer) == []
    new.settings.secret_key_file.write_text("ab" * 32)
    assert unreadable(new.database, new.sealer) == [hook]
    assert [each["where"] for each in cli.verify()["findings"]] == [f"webhook {hook}"]


def test_a_change_of_keys_by_command_leaves_nothing_under_the_former(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Keys that the environment gives are not the command's to change."""
    monkeypatch.setenv("SMECREDIT_HOME", str(tmp_path))
    here = make_context(Settings.from_environment())
    lay(here.settings.database_url, PACKAGE)
    with here.database.begin() as session:
        register(session, Caller("b", "bank", frozenset()), "https://example.com/h", here.sealer, private=False)
    before = here.settings.secret_key_file.read_text().split()
    assert cli.reseal("new-key") == {"sealed": 1, "unreadable": []}
    assert here.settings.secret_key_file.read_text().split()[1:] == before
    monkeypatch.setenv("MATCHING_SECRET_KEYS", "cd" * 32)
    with pytest.raises(cli.Refused, match="MATCHING_SECRET_KEYS"):
        cli.reseal("new-key")
