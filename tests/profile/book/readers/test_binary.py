"""Parquet and the official workbook."""

from __future__ import annotations

import os
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from services.profile.book.domain.columns import KINDS, SHEETS
from services.profile.book.domain.validation import check
from services.profile.book.readers.read import read
from services.profile.book.readers.sheets import FileTooLarge, Limits, MissingSheet, UnreadableFile

REAL = Path(os.environ.get("SMECREDIT_REAL_DATA", Path(__file__).parents[5] / "shared" / "data")) / "cumcm2020c"
TYPED = {
    "enterprise": ["E1"],
    "number": [1001],
    "date": [date(2019, 1, 4)],
    "seller": ["A1"],
    "net": [100.07],
    "tax": [Decimal("13.00")],
    "total": ["113.07"],
    "status": ["valid"],
    "synthetic": [True],
}


def test_typed_columns_mean_the_same_as_text(tmp_path: Path) -> None:
    """Whole numbers, binary floats, decimals, dates and flags are read exactly."""
    path = tmp_path / "upload"
    pl.DataFrame(TYPED).write_parquet(path)
    [part] = read(KINDS["invoices.purchase"], path, Limits())
    form = KINDS["invoices.purchase"]
    matched = form.match(part.titles)
    row = check(form, part.frame, matched, part.unread, today=date(2026, 1, 1)).rows.row(0, named=True)
    assert (row["net_fen"], row["tax_fen"], row["total_fen"]) == (10_007, 1_300, 11_307)
    assert (row["number"], row["date"], row["synthetic"]) == ("1001", date(2019, 1, 4), True)


def test_a_parquet_file_cut_short_is_refused(tmp_path: Path) -> None:
    """Its footer is missing, and so is the table."""
    path = tmp_path / "upload"
    pl.DataFrame(TYPED).write_parquet(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UnreadableFile):
        read(KINDS["invoices.purchase"], path, Limits())


def test_a_parquet_column_of_lists_is_refused(tmp_path: Path) -> None:
    """A cell holds one value."""
    path = tmp_path / "upload"
    pl.DataFrame({**TYPED, "net": [[1.0]]}).write_parquet(path)
    with pytest.raises(UnreadableFile, match="net"):
        read(KINDS["invoices.purchase"], path, Limits())


def test_something_else_is_no_workbook(tmp_path: Path) -> None:
    """A CSV sent as a workbook is told what it should be."""
    path = tmp_path / "upload"
    path.write_text("a,b\n")
    with pytest.raises(UnreadableFile, match="xlsx"):
        read(KINDS["workbook"], path, Limits())


def test_a_damaged_workbook_is_refused(tmp_path: Path) -> None:
    """A zip that is none is said to be broken."""
    path = tmp_path / "upload"
    path.write_bytes(b"PK\x03\x04" + b"\0" * 100)
    with pytest.raises(UnreadableFile, match="damaged"):
        read(KINDS["workbook"], path, Limits())


def test_a_workbook_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    """A bomb is counted as it unpacks, not as its directory says."""
    path = tmp_path / "upload"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("xl/worksheets/sheet1.xml", b"x" * 5_000_000)
    path.write_bytes(path.read_bytes().replace((5_000_000).to_bytes(4, "little"), (1_000).to_bytes(4, "little")))
    with pytest.raises(FileTooLarge, match="unpacks to more"):
        read(KINDS["workbook"], path, Limits(unpacked=1 << 20))


@pytest.mark.skipif(not REAL.is_dir(), reason="real data is not here; set SMECREDIT_REAL_DATA")
def test_the_official_workbook_is_read_sheet_by_sheet() -> None:
    """Three sheets, each with the lines a spreadsheet shows."""
    parts = read(KINDS["workbook"], REAL / "sample_12_firms.xlsx", Limits())
    assert [part.name for part in parts] == list(SHEETS)
    assert [part.frame.height for part in parts] == [12, 1515, 2248]
    assert parts[0].frame["line"][0] == 2


@pytest.mark.skipif(not REAL.is_dir(), reason="real data is not here; set SMECREDIT_REAL_DATA")
def test_a_workbook_without_a_sheet_names_the_missing_one(tmp_path: Path) -> None:
    """The sender learns which sheet to add, and which ones were found."""
    path = tmp_path / "upload"
    _renamed(REAL / "sample_12_firms.xlsx", path)
    with pytest.raises(MissingSheet, match="销项发票信息"):
        read(KINDS["workbook"], path, Limits())


def _renamed(source: Path, target: Path) -> None:
    with zipfile.ZipFile(source) as given, zipfile.ZipFile(target, "w") as made:
        for entry in given.infolist():
            data = given.read(entry)
            if entry.filename == "xl/workbook.xml":
                data = data.replace("销项发票信息".encode(), "其他".encode())
            made.writestr(entry, data)
