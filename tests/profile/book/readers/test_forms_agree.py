"""One table in every form of file: the same rows are taken, the same are refused."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import orjson
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from workbooks import Cell, xls, xlsx

from services.profile.book.domain.columns import KINDS
from services.profile.book.domain.validation import check
from services.profile.book.readers.read import read
from services.profile.book.readers.sheets import Limits

TITLES = (
    "纳税人识别号",
    "发票号码",
    "购方识别号",
    "开票日期",
    "金额",
    "税额",
    "价税合计",
    "发票状态",
    "备注",
    "备注",
    "",
)
TODAY = date(2026, 11, 1)
CODES = ("91330106100000016Y", "91330106200000144W", "E1", "uscc:91330106100000016Y", "错")
NUMBERS = ("26332000000000000301", "00012345", "12345678", "X 1", "合计", "")
DAYS = ("2026-03-04", "2026/3/4", "20260304", "2026年3月4日", "2026113", "2099-01-01", "")
AMOUNTS = ("100", "100.00", "1,234.50", "0.07", "-3.10", "1e3", "abc", "1.005", "")
STATUSES = ("正常", "作废", "失控", "")
REMARKS = ("", "a,b", 'say "x"', "两\n行", "  ")
ROWS = st.lists(
    st.tuples(*map(st.sampled_from, (CODES, NUMBERS, CODES, DAYS, AMOUNTS, AMOUNTS, AMOUNTS, STATUSES, REMARKS))),
    min_size=1,
    max_size=12,
)
Rows = Sequence[Sequence[str]]
Write = Callable[[Path, Rows], object]


def as_csv(path: Path, rows: Rows, encoding: str = "utf-8", separator: str = ",") -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\r\n").writerows([TITLES, *([*row, "", ""] for row in rows)])
    path.write_bytes(text.getvalue().encode(encoding))


def as_records(path: Path, rows: Rows) -> None:
    path.write_bytes(orjson.dumps([dict(zip(TITLES, row, strict=False)) for row in rows]))


def as_parquet(path: Path, rows: Rows) -> None:
    columns = {title: [row[place] for row in rows] for place, title in enumerate(TITLES[:9])}
    pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)).write_parquet(path)


def as_sheet(path: Path, rows: Rows) -> None:
    xlsx(path, {"1": [TITLES, *rows]}, shared=True)


def as_old_sheet(path: Path, rows: Rows) -> None:
    xls(path, {"1": [TITLES, *rows]})


def as_tabs(path: Path, rows: Rows) -> None:
    as_csv(path, rows, "gb18030", "\t")


def as_wide(path: Path, rows: Rows) -> None:
    as_csv(path, rows, "utf-16", ";")


def checked(path: Path) -> tuple[list[tuple[object, ...]], list[tuple[str, str]]]:
    form = KINDS["invoices.sale"]
    [part] = read(form, path, Limits())
    found = check(form, part.frame, form.match(part.titles), part.unread, today=TODAY)
    assert found.received == found.rows.height + found.rejected
    return found.rows.drop("line").rows(), found.report.select("column", "reason").rows()


@pytest.mark.parametrize("write", [as_records, as_parquet, as_sheet, as_old_sheet, as_tabs, as_wide])
@settings(max_examples=10)
@given(ROWS)
def test_a_table_is_the_same_in_every_form(tmp_path_factory: pytest.TempPathFactory, write: Write, rows: Rows) -> None:
    """CSV = XLSX = XLS = Parquet = JSON, in every encoding."""
    folder = tmp_path_factory.mktemp("forms")
    as_csv(folder / "csv", [*rows, ("E1", "9", "E2", "2026-03-04", "1", "0", "1", "正常", "")])
    write(folder / "other", [*rows, ("E1", "9", "E2", "2026-03-04", "1", "0", "1", "正常", "")])
    assert checked(folder / "other") == checked(folder / "csv")


def test_typed_cells_mean_what_their_texts_mean(tmp_path: Path) -> None:
    """Numbers and days of a workbook, of Parquet and of JSON are those of a CSV."""
    text = [("E1", "00012345", "E2", "2026-03-04", "100.07", "13", "113.07", "正常", "")]
    typed: list[Cell] = ["E1", "00012345", "E2", date(2026, 3, 4), 100.07, 13, 113.07, "正常", ""]
    as_csv(tmp_path / "csv", text)
    xlsx(tmp_path / "xlsx", {"1": [TITLES, typed]})
    xls(tmp_path / "xls", {"1": [TITLES, typed]})
    columns = dict(zip(TITLES, typed, strict=False))
    pl.DataFrame({title: [value] for title, value in columns.items()}).write_parquet(tmp_path / "parquet")
    (tmp_path / "json").write_bytes(orjson.dumps([columns]))
    for form in ("xlsx", "xls", "parquet", "json"):
        assert checked(tmp_path / form) == checked(tmp_path / "csv")
