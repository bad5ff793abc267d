"""Backing up a home while its suite runs, and bringing a home back: each service its own part, in one order."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from smecredit.problems import Expected
from smecredit.report import Reporter
from smecredit.running import home as homes
from smecredit.running.upkeep import module_of, told

VAULT = "chassis.data.cli"
# Who speaks of others goes first: what its copy names is then in the copies that are made after it.
ORDER = ("matching", "scoring", "profile", "gateway")
STAMP = "%Y-%m-%dT%H%M%SZ"


class BackupRefused(Expected):
    """A backup or restore cannot be done as asked; nothing was changed."""


def back_up(place: str, folder: Path, reporter: Reporter, *, keys: Path | None, most: int | None) -> dict[str, Any]:
    """Back a home up to a place (a folder or an object store), whether its suite runs or not.

    The secret keys go to a folder of their own, or nowhere: with a backup alone nobody signs in our name. With `most`,
    older backups than so many go.
    """
    if not folder.exists():
        raise BackupRefused(f"there is nothing at {folder}: name the suite's home with SMECREDIT_HOME")
    moment = datetime.now(UTC).strftime(STAMP)
    with _alone(folder):
        _require_newest(place, moment, folder)
        for service in ORDER:
            reporter.say(f"backing up {service}")
            told(module_of(service), "backup", place, moment, home=folder)
        whole = told(VAULT, "complete", place, moment, ",".join(ORDER), home=folder)
        pruned = told(VAULT, "prune", place, str(most), home=folder) if most else None
    named = _keys_of(whole)
    if keys:
        _copy_keys(named, folder, keys)
    return {**whole, "place": place, "keys": named, "keys_kept_at": str(keys) if keys else None, "pruned": pruned}


def bring_back(place: str, folder: Path, reporter: Reporter, *, at: str, keys: Path | None) -> dict[str, Any]:
    """Bring the newest whole backup (the newest up to a moment) back to an empty home."""
    with homes.held(folder):
        chosen = told(VAULT, "choose", place, at, home=folder)
        if keys:
            names = [path.name for path in sorted(keys.iterdir())]
            _require_no_others(names, keys, folder)
            _copy_keys(names, keys, folder)
        missing = [name for name in _keys_of(chosen) if not (folder / name).exists()]
        if missing:
            raise BackupRefused(
                f"the keys {', '.join(missing)} are not in {folder}: name the folder that they were kept in with "
                "--keys. Without them persons are not found equal again, and nobody can tell our signatures"
            )
        for service in reversed(ORDER):
            reporter.say(f"bringing {service} back")
            told(module_of(service), "restore", place, chosen["moment"], home=folder)
    return {**chosen, "place": place, "keys": _keys_of(chosen)}


def _require_newest(place: str, moment: str, folder: Path) -> None:
    """Raise where a backup bears a later moment: the new one would never be chosen, and `most` might take it out."""
    newest = told(VAULT, "newest", place, home=folder)["moment"]
    if newest >= moment:
        raise BackupRefused(
            f"{place} has a backup of {newest}, and this machine's clock says {moment}: set the clock right, or back "
            "up to another place"
        )


def _keys_of(backup: dict[str, Any]) -> list[str]:
    return sorted({name for part in backup["parts"].values() for name in part["keys"]})


def _copy_keys(names: list[str], source: Path, target: Path) -> None:
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in names:
        (target / name).touch(mode=0o600)
        shutil.copyfile(source / name, target / name)


def _require_no_others(names: list[str], source: Path, target: Path) -> None:
    """Raise where a home has other keys already: written over they are lost, and what they are for with them."""
    there = [name for name in names if (target / name).exists()]
    if others := [name for name in there if (target / name).read_bytes() != (source / name).read_bytes()]:
        raise BackupRefused(
            f"{target} has other keys under the names {', '.join(others)}: a restore goes into an empty home only. "
            "Move the old one away, or name another with SMECREDIT_HOME"
        )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold off a second backup of the same home: one would take out what the other has not listed yet."""
    with (folder / "backup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupRefused(f"another backup of {folder} is under way") from None
        yield
