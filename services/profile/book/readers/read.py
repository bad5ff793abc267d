"""Chooses the reader by what the file is, not by what it is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from services.profile.book.domain.columns import WORKBOOK, Form
from services.profile.book.domain.rejected import as_sent, is_returned
from services.profile.book.readers.binary import parquet, workbook
from services.profile.book.readers.einvoice import KINDS as XML_KINDS
from services.profile.book.readers.einvoice import einvoices
from services.profile.book.readers.records import records
from services.profile.book.readers.sheets import EmptyFile, Limits, RawSheet, UnreadableFile
from services.profile.book.readers.text import delimited

PARQUET, ZIP, OLD_EXCEL, BOM = b"PAR1", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\xef\xbb\xbf"


def read(form: Form, path: Path, limits: Limits) -> list[RawSheet]:
    """Return the tables of the file at `path`; raise a `Refused` that says what is wrong and where."""
    if path.stat().st_size == 0:
        raise EmptyFile("The file is empty; send it again with a header line and rows.")
    with path.open("rb") as file:
        head = file.read(4)
    if head == OLD_EXCEL:
        raise UnreadableFile("This is an old .xls workbook; save it as .xlsx and send that.")
    if form.kind == WORKBOOK:
        if head != ZIP:
            raise UnreadableFile("The kind workbook needs an .xlsx file with the three sheets of the official form.")
        return [_as_sent(part) for part in workbook(path, limits)]
    if head == ZIP and form.kind not in XML_KINDS:
        raise UnreadableFile(
            "This is a zip or an .xlsx; send a workbook as kind workbook, or a .csv, .csv.gz or .parquet."
        )
    part = _reader(head)(form, path, limits)
    if part.frame.is_empty() and part.unread.is_empty():
        raise EmptyFile("The file has a header and no rows; send it again with rows.")
    return [_as_sent(part)]


def _as_sent(part: RawSheet) -> RawSheet:
    """Return a table as its sender meant it: of one that came back with reasons, without them."""
    if not is_returned(part.titles):
        return part
    frame, titles = as_sent(part.frame, part.titles)
    return replace(part, frame=frame, titles=titles)


def _reader(head: bytes) -> Callable[[Form, Path, Limits], RawSheet]:
    if head == PARQUET:
        return parquet
    if head == ZIP or head.removeprefix(BOM).lstrip().startswith(b"<"):
        return einvoices
    return records if head.lstrip().startswith(b"[") else delimited
