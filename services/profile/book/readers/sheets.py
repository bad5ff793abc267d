"""What every reader gives and refuses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import polars as pl

from chassis.core.errors import Invalid, TooLarge
from services.profile.book.domain.validation import REPORT


class UnreadableFile(Invalid):
    """The file is broken, cut short, or not what it says it is."""


class EmptyFile(Invalid):
    """The file holds no row of data."""


class MissingSheet(Invalid):
    """The workbook lacks a sheet of the official form."""


class FileTooLarge(TooLarge):
    """The file, or what it unpacks to, is larger than the limit."""


@contextmanager
def damage_told(words: str, *errors: type[Exception]) -> Iterator[None]:
    """Refuse a file as damaged where a library fails on it; one in Rust may panic, which is no ordinary exception."""
    try:
        yield
    except errors:
        raise UnreadableFile(words) from None
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise UnreadableFile(words) from None
        raise


@dataclass(frozen=True, slots=True)
class Limits:
    """What is read at most, in bytes: unpacked, between two line ends, in a cell, as text of so many `rows`.

    To read a file whole may take so much `memory`, and so many `seconds`, which are tried out before; `gauged` says
    that they have been. A table has so many `columns` at most, a line of its head so many `separators`, those within
    its cells too, and so many `cells` of it are looked at at once.
    """

    unpacked: int = 4 << 30
    line: int = 1 << 20
    cell: int = 1 << 20
    text: int = 256 << 20
    rows: int = 1 << 18
    memory: int = 640 << 20
    seconds: float = 120.0
    columns: int = 1 << 10
    separators: int = 1 << 14
    cells: int = 1 << 23
    gauged: bool = False


def must_be_narrow(columns: int, limits: Limits, most: int | None = None) -> None:
    """Raise `FileTooLarge` for a table of more columns than any has, or than `most`."""
    most = limits.columns if most is None else most
    if columns > most:
        raise FileTooLarge(
            f"The table has {columns} columns; at most {most} are read. Take out those that nobody needs. "
            f"/ 表格有 {columns} 列，最多 {most} 列，请删除不需要的列。",
            found_columns=columns,
            limit_columns=most,
        )


@dataclass(frozen=True, slots=True)
class RawSheet:
    """One table of a file as read: `frame` has `line` (where to look in the file) and columns of text as titled there.

    The columns of `frame` have the unique names that `domain.titles.names` gives to `titles`, which are those of the
    file by position. `unread` reports the lines that could not be split into columns at all; `name` is that of a
    workbook's sheet; `notes` tell what was left out, such as title lines and footers ("english / 中文").
    Where a row is an invoice with lines inside, `lines` are those, in the columns of `invoice_lines.STATED` as written;
    where another sheet of the workbook gives them, it is `beside`.
    """

    kind: str
    frame: pl.DataFrame
    unread: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=REPORT))
    name: str | None = None
    titles: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    lines: pl.DataFrame | None = None
    beside: RawSheet | None = None
