"""How far the sheets of an old workbook (.xls) reach, told from its records before it is opened.

A sheet is held as the rectangle up to its last row and column, and two bytes each place a cell anywhere. The file is a
compound of sectors ([MS-CFB]) with a stream of records ([MS-XLS]): only what tells rows and columns is read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

SMALLEST_HEADER, LISTED, ENTRY = 512, 109, 128
LAST_SECTOR = 0xFFFFFFFA
START = 0x809
# Records that begin with the row and the column of a cell.
CELLS = frozenset({0x06, 0xBD, 0xBE, 0xD6, 0xFD, 0x201, 0x203, 0x204, 0x205, 0x206, 0x27E, 0x406})
# Of these the last two bytes are the last column.
MANY = frozenset({0xBD, 0xBE})
NAMES = ("Workbook", "Book")


class NotACompound(Exception):
    """The sectors do not fit together."""


@dataclass(frozen=True, slots=True)
class _Compound:
    """The sectors of a compound file: its data, their size as a power of two, and which follows which."""

    data: bytes
    size: int
    chain: tuple[int, ...]

    def stream(self, start: int, length: int | None = None) -> bytes:
        """Return the bytes of the sectors that follow one another from `start`."""
        parts: list[bytes] = []
        sector, most = start, len(self.data) // self.size + 1
        while sector < LAST_SECTOR:
            if sector >= len(self.chain) or len(parts) > most:
                raise NotACompound
            at = (sector + 1) * self.size
            parts.append(self.data[at : at + self.size])
            sector = self.chain[sector]
        return b"".join(parts)[:length]


def reaches(data: bytes) -> Iterator[tuple[int, int]]:
    """Give for each sheet how many rows and columns it reaches; raise `NotACompound` where the file is damaged."""
    try:
        yield from _sheets(_workbook(data))
    except struct.error:
        raise NotACompound from None


def _workbook(data: bytes) -> bytes:
    shift, small_shift = struct.unpack_from("<HH", data, 30)
    directory, cutoff, small, _, more, _ = struct.unpack_from("<I4xIIIII", data, 48)
    if shift not in (9, 12) or small_shift != 6:
        raise NotACompound
    compound = _Compound(data, 1 << shift, _chain(data, 1 << shift, more))
    entries = list(_entries(compound.stream(directory)))
    root = next((entry for entry in entries if entry[0] == "Root Entry"), None)
    for name, start, length in entries:
        if name in NAMES:
            if length >= cutoff or root is None:
                return compound.stream(start, length)
            # Short streams lie in a stream of their own, whose sectors begin with the first.
            inside = compound.stream(root[1])
            follows = compound.stream(small)
            chain = struct.unpack(f"<{len(follows) // 4}I", follows)
            return _Compound(bytes(1 << small_shift) + inside, 1 << small_shift, chain).stream(start, length)
    raise NotACompound


def _chain(data: bytes, size: int, more: int) -> tuple[int, ...]:
    """Return the table that says which sector follows which; where its own sectors lie the header lists, and others."""
    tables = list(struct.unpack_from(f"<{LISTED}I", data, SMALLEST_HEADER - 4 * LISTED))
    seen = 0
    while more < LAST_SECTOR:
        *listed, more = struct.unpack_from(f"<{size // 4}I", data, (more + 1) * size)
        tables += listed
        seen += 1
        if seen * size > len(data):
            raise NotACompound
    found: list[int] = []
    for sector in tables:
        if sector < LAST_SECTOR:
            found += struct.unpack_from(f"<{size // 4}I", data, (sector + 1) * size)
    return tuple(found)


def _entries(directory: bytes) -> Iterator[tuple[str, int, int]]:
    for at in range(0, len(directory) - ENTRY + 1, ENTRY):
        long = struct.unpack_from("<H", directory, at + 64)[0]
        name = directory[at : at + max(min(long, 64) - 2, 0)].decode("utf-16-le", "replace")
        start, length = struct.unpack_from("<II", directory, at + 116)
        yield name, start, length


def _sheets(stream: bytes) -> Iterator[tuple[int, int]]:
    at = rows = columns = 0
    while at + 4 <= len(stream):
        sort, length = struct.unpack_from("<HH", stream, at)
        at += 4
        if sort == START:
            yield rows, columns
            rows = columns = 0
        elif sort in CELLS and length >= 6 and at + length <= len(stream):
            row, column = struct.unpack_from("<HH", stream, at)
            if sort in MANY:
                column = max(column, struct.unpack_from("<H", stream, at + length - 2)[0])
            rows, columns = max(rows, row + 1), max(columns, column + 1)
        at += length
    yield rows, columns
