"""A vault of backups: files as chunks that are stored once under the digest of their content, and lists that name them.

A backup costs what changed since the one before it. What is read back is compared with its digests, chunk by chunk
and as a whole: a vault that rots gives an error and never another file. It lies in a folder or an object store.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

from chassis.core.errors import Refused
from chassis.data.files import Files, files_at

# Small enough that a database of which a few pages changed is mostly there already, large enough to be few.
CHUNK = 1 << 20
# Most of what is kept is pages of tables, which shrink to a fifth; harder work gives little more.
EFFORT = 1
# A moment as the name of a backup: names sort as times do, and are names of files everywhere.
STAMP = "%Y-%m-%dT%H%M%SZ"
COMPLETE = "complete.json"


class VaultDamaged(Refused):
    """The vault does not give back what was put into it; the message names the chunk or file."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a backup: its name, its size in bytes, the digest of the whole and those of its chunks in order.

    `written` is when it was written by the clock of its place, where that was asked for.
    """

    name: str
    size: int
    sha256: str
    chunks: tuple[str, ...]
    written: float | None = None

    def as_told(self) -> dict[str, Any]:
        """Return it as it is stored: lists of an earlier release, which lack `written`, stay what they are."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class Part:
    """What one service put into a backup: its files, and the facts that whoever restores them must know."""

    service: str
    entries: tuple[Entry, ...]
    facts: Mapping[str, Any]

    def named(self) -> dict[str, Entry]:
        """Return the entries by name."""
        return {entry.name: entry for entry in self.entries}

    def as_told(self) -> dict[str, Any]:
        """Return how much it is, and which secret keys it does not hold."""
        size = sum(entry.size for entry in self.entries)
        return {"files": len(self.entries), "bytes": size, "keys": list(self.facts.get("keys", ()))}

    def as_bytes(self) -> bytes:
        """Return the list as it is stored."""
        entries = [entry.as_told() for entry in self.entries]
        return orjson.dumps({"service": self.service, "facts": dict(self.facts), "entries": entries})

    @classmethod
    def from_bytes(cls, stored: bytes) -> Part:
        """Read a list as it was stored."""
        told = orjson.loads(stored)
        entries = tuple(Entry(**{**entry, "chunks": tuple(entry["chunks"])}) for entry in told["entries"])
        return cls(told["service"], entries, told["facts"])


class Vault:
    """The backups at a place; services write their parts of one each by itself."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def keep(self, name: str, path: Path) -> Entry:
        """Put a file in, and return how it is found again."""
        whole, size, chunks = hashlib.sha256(), 0, []
        with path.open("rb") as file:
            while block := file.read(CHUNK):
                whole.update(block)
                size += len(block)
                chunks.append(self._put(block))
        return Entry(name, size, whole.hexdigest(), tuple(chunks))

    def fetch(self, entry: Entry, path: Path) -> None:
        """Write a file of the vault to a path, whole and proved or not at all; durable when this returns."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft, whole = path.with_name(f".{path.name}.draft"), hashlib.sha256()
        try:
            with draft.open("wb") as file:
                for chunk in entry.chunks:
                    block = self._get(chunk)
                    whole.update(block)
                    file.write(block)
                file.flush()
                os.fsync(file.fileno())
            if whole.hexdigest() != entry.sha256:
                raise VaultDamaged(f"the chunks of {entry.name} do not make the file that was kept")
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)

    def write_part(self, moment: str, part: Part) -> None:
        """Store the list of what a service put into the backup of a moment."""
        with self._files.writing(_part(moment, part.service)) as file:
            file.write(part.as_bytes())

    def part(self, moment: str, service: str) -> Part:
        """Return what a service put into the backup of a moment; raise `FileNotFoundError` where it put nothing."""
        return Part.from_bytes(self._files.read(_part(moment, service)))

    def latest(self, service: str) -> Part | None:
        """Return what a service put into the newest backup that it has a part in, complete or not."""
        held = [moment for moment, names in self._backups().items() if f"{service}.json" in names]
        return self.part(max(held), service) if held else None

    def complete(self, moment: str, services: Iterable[str]) -> dict[str, Any]:
        """Declare that all services have put in their parts, and return what the backup then is."""
        parts = {service: self.part(moment, service) for service in services}
        told = {
            "moment": moment,
            "parts": {service: _summary(part) for service, part in parts.items()},
            "completed_at": datetime.now(UTC).strftime(STAMP),
        }
        with self._files.writing(f"backups/{moment}/{COMPLETE}") as file:
            file.write(orjson.dumps(told))
        return told

    def newest(self) -> str:
        """Return the moment of the newest backup, whole or not; an empty text where there is none."""
        return max(self._backups(), default="")

    def completed(self) -> list[str]:
        """Return the moments of all backups that are whole, the oldest first."""
        return sorted(moment for moment, names in self._backups().items() if COMPLETE in names)

    def told(self, moment: str) -> dict[str, Any]:
        """Return what `complete` said of a backup, its lists proved; raise `VaultDamaged` where one was changed."""
        told: dict[str, Any] = orjson.loads(self._files.read(f"backups/{moment}/{COMPLETE}"))
        for service, summary in told["parts"].items():
            if _summary(self.part(moment, service)) != summary:
                raise VaultDamaged(f"the list of {service} in the backup {moment} is not what was kept")
        return told

    def holds(self, entry: Entry) -> bool:
        """Tell whether every chunk of a file is there; whether each is still what it was is what `prove` tells."""
        return all(_chunk(chunk) in self._there for chunk in entry.chunks)

    def prove(self, moment: str, *, mend: bool = False) -> Iterator[str]:
        """Read every chunk of a backup, and name those that are missing or damaged.

        With `mend` damaged ones are taken out: they give nothing back, and the next backup puts in anew what is not
        there and stands in a file that still is.
        """
        parts = [self.part(moment, service) for service in self.told(moment)["parts"]]
        for chunk in sorted(_chunks(parts)):
            try:
                self._get(chunk)
            except VaultDamaged as damage:
                if mend:
                    self._files.delete(_chunk(chunk))
                    self._there.discard(_chunk(chunk))
                yield str(damage)

    def prune(self, most: int) -> int:
        """Take all but the newest whole backups out, and return how many bytes it gave back.

        It is not to be run beside a backup: the chunks of one that is not listed yet would go.
        """
        kept = set(self.completed()[-most:])
        for moment, names in self._backups().items():
            if moment not in kept:
                # First what declares it whole: one that is half gone must not look restorable.
                for name in sorted(names, key=lambda name: name != COMPLETE):
                    self._files.delete(f"backups/{moment}/{name}")
        named = _chunks(self.part(moment, service) for moment in kept for service in self.told(moment)["parts"])
        gone = [chunk for chunk in self._files.list("chunks/") if chunk.name.rpartition("/")[2] not in named]
        for chunk in gone:
            self._files.delete(chunk.name)
        return sum(chunk.size for chunk in gone)

    def _backups(self) -> dict[str, set[str]]:
        """Return the names of the lists of every backup, whole or not."""
        found: dict[str, set[str]] = {}
        for kept in self._files.list("backups/"):
            _, moment, name = kept.name.split("/")
            found.setdefault(moment, set()).add(name)
        return found

    @cached_property
    def _there(self) -> set[str]:
        """The chunks that are there already, listed once."""
        return {kept.name for kept in self._files.list("chunks/")}

    def _put(self, block: bytes) -> str:
        digest = hashlib.sha256(block).hexdigest()
        name = _chunk(digest)
        if name not in self._there:
            with self._files.writing(name) as file:
                file.write(zlib.compress(block, EFFORT))
            self._there.add(name)
        return digest

    def _get(self, digest: str) -> bytes:
        try:
            block = zlib.decompress(self._files.read(_chunk(digest)))
        except FileNotFoundError:
            raise VaultDamaged(f"the chunk {digest} is missing") from None
        except zlib.error:
            raise VaultDamaged(f"the chunk {digest} is damaged") from None
        if hashlib.sha256(block).hexdigest() != digest:
            raise VaultDamaged(f"the chunk {digest} holds something else")
        return block


@contextmanager
def vault_at(place: str) -> Iterator[Vault]:
    """Give the vault at a place, a folder or an object store, with room on this machine while it is used."""
    with tempfile.TemporaryDirectory() as scratch:
        yield Vault(files_at(place, Path(scratch)))


def _part(moment: str, service: str) -> str:
    return f"backups/{moment}/{service}.json"


def _chunk(digest: str) -> str:
    return f"chunks/{digest[:2]}/{digest}"


def _chunks(parts: Iterable[Part]) -> set[str]:
    return {chunk for part in parts for entry in part.entries for chunk in entry.chunks}


def _summary(part: Part) -> dict[str, Any]:
    """Return what is told of a part, by which it is known again."""
    return {**part.as_told(), "sha256": hashlib.sha256(part.as_bytes()).hexdigest()}
