"""Reads delimited text line by line, so that each line that does not fit can be named; the slow way, within memory."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import polars as pl

from services.profile.book.domain.titles import LINE, names
from services.profile.book.domain.validation import LARGEST_SHOWN, REPORT
from services.profile.book.readers.layout import Header, is_footer
from services.profile.book.readers.sheets import UnreadableFile
from services.profile.book.readers.walk import GB18030, UTF8, Walked

ROWS_AT_ONCE = 50_000
MOST_UNREAD = 100_000


@dataclass(frozen=True, slots=True)
class ByLine:
    """The rows that fit the header, a report of the lines that do not, and the footers among those."""

    frame: pl.DataFrame
    unread: pl.DataFrame
    footers: tuple[tuple[int, str], ...]


def by_line(path: Path, walked: Walked, encoding: str, header: Header, separator: str) -> ByLine:
    """Return a whole text, read line by line."""
    parts = list(parts_by_line(path, walked, encoding, header, separator))
    footers = tuple(footer for part in parts for footer in part.footers)
    return ByLine(pl.concat([part.frame for part in parts]), pl.concat([part.unread for part in parts]), footers)


def parts_by_line(
    path: Path, walked: Walked, encoding: str, header: Header, separator: str, *, most: int = ROWS_AT_ONCE
) -> Iterator[ByLine]:
    """Give a text in parts of so many rows at most, in its order; one at least, the last may be empty."""
    reader = _LineReader(encoding, header, walked)
    schema = {LINE: pl.Int64, **dict.fromkeys(names(header.titles), pl.String)}
    with path.open("rb") as file:
        for _ in range(header.line):
            file.readline()
        # Rows become columns as they come: as Python values they would take ten times the memory.
        rows = reader.rows(file, separator)
        while some := list(islice(rows, most)):
            columns = dict(zip(schema, zip(*some, strict=True), strict=True))
            yield ByLine(pl.DataFrame(columns, schema=schema), *reader.taken())
        yield ByLine(pl.DataFrame(schema=schema), *reader.taken())


def too_few(fields: int, width: int, *, cut: bool) -> str:
    """Return why a row that is too short is refused."""
    if cut:
        return f"{fields} fields instead of {width}; the file seems cut short here / 列数与表头不符，文件似在此处被截断"
    unquoted = "is a comma within a value not quoted? / 列数与表头不符，值内的逗号可能未加引号"
    return f"{fields} fields instead of {width}; {unquoted}"


def decoded(line: bytes, encoding: str) -> str | None:
    """Return a line as text, or None where it is not of this encoding."""
    try:
        return line.decode(encoding)
    except UnicodeDecodeError:
        return None


class _LineReader:
    """Splits lines with the `csv` module and keeps a report of those that cannot be split."""

    def __init__(self, encoding: str, header: Header, walked: Walked) -> None:
        self._encoding, self._width, self._least = encoding, len(header.titles), header.width
        self._line, self._start = header.line, header.line + 1
        self._cut_line = 0 if walked.ended else walked.lines
        self._unread: list[tuple[int, str, str, str]] = []
        self._footers: list[tuple[int, str]] = []
        self._reported = 0

    def taken(self) -> tuple[pl.DataFrame, tuple[tuple[int, str], ...]]:
        """Return what was reported, and the footers met, since this was asked last."""
        found = pl.DataFrame(self._unread, schema=REPORT, orient="row"), tuple(self._footers)
        self._unread, self._footers = [], []
        return found

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
                    f"The quotation marks from line {self._start} on do not fit together; close or double them. "
                    "/ 自该行起引号不成对，请补全或双写引号。",
                    line=self._start,
                ) from None
            if self._fits(fields):
                row = [value or None for value in fields[: self._width]]
                yield [self._line, *row, *[None] * (self._width - len(row))]
            elif fields:
                self._put_by(fields, separator)

    def _fits(self, fields: Sequence[str]) -> bool:
        """Tell whether these are a row: cells without a title may be missing, and blank ones may follow."""
        return len(fields) >= self._least and not any(value.strip() for value in fields[self._width :])

    def _put_by(self, fields: Sequence[str], separator: str) -> None:
        if is_footer(fields):
            self._footers.append((self._line, next(value.strip() for value in fields if value.strip())))
        elif any(value.strip() for value in fields):
            width = self._least if len(fields) < self._least else self._width
            reason = too_few(len(fields), width, cut=self._line == self._cut_line and len(fields) < width)
            self._report(separator.join(fields), reason)

    def _lines(self, file: BinaryIO) -> Iterator[str]:
        for raw in file:
            self._line += 1
            text = self._text(raw)
            if text is None:
                seen = raw.decode("ascii", "backslashreplace").strip()
                self._report(seen, f"not {self._encoding.upper()} as the rest of the file / 编码与文件其余部分不一致")
            elif text.strip():
                yield text

    def _text(self, raw: bytes) -> str | None:
        if self._encoding == GB18030 and not raw.isascii() and decoded(raw, UTF8) is not None:
            return None
        return decoded(raw, self._encoding)

    def _report(self, value: str, reason: str) -> None:
        if self._reported == MOST_UNREAD:
            raise UnreadableFile(
                f"More than {MOST_UNREAD:,} lines up to line {self._line} cannot be split into the header's columns; "
                "is this a table? "
                "/ 过多的行与表头列数不符，请确认这是一张表。",
                line=self._line,
            )
        self._reported += 1
        self._unread.append((self._line, "", value[:LARGEST_SHOWN], reason))
