"""The files of the graph's store: segments of daily sums of trade, and what registers tell; written once, then mapped.

A segment is a folder of three files: the firms with where their rows lie, the partners, the rows. What registers tell
is one folder: the rows in the order of their firms, and where those of a firm lie and those that name a party.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import polars as pl

from services.profile.book.domain.party import party_of
from services.profile.graph.domain.dealings import Daily
from services.profile.graph.domain.sums import nothing

FIRMS, PARTIES, PACKED, ROWS, ORDER = "firms.arrow", "parties.arrow", "rows.npy", "rows.arrow", "order.npy"
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
WHOLE_ORDER = ("enterprise", "relation", "party", "since", "until", "share", "amount_fen", "known_at", "import_id")


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment: its firms' names (sorted), where their rows start, how many, and whether they replace earlier ones.

    `parties` are the partners by the numbers that `rows` (mapped, `ROW`) have for them, `nodes` the ids they stand for.
    """

    names: np.ndarray
    starts: np.ndarray
    counts: np.ndarray
    replaces: np.ndarray
    parties: pl.Series
    nodes: pl.Series
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


@dataclass(frozen=True, slots=True)
class Places:
    """Where rows lie, by a name: `names` (sorted), the first of each one's rows, and how many it has."""

    names: pl.Series
    starts: np.ndarray
    counts: np.ndarray

    def of(self, wanted: Iterable[str]) -> np.ndarray:
        """Return the places of the rows of these names, which are there or not."""
        asked = pl.Series(sorted(set(wanted)), dtype=pl.String)
        if not len(self.names) or not len(asked):
            return np.zeros(0, dtype=np.int64)
        near = np.minimum(self.names.search_sorted(asked).to_numpy(), len(self.names) - 1)
        at = near[(self.names.gather(near) == asked).to_numpy()]
        counts = self.counts[at]
        offsets = np.cumsum(counts) - counts
        return np.asarray(np.repeat(self.starts[at] - offsets, counts) + np.arange(counts.sum()))


@dataclass(frozen=True, slots=True)
class Registers:
    """What registers tell of all firms, as known now: relations, with the `channel` by which each came.

    `order` has the places of the rows in the order of their parties.
    """

    rows: pl.DataFrame
    firms: Places
    parties: Places
    order: np.ndarray

    def of(self, enterprises: Iterable[str]) -> pl.DataFrame:
        """Return what is told of these firms."""
        return self._at(self.firms.of(enterprises))

    def naming(self, parties: Iterable[str]) -> pl.DataFrame:
        """Return what names these parties, whichever firm it is told of."""
        return self._at(self.order[self.parties.of(parties)])

    def _at(self, places: np.ndarray) -> pl.DataFrame:
        return self.rows.select(pl.all().gather(pl.Series(places)))


def write_segment(folder: Path, rows: pl.DataFrame, replaced: frozenset[str]) -> None:
    """Write sums in canonical order as a segment; `replaced` firms are among its firms, with rows or without."""
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
    firms = firms.with_columns(replaces=pl.col("enterprise").is_in(sorted(replaced)))
    both = parties.to_frame("counterparty").with_columns(node=party_of(pl.col("counterparty")))
    _write(folder, {FIRMS: firms, PARTIES: both}, {PACKED: packed}, lean=True)


def read_segment(folder: Path) -> Segment:
    """Return a segment; its rows stay in the file until they are looked at."""
    firms, parties = pl.read_ipc(folder / FIRMS), pl.read_ipc(folder / PARTIES)
    names = np.array([each.encode() for each in firms["enterprise"]], dtype=bytes)
    starts, counts, replaces = (firms[column].to_numpy() for column in ("start", "count", "replaces"))
    rows = np.asarray(np.load(folder / PACKED, mmap_mode="r"))  # still mapped; a plain array is cut faster
    return Segment(names, starts, counts, replaces, parties["counterparty"], parties["node"], rows)


def write_registers(folder: Path, rows: pl.DataFrame) -> None:
    """Write what registers tell, in whatever order it comes."""
    ordered = rows.sort(WHOLE_ORDER)
    order = ordered["party"].arg_sort().to_numpy()
    firms, parties = (_counted(names) for names in (ordered["enterprise"], ordered["party"][order]))
    _write(folder, {ROWS: ordered, FIRMS: firms, PARTIES: parties}, {ORDER: order}, lean=False)


def read_registers(folder: Path) -> Registers:
    """Return what registers tell; the rows stay in the file until they are looked at."""
    firms, parties = (
        Places(each["name"], each["start"].to_numpy(), each["count"].to_numpy())
        for each in (pl.read_ipc(folder / name) for name in (FIRMS, PARTIES))
    )
    order = np.asarray(np.load(folder / ORDER, mmap_mode="r"))
    return Registers(pl.read_ipc(folder / ROWS), firms, parties, order)


def frame_of(stretches: Sequence[Stretch]) -> pl.DataFrame:
    """Return the sums of stretches of rows (`SUMS`), one after the other."""
    if not stretches:
        return nothing()
    rows = np.concatenate([one.rows for one in stretches])
    counts = [one.count for one in stretches]
    partners = [segment.parties.gather(codes) for segment, codes in _by_segment(stretches, rows["party"], counts)]
    firms = pl.Series([one.firm for one in stretches], dtype=pl.String)
    told = firms.gather(np.repeat(np.arange(len(stretches)), counts))
    columns = {name: np.ascontiguousarray(rows[name]) for name in ROW.names or () if name != "party"}
    frame = pl.DataFrame({"enterprise": told, "counterparty": pl.concat(partners), **columns})
    return frame.with_columns(pl.col("day").cast(pl.Date))


def daily_of(stretches: Iterable[Stretch]) -> Daily:
    """Return the sums of stretches of rows as they lie; a firm may have several stretches, in any order."""
    lying = sorted((one for one in stretches if one.count), key=lambda one: (id(one.segment), one.start))
    rows = np.concatenate([np.zeros(0, dtype=ROW), *(one.rows for one in lying)])
    columns = {name: np.ascontiguousarray(rows[name]) for name in ROW.names or ()}
    counts = np.array([one.count for one in lying], dtype=np.int64)
    starts = np.cumsum(counts) - counts
    changed = np.zeros(len(rows), dtype=bool)
    changed[1:] = np.diff(columns["party"].astype(np.int64)) != 0
    changed[1:] |= columns["sale"][1:] != columns["sale"][:-1]
    changed[starts] = True
    begins = np.flatnonzero(changed)
    parts = np.diff(np.searchsorted(begins, np.append(starts, len(rows))))
    place = {firm: at for at, firm in enumerate(dict.fromkeys(one.firm for one in lying))}
    written: list[str | None] = []
    nodes: list[str | None] = []
    for segment, codes in _by_segment(lying, columns["party"][begins], parts.tolist()):
        written += segment.parties.gather(codes).to_list()
        nodes += segment.nodes.gather(codes).to_list()
    firm = np.repeat(np.array([place[one.firm] for one in lying], dtype=np.int64), parts)
    told = (columns[name] for name in ("day", "channel", "sort", "net_fen", "invoices"))
    return Daily(list(place), firm, written, nodes, columns["sale"][begins], begins, *told)


def _by_segment(
    stretches: Sequence[Stretch], codes: np.ndarray, counts: Sequence[int]
) -> Iterator[tuple[Segment, np.ndarray]]:
    """Give neighbouring stretches of one segment together, each with its part of the codes, so many a stretch."""
    end = 0
    for _, group in groupby(zip(stretches, counts, strict=True), key=lambda one: id(one[0].segment)):
        near = list(group)
        start, end = end, end + sum(count for _, count in near)
        yield near[0][0].segment, codes[start:end]


def _counted(names: pl.Series) -> pl.DataFrame:
    """Return the names of rows in their order, with the first of each one's rows and how many it has."""
    counted = names.alias("name").to_frame().group_by("name", maintain_order=True).agg(count=pl.len().cast(pl.Int64))
    return counted.with_columns(start=pl.col("count").cum_sum() - pl.col("count"))


def _write(folder: Path, frames: Mapping[str, pl.DataFrame], arrays: Mapping[str, np.ndarray], *, lean: bool) -> None:
    """Write the files of a folder, and bring them to the disk."""
    folder.mkdir(parents=True)
    for name, frame in frames.items():
        frame.write_ipc(folder / name, compression="lz4" if lean else "uncompressed")
    for name, array in arrays.items():
        np.save(folder / name, array)
    for path in (*(folder / name for name in (*frames, *arrays)), folder):
        settle(path)


def settle(path: Path) -> None:
    """Bring a file or a folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
