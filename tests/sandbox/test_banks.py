"""The sandbox's payments as each bank's statement, read back: equal to the economy, to the fen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from workbooks import xls, xlsx

from sandbox.banks import LAYOUTS, Row, as_csv, name_of, statement
from sandbox.economy import Plan, simulate
from sandbox.records import records
from services.profile.book.domain.counterparty import line_of, told
from services.profile.book.domain.validation import Checked, check
from services.profile.book.readers.forms import form_of
from services.profile.book.readers.read import read
from services.profile.book.readers.sheets import Limits
from services.profile.standards.names import Book

CONTENT = ["date", "direction", "amount_fen"]


@cache
def payments() -> pl.DataFrame:
    """Return the payments of the firm that has most of them in a small economy."""
    every = records(simulate(Plan(firms=8, months=6, seed=3)))["payments"]
    busiest = every["enterprise"].value_counts(sort=True)["enterprise"][0]
    return every.filter(pl.col("enterprise") == busiest).head(400)


def loaded(path: Path, connector: str | None) -> Checked:
    form = form_of("payments", connector, payments()["enterprise"][0])
    [raw] = read(form, path, Limits())
    return check(form, raw.frame, form.match(raw.titles), raw.unread, today=date(2026, 11, 29))


def csv_file(path: Path, rows: list[Row]) -> Path:
    path.write_bytes(as_csv(rows))
    return path


def xlsx_file(path: Path, rows: list[Row]) -> Path:
    return xlsx(path, {"明细": rows})


def xls_file(path: Path, rows: list[Row]) -> Path:
    return xls(path, {"明细": rows})


FILES: dict[str, Callable[[Path, list[Row]], Path]] = {"csv": csv_file, "xlsx": xlsx_file, "xls": xls_file}


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("bank", LAYOUTS)
def test_a_statement_is_read_back_as_the_economy_has_it(bank: str, kind: str, tmp_path: Path) -> None:
    """Each bank's layout, as CSV and as workbooks: every payment, nothing else, and all balances add up."""
    path = FILES[kind](tmp_path / f"statement.{kind}", statement(bank, payments()))
    for connector in (bank, None):
        found = loaded(path, connector)
        assert (found.received, found.rejected, found.warnings) == (payments().height, 0, ())
        assert found.rows.select(CONTENT).sort(CONTENT).equals(payments().select(CONTENT).sort(CONTENT))
        assert found.rows.select("reference", *CONTENT).is_unique().all()


@pytest.mark.parametrize("bank", LAYOUTS)
def test_the_names_of_a_statement_are_the_economys_partners(bank: str, tmp_path: Path) -> None:
    """By the matcher every named line finds the partner that the economy paid or was paid by."""
    rows = loaded(csv_file(tmp_path / "statement.csv", statement(bank, payments())), bank).rows
    partners = payments()["counterparty"].drop_nulls().unique()
    own = payments()["enterprise"][0]
    book = Book([(party, name_of(party)) for party in (*partners, own)])
    lines = [line_of(own, None, *said, key=b"k") for said in rows.select("party", "account").rows()]
    found = told(lines, book.find, {})
    parties = pl.Series("counterparty", [found[line].party for line in lines], dtype=pl.String)
    expected = payments().select("date", "amount_fen", "counterparty")
    got = rows.select("date", "amount_fen", parties)
    assert got.sort(pl.all(), nulls_last=True).equals(expected.sort(pl.all(), nulls_last=True))


@pytest.mark.parametrize("bank", LAYOUTS)
def test_a_line_cut_out_of_a_statement_is_named(bank: str, tmp_path: Path) -> None:
    """Without its tenth line every bank's statement says where something is missing."""
    rows = statement(bank, payments())
    at = rows.index(list(LAYOUTS[bank].columns)) + 10
    [words] = loaded(csv_file(tmp_path / "statement.csv", [*rows[:at], *rows[at + 1 :]]), bank).warnings
    assert "is missing, or a line was altered" in words
