"""Parquet: typed columns as the texts that people meant."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from services.profile.book.domain.columns import KINDS
from services.profile.book.domain.validation import check
from services.profile.book.readers.read import read
from services.profile.book.readers.sheets import Limits, UnreadableFile

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
