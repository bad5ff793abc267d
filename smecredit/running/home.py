"""The home folder of an embedded suite: where it lies, its keys, and who holds it."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from smecredit.problems import Expected, KeyMissing

KEYS = "keys.json"
DEMO = "demo"  # the demonstration's own home, within the home
RUNNING = "running.json"


class HomeTaken(Expected):
    """Another suite runs on this home."""


class HomeUnusable(Expected):
    """The home cannot be written: a suite cannot start on it."""


def home() -> Path:
    """Return the home folder: `$SMECREDIT_HOME`, else `.smecredit` here."""
    return Path(os.environ.get("SMECREDIT_HOME", ".smecredit")).expanduser().absolute()


def keys(folder: Path) -> dict[str, str]:
    """Return the development keys of a home by identity; empty where there are none yet."""
    try:
        found = json.loads((folder / KEYS).read_text())
    except FileNotFoundError:
        return {}
    return {str(name): str(key) for name, key in found.items()}


def api_key(identity: str, url: str) -> str:
    """Return the key to use at `url`: `$SMECREDIT_API_KEY`, else the development key in the home that runs there."""
    given = os.environ.get("SMECREDIT_API_KEY")
    if given:
        return given
    folders = sorted((home(), home() / DEMO), key=lambda folder: running_at(folder) != url)
    for folder in folders:
        if identity in (found := keys(folder)):
            return found[identity]
    raise KeyMissing(
        f"no API key for {identity}: set SMECREDIT_API_KEY, or start the suite once with `smecredit up`, "
        f"which writes development keys to {home() / KEYS}"
    )


def running_at(folder: Path) -> str | None:
    """Return the address at which a suite runs on a home, as far as the home knows."""
    try:
        return str(json.loads((folder / RUNNING).read_text())["url"])
    except (FileNotFoundError, ValueError, KeyError):
        return None


@contextmanager
def announced(folder: Path, url: str) -> Iterator[None]:
    """Let other commands know, while the block lasts, that a suite on this home answers at `url`."""
    note = folder / RUNNING
    note.write_text(json.dumps({"url": url}))
    try:
        yield
    finally:
        note.unlink(missing_ok=True)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a home for one suite; the lock ends with the process, however it ends."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # its databases and files are nobody else's to read
        lock = (folder / "suite.lock").open("w")
    except OSError as error:
        raise HomeUnusable(
            f"{folder} cannot be written ({error.strerror}): make it writable, or name another folder with "
            "SMECREDIT_HOME"
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HomeTaken(
                f"another suite runs on {folder}: stop it, or name another folder with SMECREDIT_HOME"
            ) from None
        yield
