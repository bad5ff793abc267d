"""Parquet and the official workbook, turned into the same columns of text as a CSV."""

from __future__ import annotations

import sys
import zipfile
import zlib
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from services.profile.book.domain.columns import KINDS, SHEETS, Form
from services.profile.book.domain.titles import LINE, names
from services.profile.book.readers.sheets import EmptyFile, FileTooLarge, Limits, MissingSheet, RawSheet, UnreadableFile

SIMPLE = (pl.String, pl.Boolean, pl.Date, pl.Datetime, pl.Decimal, pl.Categorical, pl.Enum, pl.Null)
# A cell of the least possible size; a Parquet file cannot tell how much text it unpacks to, its rows it can.
SMALLEST_CELL_BYTES = 8
CHUNK = 1 << 20


def parquet(form: Form, path: Path, limits: Limits) -> RawSheet:
    """Read a Parquet file; `line` is the number of the row, from 1."""
    try:
        plan = pl.scan_parquet(path)
        schema = plan.collect_schema()
        height = plan.select(pl.len()).collect().item()
    except (PolarsError, OSError):
        raise UnreadableFile("The Parquet file is damaged or cut short; send it again.") from None
    titles = schema.names()
    named = names(titles)
    matched = form.match(titles)
    types = dict(zip(named, schema.dtypes(), strict=True))
    read = {*matched.found, *matched.parts.values()}
    nested = [name for name in named if name in read and not (types[name].is_numeric() or types[name] in SIMPLE)]
    if nested:
        raise UnreadableFile(
            f"The columns {', '.join(nested)} are lists or structs; send plain values.", columns=nested
        )
    if height * len(schema) * SMALLEST_CELL_BYTES > limits.unpacked:
        raise FileTooLarge(f"The file has {height} rows; split it and send the parts.", rows=height)
    try:
        table = plan.select(pl.col(title).alias(name) for title, name in zip(titles, named, strict=True))
        frame = table.with_row_index(LINE, 1).with_columns(pl.col(name).cast(pl.String) for name in read)
        return RawSheet(form.kind, frame.with_columns(pl.col(LINE).cast(pl.Int64)).collect(), titles=tuple(titles))
    except (PolarsError, OSError):
        raise UnreadableFile("The Parquet file is damaged or cut short; send it again.") from None


def workbook(path: Path, limits: Limits) -> list[RawSheet]:
    """Read the three sheets of the official form; `line` is the row of the sheet, as a spreadsheet numbers it."""
    import fastexcel  # noqa: PLC0415 -- needed for workbooks only

    _look_inside(path, limits)
    try:
        book = fastexcel.read_excel(path)
    except fastexcel.FastExcelError:
        raise UnreadableFile("The workbook cannot be opened; save it again as .xlsx and send that.") from None
    missing = [sheet for sheet in SHEETS if sheet not in book.sheet_names]
    if missing:
        raise MissingSheet(
            f"The workbook lacks the sheet {'、'.join(missing)}; it has: {'、'.join(book.sheet_names[:20])}.",
            missing=missing,
            found=book.sheet_names[:20],
        )
    return [_sheet(book, sheet, kind) for sheet, kind in SHEETS.items()]


def _sheet(book: object, sheet: str, kind: str) -> RawSheet:
    frame: pl.DataFrame = book.load_sheet(sheet, dtypes="string").to_polars()  # type: ignore[attr-defined]
    titles = tuple(frame.columns)
    KINDS[kind].match(titles, f"The sheet {sheet}")
    frame.columns = names(titles)
    if frame.is_empty():
        raise EmptyFile(f"The sheet {sheet} has no rows.", sheet=sheet)
    numbered = frame.with_row_index(LINE, 2).with_columns(pl.col(LINE).cast(pl.Int64))
    blank = pl.all_horizontal(pl.exclude(LINE).is_null())
    return RawSheet(kind, numbered.filter(~blank), name=sheet, titles=titles)


def _look_inside(path: Path, limits: Limits) -> None:
    """Unpack the archive once and count: what it says of its own sizes may be a lie."""
    size = 0
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                entry.file_size = sys.maxsize
                with archive.open(entry) as packed:
                    while size <= limits.unpacked and (piece := packed.read(CHUNK)):
                        size += len(piece)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError):
        raise UnreadableFile(
            "The workbook is damaged, cut short or locked by a password; save it again and send that."
        ) from None
    if size > limits.unpacked:
        raise FileTooLarge(f"The workbook unpacks to more than {limits.unpacked >> 20} MiB; send CSV files instead.")
