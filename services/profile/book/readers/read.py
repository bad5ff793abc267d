"""Chooses the reader by what the file is, not by what it is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from services.profile.book.domain.columns import WORKBOOK
from services.profile.book.domain.form import Form
from services.profile.book.domain.rejected import as_sent, is_returned
from services.profile.book.readers.einvoice import KINDS as XML_KINDS
from services.profile.book.readers.einvoice import einvoices
from services.profile.book.readers.gauge import gauged
from services.profile.book.readers.packed import table_in
from services.profile.book.readers.page import page
from services.profile.book.readers.parquet import parquet
from services.profile.book.readers.records import records
from services.profile.book.readers.sheets import EmptyFile, Limits, RawSheet, UnreadableFile
from services.profile.book.readers.signature import Sort, sort_of
from services.profile.book.readers.text import delimited
from services.profile.book.readers.workbook import workbook

READERS: dict[Sort, Callable[[Form, Path, Limits], RawSheet]] = {
    Sort.TEXT: delimited,
    Sort.JSON: records,
    Sort.PARQUET: parquet,
    Sort.HTML: page,
    Sort.XML: einvoices,
    Sort.OFD: einvoices,
    Sort.ZIP: einvoices,
}


def read(form: Form, path: Path, limits: Limits) -> list[RawSheet]:
    """Return the tables of the file at `path`; raise a `Refused` that says what is wrong and where.

    What is not plainly small has been tried before within the memory that is allowed.
    """
    if path.stat().st_size == 0:
        raise EmptyFile(
            "The file is empty; send it again with a header line and rows. / 文件为空，请报送含表头和数据的文件。"
        )
    parts = read_as(form, path, gauged(form, path, limits))
    if all(part.frame.is_empty() and part.unread.is_empty() for part in parts):
        raise EmptyFile(
            "The file has a header and no rows; send it again with rows. / 文件只有表头没有数据，请补充数据后报送。"
        )
    return [_as_sent(part) for part in parts]


def read_as(form: Form, path: Path, limits: Limits) -> list[RawSheet]:
    """Return the tables of a file as they stand there, untried."""
    sort = sort_of(path)
    if sort == Sort.ZIP:
        with table_in(path, limits) as table:
            if table is not None:
                return _read(form, table, limits, sort_of(table))
    return _read(form, path, limits, sort)


def _read(form: Form, path: Path, limits: Limits, sort: Sort) -> list[RawSheet]:
    if sort in (Sort.XLSX, Sort.XLS):
        return workbook(form, path, limits)
    if form.kind == WORKBOOK:
        raise UnreadableFile(
            "The kind workbook is an .xlsx or .xls file with the three sheets of the official form; send this file as "
            "the kind of its rows, such as invoices.sale / 请按数据种类报送该文件。"
        )
    if sort == Sort.ZIP and form.kind not in XML_KINDS:
        raise UnreadableFile(
            "This is a zip of several files; send each table in it: .xlsx, .xls, .csv, .csv.gz, .json or .parquet "
            "/ 压缩包中有多个文件，请解压后逐个报送其中的表格。"
        )
    return [READERS[sort](form, path, limits)]


def _as_sent(part: RawSheet) -> RawSheet:
    """Return a table as its sender meant it: of one that came back with reasons, without them."""
    if not is_returned(part.titles):
        return part
    frame, titles = as_sent(part.frame, part.titles)
    return replace(part, frame=frame, titles=titles)
