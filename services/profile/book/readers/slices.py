"""A flat table in slices of so many rows, so that a file of any length is looked at within bounded memory.

The slices together are what the readers give of the whole. What only the whole file tells, such as that a later line
can only be split by itself, is learnt on the way: the reading then begins again and knows it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Protocol

import polars as pl

from services.profile.book.domain.form import Form, Matched
from services.profile.book.domain.rejected import as_sent, is_returned
from services.profile.book.domain.titles import LINE
from services.profile.book.domain.validation import REPORT
from services.profile.book.readers import parquet, text
from services.profile.book.readers.layout import Header, Left, must_mean_yuan, sweep, told_footers
from services.profile.book.readers.lines import parts_by_line
from services.profile.book.readers.packed import table_in
from services.profile.book.readers.sheets import FileTooLarge, Limits
from services.profile.book.readers.signature import Sort, sort_of
from services.profile.book.readers.walk import UTF8


@dataclass(frozen=True, slots=True)
class Step:
    """How much of a file is looked at at once."""

    rows: int
    bytes: int

    def narrowed(self, columns: int, limits: Limits) -> int:
        """Return how many rows of so many columns are looked at at once."""
        return max(1, min(self.rows, limits.cells // max(columns, 1)))


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a whole file while its slices are read: that it goes line by line, which codes are `wide`."""

    by_line: bool = False
    wide: frozenset[str] = frozenset()


class Learnt(Exception):
    """A slice has shown what holds of the whole file; with that it is to be read from the start."""

    def __init__(self, known: Known) -> None:
        super().__init__(known)
        self.known = known


@dataclass(frozen=True, slots=True)
class Slice:
    """Some rows of a table as read, in the file's order, the lines among them that could not be split, what was left.

    `footers` are those of lines that do not fit the header.
    """

    frame: pl.DataFrame
    left: Left
    unread: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=REPORT))
    footers: tuple[tuple[int, str], ...] = ()


class Flat(Protocol):
    """A file that is one flat table."""

    def titles(self, known: Known) -> tuple[str, ...]:
        """Return the titles of the file."""

    @property
    def rows(self) -> int:
        """How many rows it has at most."""

    def slices(self, step: Step, known: Known) -> Iterator[Slice]:
        """Give its slices; raise `Learnt` where one shows what the others before it had to know."""

    def notes(self, left: Left, footers: tuple[tuple[int, str], ...], unread: pl.DataFrame) -> tuple[str, ...]:
        """Tell what was left out of the whole, by what was of its slices; `unread` may be those of the last alone."""


@contextmanager
def flat(form: Form, path: Path, limits: Limits) -> Iterator[Flat | None]:
    """Open a file that is one flat table, unread; None for any other. Raise a `Refused` where it cannot be used."""
    sort = sort_of(path)
    if sort == Sort.PARQUET:
        yield _Parquet(parquet.opened(form, path, limits), limits)
    elif sort == Sort.TEXT:
        with text.opened(form, path, limits) as table:
            yield _Text(table, limits)
    elif sort == Sort.ZIP:
        with table_in(path, limits) as table_of_zip:
            if table_of_zip is None or sort_of(table_of_zip) == Sort.ZIP:
                yield None
            else:
                with flat(form, table_of_zip, limits) as found:
                    yield found
    else:
        yield None


@dataclass(frozen=True, slots=True)
class _Parquet:
    read: parquet.Rows
    limits: Limits

    def titles(self, known: Known) -> tuple[str, ...]:
        return self.read.titles

    @property
    def rows(self) -> int:
        return self.read.height

    def slices(self, step: Step, known: Known) -> Iterator[Slice]:
        size = 0
        rows = step.narrowed(len(self.read.titles), self.limits)
        for start in range(0, self.rows, rows):
            frame = self.read.texts(start, rows)
            # A text that a dictionary holds once is written out for each row that has it.
            held = frame.select(pl.sum_horizontal(pl.exclude(LINE).str.len_bytes().sum())).item() or 0
            size += held
            if size > self.limits.unpacked:
                raise FileTooLarge(
                    f"The file unpacks to more than {self.limits.unpacked >> 20} MiB; split it and send the parts. "
                    "/ 文件解压后过大，请拆分后分别报送。"
                )
            pieces = max(1, min(frame.height, -(-held // step.bytes)))
            for part in frame.iter_slices(-(-frame.height // pieces)):
                one = _swept(part, self.read.titles, self.read.matched, known, first=part[LINE][0] == 1)
                known = replace(known, wide=one.left.wide | known.wide)
                yield one

    def notes(self, left: Left, footers: tuple[tuple[int, str], ...], unread: pl.DataFrame) -> tuple[str, ...]:
        return left.notes


@dataclass(frozen=True, slots=True)
class _Text:
    table: text.Table
    limits: Limits

    def titles(self, known: Known) -> tuple[str, ...]:
        shaped = text.shape(self.table)
        return self.table.header.titles if shaped is None or known.by_line else shaped[0].titles

    @property
    def rows(self) -> int:
        return self.table.walked.lines - self.table.header.line

    def slices(self, step: Step, known: Known) -> Iterator[Slice]:
        shaped = text.shape(self.table)
        if shaped is None or known.by_line:
            yield from self._line_by_line(step, known)
        else:
            yield from self._in_columns(*shaped, step, known)

    def notes(self, left: Left, footers: tuple[tuple[int, str], ...], unread: pl.DataFrame) -> tuple[str, ...]:
        return (*self.table.header.notes, *told_footers(footers), *left.notes, *text.cut_short(self.table, unread))

    def _in_columns(self, header: Header, start: int, step: Step, known: Known) -> Iterator[Slice]:
        first = start
        for part in self._parts(start, step):
            read = text.columns(self.table, header, part)
            if read is None or (part.start + part.lines < self.table.walked.lines and not _ends(part, self.table)):
                raise Learnt(replace(known, by_line=True))
            frame, short = read
            one = _swept(frame, header.titles, self.table.matched, known, first=part.start == first)
            known = replace(known, wide=one.left.wide | known.wide)
            kept, unread = text.without_short(self.table, one.frame, short)
            yield replace(one, frame=kept, unread=unread)

    def _parts(self, start: int, step: Step) -> Iterator[text.Part]:
        with self.table.walked.path.open("rb") as file:
            for _ in islice(file, start):
                pass
            rows = step.narrowed(len(self.table.header.titles), self.limits)
            while some := file.readlines(step.bytes):
                for at in range(0, len(some), rows):
                    lines = some[at : at + rows]
                    yield text.Part(b"".join(lines), 0, start, len(lines))
                    start += len(lines)

    def _line_by_line(self, step: Step, known: Known) -> Iterator[Slice]:
        table, first = self.table, True
        for part in parts_by_line(
            table.walked.path, table.walked, table.encoding, table.header, table.separator, most=step.rows
        ):
            must_mean_yuan(part.footers, table.matched)
            one = _swept(part.frame, table.header.titles, table.matched, known, first=first)
            yield replace(one, unread=part.unread, footers=part.footers)
            known, first = replace(known, wide=one.left.wide | known.wide), False


def _swept(frame: pl.DataFrame, titles: tuple[str, ...], matched: Matched, known: Known, *, first: bool) -> Slice:
    kept, left = sweep(frame, titles, matched, known.wide)
    if left.wide - known.wide and not first:
        raise Learnt(replace(known, wide=left.wide | known.wide))
    return Slice(kept, left)


def _ends(part: text.Part, table: text.Table) -> bool:
    """Tell whether the last line of a part is a row by itself: no quotation goes on in the next."""
    assert isinstance(part.source, bytes)
    last = part.source[part.source.rfind(b"\n", 0, -1) + 1 :].decode(UTF8)
    try:
        return sum(1 for _ in csv.reader([last, "\n"], delimiter=table.separator)) == 2
    except csv.Error:  # a cell longer than that module takes
        return last.count('"') % 2 == 0


def sent(frame: pl.DataFrame, titles: tuple[str, ...]) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return rows as their sender meant them: of a table that came back with reasons, without them."""
    return as_sent(frame, titles) if is_returned(titles) else (frame, titles)
