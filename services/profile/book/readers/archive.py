"""An .xlsx looked into before it is opened: what it unpacks to, how far its cells reach, how many texts it announces.

What an archive says of its own sizes may be a lie, and the library that reads cells makes room for the rectangle up to
the last row and column of a sheet, and for as many texts as are announced.
"""

from __future__ import annotations

import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from services.profile.book.readers.sheets import FileTooLarge, Limits, UnreadableFile
from services.profile.book.readers.unzip import unzipped

CHUNK = 1 << 20
CELL_BYTES = 24
CELL = re.compile(rb"""[\s"']r=["']([A-Za-z]{0,9})(\d{1,10})["']""")
# A cell in a column of three letters or a row of six digits: no sheet without one reaches far.
FAR = re.compile(rb"""[\s"']r=["'](?:[A-Za-z]{3,9}\d|[A-Za-z]{0,9}\d{6,10}["'])""")
# Where the rows of a sheet begin.
DATA = re.compile(rb"[<:]sheetData[\s/>]")
OVERLAP = 32
# The same, however it is written; only where all of a sheet is at hand.
WRITTEN = re.compile(rb"""r\s*=\s*["']\s*([A-Za-z]{0,9})(\d{1,10})""")
ROW, CELLS, SHEET = (re.compile(rb"[<:]" + name + rb"[\s/>]") for name in (b"row", b"c", b"sheet"))
# The part that holds texts says at its beginning how many there are.
COUNT = re.compile(rb"""niqueCount\s*=\s*["']\s*(\d+)""")
HEAD = 4096
DAMAGED = (
    "The workbook is damaged, cut short or locked by a password; save it again as .xlsx and send that. "
    "/ 工作簿已损坏、不完整或有密码，请另存为 .xlsx 后报送。"
)


def look_into(path: Path, limits: Limits) -> None:
    """Refuse an archive that would not fit; a sheet that may reach far is gone through a second time, cell by cell."""
    left = limits.unpacked
    try:
        with unzipped(path) as archive:
            for entry in archive.infolist():
                entry.file_size = sys.maxsize
                far, size = _measured(archive, entry, left, limits)
                left -= size
                if far:
                    must_fit(*_reach(archive, entry), limits)
    except UnreadableFile:
        raise UnreadableFile(DAMAGED) from None


def must_fit(rows: int, columns: int, limits: Limits) -> None:
    """Refuse a sheet that reaches so far that it cannot be held."""
    if rows * columns * CELL_BYTES > limits.unpacked:
        raise FileTooLarge(
            f"A sheet reaches to row {rows} and column {columns}; take out what lies far from the table. "
            "/ 工作表范围过大，请删除表格以外的内容。"
        )


def _measured(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int, limits: Limits) -> tuple[bool, int]:
    """Return whether a part may be a sheet that reaches far, and what it unpacks to; refuse it beyond what is left.

    Any part may be one, wherever it lies: the workbook says which. What holds no rows of a sheet is none, such as the
    order in which the cells of all sheets are calculated.
    """
    far, sheet, size, last = False, False, 0, b""
    for piece in _pieces(archive, entry):
        if not size:
            _must_hold(piece[:HEAD], limits)
        size += len(piece)
        if size > left:
            raise FileTooLarge(
                f"The workbook unpacks to more than {limits.unpacked >> 20} MiB; send CSV files instead. "
                "/ 工作簿解压后过大，请改用 CSV 报送。"
            )
        joined = last[-OVERLAP:] + piece
        far = far or FAR.search(joined) is not None
        sheet = sheet or DATA.search(joined) is not None
        last = piece
    return far and sheet, size


def _must_hold(head: bytes, limits: Limits) -> None:
    if max(map(int, COUNT.findall(head)), default=0) * CELL_BYTES > limits.unpacked:
        raise FileTooLarge("The workbook announces more texts than it can hold. / 工作簿声明的文本数过大。")


def _reach(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> tuple[int, int]:
    rows, columns, last = 0, 0, b""
    for piece in _pieces(archive, entry):
        if found := CELL.findall(last[-OVERLAP:] + piece):
            letters, numbers = map(set, zip(*found, strict=True))
            rows, columns = max(rows, *map(int, numbers)), max(columns, *map(_column, letters))
        last = piece
    return rows, columns


def reached(sheet: bytes) -> tuple[int, int]:
    """Return a row and a column beyond which no cell of a sheet can be: what it names, and as many more unnamed."""
    rows = columns = 0
    for found in WRITTEN.finditer(sheet):  # none of them is kept
        rows, columns = max(rows, int(found[2])), max(columns, _column(found[1]))
    return rows + _count(ROW, sheet), columns + _count(CELLS, sheet)


def sheets_named(part: bytes) -> int:
    """Return how many sheets a part may name: one part may be several of them."""
    return _count(SHEET, part)


def _count(what: re.Pattern[bytes], part: bytes) -> int:
    return sum(1 for _ in what.finditer(part))


def _column(letters: bytes) -> int:
    column = 0
    for letter in letters.upper():
        column = column * 26 + letter - ord("A") + 1
    return column


def _pieces(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(entry) as packed:
        while piece := packed.read(CHUNK):
            yield piece
