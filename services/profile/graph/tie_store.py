"""The store of the graph: daily sums of trade by firm, and what registers tell, in a folder beside the lake.

Segments and registers (`tie_files`) never change. A manifest names those that make up the graph and the mark of what
they were made from; it takes the place of the one before in one rename, so that whoever is killed leaves the graph of
before. What is here was worked out from the lake and can be at any time again; nothing of it is worth a backup.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import orjson
import polars as pl

from chassis.core.disk import fsync
from services.profile.book.delta import bucket_of
from services.profile.graph.domain.dealings import Daily
from services.profile.graph.domain.sums import added, nothing
from services.profile.graph.tie_files import (
    Registers,
    Segment,
    Stretch,
    daily_of,
    frame_of,
    read_registers,
    read_segment,
    write_registers,
    write_segment,
)

# The form of the files: another one is worked out anew.
FORM = 4
MANIFEST, LOCK = "manifest.json", "lock"
# A folder that no manifest names may be one that another process still reads, or is about to name.
KEPT_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Mark:
    """What a graph was made from: the lakes' versions, the moment of the book, the last row that was read of each lake.

    `withdrawn` are the imports that had been taken back.
    """

    versions: Mapping[str, int]
    known_at: datetime
    seen: Mapping[str, datetime]
    withdrawn: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One segment by its folder's name; `bucket` is the only one that it has firms of, None where it may have any."""

    name: str
    rows: int
    bucket: int | None = None


@dataclass(frozen=True, slots=True)
class Graph:
    """One state of the graph: its mark and its segments, the later ones after those that they add to or replace.

    `registers` is the folder of what registers tell; `buckets` how many there are of its segments' kind, which are
    those of the lake when it was built.
    """

    mark: Mark
    parts: tuple[Part, ...]
    registers: str
    buckets: int


class TieStore:
    """The graphs of one folder; one at a time is current."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._segments: dict[str, Segment] = {}
        self._registers: dict[str, Registers] = {}
        self._read_manifest: tuple[tuple[int, int, int], Graph | None] | None = None

    def current(self) -> Graph | None:
        """Return the graph that is current, None where there is none of this release's form."""
        try:
            stat = (self._folder / MANIFEST).stat()
        except FileNotFoundError:
            return None
        stamp = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        held = self._read_manifest
        if held is None or held[0] != stamp:
            held = (stamp, _graph((self._folder / MANIFEST).read_bytes()))
            self._read_manifest = held
            named = _named(held[1])
            self._segments = {name: each for name, each in self._segments.items() if name in named}
            self._registers = {name: each for name, each in self._registers.items() if name in named}
        return held[1]

    @contextmanager
    def alone(self, *, wait: bool = True) -> Iterator[bool]:
        """Keep other processes and threads from changing the graph; give whether it is ours, if we do not wait."""
        self._folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
                return
            yield True
        finally:
            os.close(handle)

    def write(self, rows: pl.DataFrame, replaced: Iterable[str] = (), bucket: int | None = None) -> Part:
        """Write a segment of sums in canonical order, and return it; nothing names it yet.

        Of the `replaced` firms what earlier segments say counts no more, also where it has no rows.
        """
        part = Part(f"segment-{secrets.token_hex(8)}", rows.height, bucket)
        write_segment(self._folder / part.name, rows, frozenset(replaced))
        return part

    def write_registers(self, rows: pl.DataFrame) -> str:
        """Write what registers tell of all firms, and return its folder's name; nothing names it yet."""
        name = f"registers-{secrets.token_hex(8)}"
        write_registers(self._folder / name, rows)
        return name

    def name(self, graph: Graph) -> None:
        """Make a graph current, all at once."""
        draft = self._folder / f"{MANIFEST}.{secrets.token_hex(4)}"
        draft.write_bytes(orjson.dumps({"form": FORM, **asdict(graph)}))
        fsync(draft)
        draft.replace(self._folder / MANIFEST)
        fsync(self._folder)

    def tidy(self) -> None:
        """Remove the folders that the current graph does not name and that nobody can be about to."""
        named = _named(self.current())
        for folder in (*self._folder.glob("segment-*"), *self._folder.glob("registers-*")):
            if folder.name not in named and time.time() - folder.stat().st_mtime > KEPT_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)

    def read(self, graph: Graph, enterprises: Iterable[str]) -> pl.DataFrame:
        """Return the sums of these firms, in canonical order.

        Raises `FileNotFoundError` where another process has replaced the graph and removed it long ago.
        """
        found = sorted(self._stretches(graph, enterprises), key=lambda one: one.firm)
        rows = frame_of(found)
        return rows if len({one.firm for one in found}) == len(found) else added([rows])

    def daily(self, graph: Graph, enterprises: Iterable[str]) -> Daily:
        """Return the sums of these firms as they lie; raises as `read` does."""
        return daily_of(self._stretches(graph, enterprises))

    def registers(self, graph: Graph) -> Registers:
        """Return what registers tell; raises as `read` does."""
        if (held := self._registers.get(graph.registers)) is None:
            held = self._registers.setdefault(graph.registers, read_registers(self._folder / graph.registers))
        return held

    def _stretches(self, graph: Graph, enterprises: Iterable[str]) -> list[Stretch]:
        wanted = sorted(set(enterprises))
        near: dict[int, list[str]] = {}
        for name in wanted:
            near.setdefault(bucket_of(name, graph.buckets), []).append(name)
        done, found = set[str](), list[Stretch]()
        for part in reversed(graph.parts):
            among = wanted if part.bucket is None else near.get(part.bucket, [])
            if mine := [name for name in among if name not in done]:
                stretches, replaced = self._segment(part.name).of(mine)
                found += stretches
                done |= replaced
        return found

    def bucket(self, graph: Graph, bucket: int) -> pl.DataFrame:
        """Return the sums of all firms of a bucket, in canonical order."""
        parts = [part for part in graph.parts if part.bucket in (None, bucket)]
        return self._merged(parts, lambda name: bucket_of(name, graph.buckets) == bucket)[0]

    def joined(self, parts: Sequence[Part]) -> Part:
        """Write one segment that says what these say one after the other, and return it."""
        rows, replaced = self._merged(parts, lambda _: True)
        return self.write(rows, replaced)

    def _merged(self, parts: Sequence[Part], wanted: Callable[[str], bool]) -> tuple[pl.DataFrame, set[str]]:
        """Return what segments say of the firms that are wanted, and those of which earlier ones count no more."""
        gone, found = set[str](), list[pl.DataFrame]()
        for part in reversed(parts):
            segment = self._segment(part.name)
            every = (name.decode() for name in segment.firms.names.tolist())
            mine = [name for name in every if name not in gone and (part.bucket is not None or wanted(name))]
            stretches, replaced = segment.of(mine)
            found.append(frame_of(stretches))
            gone |= replaced
        found = [rows for rows in found if rows.height] or [nothing()]
        return found[0] if len(found) == 1 else added(found), gone

    def _segment(self, name: str) -> Segment:
        if (held := self._segments.get(name)) is None:
            held = self._segments.setdefault(name, read_segment(self._folder / name))
        return held


def _named(graph: Graph | None) -> set[str]:
    """Return the folders that a graph names."""
    return {graph.registers, *(part.name for part in graph.parts)} if graph else set()


def _graph(written: bytes) -> Graph | None:
    said = orjson.loads(written)
    if said.pop("form") != FORM:
        return None
    mark = said["mark"]
    seen = {name: datetime.fromisoformat(moment) for name, moment in mark["seen"].items()}
    known_at = datetime.fromisoformat(mark["known_at"])
    whole = Mark(mark["versions"], known_at, seen, tuple(mark["withdrawn"]))
    return Graph(whole, tuple(Part(**part) for part in said["parts"]), said["registers"], said["buckets"])
