"""What files have in common, wherever they are kept: a name and a size, and room to work on one for a while."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

LOCK = ".borrowed"


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that is there: its name, and its size in bytes; `tag` is the store's own mark of the content, if any.

    `written` is when it was written, in seconds by the clock of the place that keeps it: good to tell ages among files
    of one place, and nothing else.
    """

    name: str
    size: int
    tag: str | None = field(default=None, compare=False)
    written: float = field(default=0.0, compare=False)


class Files(Protocol):
    """Files by name; a name may have folders in it: `mdl_1/artefact.json`.

    What is out of reach raises `StoreUnreachable`, what is not there `FileNotFoundError`.
    """

    def writing(self, name: str, *, again: bool = False) -> AbstractContextManager[IO[bytes]]:
        """Give a file to write; it is kept under the name, whole and durable, when the block ends well.

        Raises `FileExistsError` where other content has the name, unless the file is written `again`.
        """

    def open(self, name: str) -> AbstractContextManager[Path]:
        """Give a file as one of this machine, to be read only."""

    def read(self, name: str) -> bytes:
        """Return a file's content."""

    def list(self, prefix: str = "") -> list[Kept]:
        """Return the files whose names begin so, by name; also what a killed reader has left beside them."""

    def delete(self, name: str) -> None:
        """Remove a file for good, if it is there."""

    def probe(self) -> None:
        """Write a small file durably, read it and remove it; raise where that cannot be done."""


def prove(files: Files) -> None:
    """Write a small file, read it and remove it; raise what keeps that from being done."""
    name = f"probe-{secrets.token_hex(8)}"
    with files.writing(name) as file:
        file.write(name.encode())
    if files.read(name) != name.encode():
        raise OSError(f"what was written under {name} reads otherwise")
    files.delete(name)


def inside(name: str) -> str:
    """Return a name; raise `ValueError` where it leads out of its place."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(f"{name!r} leads out of its place")
    return name


@contextmanager
def borrowed(scratch: Path) -> Iterator[Path]:
    """Give an empty folder of this machine that is gone when the block ends.

    What is left by borrowers that were killed, which may name persons, is removed by whoever borrows next.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    sweep(scratch)
    while True:
        folder = scratch / secrets.token_hex(8)
        folder.mkdir()
        try:
            handle = _locked(folder)
        except FileNotFoundError:  # swept before it was locked
            continue
        if handle is not None:
            break
    try:
        room = folder / "room"  # without the lock in it
        room.mkdir()
        yield room
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def sweep(scratch: Path) -> None:
    """Remove the folders whose borrower lives no more: a lock ends with its process."""
    for folder in scratch.glob("*"):
        with suppress(FileNotFoundError, NotADirectoryError):
            if (handle := _locked(folder)) is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(handle)


def _locked(folder: Path) -> int | None:
    """Return a handle that holds the folder; None where another does, or did until it removed it."""
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    if os.fstat(handle).st_nlink:
        return handle
    os.close(handle)
    return None
