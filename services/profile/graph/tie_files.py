"""The files of the graph's store: segments of daily sums of trade, and what registers tell; written once, then mapped.

A segment is a folder: its firms with where their rows lie, the partners, the rows. What registers tell is one folder:
the rows in the order of their firms, and where those of a firm lie and those that name a party. Tables for whole
buckets are Arrow; what one request looks up are arrays that stay in their files until they are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl

from chassis.core.disk import fsync
from services.profile.book.domain.party import party_of
from services.profile.graph.domain.dealings import Daily
from services.profile.graph.domain.resolution import name_alone
from services.profile.graph.domain.sums import nothing
from services.profile.graph.domain.ties import REGISTER

FIRMS, PARTIES, ROWS = "firms", "parties", "rows"
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
REGISTER_ORDER = ("enterprise", "relation", "party", "since", "until", "share", "amount_fen", "known_at", "import_id")


@dataclass(frozen=True, slots=True)
class Places:
    """Where rows lie, by a name: `names` (UTF-8, sorted), the first of each one's rows, and how many it has."""

    names: np.ndarray
    starts: np.ndarray
    counts: np.ndarray

    def find(self, wanted: Sequence[str]) -> list[tuple[str, int]]:
        """Return the names that are there, each with its place among the names."""
        if not len(self.names) or not wanted:
            return []
        asked = np.array([name.encode() for name in wanted], dtype=bytes)
        places = np.minimum(np.searchsorted(self.names, asked), len(self.names) - 1)
        return [(wanted[of], int(places[of])) for of in np.flatnonzero(self.names[places] == asked).tolist()]

    def rows(self, wanted: Iterable[str], most: int | None = None) -> tuple[np.ndarray, set[str]]:
        """Return the places of the rows of these names (up to so many of each), and the names that have more."""
        found, more = [np.zeros(0, dtype=np.int64)], set[str]()
        for name, at in self.find(sorted(set(wanted))):
            start, count = int(self.starts[at]), int(self.counts[at])
            if most is not None and count > most:
                more.add(name)
                count = most
            found.append(np.arange(start, start + count))
        return np.concatenate(found), more


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment: where its firms' rows lie, and whether they replace earlier ones; its partners, by their number.

    The id that the partner of a number stands for ends in `text` at `ends`; `named` are those that are written by a
    name alone. The number after the last is that of no partner.
    """

    folder: Path
    firms: Places
    replaces: np.ndarray
    rows: np.ndarray
    text: memoryview
    ends: np.ndarray
    named: np.ndarray

    def of(self, wanted: Sequence[str]) -> tuple[list[Stretch], set[str]]:
        """Return where the sums of these firms lie, and those of them of which earlier segments do not count."""
        found = self.firms.find(wanted)
        starts, counts = self.firms.starts, self.firms.counts
        stretches = [Stretch(firm, self, int(starts[at]), int(counts[at])) for firm, at in found]
        return stretches, {firm for firm, at in found if self.replaces[at]}

    def parties(self, numbers: np.ndarray) -> pl.Series:
        """Return partners as they are written."""
        return pl.read_ipc(self.folder / f"{PARTIES}.arrow")["counterparty"].gather(numbers)

    def nodes(self, numbers: np.ndarray) -> list[str | None]:
        """Return the ids that partners stand for."""
        text, none = self.text, len(self.named) - 1
        bounds = zip(self.ends[numbers].tolist(), self.ends[numbers + 1].tolist(), numbers.tolist(), strict=True)
        return [None if number == none else str(text[start:end], "utf-8") for start, end, number in bounds]


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


@dataclass(frozen=True, slots=True)
class Registers:
    """What registers tell of all firms, as known now: relations, with the `channel` and `record` of each.

    A row (`REGISTER`) is JSON and a comma, which end in `text` at `ends`; `order` has the places of the rows in the
    order of their parties.
    """

    folder: Path
    firms: Places
    parties: Places
    order: np.ndarray
    text: memoryview
    ends: np.ndarray

    def table(self) -> pl.DataFrame:
        """Return all of it."""
        return pl.read_ipc(self.folder / f"{ROWS}.arrow")

    def of(self, enterprises: Iterable[str]) -> list[Sequence[Any]]:
        """Return the rows of these firms."""
        return self._at(self.firms.rows(enterprises)[0])

    def naming(self, parties: Iterable[str], most: int | None = None) -> tuple[list[Sequence[Any]], set[str]]:
        """Return the rows that name these parties, of whichever firm (up to so many of each), and which have more."""
        places, more = self.parties.rows(parties, most)
        return self._at(self.order[places]), more

    def _at(self, places: np.ndarray) -> list[Sequence[Any]]:
        bounds = zip(self.ends[places].tolist(), self.ends[places + 1].tolist(), strict=True)
        rows = orjson.loads(b"[%b]" % b"".join(self.text[start:end] for start, end in bounds)[:-1])
        return [(*row[:5], _day(row[5]), _day(row[6]), *row[7:]) for row in rows]


def write_segment(folder: Path, rows: pl.DataFrame, replaced: frozenset[str]) -> None:
    """Write sums in canonical order as a segment; `replaced` firms are among its firms, with rows or without."""
    firms = _counted(rows["enterprise"])
    bare = pl.DataFrame({"name": sorted(replaced - set(firms["name"]))}, schema={"name": pl.String})
    none = pl.lit(0, dtype=pl.Int64)
    firms = pl.concat([firms, bare.with_columns(count=none, start=none)]).sort("name")
    parties = rows["counterparty"].unique().sort(nulls_last=True)
    named = parties.drop_nulls()
    code = pl.col("counterparty").cast(pl.Enum(named)).to_physical().cast(pl.UInt32).fill_null(named.len())
    coded = rows.with_columns(code.alias("party"), pl.col("day").to_physical())
    packed = np.empty(rows.height, dtype=ROW)
    for name in ROW.names or ():
        packed[name] = coded[name].to_numpy()
    nodes = named.to_frame("name").select(node=party_of(pl.col("name")), alone=name_alone(pl.col("name")))
    arrays = {
        **_places(FIRMS, firms),
        "replaces": firms["name"].is_in(sorted(replaced)).to_numpy(),
        ROWS: packed,
        # The last is an empty one: no partner has a number too.
        **_texts([*(name.encode() for name in nodes["node"]), b""]),
        "alone": np.append(nodes["alone"].to_numpy(), False),
    }
    _write(folder, {PARTIES: parties.to_frame("counterparty")}, arrays)


def read_segment(folder: Path) -> Segment:
    """Return a segment."""
    replaces, rows, text, ends, named = (_mapped(folder, name) for name in ("replaces", ROWS, "text", "ends", "alone"))
    return Segment(folder, _read_places(folder, FIRMS), replaces, rows, text.data, ends, named)


def write_registers(folder: Path, rows: pl.DataFrame) -> None:
    """Write what registers tell, in whatever order it comes."""
    ordered = rows.sort(REGISTER_ORDER)
    order = ordered["party"].arg_sort().to_numpy()
    firms, parties = _counted(ordered["enterprise"]), _counted(ordered["party"][order])
    texts = _texts([orjson.dumps(row) + b"," for row in ordered.select(REGISTER).iter_rows()])
    arrays = {**_places(FIRMS, firms), **_places(PARTIES, parties), "order": order, **texts}
    _write(folder, {ROWS: ordered}, arrays)


def read_registers(folder: Path) -> Registers:
    """Return what registers tell."""
    firms, parties = (_read_places(folder, name) for name in (FIRMS, PARTIES))
    order, text, ends = (_mapped(folder, name) for name in ("order", "text", "ends"))
    return Registers(folder, firms, parties, order, text.data, ends)


def frame_of(stretches: Sequence[Stretch]) -> pl.DataFrame:
    """Return the sums of stretches of rows (`SUMS`), one after the other."""
    if not stretches:
        return nothing()
    rows = np.concatenate([one.rows for one in stretches])
    counts = [one.count for one in stretches]
    partners = [segment.parties(numbers) for segment, numbers in _by_segment(stretches, rows["party"], counts)]
    firms = pl.Series([one.firm for one in stretches], dtype=pl.String)
    told = firms.gather(np.repeat(np.arange(len(stretches)), counts))
    columns = {name: np.ascontiguousarray(rows[name]) for name in ROW.names or () if name != "party"}
    frame = pl.DataFrame({"enterprise": told, "counterparty": pl.concat(partners), **columns})
    return frame.with_columns(pl.col("day").cast(pl.Date))


def daily_of(stretches: Iterable[Stretch]) -> Daily:
    """Return the sums of stretches of rows as they lie; a firm may have several stretches, in any order."""
    lying = sorted((one for one in stretches if one.count), key=lambda one: (id(one.segment), one.start))
    rows = np.empty(sum(one.count for one in lying), dtype=ROW)
    end = 0
    for one in lying:
        rows[end : (end := end + one.count)] = one.rows
    columns = {name: np.ascontiguousarray(rows[name]) for name in ROW.names or ()}
    counts = np.array([one.count for one in lying], dtype=np.int64)
    starts = np.cumsum(counts) - counts
    changed = np.zeros(len(rows), dtype=bool)
    for name in ("party", "sale"):
        changed[1:] |= columns[name][1:] != columns[name][:-1]
    changed[starts] = True
    begins = np.flatnonzero(changed)
    parts = np.diff(np.searchsorted(begins, np.append(starts, len(rows))))
    place = {firm: at for at, firm in enumerate(dict.fromkeys(one.firm for one in lying))}
    nodes: list[str | None] = []
    alone: list[np.ndarray] = []
    for segment, numbers in _by_segment(lying, columns["party"][begins].astype(np.int64), parts.tolist()):
        nodes += segment.nodes(numbers)
        alone.append(segment.named[numbers])
    firm = np.repeat(np.array([place[one.firm] for one in lying], dtype=np.int64), parts)
    told = (columns[name] for name in ("day", "channel", "sort", "net_fen", "invoices"))
    return Daily(list(place), firm, nodes, np.concatenate([[], *alone]), columns["sale"][begins], begins, *told)


def _by_segment(
    stretches: Sequence[Stretch], numbers: np.ndarray, counts: Sequence[int]
) -> Iterator[tuple[Segment, np.ndarray]]:
    """Give neighbouring stretches of one segment together, each with its part of the numbers, so many a stretch."""
    end = 0
    for _, group in groupby(zip(stretches, counts, strict=True), key=lambda one: id(one[0].segment)):
        near = list(group)
        start, end = end, end + sum(count for _, count in near)
        yield near[0][0].segment, numbers[start:end]


def _counted(names: pl.Series) -> pl.DataFrame:
    """Return the names of rows in their order, with the first of each one's rows and how many it has."""
    counted = names.alias("name").to_frame().group_by("name", maintain_order=True).agg(count=pl.len().cast(pl.Int64))
    return counted.with_columns(start=pl.col("count").cum_sum() - pl.col("count"))


def _texts(texts: Sequence[bytes]) -> dict[str, np.ndarray]:
    """Return texts one after the other, and where each begins and the last one ends."""
    ends = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    return {"text": np.frombuffer(b"".join(texts), dtype=np.uint8), "ends": ends}


def _day(written: str | None) -> date | None:
    return None if written is None else date.fromisoformat(written)


def _places(what: str, counted: pl.DataFrame) -> dict[str, np.ndarray]:
    names = np.array([name.encode() for name in counted["name"]], dtype=bytes)
    return {what: names, f"{what}-lie": counted.select("start", "count").to_numpy().T.copy()}


def _read_places(folder: Path, what: str) -> Places:
    return Places(_mapped(folder, what), *_mapped(folder, f"{what}-lie"))


def _mapped(folder: Path, name: str) -> np.ndarray:
    return np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r"))  # still mapped; a plain array is cut faster


def _write(folder: Path, frames: Mapping[str, pl.DataFrame], arrays: Mapping[str, np.ndarray]) -> None:
    """Write the files of a folder, and bring them to the disk."""
    folder.mkdir(parents=True)
    for name, frame in frames.items():
        frame.write_ipc(folder / f"{name}.arrow")
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    for path in (*folder.iterdir(), folder):
        fsync(path)
