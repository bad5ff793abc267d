"""An old workbook (.xls) made safe to open: its stream of records, checked, in sectors that follow one another.

The library that reads cells believes what a file says of its own sizes: a range of rows and columns that is said to be
filled is held at once, and sectors that follow one another in a circle never end. The file is a compound of sectors
([MS-CFB]) with a stream of records ([MS-XLS]); only what tells sizes is looked at here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

LISTED, ENTRY, HEADER = 109, 128, 512
FREE, END, TABLE, LAST = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFA
SECTOR = 4096
LARGEST = 256 << 20
MOST_SHEETS = 255
SHEET, START, STOP, FILLED = 0x85, 0x809, 0x0A, 0x200
# Records that begin with the row and the column of a cell; of MANY the last two bytes are the last column.
CELLS = frozenset({0x06, 0xBD, 0xBE, 0xD6, 0xFD, 0x201, 0x203, 0x204, 0x205, 0x206, 0x27E, 0x406})
MANY = frozenset({0xBD, 0xBE})
NAMES = ("Workbook", "Book")
# What a sheet is said to fill, in the two lengths that the record has had: one cell, since it only reserves room.
ONE_CELL = {10: struct.pack("<HHHHH", 0, 1, 0, 1, 0), 14: struct.pack("<IIHHH", 0, 1, 0, 1, 0)}


class NotACompound(Exception):
    """The sectors, or the records in them, do not fit together."""


def stream_of(data: bytes) -> bytearray:
    """Return the records of a workbook; raise `NotACompound` where the file is damaged."""
    try:
        return bytearray(_stream_of(data))
    except struct.error:
        raise NotACompound from None


def reaches(stream: bytearray) -> Iterator[tuple[int, int]]:
    """Give how many rows and columns each sheet reaches, and make each say that it fills one cell."""
    places = [struct.unpack_from("<I", stream, at)[0] for sort, at, length in _records(stream, 0) if sort == SHEET]
    if len(places) > MOST_SHEETS:
        raise NotACompound
    for place in set(places):
        rows = columns = 0
        for sort, at, length in _records(stream, place):
            if sort == FILLED:
                if length not in ONE_CELL:
                    raise NotACompound
                stream[at : at + length] = ONE_CELL[length]
            elif sort in CELLS and length >= 6:
                row, column = struct.unpack_from("<HH", stream, at)
                if sort in MANY:
                    column = max(column, struct.unpack_from("<H", stream, at + length - 2)[0])
                rows, columns = max(rows, row + 1), max(columns, column + 1)
        yield rows, columns


def compound(stream: bytes) -> bytes:
    """Return a compound file with this stream in sectors that follow one another."""
    stream = stream.ljust(SECTOR, b"\0")
    stream += bytes(-len(stream) % SECTOR)
    sectors, per = len(stream) // SECTOR, SECTOR // 4
    tables = 1
    while tables * per < tables + 1 + sectors:
        tables += 1
    first = tables + 1
    chain = [TABLE] * tables + [END] + [first + place for place in range(1, sectors)] + [END]
    chain += [FREE] * (tables * per - len(chain))
    header = struct.pack("<8s16xHHHHH6xIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 4, 0xFFFE, 12, 6, 1,
                         tables, tables, 0, SECTOR, END, 0, END, 0)  # fmt: skip
    header += struct.pack(f"<{LISTED}I", *range(tables), *[FREE] * (LISTED - tables))
    entries = _entry("Root Entry", 5, 1, 0, 0) + _entry("Workbook", 2, FREE, first, len(stream))
    table = struct.pack(f"<{len(chain)}I", *chain)
    return b"".join((header.ljust(SECTOR, b"\0"), table, entries.ljust(SECTOR, b"\0"), stream))


def _entry(name: str, sort: int, child: int, start: int, size: int) -> bytes:
    text = (name + "\0").encode("utf-16-le")
    links = struct.pack("<BBIII36x", sort, 1, FREE, FREE, child)
    return text.ljust(64, b"\0") + struct.pack("<H", len(text)) + links + struct.pack("<IQ", start, size)


def _records(stream: bytearray, at: int) -> Iterator[tuple[int, int, int]]:
    """Give sort, place and length of the records from a place to the end of what begins there, parts of it included."""
    depth = 0
    while at + 4 <= len(stream):
        sort, length = struct.unpack_from("<HH", stream, at)
        at += 4
        if at + length > len(stream):
            return
        depth += (sort == START) - (sort == STOP)
        if sort == STOP and depth <= 0:
            return
        yield sort, at, length
        at += length


@dataclass(frozen=True, slots=True)
class _Sectors:
    """The sectors of a file: its data, how long each is, and which follows which."""

    data: bytes
    size: int
    chain: tuple[int, ...]

    def stream(self, start: int, length: int | None = None) -> bytes:
        """Return the bytes of the sectors that follow one another from `start`."""
        parts: list[bytes] = []
        sector, most = start, len(self.data) // self.size + 1
        while sector < LAST:
            if sector >= len(self.chain) or len(parts) > most:
                raise NotACompound
            at = (sector + 1) * self.size
            parts.append(self.data[at : at + self.size])
            sector = self.chain[sector]
        return b"".join(parts)[:length]


def _stream_of(data: bytes) -> bytes:
    shift, small_shift = struct.unpack_from("<HH", data, 30)
    directory, cutoff, small, _, more, _ = struct.unpack_from("<I4xIIIII", data, 48)
    if shift not in (9, 12) or small_shift != 6:
        raise NotACompound
    sectors = _Sectors(data, 1 << shift, _chain(data, 1 << shift, more))
    entries = list(_entries(sectors.stream(directory)))
    for name, start, length in entries:
        if name in NAMES:
            if length >= cutoff:
                return sectors.stream(start, length)
            # Short streams lie in a stream of their own, that of the first entry, in sectors of their own.
            inside = bytes(1 << small_shift) + sectors.stream(entries[0][1])
            follows = sectors.stream(small)
            chain = struct.unpack(f"<{len(follows) // 4}I", follows[: len(follows) // 4 * 4])
            return _Sectors(inside, 1 << small_shift, chain).stream(start, length)
    raise NotACompound


def _chain(data: bytes, size: int, more: int) -> tuple[int, ...]:
    """Return the table that says which sector follows which; the header lists where its parts lie, and others do."""
    tables = list(struct.unpack_from(f"<{LISTED}I", data, HEADER - 4 * LISTED))
    seen = 0
    while more < LAST:
        *listed, more = struct.unpack_from(f"<{size // 4}I", data, (more + 1) * size)
        tables += listed
        seen += 1
        if seen * size > len(data):
            raise NotACompound
    found: list[int] = []
    for sector in tables:
        if sector < LAST and len(found) * 4 <= len(data):
            found += struct.unpack_from(f"<{size // 4}I", data, (sector + 1) * size)
    return tuple(found)


def _entries(directory: bytes) -> Iterator[tuple[str, int, int]]:
    for at in range(0, len(directory) - ENTRY + 1, ENTRY):
        long = struct.unpack_from("<H", directory, at + 64)[0]
        name = directory[at : at + max(min(long, 64) - 2, 0)].decode("utf-16-le", "replace")
        start, length = struct.unpack_from("<II", directory, at + 116)
        yield name, start, length
