"""A table that lies in an object store, as this machine sees it: its log here, copies of its files here.

Nothing of a Delta table changes under its name, so that what was fetched once is good for ever: whether there is a
later entry of the log is one question to the store. What is written is made here, by the same writer as in a folder,
and published: first its files, then the entry of the log, which the store takes once only (ADR 51).
"""

from __future__ import annotations

import re
import secrets
import shutil
import time
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote

import orjson
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError

from chassis.data.files import Cache, Kept, Objects, StoreUnreachable, borrowed

LOG, LAST = "_delta_log", "_last_checkpoint"
ENTRY = re.compile(r"(\d{20})\.json")
CHECKPOINT = re.compile(r"(\d{20})\.checkpoint\.parquet")
# Readers of a version ask whether others have erased something since: so often, and in vain for no longer than this.
FRESH_SECONDS, ALONE_SECONDS = 2.0, 600.0
AT_ONCE = 8


class Mirror:
    """The log and the files of a table at `url`; `erasure` is the transaction of commits that erased rows."""

    def __init__(self, url: str, options: Mapping[str, str] | None, cache: Cache, erasure: str) -> None:
        self._scratch = cache.folder / "scratch"
        self._objects = Objects(url, self._scratch, options)
        self.folder = cache.folder / "tables" / sha256(url.encode()).hexdigest()[:16]
        self._log = self.folder / LOG
        self._room = cache.room(self.folder.name)
        # The version of the last erasure (0: none) as of the newest version that this process has seen.
        self._erasure, self._epoch, self._seen = erasure, 0, -1
        self._asked, self._whole = float("-inf"), False

    def table(self, version: int | None = None, *, whole: bool = False) -> DeltaTable:
        """Return the table at a version, the newest where none is named; `whole`: with all its history."""
        if version is None or version > (self._last() or 0):
            self.follow()
        if whole and not self._whole:
            self._complete()
        try:
            return DeltaTable(str(self.folder), version=version)
        except DeltaError:
            # It is older than the checkpoint from which on the log is here, or the log here is damaged.
            self._complete()
            return DeltaTable(str(self.folder), version=version)

    def here(self) -> DeltaTable:
        """Return the newest version that is known here, whatever the store has by now."""
        return DeltaTable(str(self.folder))

    def look(self) -> bool:
        """Follow where that was not done for a while; while the store is away, what is here is good for some time."""
        if time.monotonic() - self._asked < FRESH_SECONDS:
            return False
        try:
            return self.follow()
        except StoreUnreachable:
            if time.monotonic() - self._asked > ALONE_SECONDS:
                raise
            return False

    def lying(self) -> set[str]:
        """Return the names of all files that the store has of the table."""
        return {kept.name for kept in self._objects.list()}

    def doubt(self) -> None:
        """Have the store asked at the next look, however short ago it was."""
        self._asked = min(self._asked, time.monotonic() - FRESH_SECONDS)

    def follow(self) -> bool:
        """Bring the log up to the store's; tell whether files that were listed before may be gone.

        It is one request where nothing is new.
        """
        began, last = time.monotonic(), self._last()
        listed = self._listed(last)
        changed = last is not None and not self._same(f"{last:020}.json", listed)
        if changed:
            # The table was restored or made anew: what is known of another is worth nothing.
            self._clear()
            last, listed = None, self._listed(None)
        if last is None:
            checkpoint = max((name for name in listed if CHECKPOINT.fullmatch(name)), default="")
            listed = {name: kept for name, kept in listed.items() if name[:20] >= checkpoint[:20] or name == LAST}
        self._fetch(listed)
        # Another process may have fetched them too.
        if (newest := self._last()) != self._seen or newest is None:
            erased = DeltaTable(str(self.folder)).transaction_version(self._erasure) or 0
            changed, self._epoch, self._seen = changed or erased != self._epoch, erased, newest or 0
        self._drop_erased()
        self._asked = began
        return changed

    def copies(self, files: Collection[Kept]) -> list[Path]:
        """Return a copy here of each file of the table; raise `FileNotFoundError` where the store has it no more."""
        named = [Kept(f"{self._epoch}/{file.name}", file.size) for file in files]
        return self._room.copies(named, lambda name, path: self._objects.fetch(name.partition("/")[2], path))

    @contextmanager
    def committing(self, version: int) -> Iterator[tuple[DeltaTable, Path]]:
        """Give the table at a version, and its folder, to write the next one here: it is published when that ends well.

        Raises `CommitFailedError` where another has published that version.
        """
        with borrowed(self._scratch) as stage:
            log = stage / LOG
            log.mkdir()
            before = self._since_checkpoint()
            for name in before:
                (log / name).hardlink_to(self._log / name)
            yield DeltaTable(str(stage), version=version), stage
            self._publish(stage, version + 1, before)

    def withdraw(self, name: str) -> None:
        """Remove a file from the store that nobody's commit names."""
        self._objects.delete(name)

    def _publish(self, stage: Path, version: int, before: Collection[str]) -> None:
        log, name = stage / LOG, f"{version:020}.json"
        actions = [orjson.loads(line) for line in (log / name).read_bytes().splitlines()]
        added = [unquote(action["add"]["path"]) for action in actions if "add" in action]
        with ThreadPoolExecutor(AT_ONCE) as threads:
            list(threads.map(lambda path: self._objects.put(path, stage / path), added))
        try:
            tag = self._objects.put(f"{LOG}/{name}", log / name)
        except FileExistsError:
            raise CommitFailedError(f"version {version} was committed by another") from None
        if tag is not None:
            _write(self._tag(name), tag.encode())
            _write(self._log / name, (log / name).read_bytes())
        for path in added:
            self._room.adopt(f"{self._epoch}/{path}", stage / path)
        made = [each for each in _names(log) if CHECKPOINT.fullmatch(each) and each not in before]
        # The word of a checkpoint when it is there: one that is lost in between costs a reader some entries more.
        for checkpoint in [*made, *([LAST] if made else [])]:
            self._objects.put(f"{LOG}/{checkpoint}", log / checkpoint, again=True)

    def _since_checkpoint(self) -> set[str]:
        """Return the names of what the newest version is read from."""
        first = ""
        with suppress(FileNotFoundError):
            first = f"{orjson.loads((self._log / LAST).read_bytes())['version']:020}"
        return {name for name in _names(self._log) if name == LAST or (_is_of_log(name) and name[:20] >= first)}

    def _last(self) -> int | None:
        entries = [int(found[1]) for name in _names(self._log) if (found := ENTRY.fullmatch(name))]
        return max(entries, default=None)

    def _listed(self, last: int | None) -> dict[str, Kept]:
        """Return what the log has in the store, from an entry on."""
        after = f"{LOG}/{last - 1:020}.json" if last else None
        listed = {kept.name.rpartition("/")[2]: kept for kept in self._objects.list(f"{LOG}/", after=after)}
        return {name: kept for name, kept in listed.items() if name == LAST or _is_of_log(name)}

    def _same(self, name: str, listed: Mapping[str, Kept]) -> bool:
        """Tell whether a file of the log that is here is the store's own."""
        with suppress(FileNotFoundError):
            return name in listed and self._tag(name).read_text() == listed[name].tag
        return False

    def _complete(self) -> None:
        """Fetch also what the log says of the time before its last checkpoint."""
        self._fetch(self._listed(None))
        self._whole = True

    def _fetch(self, listed: Mapping[str, Kept]) -> None:
        """Fetch what is missing here, in its order, so that an entry is never here without those before."""
        missing = sorted(name for name in listed if name != LAST and not (self._log / name).exists())
        if missing:
            with ThreadPoolExecutor(AT_ONCE) as threads:
                for name, body in zip(missing, threads.map(self._read, missing), strict=True):
                    _write(self._tag(name), (listed[name].tag or "").encode())
                    _write(self._log / name, body)
        if LAST in listed and not self._same(LAST, listed):
            word = self._read(LAST)
            checkpoint = f"{orjson.loads(word)['version']:020}.checkpoint.parquet"
            if not (self._log / checkpoint).exists():
                _write(self._log / checkpoint, self._read(checkpoint))
            _write(self._log / LAST, word)
            _write(self._tag(LAST), (listed[LAST].tag or "").encode())

    def _read(self, name: str) -> bytes:
        return self._objects.read(f"{LOG}/{name}")

    def _tag(self, name: str) -> Path:
        return self.folder / "tags" / name

    def _drop_erased(self) -> None:
        """Remove copies of files from before an erasure: what was erased in the store is erased here."""
        for room in self._room.folder.glob("*"):
            if room.name.isdigit() and int(room.name) < self._epoch:
                shutil.rmtree(room, ignore_errors=True)

    def _clear(self) -> None:
        shutil.rmtree(self._log, ignore_errors=True)
        self._room.empty()
        self._whole, self._epoch, self._seen = False, 0, -1


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("*")]


def _is_of_log(name: str) -> bool:
    return bool(ENTRY.fullmatch(name) or CHECKPOINT.fullmatch(name))


def _write(place: Path, body: bytes) -> None:
    """Write a file as a whole or not at all; it need not outlive a power cut, as it can be fetched again."""
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.parent / f".{secrets.token_hex(8)}"
    part.write_bytes(body)
    part.replace(place)
