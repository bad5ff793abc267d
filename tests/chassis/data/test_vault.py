"""The vault of backups: content once, proved when it is read, and gone when nothing names it."""

from __future__ import annotations

import random
import sqlite3
from contextlib import nullcontext
from hashlib import sha256
from pathlib import Path

import pytest

from chassis.data.backups import Named, Source, back_up
from chassis.data.files import Folder, Kept
from chassis.data.vault import CHUNK, Part, Vault, VaultDamaged

NOISE = random.Random(7).randbytes(3 * CHUNK)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return where the vault lies."""
    return tmp_path / "vault"


@pytest.fixture
def vault(folder: Path) -> Vault:
    """Return an empty vault."""
    return Vault(Folder(folder))


def file_of(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "source"
    path.write_bytes(content)
    return path


def chunks(folder: Path) -> list[Path]:
    return sorted(folder.glob("chunks/*/*"))


@pytest.mark.parametrize("content", [b"", b"x", NOISE[:CHUNK], NOISE[: CHUNK + 1]])
def test_a_file_comes_back_as_it_was(content: bytes, vault: Vault, tmp_path: Path) -> None:
    """Empty, small, one chunk, one byte more than a chunk."""
    entry = vault.keep("a/file", file_of(tmp_path, content))
    vault.fetch(entry, tmp_path / "back" / "file")
    assert (tmp_path / "back" / "file").read_bytes() == content


def test_a_backup_costs_what_changed(folder: Path, vault: Vault, tmp_path: Path) -> None:
    """One byte in the midst of three chunks is one chunk more."""
    vault.keep("a", file_of(tmp_path, NOISE))
    before = len(chunks(folder))
    changed = bytearray(NOISE)
    changed[CHUNK + 5] ^= 1
    Vault(Folder(folder)).keep("a", file_of(tmp_path, bytes(changed)))
    assert (before, len(chunks(folder))) == (3, 4)


@pytest.mark.parametrize("harm", ["missing", "other", "cut"])
def test_what_was_harmed_is_never_given_back(harm: str, folder: Path, vault: Vault, tmp_path: Path) -> None:
    """A chunk that is gone, holds another one's content or is cut: an error, and no file."""
    entry = vault.keep("a", file_of(tmp_path, NOISE))
    first, second, _ = chunks(folder)
    if harm == "missing":
        first.unlink()
    else:
        first.write_bytes(second.read_bytes() if harm == "other" else first.read_bytes()[:-9])
    with pytest.raises(VaultDamaged, match=first.name):
        vault.fetch(entry, tmp_path / "back")
    assert [path.name for path in tmp_path.glob("*back*")] == []


def backed_up(vault: Vault, moment: str, path: Path) -> None:
    vault.write_part(moment, Part("profile", (vault.keep("a", path),), {"keys": ["party.key"]}))


def test_only_a_whole_backup_can_be_chosen(vault: Vault, tmp_path: Path) -> None:
    """One that was broken off has its parts and no word that it is whole."""
    backed_up(vault, "2026-11-30T100000Z", file_of(tmp_path, b"one"))
    backed_up(vault, "2026-11-30T110000Z", file_of(tmp_path, b"two"))
    vault.complete("2026-11-30T100000Z", ["profile"])
    assert vault.completed() == ["2026-11-30T100000Z"]
    assert vault.told("2026-11-30T100000Z")["parts"]["profile"]["keys"] == ["party.key"]


def test_a_changed_list_is_told(folder: Path, vault: Vault, tmp_path: Path) -> None:
    """Who exchanges the list of files exchanges the backup."""
    backed_up(vault, "2026-11-30T100000Z", file_of(tmp_path, b"one"))
    vault.complete("2026-11-30T100000Z", ["profile"])
    listed = folder / "backups" / "2026-11-30T100000Z" / "profile.json"
    listed.write_bytes(listed.read_bytes().replace(b'"a"', b'"b"'))
    with pytest.raises(VaultDamaged, match="profile"):
        vault.told("2026-11-30T100000Z")


def test_pruning_keeps_what_the_newest_need(folder: Path, vault: Vault, tmp_path: Path) -> None:
    """The older backup goes with the chunk that it alone names; what both name stays."""
    backed_up(vault, "2026-11-30T100000Z", file_of(tmp_path, NOISE[: 2 * CHUNK]))
    vault.complete("2026-11-30T100000Z", ["profile"])
    backed_up(vault, "2026-11-30T110000Z", file_of(tmp_path, NOISE[CHUNK:]))
    vault.complete("2026-11-30T110000Z", ["profile"])
    assert vault.prune(1) > 0
    assert vault.completed() == ["2026-11-30T110000Z"]
    assert (len(chunks(folder)), list(vault.prove("2026-11-30T110000Z"))) == (2, [])


def test_a_proof_names_what_is_damaged(folder: Path, vault: Vault, tmp_path: Path) -> None:
    """Every chunk is read again."""
    backed_up(vault, "2026-11-30T100000Z", file_of(tmp_path, NOISE))
    vault.complete("2026-11-30T100000Z", ["profile"])
    chunks(folder)[1].write_bytes(b"rot")
    assert [chunks(folder)[1].name in told for told in vault.prove("2026-11-30T100000Z")] == [True]


def test_what_is_mended_is_put_in_again(folder: Path, vault: Vault, tmp_path: Path) -> None:
    """A file that stands as it did is not read again by a backup, but where chunks of it are gone it is."""
    source = Source("a", lambda: nullcontext(file_of(tmp_path, NOISE)), Kept("a", len(NOISE), written=1.0))
    url = f"sqlite:///{tmp_path / 'service.db'}"
    sqlite3.connect(tmp_path / "service.db").execute("CREATE TABLE things (id)").connection.close()
    back_up(vault, "2026-11-30T100000Z", "profile", url, lambda _: Named([source]))
    vault.complete("2026-11-30T100000Z", ["profile"])
    chunk = folder / "chunks" / (digest := sha256(NOISE[:CHUNK]).hexdigest())[:2] / digest
    chunk.write_bytes(b"rot")
    assert len(list(vault.prove("2026-11-30T100000Z", mend=True))) == 1
    assert not chunk.exists()
    back_up(Vault(Folder(folder)), "2026-11-30T110000Z", "profile", url, lambda _: Named([source]))
    assert list(vault.prove("2026-11-30T100000Z")) == []


def test_a_list_of_an_earlier_release_is_what_it_was() -> None:
    """Its digest stands in the word that declares the backup whole."""
    stored = b'{"service":"profile","facts":{},"entries":[{"name":"a","size":1,"sha256":"00","chunks":["00"]}]}'
    assert Part.from_bytes(stored).as_bytes() == stored
