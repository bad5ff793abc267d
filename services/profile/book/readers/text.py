"""Reads delimited text: any size within bounded memory, UTF-8 or GB18030, plain or gzipped.

The file is walked once in pieces (unpacked, measured, its encoding told), then parsed by Polars in columns. Only a
file that Polars cannot split row by line (quoted line ends, ragged rows, lines of another encoding, a quotation mark
that stays open) is read line by line, so that each bad line can be named.
"""

from __future__ import annotations

import csv
import gzip
import os
import re
import tempfile
import zlib
from codecs import getincrementaldecoder
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

import polars as pl
from polars.exceptions import PolarsError

from services.profile.book.domain.columns import Form
from services.profile.book.domain.titles import LINE, names
from services.profile.book.domain.validation import LARGEST_SHOWN, REPORT
from services.profile.book.readers.sheets import EmptyFile, FileTooLarge, Limits, RawSheet, UnreadableFile

GZIP = b"\x1f\x8b"
CHUNK = 1 << 20
ROWS_AT_ONCE = 50_000
MOST_UNREAD = 100_000
SEPARATORS = ",\t;"
# No title of a text file holds a line end that is not quoted, so none is this.
INDEX = "\nline"
UTF8, GB18030 = "utf-8", "gb18030"
# A line with at least one character beyond ASCII, all of it valid UTF-8.
UTF8_LINE = re.compile(
    rb"^[^\n\x80-\xff]*(?:(?:[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})[^\n\x80-\xff]*)+$",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Walked:
    """What one walk over a text file found."""

    path: Path
    lines: int
    utf8: bool
    # By the parity of its quotation marks, no row ends for longer than a line may be. Polars would hold all of that,
    # several times over, as one value; the `csv` module refuses it, or sees that the mark stood inside a value.
    open_quote: bool


def delimited(form: Form, path: Path, limits: Limits) -> RawSheet:
    """Read a delimited text file as columns of text."""
    with _unpacked(path, limits) as walked:
        if walked.utf8:
            return _parse(form, walked.path, walked, UTF8)
        return _gb18030(form, walked)


def _gb18030(form: Form, walked: Walked) -> RawSheet:
    """Read a file that is not UTF-8: GB18030 as a whole where it is that, else line by line."""
    data = walked.path.read_bytes()
    try:
        text = data.decode(GB18030)
    except UnicodeDecodeError:
        text = ""
    if not text or UTF8_LINE.search(data):
        return _by_line(form, walked.path, _first_encoding(data))
    recoded = walked.path.with_suffix(".utf8")
    try:
        recoded.write_text(text, encoding=UTF8, newline="")
        return _parse(form, recoded, walked, UTF8)
    finally:
        recoded.unlink(missing_ok=True)


def _parse(form: Form, path: Path, walked: Walked, encoding: str) -> RawSheet:
    titles, separator = _header(path, encoding)
    form.match(titles)
    if walked.open_quote:
        return _by_line(form, path, encoding)
    try:
        frame = pl.read_csv(path, infer_schema=False, separator=separator, row_index_name=INDEX, row_index_offset=2)
    except PolarsError:
        return _by_line(form, path, encoding)
    if frame.height + 1 != walked.lines or frame.width != len(titles) + 1:
        return _by_line(form, path, encoding)
    frame.columns = [LINE, *names(titles)]
    blank = pl.all_horizontal(pl.exclude(LINE).is_null())
    return RawSheet(form.kind, frame.filter(~blank).with_columns(pl.col(LINE).cast(pl.Int64)), titles=tuple(titles))


def _header(path: Path, encoding: str) -> tuple[list[str], str]:
    with path.open("rb") as file:
        raw = file.readline().removeprefix(b"\xef\xbb\xbf")
    try:
        line = raw.decode(encoding).strip("\r\n")
    except UnicodeDecodeError:
        raise UnreadableFile(
            "Line 1, the header, is neither UTF-8 nor GB18030; save the file as UTF-8.", line=1
        ) from None
    if not line.strip():
        raise EmptyFile("Line 1 is blank; it must name the columns.", line=1)
    separator = max(SEPARATORS, key=line.count)
    try:
        return next(csv.reader([line], delimiter=separator)), separator
    except csv.Error:
        raise UnreadableFile(
            "Line 1, the header, cannot be split into columns; save the file with ordinary line ends (LF or CRLF).",
            line=1,
        ) from None


def _first_encoding(data: bytes) -> str:
    """Return the encoding of the first line beyond ASCII: the header of a Chinese export."""
    start = re.search(rb"[\x80-\xff]", data)
    at = start.start() if start else 0
    line = data[data.rfind(b"\n", 0, at) + 1 : data.find(b"\n", at) % (len(data) + 1)]
    return UTF8 if _decoded(line, UTF8) is not None else GB18030


def _decoded(line: bytes, encoding: str) -> str | None:
    try:
        return line.decode(encoding)
    except UnicodeDecodeError:
        return None


def _by_line(form: Form, path: Path, encoding: str) -> RawSheet:
    """Read line by line, reporting each line that does not fit."""
    titles, separator = _header(path, encoding)
    form.match(titles)
    reader = _LineReader(encoding, len(titles))
    with path.open("rb") as file:
        file.readline()
        schema = {LINE: pl.Int64, **dict.fromkeys(names(titles), pl.String)}
        # Rows become columns as they come: as Python values they would take ten times the memory.
        frames = [pl.DataFrame(schema=schema)]
        rows = reader.rows(file, separator)
        while some := list(islice(rows, ROWS_AT_ONCE)):
            frames.append(pl.DataFrame(dict(zip(schema, zip(*some, strict=True), strict=True)), schema=schema))
    unread = pl.DataFrame(reader.unread, schema=REPORT, orient="row")
    return RawSheet(form.kind, pl.concat(frames), unread, titles=tuple(titles))


class _LineReader:
    """Splits lines with the `csv` module and keeps a report of those that cannot be split."""

    def __init__(self, encoding: str, width: int) -> None:
        self._encoding, self._width, self._line, self._start = encoding, width, 1, 2
        self.unread: list[tuple[int, str, str, str]] = []

    def rows(self, file: BinaryIO, separator: str) -> Iterator[list[object]]:
        parser = csv.reader(self._lines(file), delimiter=separator, strict=True)
        while True:
            self._start = self._line + 1
            try:
                fields = next(parser)
            except StopIteration:
                return
            except csv.Error:
                raise UnreadableFile(
                    f"The quotation marks from line {self._start} on do not fit together; close or double them.",
                    line=self._start,
                ) from None
            if len(fields) == self._width:
                yield [self._line, *(value or None for value in fields)]
            elif fields:
                reason = f"{len(fields)} fields instead of {self._width} / 列数与表头不符"
                self._report(separator.join(fields), reason)

    def _lines(self, file: BinaryIO) -> Iterator[str]:
        for raw in file:
            self._line += 1
            text = self._text(raw)
            if text is None:
                shown = raw.decode("ascii", "backslashreplace").strip()
                self._report(shown, f"not {self._encoding.upper()} as the rest of the file / 编码与文件其余部分不一致")
            elif text.strip():
                yield text

    def _text(self, raw: bytes) -> str | None:
        if self._encoding == GB18030 and not raw.isascii() and _decoded(raw, UTF8) is not None:
            return None
        return _decoded(raw, self._encoding)

    def _report(self, value: str, reason: str) -> None:
        if len(self.unread) == MOST_UNREAD:
            raise UnreadableFile(
                f"More than {MOST_UNREAD:,} lines up to line {self._line} cannot be split into the header's columns; "
                "is this a table?",
                line=self._line,
            )
        self.unread.append((self._line, "", value[:LARGEST_SHOWN], reason))


@contextmanager
def _unpacked(path: Path, limits: Limits) -> Iterator[Walked]:
    """Walk over the file once, unpacking a gzip into a file beside it that is removed afterwards."""
    with path.open("rb") as file:
        packed = file.read(2) == GZIP
    if not packed:
        yield _walk(path, path.open("rb"), None, limits)
        return
    handle, name = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".plain", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as plain:
            walked = _walk(Path(name), cast("BinaryIO", gzip.GzipFile(path)), plain, limits)
        yield walked
    finally:
        Path(name).unlink(missing_ok=True)


def _walk(target: Path, source: BinaryIO, plain: BinaryIO | None, limits: Limits) -> Walked:
    decoder = getincrementaldecoder(UTF8)()
    size = lines = open_line = 0
    utf8, rows = True, _RowEnds()
    last = b""
    with source:
        for chunk in _chunks(source):
            size += len(chunk)
            if size > limits.unpacked:
                raise FileTooLarge(
                    f"The file unpacks to more than {limits.unpacked >> 20} MiB; split it and send the parts.",
                    limit_bytes=limits.unpacked,
                )
            if b"\0" in chunk:
                raise UnreadableFile(
                    "The file is not text (it holds NUL bytes; UTF-16?); save it as UTF-8.", line=lines + 1
                )
            breaks = chunk.count(b"\n")
            open_line = len(chunk) - 1 - chunk.rfind(b"\n") if breaks else open_line + len(chunk)
            lines += breaks
            if open_line > limits.line:
                raise UnreadableFile(
                    f"Line {lines + 1} is longer than {limits.line >> 10} KiB; is this a table with line ends?",
                    line=lines + 1,
                )
            utf8 = utf8 and _continues(decoder, chunk)
            rows.see(chunk)
            last = chunk
            if plain is not None:
                plain.write(chunk)
    if size == 0:
        raise EmptyFile("The file is empty; send it again with a header line and rows.")
    utf8 = utf8 and _continues(decoder, b"", final=True)
    return Walked(target, lines + (not last.endswith(b"\n")), utf8, rows.longest > limits.line)


class _RowEnds:
    """Follows the line ends outside quotation marks and tells how long, at chunk ends, none was met."""

    def __init__(self) -> None:
        self._quoted = 0
        self._since = 0
        self.longest = 0

    def see(self, chunk: bytes) -> None:
        end, quoted = len(chunk), self._quoted ^ (chunk.count(b'"') & 1)
        self._quoted, self._since = quoted, self._since + len(chunk)
        # Backwards, since the last line end nearly always is the end of a row.
        while (before := chunk.rfind(b"\n", 0, end)) >= 0:
            quoted ^= chunk.count(b'"', before, end) & 1
            if not quoted:
                self._since = len(chunk) - 1 - before
                break
            end = before
        self.longest = max(self.longest, self._since)


def _continues(decoder: object, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)  # type: ignore[attr-defined]
    except UnicodeDecodeError:
        return False
    return True


def _chunks(source: BinaryIO) -> Iterator[bytes]:
    read = 0
    try:
        while chunk := source.read(CHUNK):
            read += len(chunk)
            yield chunk
    except EOFError:
        raise UnreadableFile(
            f"The gzip file is cut short: it ends after {read} unpacked bytes; send it again.", unpacked_bytes=read
        ) from None
    except (gzip.BadGzipFile, zlib.error):
        raise UnreadableFile(
            f"The gzip file is damaged after {read} unpacked bytes; send it again.", unpacked_bytes=read
        ) from None
