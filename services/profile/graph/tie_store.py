"""The store of the graph: daily sums of trade by firm, in a folder beside the lake, mapped into memory, never changed.

A segment is a folder of three Arrow files: the firms with where their rows lie, the partners, the rows. A manifest
names the segments that make up the graph and the mark of what they were made from; it takes the place of the one
before in one rename, so that whoever is killed leaves the graph of before. What is here was worked out from the lake
and can be at any time again; nothing of it is worth a backup.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

import numpy as np
import orjson
import polars as pl

from services.profile.book.delta import bucket_of
from services.profile.graph.domain.sums import added, nothing

# The form of the files: another one is worked out anew.
FORM = 1
MANIFEST, LOCK = "manifest.json", "lock"
FIRMS, PARTIES, PACKED = "firms.arrow", "parties.arrow", "rows.npy"
# A folder that no manifest names may be one that another process still reads, or is about to name.
KEPT_SECONDS = 600.0
# A row as it lies in the file: the partner by its place among the `parties`, the day since 1970.
ROW = np.dtype(
    [
        ("party", "<u4"),
        ("sale", "?"),
        ("day", "<i4"),
        ("channel", "u1"),
        ("sort", "u1"),
        ("net_fen", "<i8"),
        ("invoices", "<u4"),
    ]
)


@dataclass(frozen=True, slots=True)
class Mark:
    """What a graph was made from: the lake's version, the moment of the book, the last row that was read.

    `withdrawn` are the imports that had been taken back.
    """

    version: int
    known_at: datetime
    seen: datetime
    withdrawn: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One segment by its folder's name; `bucket` is the only one that it has firms of, None where it may have any."""

    name: str
    rows: int
    bucket: int | None = None


@dataclass(frozen=True, slots=True)
class Graph:
    """One state of the graph: its mark and its segments, the later ones after those that they add to or replace."""

    mark: Mark
    parts: tuple[Part, ...]


class TieStore:
    """The graphs of one folder; one at a time is current."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._segments: dict[str, Segment] = {}
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
            named = {part.name for part in held[1].parts} if held[1] else set[str]()
            self._segments = {name: each for name, each in self._segments.items() if name in named}
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
        folder = self._folder / part.name
        folder.mkdir(parents=True)
        firms, parties, packed = _files(rows, frozenset(replaced))
        firms.write_ipc(folder / FIRMS, compression="lz4")
        parties.write_ipc(folder / PARTIES, compression="lz4")
        np.save(folder / PACKED, packed)
        for path in (folder / FIRMS, folder / PARTIES, folder / PACKED, folder):
            _settle(path)
        return part

    def name(self, graph: Graph) -> None:
        """Make a graph current, all at once."""
        draft = self._folder / f"{MANIFEST}.{secrets.token_hex(4)}"
        draft.write_bytes(orjson.dumps({"form": FORM, **asdict(graph)}))
        _settle(draft)
        draft.replace(self._folder / MANIFEST)
        _settle(self._folder)

    def tidy(self) -> None:
        """Remove the segments that the current graph does not name and that nobody can be about to."""
        graph = self.current()
        named = {part.name for part in graph.parts} if graph else set[str]()
        for folder in self._folder.glob("segment-*"):
            if folder.name not in named and time.time() - folder.stat().st_mtime > KEPT_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)

    def read(self, graph: Graph, enterprises: Iterable[str]) -> pl.DataFrame:
        """Return the sums of these firms, in canonical order.

        Raises `FileNotFoundError` where another process has replaced the graph and removed it long ago.
        """
        wanted = {name: bucket_of(name) for name in sorted(set(enterprises))}
        found: list[Stretch] = []
        for part in reversed(graph.parts):
            mine = [name for name, bucket in wanted.items() if part.bucket in (None, bucket)]
            if mine:
                stretches, gone = self._segment(part.name).of(mine)
                found += stretches
                wanted = {name: bucket for name, bucket in wanted.items() if name not in gone}
        rows = _frame(sorted(found, key=lambda one: one.firm))
        return rows if len({one.firm for one in found}) == len(found) else added([rows])

    def bucket(self, graph: Graph, bucket: int) -> pl.DataFrame:
        """Return the sums of all firms of a bucket, in canonical order."""
        parts = [part for part in graph.parts if part.bucket in (None, bucket)]
        return self._merged(parts, lambda name: bucket_of(name) == bucket)[0]

    def joined(self, parts: Sequence[Part]) -> Part:
        """Write one segment that says what these say one after the other, and return it."""
        rows, replaced = self._merged(parts, lambda _: True)
        return self.write(rows, replaced)

    def _merged(self, parts: Sequence[Part], wanted: Callable[[str], bool]) -> tuple[pl.DataFrame, set[str]]:
        """Return what segments say of the firms that are wanted, and those of which earlier ones count no more."""
        gone, found = set[str](), list[pl.DataFrame]()
        for part in reversed(parts):
            segment = self._segment(part.name)
            every = (name.decode() for name in segment.names)
            mine = [name for name in every if name not in gone and (part.bucket is not None or wanted(name))]
            stretches, replaced = segment.of(mine)
            found.append(_frame(stretches))
            gone |= replaced
        found = [rows for rows in found if rows.height] or [nothing()]
        return found[0] if len(found) == 1 else added(found), gone

    def _segment(self, name: str) -> Segment:
        if (held := self._segments.get(name)) is not None:
            return held
        folder = self._folder / name
        firms, parties = pl.read_ipc(folder / FIRMS), pl.read_ipc(folder / PARTIES)
        names = np.array([each.encode() for each in firms["enterprise"]], dtype=bytes)
        starts, counts, replaces = (firms[column].to_numpy() for column in ("start", "count", "replaces"))
        rows = np.asarray(np.load(folder / PACKED, mmap_mode="r"))  # still mapped; a plain array is cut faster
        return self._segments.setdefault(name, Segment(names, starts, counts, replaces, parties["counterparty"], rows))


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment: its firms' names (sorted), where their rows start, how many, and whether they replace earlier ones.

    `parties` are the partners by the numbers that `rows` (mapped, `ROW`) have for them.
    """

    names: np.ndarray
    starts: np.ndarray
    counts: np.ndarray
    replaces: np.ndarray
    parties: pl.Series
    rows: np.ndarray

    def of(self, wanted: Sequence[str]) -> tuple[list[Stretch], set[str]]:
        """Return where the sums of these firms lie, and those of them of which earlier segments do not count."""
        if not len(self.names) or not wanted:
            return [], set()
        asked = np.array([name.encode() for name in wanted], dtype=bytes)
        places = np.minimum(np.searchsorted(self.names, asked), len(self.names) - 1)
        found: list[int] = np.flatnonzero(self.names[places] == asked).tolist()
        lying = ((wanted[of], int(places[of])) for of in found)
        stretches = [Stretch(firm, self, int(self.starts[at]), int(self.counts[at])) for firm, at in lying]
        return stretches, {wanted[of] for of in found if self.replaces[places[of]]}


@dataclass(frozen=True, slots=True)
class Stretch:
    """The rows of one firm in one segment."""

    firm: str
    segment: Segment
    start: int
    count: int

    @property
    def rows(self) -> np.ndarray:
        """The rows as they lie."""
        return self.segment.rows[self.start : self.start + self.count]


def _frame(stretches: Sequence[Stretch]) -> pl.DataFrame:
    """Return the sums of stretches of rows, one after the other."""
    if not stretches:
        return nothing()
    rows = np.concatenate([one.rows for one in stretches])
    partners = [segment.parties.gather(codes) for segment, codes in _by_segment(stretches, rows["party"])]
    firms = pl.Series([one.firm for one in stretches], dtype=pl.String)
    told = firms.gather(np.repeat(np.arange(len(stretches)), [one.count for one in stretches]))
    columns = {name: np.ascontiguousarray(rows[name]) for name in ROW.names or () if name != "party"}
    frame = pl.DataFrame({"enterprise": told, "counterparty": pl.concat(partners), **columns})
    return frame.with_columns(pl.col("day").cast(pl.Date))


def _by_segment(stretches: Sequence[Stretch], codes: np.ndarray) -> Iterator[tuple[Segment, np.ndarray]]:
    """Give neighbouring stretches of one segment together, each with its part of the codes."""
    end = 0
    for _, group in groupby(stretches, key=lambda one: id(one.segment)):
        near = list(group)
        start, end = end, end + sum(one.count for one in near)
        yield near[0].segment, codes[start:end]


def _files(rows: pl.DataFrame, replaced: frozenset[str]) -> tuple[pl.DataFrame, pl.DataFrame, np.ndarray]:
    """Return the firms, the partners and the rows of a segment as they lie in its files."""
    counted = rows.group_by("enterprise", maintain_order=True).agg(count=pl.len().cast(pl.Int64))
    firms = counted.with_columns(start=pl.col("count").cum_sum() - pl.col("count"))
    bare = pl.DataFrame({"enterprise": sorted(replaced - set(firms["enterprise"]))}, schema={"enterprise": pl.String})
    none = pl.lit(0, dtype=pl.Int64)
    firms = pl.concat([firms, bare.with_columns(count=none, start=none)]).sort("enterprise")
    parties = rows["counterparty"].unique().sort(nulls_last=True)
    named = parties.drop_nulls()
    code = pl.col("counterparty").cast(pl.Enum(named)).to_physical().cast(pl.UInt32).fill_null(named.len())
    coded = rows.with_columns(code.alias("party"), pl.col("day").to_physical())
    packed = np.empty(rows.height, dtype=ROW)
    for name in ROW.names or ():
        packed[name] = coded[name].to_numpy()
    replaces = pl.col("enterprise").is_in(sorted(replaced))
    return firms.with_columns(replaces=replaces), parties.to_frame("counterparty"), packed


def _graph(written: bytes) -> Graph | None:
    said = orjson.loads(written)
    if said.pop("form") != FORM:
        return None
    mark = said["mark"]
    moments = {name: datetime.fromisoformat(mark[name]) for name in ("known_at", "seen")}
    whole = Mark(**{**mark, **moments, "withdrawn": tuple(mark["withdrawn"])})
    return Graph(whole, tuple(Part(**part) for part in said["parts"]))


def _settle(path: Path) -> None:
    """Bring a file or a folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
