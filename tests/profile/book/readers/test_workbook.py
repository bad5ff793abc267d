"""Workbooks, .xlsx and .xls: the sheet and its header found, cells as they were meant, official sheets."""

from __future__ import annotations

import os
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest
from electronic_invoices import zipped
from hypothesis import given
from hypothesis import strategies as st
from workbooks import Cell, Rows, xls, xlsx

from services.profile.book.domain.columns import KINDS, SHEETS
from services.profile.book.domain.form import WrongColumns
from services.profile.book.readers.archive import look_into, reached
from services.profile.book.readers.cut import ROWS, cut
from services.profile.book.readers.forms import form_of
from services.profile.book.readers.gauge import is_small
from services.profile.book.readers.read import read
from services.profile.book.readers.sheets import EmptyFile, FileTooLarge, Limits, MissingSheet, RawSheet, UnreadableFile

REAL = Path(os.environ.get("SMECREDIT_REAL_DATA", Path(__file__).parents[5] / "shared" / "data")) / "cumcm2020c"
TITLES = ["纳税人识别号", "发票号码", "购方识别号", "开票日期", "金额", "税额", "价税合计", "发票状态"]
Write = Callable[..., Path]
either = pytest.mark.parametrize("write", [xlsx, xls])


def row(number: str | float, day: str | date = date(2026, 4, 3)) -> list[Cell]:
    return ["91330106100000016Y", number, "91330106200000144W", day, 100.0, 13, 113, "正常"]


def sheets(path: Path, kind: str = "invoices.sale") -> list[RawSheet]:
    return read(KINDS[kind], path, Limits())


@either
def test_the_table_of_a_sheet_is_found_where_it_stands(tmp_path: Path, write: Write) -> None:
    """Title lines above, blank rows between, totals below; lines as a spreadsheet numbers them."""
    rows = [["销项发票清单"], [], TITLES, row("00012345"), [], row(12345679), ["合计", None, None, None, 200, 26, 226]]
    [only] = sheets(write(tmp_path / "upload", {"Sheet1": rows}))
    assert only.frame["line"].to_list() == [4, 6]
    assert only.frame["发票号码"].to_list() == ["00012345", "12345679"]
    assert only.frame["金额"].to_list() == ["100", "100"]
    assert (len(only.notes), only.name) == (2, "Sheet1")


@either
def test_cells_are_the_texts_that_were_meant(tmp_path: Path, write: Write) -> None:
    """A text of twenty digits is whole; a number of as many has lost some and shows it by its exponent."""
    days = [date(2026, 4, 3), datetime(2026, 4, 3, 23, 59, 59, 990000), "2026/4/3", date(2026, 4, 3)]  # noqa: DTZ001
    numbers = ["26332000000000000301", 26332000000000000301, 1234567890123456, 45678]
    rows = [TITLES, *(row(number, day) for number, day in zip(numbers, days, strict=True))]
    rows[1][4], rows[2][4], rows[3][4] = 0.1 + 0.2, 123456789.12, "1,000.00"
    [only] = sheets(write(tmp_path / "upload", {"a": rows}))
    assert only.frame["发票号码"].to_list() == ["26332000000000000301", "2.6332E+19", "1.23456789012346E+15", "45678"]
    assert only.frame["金额"].to_list() == ["0.3", "123456789.12", "1,000.00", "100"]
    assert [day[:10] for day in only.frame["开票日期"]] == ["2026-04-03", "2026-04-03", "2026/4/3", "2026-04-03"]


def test_dates_counted_from_1904_are_the_same_days(tmp_path: Path) -> None:
    """An old Macintosh began its calendar there."""
    [only] = sheets(xlsx(tmp_path / "upload", {"a": [TITLES, row("1")]}, from_1904=True))
    assert only.frame["开票日期"][0] == "2026-04-03 00:00:00"


def test_every_sheet_that_fits_is_read(tmp_path: Path) -> None:
    """One a month, say; what is hidden or no table is not, and that is told."""
    months: dict[str, Rows] = {"1月": [TITLES, row("1")], "说明": [["请勿修改"]], "2月": [["二月"], TITLES, row("2")]}
    found = sheets(xlsx(tmp_path / "upload", {**months, "旧": [TITLES, row("3")]}, hidden=["旧"]))
    assert [(sheet.name, sheet.frame["发票号码"].to_list()) for sheet in found] == [("1月", ["1"]), ("2月", ["2"])]
    assert any("说明、旧 (hidden)" in note for note in found[0].notes)


def test_an_export_whose_sheet_of_invoices_is_empty_is_read_by_its_lines(tmp_path: Path) -> None:
    """The better sheet is the one that says something."""
    [only] = sheets(xlsx(tmp_path / "upload", {"发票基础信息": [TITLES], "信息汇总表": [TITLES, row("1")]}))
    assert (only.name, only.frame.height) == ("信息汇总表", 1)


@either
def test_a_statement_as_a_workbook_is_read_by_its_connector(tmp_path: Path, write: Write) -> None:
    """Banks hand out workbooks, most of them old ones."""
    titles = ["交易日期", "交易流水号", "借方发生额", "贷方发生额", "对方统一社会信用代码", "用途"]
    rows = [["账户交易明细"], titles, ["20260301", "T50", None, 11300.5, "91330106200000144W", "货款"]]
    path = write(tmp_path / "upload", {"Sheet": rows})
    [only] = read(form_of("payments", "bank-statement", "uscc:91330106100000016Y"), path, Limits())
    assert only.frame["贷方发生额"].to_list() == ["11300.5"]


def test_a_workbook_without_the_columns_says_what_it_has(tmp_path: Path) -> None:
    """Also for which kind its sheets are."""
    path = xlsx(tmp_path / "upload", {"a": [TITLES[:4], row("1")[:4]]})
    with pytest.raises(WrongColumns, match="The sheet a lacks"):
        sheets(path)
    path = xlsx(tmp_path / "upload", {"企业": [["企业代号", "企业名称"], ["E1", "甲"]]})
    with pytest.raises(WrongColumns, match="the sheet 企业 fits enterprises"):
        sheets(path, "payments")


def test_a_workbook_of_one_kind_is_not_sent_round(tmp_path: Path) -> None:
    """The kind workbook names the kind that its sheet is."""
    with pytest.raises(MissingSheet, match=r"the sheet a fits invoices\.sale"):
        sheets(xlsx(tmp_path / "upload", {"a": [TITLES, row("1")]}), "workbook")


def official() -> dict[str, Rows]:
    purchase = [title.replace("购方识别号", "销方单位代号") for title in TITLES]
    return {
        "企业信息": [["企业代号", "企业名称"], ["91330106100000016Y", "甲"]],
        "进项发票信息": [["附件"], purchase, row("1")],
        "销项发票信息": [TITLES, row("2")],
    }


@either
def test_the_official_form_is_read_in_either_make(tmp_path: Path, write: Write) -> None:
    """Its three sheets, whatever stands beside them."""
    found = sheets(write(tmp_path / "upload", {"说明": [["请勿修改"]], **official()}), "workbook")
    assert [(sheet.kind, sheet.frame["line"].to_list()) for sheet in found] == [
        ("enterprises", [2]),
        ("invoices.purchase", [3]),
        ("invoices.sale", [2]),
    ]
    assert "说明" in found[0].notes[-1]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"), "password"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600 + "WordDocument".encode("utf-16-le"), "Word"),
        (zipped({"word/document.xml": b"<w/>"}), "Word"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "damaged"),
        (b"%PDF-1.7", "PDF"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>', "Excel 2003"),
        (b"\x89PNG\r\n", "picture"),
    ],
)
def test_what_is_no_table_is_called_by_its_name(tmp_path: Path, content: bytes, words: str) -> None:
    """With what to send instead."""
    path = tmp_path / "upload"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=words):
        sheets(path)


def test_a_page_called_xls_is_read_as_the_table_that_it_holds(tmp_path: Path) -> None:
    """Many systems hand out HTML under that name."""
    path = tmp_path / "upload"
    cells = "".join(f"<td>{value}" for value in row("00012345", "2026-04-03"))
    head = "".join(f"<th>{title}</th>" for title in TITLES)
    text = f"<html><meta charset=gb2312><table><tr><td colspan=8>清单</td></tr><tr>{head}</tr><tr>{cells}</tr></table>"
    path.write_bytes(text.encode("gb18030"))
    [only] = sheets(path)
    assert (only.frame["line"].to_list(), only.frame["发票号码"].to_list()) == ([3], ["00012345"])


def test_a_page_without_a_table_is_refused(tmp_path: Path) -> None:
    """It is said to be one."""
    path = tmp_path / "upload"
    path.write_text("<html><body>请登录</body></html>")
    with pytest.raises(EmptyFile, match="web page"):
        sheets(path)


def test_the_one_table_in_a_zip_is_read(tmp_path: Path) -> None:
    """Offices pack what they hand out; several tables are sent one by one."""
    table = xlsx(tmp_path / "table", {"a": [TITLES, row("1")]}).read_bytes()
    upload = tmp_path / "upload"
    for entries, height in (
        ({"明细.xlsx": table, "__MACOSX/._明细.xlsx": b""}, 1),
        ({"a.xlsx": table, "b.xlsx": table}, 0),
    ):
        with zipfile.ZipFile(upload, "w") as made:
            for name, data in entries.items():
                made.writestr(name, data)
        assert sheets(upload)[0].frame.height == height
    with pytest.raises(UnreadableFile, match="several files"):
        sheets(upload, "payments")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["table", "upload"]


def test_two_cells_far_apart_in_an_old_workbook_are_refused(tmp_path: Path) -> None:
    """Two bytes place a cell in any row, two more in any column."""
    path = xls(tmp_path / "upload", {"a": [TITLES, row("1")]})
    data = path.read_bytes()
    at = data.index(struct.pack("<HHHHH", 0x203, 14, 1, 5, 0))
    data = data[: at + 4] + struct.pack("<HH", 65_000, 65_000) + data[at + 8 :]
    path.write_bytes(data)
    with pytest.raises(FileTooLarge, match="reaches to row 65001"):
        sheets(path)


def test_what_an_old_workbook_says_of_its_own_size_is_not_believed(tmp_path: Path) -> None:
    """Room is made for what a sheet says that it fills, and sectors that go in a circle have no end."""
    path = xls(tmp_path / "upload", {"a": [TITLES, row("1")]})
    good = path.read_bytes()
    at = good.index(struct.pack("<HHII", 0x200, 14, 0, 2)) + 4
    path.write_bytes(good[:at] + struct.pack("<IIHH", 9, 0xFFFFFFF0, 0, 0xFFFF) + good[at + 12 :])
    assert sheets(path)[0].frame.height == 1
    circle = bytearray(good)
    struct.pack_into("<I", circle, 512 + 4 * 3, 2)
    path.write_bytes(circle)
    with pytest.raises(UnreadableFile, match="damaged"):
        sheets(path)


def test_a_workbook_that_says_it_holds_countless_texts_is_refused(tmp_path: Path) -> None:
    """Room would be made for each of them."""
    path, made = xlsx(tmp_path / "upload", {"a": [TITLES, row("1")]}, shared=True), tmp_path / "made"
    with zipfile.ZipFile(path) as given, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in given.infolist():
            target.writestr(entry, given.read(entry).replace(b"<sst ", b'<sst uniqueCount="99999999999999" '))
    with pytest.raises(FileTooLarge, match="announces more texts"):
        sheets(made)


def test_a_cell_far_away_is_refused_before_it_costs_its_rectangle(tmp_path: Path) -> None:
    """A sheet is held as the rectangle up to its last row and column."""
    path = xlsx(tmp_path / "upload", {"a": [TITLES, row("1")]})
    far = tmp_path / "far"
    with zipfile.ZipFile(path) as given, zipfile.ZipFile(far, "w", zipfile.ZIP_DEFLATED) as made:
        for entry in given.infolist():
            made.writestr(entry, given.read(entry).replace(b'r="H2"', b'r="XFD1048576"'))
    with pytest.raises(FileTooLarge, match="reaches to row 1048576"):
        sheets(far)


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


def test_the_tax_offices_export_is_its_invoices_and_not_its_lines_as_well(tmp_path: Path) -> None:
    """The first sheet has a row an invoice; that of their lines goes beside it, and what is left out is told."""
    titles = ["序号", "发票号码", "数电发票号码", "销方识别号", "购方识别号", "开票日期"]
    titles += ["金额", "税额", "价税合计", "发票状态", "是否正数发票"]
    line = [1, None, "26332000000000000001", "91330106100000016Y", "91330106200000144W", "2026-03-01 09:10:11"]
    line += [100.0, 13, 113, "正常", "是"]
    sheet = [titles, line]
    path = xlsx(tmp_path / "upload", {"发票基础信息": sheet, "信息汇总表": [*sheet, line], "铁路电子客票": [titles]})
    [only] = read(KINDS["invoices"].of("uscc:91330106100000016Y"), path, Limits())
    assert (only.name, only.frame.height) == ("发票基础信息", 1)
    assert only.beside is not None
    assert (only.beside.name, only.beside.frame.height) == ("信息汇总表", 2)
    assert "铁路电子客票" in only.notes[-1]
    assert "信息汇总表" not in only.notes[-1]


ELSEWHERE = "data/one.xml"


def moved(path: Path, made: Path, *, to: str = ELSEWHERE, sheets: int = 1, part: str = "") -> Path:
    """Write a workbook of one sheet anew: it lies elsewhere, is named as so many sheets, or is `part` instead."""
    with zipfile.ZipFile(path) as given, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as anew:
        for entry in given.infolist():
            name, data = (
                text.replace("worksheets/sheet1.xml", to).replace("sharedStrings.xml", "data/two.xml")
                for text in (entry.filename, given.read(entry).decode())
            )
            if name == "xl/workbook.xml":
                one = data[data.index("<sheet ") : data.index("</sheets>")]
                data = data.replace(one, "".join(one.replace('name="', f'name="{n}') for n in range(sheets)))
            anew.writestr(name, part or data if name == f"xl/{to}" else data)
    return made


def test_a_small_workbook_is_plainly_small(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "upload", {"Sheet1": [TITLES, row("1")]})
    assert is_small(path)
    assert is_small(moved(path, tmp_path / "moved"))
    assert sheets(tmp_path / "moved")[0].frame.height == 1


@pytest.mark.parametrize(
    ("cells", "named"),
    [
        ('<c t="s"><v>0</v></c>' * 4_000, 1),  # each may be the longest text
        ('<c t="s"><v>0</v></c>' * 400, 300),
        ('<c r="XFD1048576"><v>0</v></c>', 1),
        ('<c r = "A400000"><v>0</v></c>' * 9, 2),
    ],
    ids=["texts", "texts of many sheets", "far", "far, in two sheets"],
)
@pytest.mark.parametrize("place", ["worksheets/sheet1.xml", ELSEWHERE])
def test_a_sheet_is_tried_wherever_it_lies_and_however_often_it_is_named(
    tmp_path: Path, cells: str, named: int, place: str
) -> None:
    """Nothing says which part is a sheet but what the workbook names."""
    path = xlsx(tmp_path / "upload", {"Sheet1": [TITLES, row("1")]})
    sheet = f"<worksheet><sheetData><row>{cells}</row></sheetData></worksheet>"
    assert not is_small(moved(path, tmp_path / "moved", to=place, sheets=named, part=sheet))


def test_a_far_cell_of_a_sheet_elsewhere_is_refused(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "upload", {"Sheet1": [TITLES, row("1")]})
    part = '<worksheet><sheetData><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
    with pytest.raises(FileTooLarge, match="reaches to row 1048576 and column 16384"):
        look_into(moved(path, tmp_path / "moved", part=part), Limits())


def test_the_order_of_calculation_is_no_sheet(tmp_path: Path) -> None:
    """It names cells of all sheets: the row of one and the column of another are no rectangle."""
    path = xlsx(tmp_path / "upload", {"Sheet1": [TITLES, row("1")]})
    chain = '<calcChain><c r="A900000" i="1"/><c r="XFD1" i="2"/></calcChain>'
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/calcChain.xml", chain)
    look_into(path, Limits())


def test_the_head_of_a_sheet_elsewhere_is_its_first_rows(tmp_path: Path) -> None:
    """With the texts that they need, which lie elsewhere too."""
    path = xlsx(tmp_path / "upload", {"Sheet1": [TITLES, *(row(f"n{number}") for number in range(ROWS + 50))]})
    made = moved(path, tmp_path / "moved")
    assert not cut(made).whole
    assert sheets(made)[0].frame["发票号码"].to_list() == [f"n{number}" for number in range(ROWS - 1)]


def test_no_match_of_what_a_sheet_writes_is_kept() -> None:
    """Kept, they take many times the sheet."""
    sheet = b'r="1' * (1 << 15)
    tracemalloc.start()
    try:
        assert reached(sheet) == (1, 0)
        assert tracemalloc.get_traced_memory()[1] < len(sheet)
    finally:
        tracemalloc.stop()


@given(st.lists(st.sampled_from(['r="AB7"', "r = 'C12'", "<c ", "<x:c/>", "<a-b:row>", "<row\t", "<col>", "x"])))
def test_a_sheet_reaches_no_farther_than_it_writes_and_holds(pieces: list[str]) -> None:
    """What has a place is within it, and what has none is counted."""
    rows, columns = reached(" ".join(pieces).encode())
    assert rows == max([{'r="AB7"': 7, "r = 'C12'": 12}.get(piece, 0) for piece in pieces], default=0) + sum(
        piece.lstrip("<").split(":")[-1].startswith("row") for piece in pieces
    )
    assert columns == max([{'r="AB7"': 28, "r = 'C12'": 3}.get(piece, 0) for piece in pieces], default=0) + sum(
        piece in {"<c ", "<x:c/>"} for piece in pieces
    )
