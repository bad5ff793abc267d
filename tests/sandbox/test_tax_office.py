"""A firm's invoices as the tax office exports them, loaded back: equal to the economy, to the fen."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from workbooks import xls, xlsx

from sandbox.economy import Plan, simulate
from sandbox.tables import tables
from sandbox.tax_office import INVOICES, LINES, Sheets, export, stated
from services.profile.book.domain.invoice import DATASET
from services.profile.book.domain.invoice_lines import gathered, opened
from services.profile.book.domain.lines import summed
from services.profile.book.domain.sheet import Sheet
from services.profile.book.domain.validation import check
from services.profile.book.readers.forms import form_of
from services.profile.book.readers.read import read
from services.profile.book.readers.sheets import Limits
from services.profile.book.usecases import load

FACTS = ["direction", "counterparty", "date", "net_fen", "tax_fen", "total_fen", "status"]
TODAY = date(2026, 11, 29)


@pytest.fixture(scope="module")
def economy() -> dict[str, pl.DataFrame]:
    return tables(simulate(Plan(firms=30, months=18)))


@pytest.fixture(scope="module")
def firm(economy: dict[str, pl.DataFrame]) -> str:
    """Return the firm with the most red letters."""
    return str(economy["invoices.sale"].filter(pl.col("total") < 0)["enterprise"].mode().sort()[0])


@pytest.fixture(scope="module")
def sheets(economy: dict[str, pl.DataFrame], firm: str) -> Sheets:
    return export(economy, firm)


def loaded(path: Path, firm: str, kind: str = "invoices") -> Sheet:
    """Return a file as it is checked on import; every row of it is taken."""
    form = form_of(kind, None, firm)
    [raw] = read(form, path, Limits())
    matched = form.match(raw.titles)
    checked = check(form, raw.frame, matched, raw.unread, today=TODAY)
    assert checked.report.is_empty()
    numbers = [name for name, column in matched.found.items() if column.name == "number"]
    sheet = Sheet(form, raw.name, checked, matched.ignored, raw.notes, raw=raw.frame, titles=tuple(raw.titles))
    return summed(sheet, numbers)


def facts(sheet: Sheet) -> list[tuple[object, ...]]:
    return sorted(DATASET.conform(sheet.checked.rows).select(FACTS).rows(), key=str)


def truth(economy: dict[str, pl.DataFrame], firm: str) -> list[tuple[object, ...]]:
    """Return what the economy itself says of the firm's invoices; persons are nobody."""
    fen = [(pl.col(name) * 100).cast(pl.Int64).alias(f"{name}_fen") for name in ("net", "tax", "total")]
    party = pl.when(~pl.col("person")).then(pl.col("counterparty").str.strip_prefix("local:")).alias("counterparty")
    return sorted(stated(economy, firm).with_columns(*fen, party).select(FACTS).rows(), key=str)


def saved(path: Path, rows: list[list[object]]) -> Path:
    """Write one sheet as CSV, as a spreadsheet saves it."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def test_the_makers_invoices_are_those_of_the_economy(economy: dict[str, pl.DataFrame], firm: str) -> None:
    """Nothing is added or lost on the way out, and everything that a file may hold is there."""
    found = stated(economy, firm)
    for direction in ("sale", "purchase"):
        own = economy[f"invoices.{direction}"].filter(pl.col("enterprise") == firm)
        here = found.filter(pl.col("direction") == direction)
        assert (here.height, here["total"].sum()) == (own.height, own["total"].sum())
    assert found["person"].any()
    assert found["cancelled"].any()
    assert found["code"].null_count() not in (0, found.height)
    assert found.filter(pl.col("code").is_null())["number"].is_unique().all()


@pytest.mark.parametrize("write", [xlsx, xls])
def test_the_workbook_is_the_economy_to_the_fen(
    economy: dict[str, pl.DataFrame], firm: str, sheets: Sheets, tmp_path: Path, write: type
) -> None:
    """Both directions in one file, each invoice once although two sheets say it."""
    sheet = loaded(write(tmp_path / "export", sheets), firm)
    assert sheet.name == INVOICES
    assert facts(sheet) == truth(economy, firm)


def test_a_workbook_without_the_first_sheet_is_read_by_its_lines(
    economy: dict[str, pl.DataFrame], firm: str, sheets: Sheets, tmp_path: Path
) -> None:
    """The special sheets add nothing to any sum."""
    rest = {name: rows for name, rows in sheets.items() if name != INVOICES}
    sheet = loaded(xlsx(tmp_path / "export", rest), firm)
    assert sheet.name == LINES
    assert facts(sheet) == truth(economy, firm)


@pytest.mark.parametrize("name", [INVOICES, LINES])
def test_each_sheet_saved_as_text_is_the_economy_to_the_fen(
    economy: dict[str, pl.DataFrame], firm: str, sheets: Sheets, tmp_path: Path, name: str
) -> None:
    """Also the one of lines, whose lines are summed: two equal ones and a discount among them."""
    assert facts(loaded(saved(tmp_path / "sheet.csv", sheets[name]), firm)) == truth(economy, firm)


def test_the_export_of_one_direction_is_sent_as_that(
    economy: dict[str, pl.DataFrame], firm: str, sheets: Sheets, tmp_path: Path
) -> None:
    """As people also export it."""
    own = firm.removeprefix("local:")
    rows = [row for place, row in enumerate(sheets[INVOICES]) if place == 0 or row[4] == own]
    sold = [fact for fact in truth(economy, firm) if fact[0] == "sale"]
    assert facts(loaded(saved(tmp_path / "sales.csv", rows), firm, "invoices.sale")) == sold


def test_red_letters_come_with_what_they_cancel(
    economy: dict[str, pl.DataFrame], firm: str, sheets: Sheets, tmp_path: Path
) -> None:
    """The link of each is the number of an invoice in the file, and both come to nothing."""
    rows = loaded(xlsx(tmp_path / "export", sheets), firm).checked.rows
    links = dict(rows.filter(pl.col("blue_number").is_not_null()).select("number", "blue_number").rows())
    said = stated(economy, firm).filter(pl.col("blue").is_not_null())
    assert links == dict(said.select("number", "blue").rows())
    totals = dict(rows.select("number", "total_fen").rows())
    # The number of a paper invoice may be another seller's too.
    assert {totals[red] + totals[blue] for red, blue in links.items() if len(blue) == 20} == {0}


def with_lines(path: Path, firm: str) -> tuple[Sheet, pl.DataFrame]:
    """Return a workbook as it is checked on import, and the single lines of its invoices."""
    form = form_of("invoices", None, firm)
    [raw] = read(form, path, Limits())
    sheet = load._checked(raw, form, TODAY)
    rows = gathered(sheet.checked.rows, sheet.lines, sheet.folded)
    return sheet, opened(rows.with_columns(import_id=pl.lit("imp")))


def test_the_workbook_brings_the_lines_of_every_invoice(firm: str, sheets: Sheets, tmp_path: Path) -> None:
    """From the sheet of lines beside the one of whole invoices: as many as it has, and to the fen."""
    sheet, lines = with_lines(xlsx(tmp_path / "export", sheets), firm)
    assert lines.height == len(sheets[LINES]) - 1
    sums = lines.group_by("total_fen", "number", "direction").agg(net_fen=pl.col("line_net_fen").sum())
    same = ["total_fen", "number", "direction", "net_fen"]
    assert sums.select(same).sort(same).equals(sheet.checked.rows.select(same).sort(same))
    assert not any("sheet of lines" in told for told in sheet.told)
    assert not any(LINES in note for note in sheet.notes)


def test_lines_that_add_up_to_another_invoice_are_left_out(firm: str, sheets: Sheets, tmp_path: Path) -> None:
    """The whole invoices count all the same, and the sender is told how many rows they are."""
    _, every = with_lines(xlsx(tmp_path / "export", sheets), firm)
    cut = {**sheets, LINES: [*sheets[LINES][:1], *sheets[LINES][2:]]}
    sheet, lines = with_lines(xlsx(tmp_path / "cut", cut), firm)
    assert sheet.checked.rows.height == len(sheets[INVOICES]) - 1
    lost = len(cut[LINES]) - 1 - lines.height
    assert every.height - lines.height == lost + 1
    assert any(told.startswith(f"{lost} rows of the sheet of lines") for told in sheet.told) == (lost > 0)
