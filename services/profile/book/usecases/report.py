"""What is said of an import's rejected rows, beside the file as received: a list of faults, and the rows themselves.

The list has a line for each fault. The rows come as the sender's own file, to be corrected and sent again; those of a
workbook with several sheets in a zip, a file for each.
"""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import polars as pl

from services.profile.book.context import Context
from services.profile.book.domain.rejected import header, rejected, safe
from services.profile.book.domain.sheet import Digests, Sheet
from services.profile.book.domain.validation import REPORT

BOM = "\N{BYTE ORDER MARK}".encode()
FAULTS, ROWS, ROWS_OF_SHEETS = ".rejects.csv", ".rejected.csv", ".rejected.zip"


def reject_report(import_id: str) -> str:
    """Return the name of the list of an import's faults."""
    return f"{import_id}{FAULTS}"


def rejected_rows(context: Context, import_id: str) -> str | None:
    """Return the name of the file of an import's rejected rows; None where there are none."""
    _, *rows = reports(import_id)
    there = {each.name for each in context.uploads.list(import_id)}
    return next((name for name in rows if name in there), None)


def reports(import_id: str) -> tuple[str, ...]:
    """Return the names of all files that may say something of rejected rows."""
    return tuple(f"{import_id}{name}" for name in (FAULTS, ROWS, ROWS_OF_SHEETS))


def write_reports(context: Context, import_id: str, sheets: Sequence[Sheet]) -> Digests:
    """Write what is said of rejected rows, each file whole or not at all; return the digest of each."""
    noted: dict[str, str] = {}
    faults, rows, rows_of_sheets = reports(import_id)
    listed = pl.concat([sheet.reported() for sheet in sheets])
    with _writing(context, faults, noted) as file:
        _listed(listed).write_csv(file, include_bom=True)
    bad = [sheet for sheet in sheets if sheet.checked.rejected]
    if len(sheets) == 1 and bad:
        with _writing(context, rows, noted) as file:
            _rows_of(bad[0], file)
    elif bad:
        with _writing(context, rows_of_sheets, noted) as file:
            _zip(bad, file)
    return noted


def write_report(
    context: Context,
    import_id: str,
    slices: Callable[[], Iterable[tuple[pl.DataFrame, pl.DataFrame]]],
    titles: Sequence[str] | None,
) -> Digests:
    """Write the same of a table that comes in slices, in the order of its lines: each the report, and rows as read.

    `titles` are those of the file, None where no row is rejected.
    """
    noted: dict[str, str] = {}
    faults, rows, _ = reports(import_id)
    with _writing(context, faults, noted) as file:
        pl.DataFrame(schema=REPORT).write_csv(file, include_bom=True)
        for report, _ in slices():
            _listed(report).write_csv(file, include_header=False)
    if titles is None:
        return noted
    with _writing(context, rows, noted) as file:
        begun = False
        for report, raw in slices():
            if not report.is_empty():
                _some_rows(rejected(raw, report, None), () if begun else titles, file)
                begun = True
    return noted


@contextmanager
def _writing(context: Context, name: str, noted: dict[str, str]) -> Iterator[IO[bytes]]:
    """Give a file to write a report into, and note its digest."""
    with context.uploads.writing(name, again=True) as file:
        yield file
        file.flush()
        noted[name] = digest_of(Path(file.name))


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file of this machine, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _listed(report: pl.DataFrame) -> pl.DataFrame:
    return report.with_columns(safe(pl.col(name)).alias(name) for name in ("column", "value"))


def _rows_of(sheet: Sheet, file: IO[bytes]) -> None:
    """Write the rejected rows of a table under its own titles, which need not be unique."""
    _some_rows(rejected(sheet.raw, sheet.checked.report, sheet.open_columns), sheet.titles, file)


def _some_rows(table: pl.DataFrame, titles: Sequence[str], file: IO[bytes]) -> None:
    if titles:
        written = io.StringIO()
        csv.writer(written, lineterminator="\n").writerow(header(titles, table.columns[2:]))
        file.write(BOM + written.getvalue().encode())
    table.write_csv(file, include_header=False)


def _zip(sheets: Sequence[Sheet], file: IO[bytes]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, sheet in enumerate(sheets, 1):
            part = io.BytesIO()
            _rows_of(sheet, part)
            # Of one day, whenever it is written: who writes it again writes the same.
            named = zipfile.ZipInfo(f"{sheet.form.kind}-{sheet.name or place}.csv")
            archive.writestr(named, part.getvalue(), zipfile.ZIP_DEFLATED)
