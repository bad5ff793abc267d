"""Rejected rows as their sender wrote them: safe in a spreadsheet, and read back as they were."""

from __future__ import annotations

import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from chassis.data.files import Folder
from services.profile.book.context import Context
from services.profile.book.domain.columns import KINDS
from services.profile.book.domain.rejected import as_sent, header, is_returned, kept, rejected, restored, safe
from services.profile.book.domain.sheet import Sheet
from services.profile.book.domain.titles import names
from services.profile.book.domain.validation import REPORT, Checked
from services.profile.book.usecases.report import rejected_rows, write_reports

CELLS = st.text(st.sampled_from("=+-@\t'0123456789,.% a元"), max_size=16)


def one(expression: pl.Expr) -> str:
    return str(pl.select(expression).item())


def test_a_cell_that_a_spreadsheet_would_run_is_quoted_and_a_number_is_not() -> None:
    """As OWASP says of CSV injection; red letters stay numbers."""
    risky = ["=1+1", "+cmd|' /C calc'!A0", "-1+1", "@SUM(A1)", "\t=1", " =1", "＝1+1"]
    assert [one(safe(pl.lit(cell))) for cell in risky] == [f"'{cell}" for cell in risky]
    plain = ["-1,000.00", "+5", "100%", "普通", "", "2026-03-01"]
    assert [one(safe(pl.lit(cell))) for cell in plain] == plain


def test_a_long_number_keeps_its_digits_in_a_spreadsheet() -> None:
    """Twenty digits and leading zeros, which it would shorten."""
    assert [one(kept(pl.lit(cell))) for cell in ("26952000003200000001", "00012345")] == [
        "'26952000003200000001",
        "'00012345",
    ]


@given(cell=CELLS)
def test_what_is_kept_is_restored(cell: str) -> None:
    """Whatever the cell was, apostrophes of its own included; and no spreadsheet runs what goes out."""
    out = one(kept(pl.lit(cell)))
    assert one(restored(pl.lit(out))) == cell
    assert one(safe(pl.lit(out))) == out or out.startswith("'")


def test_rejected_rows_have_their_reasons_in_front_in_both_languages() -> None:
    """All reasons of a row in one cell a language, with the columns as the file names them; a torn line is cut up."""
    frame = pl.DataFrame({"line": [2, 3], "备注": ["=1", "b"], "备注 (2)": [None, "c"], "金额": ["x", "1"]})
    faults = [(2, "金额", "x", "not a number / 不是数字"), (2, "备注", "=1", "empty / 不能为空")]
    faults.append((4, "", "d,e", "2 fields instead of 3 / 列数与表头不符"))
    report = pl.DataFrame(faults, schema=REPORT, orient="row")
    table = rejected(frame, report, None)
    assert table.rows() == [
        ("第 2 行 金额：不是数字；备注：不能为空", "line 2 金额: not a number; 备注: empty", "'=1", None, "x"),
        ("第 4 行 列数与表头不符", "line 4 2 fields instead of 3", "d", "e", None),
    ]
    titles = ("备注", "备注", "金额")
    assert header(titles, table.columns[2:]) == ["退回原因", "reason for rejection", *titles]


def test_where_persons_are_named_only_open_columns_are_said_again() -> None:
    """A file of relations is not kept, nor are its names here."""
    frame = pl.DataFrame({"line": [2], "party": ["张三"], "since": ["2018"], "memo": ["李四"]})
    report = pl.DataFrame([(2, "since", "2018", "not a date / 不是有效日期")], schema=REPORT, orient="row")
    assert rejected(frame, report, {"since"}).row(0)[2:] == ("***", "2018", "***")


def test_a_corrected_file_is_read_without_the_reasons() -> None:
    """Titles that come twice keep their places."""
    titles = ("退回原因", "Reason for rejection", "备注", "备注", "金额")
    frame = pl.DataFrame(
        {"line": [2], **dict(zip(names(titles), [["第 2 行"], ["x"], ["'=1"], ["c"], ["1"]], strict=True))}
    )
    assert is_returned(titles)
    cells, left = as_sent(frame, titles)
    assert (left, cells.columns, cells.row(0)) == (titles[2:], ["line", *names(titles[2:])], (2, "=1", "c", "1"))


def test_columns_that_are_no_text_come_back_as_text() -> None:
    """A Parquet file's numbers do; a list has no cell."""
    frame = pl.DataFrame({"line": [2, 3], "n": [7, 8], "of": [[1], [2]], "flag": [True, None]})
    faults = [(2, "n", "7", "wrong / 有误"), (9, "", "a,b", "torn / 残缺")]
    table = rejected(frame, pl.DataFrame(faults, schema=REPORT, orient="row"), None)
    assert [row[2:] for row in table.rows()] == [("7", None, "true"), ("a", "b", None)]


def test_the_rows_of_several_sheets_come_in_a_zip(tmp_path: Path) -> None:
    """A file for each sheet that has any, named by its kind and its name."""
    frame = pl.DataFrame({"line": [2], "a": ["x"]})
    good = Checked(pl.DataFrame(), pl.DataFrame(schema=REPORT), 1, 0)
    bad = Checked(pl.DataFrame(), pl.DataFrame([(2, "a", "x", "wrong / 有误")], schema=REPORT, orient="row"), 1, 1)
    form = KINDS["invoices.sale"]
    sheets = [Sheet(form, name, checked, (), raw=frame, titles=("a",)) for name, checked in (("甲", good), ("乙", bad))]
    context = cast("Context", SimpleNamespace(uploads=Folder(tmp_path)))
    write_reports(context, "imp_1", sheets)
    found = rejected_rows(context, "imp_1")
    assert found is not None
    with zipfile.ZipFile(tmp_path / found) as archive:
        assert archive.namelist() == ["invoices.sale-乙.csv"]
        assert "line 2 a: wrong" in archive.read("invoices.sale-乙.csv").decode("utf-8-sig")
