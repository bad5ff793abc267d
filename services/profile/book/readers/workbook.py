"""Workbooks, .xlsx and old .xls: the sheets that fit a kind, or the three of the official form.

Cells are read as text. A second reading tells which of them are numbers: a long one among these is not what was typed.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from services.profile.book.domain.columns import KINDS, SHEETS, WORKBOOK
from services.profile.book.domain.form import Form, WrongColumns
from services.profile.book.domain.invoice_form import EXPORT_SHEETS
from services.profile.book.readers.archive import DAMAGED, look_into, must_fit
from services.profile.book.readers.grid import header_in, table_in
from services.profile.book.readers.layout import Header
from services.profile.book.readers.numbers import plain_numbers
from services.profile.book.readers.old_workbook import LARGEST, NotACompound, compound, reaches, stream_of
from services.profile.book.readers.sheets import (
    EmptyFile,
    FileTooLarge,
    Limits,
    MissingSheet,
    RawSheet,
    UnreadableFile,
    damage_told,
)

LONG = r"^-?\d{16,}$|^-?\d*\.\d{9}$"
SOMEBODY = "local:somebody"


@dataclass(frozen=True, slots=True)
class Grid:
    """One visible sheet: its cells as text, the first row being line 1; `hidden` names the others of its workbook."""

    name: str
    cells: pl.DataFrame
    hidden: tuple[str, ...] = ()


def workbook(form: Form, path: Path, limits: Limits) -> list[RawSheet]:
    """Read the sheets of a workbook that fit the form; `line` is the row of the sheet, as a spreadsheet numbers it."""
    found = grids(safe(path, limits))
    return _official(found) if form.kind == WORKBOOK else _fitting(form, found)


def grids(source: Path | bytes) -> list[Grid]:
    """Return the cells of every visible sheet that has some."""
    import fastexcel  # noqa: PLC0415 -- needed for workbooks only

    with damage_told(DAMAGED, fastexcel.FastExcelError, pl.exceptions.PolarsError):
        book = fastexcel.read_excel(source)
        loaded = {
            name: book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string") for name in book.sheet_names
        }
        hidden = tuple(name for name, sheet in loaded.items() if sheet.visible != "visible")
        found = (_grid(book, name, sheet) for name, sheet in loaded.items() if name not in hidden)
        return [replace(grid, hidden=hidden) for grid in found if grid is not None]


def _grid(book: Any, name: str, sheet: Any) -> Grid | None:
    cells: pl.DataFrame = sheet.to_polars()
    if cells.is_empty() or not cells.width:
        return None
    cells.columns = [f"c{place}" for place in range(cells.width)]
    long = [column for column in cells.columns if cells[column].str.contains(LONG).any()]
    if long:
        typed: pl.DataFrame = book.load_sheet(name, header_row=None, skip_rows=0, dtypes="boolean").to_polars()
        typed.columns = cells.columns
        cells = cells.with_columns(_as_meant(cells[column], typed[column]) for column in long)
    return Grid(name, cells)


def _as_meant(text: pl.Series, typed: pl.Series) -> pl.Series:
    """Return the cells with long numbers (what is a number can be read as true or false) as they were meant."""
    number = typed.is_not_null() & text.str.contains(LONG)
    values = pl.select(pl.when(number).then(text.cast(pl.Float64, strict=False))).to_series()
    return pl.select(pl.coalesce(plain_numbers(values), text)).to_series().alias(text.name)


def _fitting(form: Form, found: list[Grid]) -> list[RawSheet]:
    """Return the sheets that have the columns of the form; what the others are is told."""
    headers = [(grid, header) for grid in found if (header := header_in(grid.cells, form.titles)) is not None]
    if not headers:
        raise EmptyFile("The workbook has no sheet with text that is not hidden. / 工作簿没有含内容且未隐藏的工作表。")
    fits, refused = [], []
    for grid, header in headers:
        try:
            fits.append(table_in(form, grid.cells, header, grid.name, f"The sheet {grid.name}"))
        except WrongColumns as error:
            refused.append((header.score, grid, error))
    if not fits:
        score, _, nearest = max(refused, key=lambda one: one[0])
        raise nearest if score > 1 else _not_for(form, [grid for _, grid, _ in refused], nearest)
    whole = _whole(fits)
    kept = {each.name for sheet in whole for each in (sheet, sheet.beside) if each}
    left = [
        *(grid.name for grid, _ in headers if grid.name not in kept),
        *(f"{name} (hidden)" for name in found[0].hidden),
    ]
    note = (f"sheets left out: {'、'.join(left)} / 未读入的工作表：{'、'.join(left)}",) if left else ()
    return [replace(sheet, notes=(*sheet.notes, *(note if sheet is whole[0] else ()))) for sheet in whole]


def _whole(fits: list[RawSheet]) -> list[RawSheet]:
    """Return the one sheet of the tax office's export that says all invoices, or all sheets of another workbook.

    Beside the sheet of whole invoices goes the one of their lines.
    """
    named = {(sheet.name or "").strip(): sheet for sheet in fits}
    export = [named[name] for name in EXPORT_SHEETS if name in named and not named[name].frame.is_empty()]
    return [replace(export[0], beside=next(iter(export[1:]), None))] if export else fits


def _not_for(form: Form, found: list[Grid], error: WrongColumns) -> WrongColumns:
    """Return a refusal that says for which kinds the sheets are."""
    hints = "; ".join(hint for grid in found if (hint := _hint(grid)))
    return WrongColumns(f"No sheet fits the kind {form.kind}: {hints}.") if hints else error


def _hint(grid: Grid) -> str:
    kinds = [kind for kind, form in KINDS.items() if form.columns and _fits(form, grid)]
    kinds += [
        f"{kind} with ?enterprise="
        for kind, form in KINDS.items()
        if form.columns and kind not in kinds and _fits(form.of(SOMEBODY), grid)
    ]
    return f"the sheet {grid.name} fits {', '.join(kinds)}" if kinds else ""


def _fits(form: Form, grid: Grid) -> bool:
    header = header_in(grid.cells, form.titles)
    try:
        return header is not None and bool(form.match(header.titles).found)
    except WrongColumns:
        return False


def _official(found: list[Grid]) -> list[RawSheet]:
    """Return the three sheets of the official form."""
    there: Mapping[str, Grid] = {grid.name.strip(): grid for grid in found}
    missing = [sheet for sheet in SHEETS if sheet not in there]
    if missing:
        hints = "; ".join(hint for grid in found if (hint := _hint(grid)))
        shown = list(there)[:20]
        raise MissingSheet(
            f"The workbook lacks the sheet {'、'.join(missing)}; it has: {'、'.join(shown)}. "
            f"A workbook of one kind is sent as that kind{': ' + hints if hints else ''} "
            "/ 缺少官方三表中的工作表；单一种类的工作簿请按其种类报送。",
            missing=missing,
            found=shown,
        )
    left = [name for name in there if name not in SHEETS]
    sheets = [_official_sheet(KINDS[kind], there[sheet]) for sheet, kind in SHEETS.items()]
    if left:
        sheets[0] = replace(
            sheets[0],
            notes=(*sheets[0].notes, f"sheets left out: {'、'.join(left)} / 未读入的工作表：{'、'.join(left)}"),
        )
    return sheets


def _official_sheet(form: Form, grid: Grid) -> RawSheet:
    header: Header | None = header_in(grid.cells, form.titles)
    if header is None:
        raise EmptyFile(f"The sheet {grid.name} is empty. / 工作表 {grid.name} 为空，请补充后报送。", sheet=grid.name)
    sheet = table_in(form, grid.cells, header, grid.name, f"The sheet {grid.name}")
    if sheet.frame.is_empty():
        raise EmptyFile(
            f"The sheet {grid.name} has no rows. / 工作表 {grid.name} 没有数据，请补充后报送。", sheet=grid.name
        )
    return sheet


def safe(path: Path, limits: Limits) -> Path | bytes:
    """Return a workbook that can be opened; refuse one that unpacks to too much or whose cells lie too far apart."""
    if zipfile.is_zipfile(path):
        look_into(path, limits)
        return path
    if path.stat().st_size > min(LARGEST, limits.unpacked):
        raise FileTooLarge(
            f"An old workbook of more than {min(LARGEST, limits.unpacked) >> 20} MiB; send CSV files instead. "
            "/ 工作簿过大，请改用 CSV 报送。"
        )
    try:
        stream = stream_of(path.read_bytes())
        for rows, columns in reaches(stream):
            must_fit(rows, columns, limits)
    except NotACompound:
        raise UnreadableFile(DAMAGED) from None
    return compound(bytes(stream))
