"""Copies on this machine of files that never change, within a bound of bytes: those used last stay.

Many processes use a cache at once. A copy is moved to its place when it is whole, and is one only while its size is the
one that is asked for.
"""

from __future__ import annotations

import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chassis.data.files.kept import Kept, inside

# What was used so lately may be about to be read: it stays even beyond the bound.
IN_USE_SECONDS = 600.0
# How exactly the time of the last use is noted.
NOTED_SECONDS = 60.0
AT_ONCE = 8
MOST_MEBIBYTES = 8192
COPIES, PART = "copies", ".part"


@dataclass(frozen=True, slots=True)
class Cache:
    """A folder for copies, and how many bytes of them it may hold."""

    folder: Path
    most_bytes: int

    def room(self, name: str) -> Room:
        """Return a part of the cache that can be emptied by itself."""
        return Room(self, self.folder / COPIES / inside(name))

    def trim(self) -> int:
        """Remove the copies that were not used for longest until the rest is within the bound; return its bytes."""
        copies = []
        for path in (self.folder / COPIES).rglob("*"):
            with suppress(FileNotFoundError):  # another process trims too
                if path.is_file():
                    found = path.stat()
                    copies.append((found.st_mtime, found.st_size, path))
        held = sum(size for _, size, _ in copies)
        for used, size, path in sorted(copies):
            if held <= self.most_bytes or used > time.time() - IN_USE_SECONDS:
                break
            path.unlink(missing_ok=True)
            held -= size
        return held


def cache_here() -> Cache:
    """Return the cache of this machine, by its environment: also where a unit of work comes from another."""
    home = Path(os.environ.get("SMECREDIT_HOME", ".smecredit")).expanduser().absolute()
    return Cache(home / "cache", int(os.environ.get("SMECREDIT_CACHE_MIB", MOST_MEBIBYTES)) << 20)


class Room:
    """Copies of the files of one place."""

    def __init__(self, cache: Cache, folder: Path) -> None:
        self._cache, self.folder = cache, folder
        self._lock = threading.Lock()

    def copies(self, files: Collection[Kept], fetch: Callable[[str, Path], None]) -> list[Path]:
        """Return a copy of each file; what is missing here is fetched: `fetch` copies a name to a path."""
        missing = [file for file in files if not self._is_whole(file)]
        if missing:
            with self._lock:
                # Another thread may have fetched them while this one waited.
                missing = [file for file in missing if not self._is_whole(file)]
                with ThreadPoolExecutor(AT_ONCE) as threads:
                    list(threads.map(lambda file: self._bring(file, fetch), missing))
            self._cache.trim()
        return [self.folder / file.name for file in files]

    def adopt(self, name: str, made: Path) -> None:
        """Take a file that was made on this machine as its copy."""
        place = self.folder / inside(name)
        place.parent.mkdir(parents=True, exist_ok=True)
        made.replace(place)

    def empty(self) -> None:
        """Remove all copies."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _is_whole(self, file: Kept) -> bool:
        place = self.folder / inside(file.name)
        try:
            found = place.stat()
        except FileNotFoundError:
            return False
        if found.st_mtime < time.time() - NOTED_SECONDS:
            with suppress(FileNotFoundError):
                os.utime(place)
        return found.st_size == file.size

    def _bring(self, file: Kept, fetch: Callable[[str, Path], None]) -> None:
        place = self.folder / inside(file.name)
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.parent / f".{place.name}.{secrets.token_hex(4)}{PART}"
        try:
            fetch(file.name, part)
            if (size := part.stat().st_size) != file.size:
                raise OSError(f"{file.name} has {size} bytes and should have {file.size}: it is damaged")
            with part.open("rb") as whole:
                os.fsync(whole.fileno())
            part.replace(place)
        finally:
            part.unlink(missing_ok=True)
