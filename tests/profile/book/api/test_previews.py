"""A look at a file over HTTP: what it is, how it would be booked, how to import it; nothing of it stays."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from electronic_invoices import BUYER, SELLER, xml
from profile_house import HEADER, ROW, House, counts

from services.profile.book.domain.validation import VEIL
from services.profile.book.readers.cut import cut
from services.profile.book.readers.records import TWICE
from services.profile.book.readers.sheets import FileTooLarge

ODD = (
    "过账日,业务流水,借方发生额（元）,贷方发生额（元）,帐户余额\n"
    '2026-03-01,1,,"11,300.00","20,000.00"\n'
    '2026-03-02,2,"1,300.00",,"18,700.00"\n'
    "2026-03-03,3,x,,\n"
)
URL = "/v1/import-previews"
OTHER = "91330106100000016Y"


def look(house: House, content: str | bytes, query: str = "", headers: dict[str, str] | None = None) -> Any:
    body = content.encode() if isinstance(content, str) else content
    return house.client.post(f"{URL}?{query}", data=body, headers=headers or house.source)


def test_a_file_is_told_its_kind_its_columns_and_its_first_rows(house: House) -> None:
    """The kind fits, so that it can be imported as it is; money is shown in fen and in yuan."""
    found = look(house, HEADER + ROW + ROW.replace("113.00", "999")).json
    assert (found["kind"], found["connector"], found["declaration"]) == ("invoices.purchase", None, None)
    [table] = found["tables"]
    assert (table["checked"], table["accepted"], table["rejected"]) == (2, 1, 1)
    assert table["rejects"][0]["line"] == 3
    [row] = table["rows"]
    assert (row["values"]["date"], row["values"]["total_fen"], row["yuan"]["total_fen"]) == (
        "2019-01-04",
        11300,
        "113.00",
    )
    assert house.book()["invoices"] == 0
    assert list(house.context.settings.scratch.iterdir()) == house.context.uploads.list() == []


def test_a_proposal_is_saved_corrected_and_imported(house: House) -> None:
    """From a file that nobody knows to its rows in the book, without a file in the package or a restart."""
    found = look(house, ODD, "enterprise=E1").json
    assert found["kind"] == "payments"
    declared = found["declaration"]
    saved = house.client.put("/v1/connectors/odd-bank", json=declared, headers=house.source)
    assert saved.status_code == 201, saved.json
    sent = house.client.post(
        "/v1/imports?kind=payments&connector=odd-bank&enterprise=E1", data=ODD.encode(), headers=house.source
    )
    house.worker.run_once()
    done = house.state(sent.json["id"])
    [table] = found["tables"]
    assert counts(done) == (table["checked"], table["accepted"], 0, table["rejected"]) == (3, 2, 0, 1)
    again = look(house, ODD, "enterprise=E1").json
    assert (again["connector"], again["declaration"]) == ("odd-bank@1", None)


def test_nobody_named_is_told_and_somebody_is_shown_nowhere(cottage: House) -> None:
    """Rows are checked all the same; the answer says that the enterprise has to be named."""
    found = look(cottage, ODD).json
    assert found["needs_enterprise"] is True
    assert {row["values"]["enterprise"] for row in found["tables"][0]["rows"]} == {None}
    assert look(cottage, ODD, "enterprise=E1").json["needs_enterprise"] is False


def test_both_directions_of_a_firm_are_invoices_of_the_code_in_every_row(cottage: House) -> None:
    """Whose file it is, its codes say; an import with it books sales and purchases."""
    rows = [(SELLER, BUYER), (SELLER, OTHER), (BUYER, SELLER)]
    file = "发票号码,销方识别号,购方识别号,开票日期,金额,税额,价税合计,发票状态\n" + "".join(
        f"2695200000323015294{at},{seller},{buyer},2026-03-01,100,13,113,正常\n"
        for at, (seller, buyer) in enumerate(rows)
    )
    found = look(cottage, file).json
    assert (found["kind"], found["enterprise"], found["tables"][0]["accepted"]) == ("invoices", f"uscc:{SELLER}", 3)
    assert [row["values"]["direction"] for row in found["tables"][0]["rows"]] == ["sale", "sale", "purchase"]


def test_who_is_a_person_is_veiled(cottage: House) -> None:
    """As in reject reports: in rows, in examples, in what would be rejected."""
    file = "企业代号,关系类型,关联方,持股比例,身份证号\nE1,股东,张三丰,30%,330106\nE1,股东,李四光,300%,330107\n"
    answer = look(cottage, file)
    assert answer.json["kind"] == "relations"
    assert VEIL in answer.text
    for secret in ("张三丰", "李四光", "330106", "330107"):
        assert secret not in answer.text


def test_an_enterprise_looks_at_what_it_may_import(cottage: House) -> None:
    """Its own kinds about itself; nobody without the scope."""
    file = HEADER + ROW
    assert look(cottage, file, headers=cottage.owner("local:E1")).json["kind"] == "invoices.purchase"
    assert look(cottage, file, headers=cottage.owner("local:E2")).json["tables"][0]["accepted"] == 0
    assert look(cottage, file, "kind=tax-filings", cottage.owner()).status_code == 403
    assert (
        look(cottage, file, headers=cottage.tokens(role="bank", client="b", scopes="imports:read")).status_code == 403
    )


@pytest.mark.parametrize(
    ("content", "form", "encoding"),
    [
        ((HEADER + ROW).encode("gb18030"), "text", "gb18030"),
        ((HEADER + ROW).replace(",", "\t").encode("utf-16"), "text", "utf-16"),
        (gzip.compress((HEADER + ROW).encode()), "text", "utf-8"),
        (b"\xef\xbb\xbf" + ("清单\n\n" + HEADER + ROW + "合计,,,,100.00,13.00,113.00,\n").encode(), "text", "utf-8"),
    ],
)
def test_any_encoding_separator_and_title_lines_are_read(
    cottage: House, content: bytes, form: str, encoding: str
) -> None:
    """By the readers of imports themselves."""
    found = look(cottage, content).json
    assert (found["form"], found["encoding"], found["kind"]) == (form, encoding, "invoices.purchase")
    assert found["tables"][0]["accepted"] == 1


def test_a_header_that_comes_again_is_told_and_left_out(cottage: House) -> None:
    """Also before the kind is known, as a list is printed page by page."""
    [table] = look(cottage, HEADER + ROW + HEADER + ROW.replace("1001", "1002")).json["tables"]
    assert (table["checked"], table["accepted"]) == (2, 2)
    assert any("header comes again" in note for note in table["notes"])


def test_parquet_and_json_are_tables_as_well(cottage: House) -> None:
    titles, values = HEADER.strip().split(","), ROW.strip().split(",")
    record = dict(zip(titles, values, strict=True))
    packed = io.BytesIO()
    pl.DataFrame([record]).write_parquet(packed)
    for content in (packed.getvalue(), pl.DataFrame([record]).write_json().encode()):
        assert look(cottage, content).json["tables"][0]["accepted"] == 1


def test_invoices_as_xml_need_no_mapping(cottage: House) -> None:
    """The answer says what to do."""
    found = look(cottage, xml()).json
    assert (found["form"], found["kind"], found["tables"]) == ("xml", None, [])
    assert "no mapping" in found["notes"][0]


def test_whose_data_it_is_is_never_missing_from_a_file(cottage: House) -> None:
    """Its sender can name the enterprise beside it; where nobody has, that is asked for."""
    lacking = (
        "发票号码,购方识别号,开票日期,金额,发票状态\n26332000000000000001,91350100M000100Y43,2026-03-01,100,正常\n"
    )
    for query, asked_for in (("", True), ("enterprise=E1", False)):
        found = look(cottage, lacking, query).json
        assert "enterprise" not in [one["column"] for one in found["tables"][0]["missing"]]
        assert found["needs_enterprise"] is asked_for


def test_a_file_without_a_header_gets_one_to_put_in(cottage: House) -> None:
    """Its first line is no title of anything."""
    rows = "".join(f"2026-03-0{day},{day}00.00,{day}3.00,{day * 100 + day * 10 + 3}.00,normal\n" for day in range(1, 6))
    found = look(cottage, rows).json
    assert found["declaration"] is None
    assert any("no header" in note for note in found["notes"])


@pytest.mark.parametrize(
    ("content", "query", "problem"),
    [
        (b"", "", "empty-file"),
        (b"\x89PNG\r\n", "", "unreadable-file"),
        (b"a,b\n1,2\n", "kind=poems", "unknown-kind"),
        (b"a,b\n1,2\n", "connector=nobody", "unknown-connector"),
        (b"a,b\n1,2\n", "connector=tax-declarations", "wrong-columns"),
        (b"a,b\n1,2\n", "kind=workbook", "unreadable-file"),
    ],
)
def test_what_no_import_could_use_is_refused(cottage: House, content: bytes, query: str, problem: str) -> None:
    """With the problem that an import would have."""
    refused = look(cottage, content, query)
    assert (refused.status_code, refused.json["type"]) == (422, f"/problems/{problem}")


def test_only_the_head_of_a_large_file_is_read(cottage: House, tmp_path: Any) -> None:
    """Its first rows, to a line end outside quotations; a workbook stays one."""
    large = tmp_path / "large"
    large.write_bytes((HEADER + ROW * 50_000 + '"open').encode())
    assert not cut(large).whole
    assert large.read_bytes().endswith(b"\n")
    assert large.stat().st_size < 100_000
    found = look(cottage, HEADER + ROW * 50_000).json
    assert (found["whole"], found["tables"][0]["checked"]) == (False, 1000)


def test_a_workbook_is_cut_to_the_first_rows_of_its_sheets(cottage: House, tmp_path: Any) -> None:
    """Rows, and the texts that they need; what calls itself otherwise is not believed."""
    sheet = "".join(
        f'<row r="{row}"><c r="A{row}" t="s"><v>{row - 1}</v></c><c r="B{row}"><v>{row}</v></c></row>'
        for row in range(1, 5001)
    )
    strings = "".join(f"<si><t>word{at}</t></si>" for at in range(5000))
    place = tmp_path / "book.xlsx"
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", f"<worksheet><sheetData>{sheet}</sheetData></worksheet>")
        archive.writestr("xl/sharedStrings.xml", f"<sst>{strings}</sst>")
    assert not cut(place).whole
    with zipfile.ZipFile(place) as archive:
        kept = archive.read("xl/worksheets/sheet1.xml").decode()
        words = archive.read("xl/sharedStrings.xml").decode()
    assert kept.endswith("</row></sheetData></worksheet>")
    assert kept.count("<row") == words.count("<si>") == 1100


def test_a_workbook_of_countless_parts_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However small it is packed: what is kept of it is held in memory."""
    monkeypatch.setattr("services.profile.book.readers.cut.WORKBOOK_BYTES", 1 << 20)
    place = tmp_path / "book.xlsx"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        for at in range(20):
            archive.writestr(f"xl/embeddings/{at}.bin", bytes(100_000))
    with pytest.raises(FileTooLarge):
        cut(place)


def test_a_field_stated_twice_is_told_before_an_import_rejects_it(cottage: House) -> None:
    """The head of a list that is short is the list as it was sent."""
    good = dict(zip(HEADER.strip().split(","), ROW.strip().split(","), strict=True))
    twice = json.dumps(good, ensure_ascii=False).replace("{", '{"金额":"1.00",')
    found = look(cottage, f"[{json.dumps(good)},{twice}]", "kind=invoices.purchase").json
    assert [each["reason"] for table in found["tables"] for each in table["rejects"]] == [TWICE]


def test_a_look_that_ends_while_another_begins_does_no_harm(cottage: House) -> None:
    """Its folder is listed and gone before it is asked for its age."""
    look(cottage, HEADER + ROW)
    (cottage.context.settings.scratch / "gone").symlink_to("nowhere")
    assert look(cottage, HEADER + ROW).status_code == 200
