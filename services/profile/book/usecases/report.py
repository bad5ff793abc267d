"""What is said of an import's rejected rows, beside the file as received: a list of faults, and the rows themselves.

The list has a line for each fault. The rows come as the sender's own file, to be corrected and sent again; those of a
workbook with several sheets in a zip, a file for each.
"""

from __future__ import annotations

import csv
import io
import os
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO

import polars as pl

from services.profile.book.context import Context
from services.profile.book.domain.rejected import header, rejected, safe
from services.profile.book.domain.sheet import Sheet
from services.profile.book.domain.validation import REPORT
from services.profile.book.usecases.receive import sync_folder

BOM = "\N{BYTE ORDER MARK}".encode()
FAULTS, ROWS, ROWS_OF_SHEETS = ".rejects.csv", ".rejected.csv", ".rejected.zip"


def reject_report(context: Context, import_id: str) -> Path:
    """Return where the list of an import's faults lies."""
    return context.settings.uploads / f"{import_id}{FAULTS}"


def rejected_rows(context: Context, import_id: str) -> Path | None:
    """Return where an import's rejected rows lie; None where there are none."""
    _, *rows = reports(context, import_id)
    return next((path for path in rows if path.exists()), None)


def reports(context: Context, import_id: str) -> tuple[Path, ...]:
    """Return where all that is said of rejected rows may lie."""
    names = (FAULTS, ROWS, ROWS_OF_SHEETS)
    return tuple(context.settings.uploads / f"{import_id}{name}" for name in names)


def write_reports(context: Context, import_id: str, sheets: Sequence[Sheet]) -> None:
    """Write what is said of rejected rows, each file whole or not at all."""
    faults, rows, rows_of_sheets = reports(context, import_id)
    listed = pl.concat([sheet.reported() for sheet in sheets])
    _write(faults, lambda file: _listed(listed).write_csv(file, include_bom=True))
    bad = [sheet for sheet in sheets if sheet.checked.rejected]
    if len(sheets) == 1 and bad:
        _write(rows, lambda file: _rows_of(bad[0], file))
    elif bad:
        _write(rows_of_sheets, lambda file: _zip(bad, file))


def write_report(
    context: Context,
    import_id: str,
    slices: Callable[[], Iterable[tuple[pl.DataFrame, pl.DataFrame]]],
    titles: Sequence[str] | None,
) -> None:
    """Write the same of a table that comes in slices, in the order of its lines: each the report, and rows as read.

    `titles` are those of the file, None where no row is rejected.
    """
    faults, rows, _ = reports(context, import_id)

    def write_faults(file: IO[bytes]) -> None:
        pl.DataFrame(schema=REPORT).write_csv(file, include_bom=True)
        for report, _ in slices():
            _listed(report).write_csv(file, include_header=False)

    def write_rows(file: IO[bytes]) -> None:
        begun = False
        for report, raw in slices():
            if not report.is_empty():
                _some_rows(rejected(raw, report, None), () if begun else titles or (), file)
                begun = True

    _write(faults, write_faults)
    if titles is not None:
        _write(rows, write_rows)


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
            archive.writestr(f"{sheet.form.kind}-{sheet.name or place}.csv", part.getvalue())


def _write(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    draft = path.with_suffix(".draft")
    with draft.open("wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)
