"""Files by name in a local folder."""

from __future__ import annotations

import filecmp
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from chassis.core.disk import fsync
from chassis.data.files.kept import Kept, inside, prove

# A draft that nobody has written to for so long is one that a killed process has left.
LEFT_AFTER_SECONDS = 3600.0


class Folder:
    """Files of a local folder: see `Files`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @contextmanager
    def writing(self, name: str, *, again: bool = False) -> Iterator[IO[bytes]]:
        """Give a draft beside the file's place; it is synced, then moved there in one step."""
        place = self._place(name)
        place.parent.mkdir(parents=True, exist_ok=True)
        _sweep(place.parent)
        draft = place.parent / f".{place.name}.{secrets.token_hex(4)}"
        try:
            with draft.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            if again:
                draft.replace(place)
            else:
                _link(draft, place)
        finally:
            draft.unlink(missing_ok=True)
        for folder in (place.parent, *place.parent.parents):
            fsync(folder)
            if folder == self.root.parent:
                break

    @contextmanager
    def open(self, name: str) -> Iterator[Path]:
        """Give the file itself."""
        place = self._place(name)
        if not place.is_file():
            raise FileNotFoundError(name)
        yield place

    def read(self, name: str) -> bytes:
        """Return a file's content."""
        return self._place(name).read_bytes()

    def list(self, prefix: str = "") -> list[Kept]:
        """Return the files whose names begin so, by name; drafts are none."""
        folder, _, stem = prefix.rpartition("/")
        found = []
        for first in self._place(folder).glob("*"):
            if first.name.startswith(stem):
                for path in (first, *first.rglob("*")):
                    with suppress(FileNotFoundError):  # gone at this moment
                        if path.is_file() and not path.name.startswith("."):
                            found.append(self._kept(path))
        return sorted(found, key=lambda each: each.name)

    def delete(self, name: str) -> None:
        """Remove a file for good, if it is there."""
        place = self._place(name)
        with suppress(FileNotFoundError):
            place.unlink()
            fsync(place.parent)

    def probe(self) -> None:
        """Write a small file durably, read it and remove it; raise where that cannot be done."""
        prove(self)

    def _kept(self, path: Path) -> Kept:
        told = path.stat()
        return Kept(path.relative_to(self.root).as_posix(), told.st_size, written=told.st_mtime)

    def _place(self, name: str) -> Path:
        return self.root / inside(name)


def _link(draft: Path, place: Path) -> None:
    try:
        place.hardlink_to(draft)
    except FileExistsError:
        if not filecmp.cmp(draft, place, shallow=False):
            raise


def _sweep(folder: Path) -> None:
    """Remove what killed writers have left: it may name persons."""
    for draft in folder.glob(".*"):
        with suppress(FileNotFoundError):
            if draft.is_file() and draft.stat().st_mtime < time.time() - LEFT_AFTER_SECONDS:
                draft.unlink()
