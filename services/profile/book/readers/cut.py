"""The head of a file as a small file of the same form, for the readers that read the whole: only the head is looked at.

Lines and rows keep their numbers, since a head begins where its file does. What cannot be cut is left as it is.
"""

from __future__ import annotations

import gzip
import io
import re
import zipfile
import zlib
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, BinaryIO, cast

import orjson
import polars as pl
from polars.exceptions import PolarsError

from services.profile.book.readers.parquet import text_of
from services.profile.book.readers.records import LARGEST
from services.profile.book.readers.sheets import FileTooLarge, Limits, UnreadableFile, damage_told
from services.profile.book.readers.signature import Sort, sort_of
from services.profile.book.readers.unzip import unzipped

# Rows are enough to tell a kind and to show what would be refused; more rows than these are wider than anybody's.
ROWS, TEXT_BYTES, SHEET_BYTES, STRINGS_BYTES, PART_BYTES = 1_100, 4 << 20, 16 << 20, 64 << 20, 8 << 20
# And no workbook of people has a head of more than this, all of its parts together.
WORKBOOK_BYTES = 256 << 20
CHUNK, HEAD = 1 << 20, 4096
# Who looks at a file waits for the answer, and holds a thread meanwhile.
SECONDS = 20.0
GZIP = b"\x1f\x8b"
# What a workbook says in its parts, whatever the prefix of its namespace.
ROW_END = re.compile(rb"</(\w+:)?row>")
STRING_END = re.compile(rb"</(\w+:)?si>|<(\w+:)?si\s*/>")
STRING_USED = re.compile(rb't="s"[^>]*>\s*<(?:\w+:)?v>\s*(\d{1,8})')
# What a part is, by how it begins: the workbook may name any as a sheet.
IS_SHEET, IS_STRINGS = re.compile(rb"[<:]sheetData[\s/>]"), re.compile(rb"[<:]sst[\s/>]")


@dataclass(frozen=True, slots=True)
class Head:
    """What a file is, and whether the head that is left of it is all of it; `encoding` of a text."""

    sort: Sort
    whole: bool = True
    encoding: str | None = None


def cut(path: Path) -> Head:
    """Make the file at `path` its own head and tell what it is; raise `UnreadableFile` for what no reader can use."""
    sort = sort_of(path)
    return CUT[sort](path) if sort in CUT else Head(sort)


def _text(path: Path) -> Head:
    with path.open("rb") as file, suppress(EOFError, gzip.BadGzipFile, zlib.error):
        packed = file.read(2) == GZIP
        file.seek(0)
        data = cast("BinaryIO", gzip.GzipFile(fileobj=file) if packed else file).read(TEXT_BYTES + 1)
        wide = data.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
        if wide:
            data = data.decode("utf-16", "ignore").encode()
        head = _lines(data, whole=len(data) <= TEXT_BYTES)
        encoding = "utf-16" if wide else _encoding(head)
        if packed or wide or len(head) < path.stat().st_size:
            path.write_bytes(head)
        return Head(Sort.TEXT, len(head) == len(data), encoding)
    return Head(Sort.TEXT)  # a damaged gzip: its reader says where


def _lines(data: bytes, *, whole: bool) -> bytes:
    """Return the first rows of a text, up to a line end that stands in no quotation."""
    ends = [found.end() for found in islice(re.finditer(b"\n", data), ROWS)]
    if whole and len(ends) < ROWS:
        return data
    for end in reversed(ends):
        if data.count(b'"', 0, end) % 2 == 0:
            return data[:end]
    return data[: ends[-1]] if ends else data


def _encoding(head: bytes) -> str:
    try:
        head.decode()
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def _json(path: Path) -> Head:
    if path.stat().st_size > LARGEST:  # its reader refuses it unread
        return Head(Sort.JSON, encoding="utf-8")
    with suppress(orjson.JSONDecodeError):
        found = orjson.loads(path.read_bytes())
        if isinstance(found, list) and len(found) > ROWS:
            path.write_bytes(orjson.dumps(found[:ROWS]))
            return Head(Sort.JSON, False, "utf-8")
    return Head(Sort.JSON, encoding="utf-8")


def _parquet(path: Path) -> Head:
    # What is damaged, its reader says.
    with suppress(UnreadableFile), damage_told("", PolarsError, OSError):
        text_of(path, Limits(seconds=SECONDS), ROWS + 1)
        rows = pl.scan_parquet(path).head(ROWS + 1).collect()
        rows.head(ROWS).write_parquet(path)
        return Head(Sort.PARQUET, whole=rows.height <= ROWS)
    return Head(Sort.PARQUET)


def _xlsx(path: Path) -> Head:
    with suppress(UnreadableFile):  # what is damaged, its reader says
        packed = io.BytesIO()
        with unzipped(path) as archive, zipfile.ZipFile(packed, "w") as head:
            whole = _workbook(archive, head)
        path.write_bytes(packed.getvalue())
        return Head(Sort.XLSX, whole)
    return Head(Sort.XLSX)


def _workbook(archive: zipfile.ZipFile, head: zipfile.ZipFile) -> bool:
    """Write a workbook with the first rows of each of its sheets, and the texts that they need."""
    whole, used, left, texts = True, -1, WORKBOOK_BYTES, []
    for entry in archive.infolist():
        if entry.filename.startswith("xl/media/"):
            continue
        with archive.open(entry) as part:
            begins = part.read(CHUNK)
        if IS_STRINGS.search(begins[:HEAD]):
            texts.append(entry)
            continue
        with archive.open(entry) as part:
            if IS_SHEET.search(begins):
                data, all_of_it = _rows(part)
                used = max(used, max((int(found[1]) for found in STRING_USED.finditer(data)), default=-1))
                whole &= all_of_it
            else:
                data = part.read(PART_BYTES)
        left = _less(left, data)
        head.writestr(entry.filename, data)
    for entry in texts:
        with archive.open(entry) as part:
            data = _strings(part, max(used + 1, 1))
        left = _less(left, data)
        head.writestr(entry.filename, data)
    return whole


def _less(left: int, data: bytes) -> int:
    if len(data) > left:
        raise FileTooLarge(
            f"The head of the workbook unpacks to more than {WORKBOOK_BYTES >> 20} MiB; send CSV files instead. "
            "/ 工作簿解压后过大，请改用 CSV 报送。"
        )
    return left - len(data)


def _rows(part: IO[bytes]) -> tuple[bytes, bool]:
    data = b"".join(_until(part, ROW_END, ROWS + 1, SHEET_BYTES))
    ends = list(islice(ROW_END.finditer(data), ROWS + 1))
    if len(ends) <= ROWS and not part.read(1):
        return data, True
    if not ends:
        return data, False
    last = ends[:ROWS][-1]
    prefix = last[1] or b""
    return data[: last.end()] + b"</" + prefix + b"sheetData></" + prefix + b"worksheet>", False


def _strings(part: IO[bytes], count: int) -> bytes:
    data = b"".join(_until(part, STRING_END, count, STRINGS_BYTES))
    ends = list(islice(STRING_END.finditer(data), count))
    if len(ends) < count or not ends:
        return data
    prefix = ends[-1][1] or ends[-1][2] or b""
    return data[: ends[-1].end()] + b"</" + prefix + b"sst>"


def _until(part: IO[bytes], end: re.Pattern[bytes], count: int, most: int) -> Iterator[bytes]:
    """Give the pieces of a part until so many ends have been seen, or so many bytes."""
    seen = size = 0
    while seen < count and size < most and (piece := part.read(CHUNK)):
        size += len(piece)
        seen += sum(1 for _ in end.finditer(piece))
        yield piece


CUT: Mapping[Sort, Callable[[Path], Head]] = {
    Sort.TEXT: _text,
    Sort.JSON: _json,
    Sort.PARQUET: _parquet,
    Sort.XLSX: _xlsx,
}
