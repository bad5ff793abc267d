"""数电票 XML: read exactly, refused where it does not add up, and never dangerous to parse."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from electronic_invoices import BUYER, SELLER, xml, zipped

from services.profile.book.domain.columns import KINDS
from services.profile.book.domain.form import Form
from services.profile.book.domain.validation import Checked, check
from services.profile.book.readers.read import read
from services.profile.book.readers.sheets import FileTooLarge, Limits, RawSheet, UnreadableFile
from services.profile.book.readers.unzip import MOST_ENTRIES_WITHIN

LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><EInvoice>&b;</EInvoice>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE x SYSTEM "file:///etc/passwd"><EInvoice/>"""


def read_bytes(
    folder: Path, body: bytes, form: Form = KINDS["invoices.sale"], limits: Limits | None = None
) -> RawSheet:
    path = folder / "file"
    path.write_bytes(body)
    [part] = read(form, path, limits or Limits())
    return part


def booked(part: RawSheet, form: Form) -> Checked:
    """Return what was read as it is checked on import."""
    return check(form, part.frame, form.match(part.titles), part.unread, today=date(2026, 11, 29))


def test_an_invoice_is_read_to_the_fen(tmp_path: Path) -> None:
    """Seller, buyer, number, day and the three sums are those of the XML."""
    row = read_bytes(tmp_path, xml()).frame.row(0, named=True)
    assert (row["seller"], row["buyer"]) == (SELLER, BUYER)
    assert (row["number"], row["date"]) == ("24352000000000000001", "2024-03-05")
    assert (row["net_fen"], row["tax_fen"], row["total_fen"]) == ("12050", "1300", "13350")


def test_the_buyers_books_have_it_from_the_other_side(tmp_path: Path) -> None:
    """As a purchase the enterprise is the buyer."""
    row = booked(read_bytes(tmp_path, xml(), KINDS["invoices.purchase"]), KINDS["invoices.purchase"]).rows.row(
        0, named=True
    )
    assert (row["enterprise"], row["counterparty"]) == (f"uscc:{BUYER}", f"uscc:{SELLER}")


def test_the_partner_is_named_too(tmp_path: Path) -> None:
    """Its name is read beside its code, so that bank statements, which give names alone, find it."""
    sold = read_bytes(tmp_path, xml()).frame
    bought = read_bytes(tmp_path, xml(), KINDS["invoices.purchase"]).frame
    assert (sold["buyer_name"].to_list(), bought["seller_name"].to_list()) == (["买方"], ["卖方"])
    assert "seller_name" not in sold.columns


def test_a_mixed_zip_of_one_enterprise_gets_each_direction_right(tmp_path: Path) -> None:
    """Its own sales and purchases are told apart, a stranger's invoice is reported."""
    stranger = "91110108551385082Q"
    entries = {
        "a.xml": xml(),
        "b.xml": xml(seller=BUYER, buyer=SELLER, number="2"),
        "b.pdf": b"%PDF",
        "c.xml": xml(seller=stranger, number="3"),
    }
    own = KINDS["invoices"].of(f"uscc:{SELLER}")
    found = booked(read_bytes(tmp_path, zipped(entries), own), own)
    assert found.rows["direction"].to_list() == ["sale", "purchase"]
    reason = "neither the seller nor the buyer is this enterprise / 销方、购方均不是本企业"
    assert found.report.rows() == [(3, "seller", stranger, reason)]


def test_a_company_that_buys_without_a_code_is_held_by_its_name(tmp_path: Path) -> None:
    """As from a table."""
    body = xml(buyer="").replace("买方".encode(), "杭州某某商贸有限公司".encode())
    found = booked(read_bytes(tmp_path, body), KINDS["invoices.sale"])
    assert found.rows["counterparty"].to_list() == ["杭州某某商贸有限公司"]


def test_a_purchase_sent_as_a_sale_is_refused_in_words(tmp_path: Path) -> None:
    """As from a table."""
    own = KINDS["invoices.sale"].of(f"uscc:{BUYER}")
    reasons = booked(read_bytes(tmp_path, xml(), own), own).report["reason"]
    assert any("send it as invoices.purchase or invoices" in reason for reason in reasons)


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"first": "100.02"}, "TotalAmWithoutTax"),
        ({"total": "133.52"}, "TotalTax-includedAmount"),
        ({"net": "abc"}, "TotalAmWithoutTax"),
        ({"net": "120.505"}, "TotalAmWithoutTax"),
        ({"net": "1e999999999"}, "TotalAmWithoutTax"),
        ({"net": "NaN"}, "TotalAmWithoutTax"),
    ],
)
def test_what_does_not_add_up_is_reported_with_its_tag(tmp_path: Path, changes: dict[str, str], column: str) -> None:
    """The report names the tag, and nothing of the invoice goes on."""
    part = read_bytes(tmp_path, xml(**changes))
    assert part.frame.is_empty()
    assert part.unread["column"].to_list() == [column]


@pytest.mark.parametrize("body", [LAUGHS, OUTSIDE, b"<EInvoice><Header>", b"<" + b"a><" * 100 + b"b/>"])
def test_xml_that_is_not_plain_is_reported_and_never_expanded(tmp_path: Path, body: bytes) -> None:
    """Entities, document types, cut-off and absurdly deep XML are faults of that invoice alone."""
    part = read_bytes(tmp_path, zipped({"bad.xml": body, "good.xml": xml()}))
    assert (part.unread["line"].to_list(), part.frame["line"].to_list()) == ([1], [2])


def test_a_zip_bomb_is_refused_while_it_unpacks(tmp_path: Path) -> None:
    """What a zip says of its sizes is not believed."""
    with pytest.raises(FileTooLarge):
        read_bytes(tmp_path, zipped({"bomb.xml": b" " * (5 << 20)}))
    with pytest.raises(FileTooLarge):
        read_bytes(tmp_path, zipped({f"{n}.xml": xml() for n in range(9)}), limits=Limits(unpacked=4000))


def test_a_cut_zip_is_refused(tmp_path: Path) -> None:
    """A broken transfer is named as such."""
    with pytest.raises(UnreadableFile):
        read_bytes(tmp_path, zipped({"a.xml": xml()})[:-30])


def marked(body: bytes, local: int, central: int, mark: bytes) -> bytes:
    """Write over a field of the one entry of a zip: at these offsets of its local header and of its directory's."""
    changed = bytearray(body)
    for start, offset in ((0, local), (body.index(b"PK\x01\x02"), central)):
        changed[start + offset : start + offset + 2] = mark
    return bytes(changed)


@pytest.mark.parametrize(
    ("local", "central", "mark", "said"),
    [(6, 8, b"\x01\x00", "locked by a password"), (8, 10, b"\x61\x00", "packed in an unusual way")],
)
def test_a_zip_that_cannot_be_opened_says_why(tmp_path: Path, local: int, central: int, mark: bytes, said: str) -> None:
    """The flag of encryption is set, or the method is one that Python does not unpack (97, WavPack)."""
    with pytest.raises(UnreadableFile, match=said):
        read_bytes(tmp_path, marked(zipped({"a.xml": xml()}), local, central, mark))


def test_invoices_of_a_gb_declared_file_are_read(tmp_path: Path) -> None:
    """Older software writes GB18030."""
    body = xml().decode().replace("UTF-8", "GB18030").encode("gb18030")
    assert read_bytes(tmp_path, body).frame.height == 1


def test_xml_of_another_kind_is_refused(tmp_path: Path) -> None:
    """A payment is no invoice."""
    with pytest.raises(UnreadableFile, match="invoices"):
        read_bytes(tmp_path, xml(), KINDS["payments"])


def only(part: RawSheet) -> dict[str, str | None]:
    """Return the one row of a part in which nothing was refused."""
    assert part.unread.rows() == []
    return part.frame.row(0, named=True)


def test_a_toll_without_amounts_of_its_lines_is_read(tmp_path: Path) -> None:
    """Where a line states none, there is no sum to check."""
    body = xml().replace(b"<Amount>100.00</Amount>", b"").replace(b"<ComTaxAm>13.00</ComTaxAm>", b"")
    assert only(read_bytes(tmp_path, body))["net_fen"] == "12050"


@pytest.mark.parametrize("tax", ["***", ""])
def test_tax_free_is_no_tax(tmp_path: Path, tax: str) -> None:
    """Its sum is printed as asterisks or left out."""
    row = only(read_bytes(tmp_path, xml(tax=tax, total="120.50")))
    assert (row["tax_fen"], row["total_fen"]) == ("0", "12050")


def test_a_tax_that_is_left_out_and_owed_does_not_add_up(tmp_path: Path) -> None:
    """Nothing is taken for none where the total says otherwise."""
    assert read_bytes(tmp_path, xml(tax="***")).unread["column"].to_list() == ["TotalTax-includedAmount"]


def test_lines_are_summed_before_they_are_rounded(tmp_path: Path) -> None:
    """Unit prices leave amounts with six decimals."""
    assert only(read_bytes(tmp_path, xml(first="33.333333", second="87.166667")))["net_fen"] == "12050"


@pytest.mark.parametrize("time", ["2026年04月01日", "20260401101112", "2026-4-1 9:8:7"])
def test_the_whole_time_goes_on_to_be_read(tmp_path: Path, time: str) -> None:
    """A time cut at ten characters is no date."""
    body = xml().replace(b"<IssueTime>2024-03-05", f"<IssueTime>{time}".encode())
    assert only(read_bytes(tmp_path, body))["date"] == time


@pytest.mark.parametrize("buyer", ["", "***"])
def test_a_person_has_no_code(tmp_path: Path, buyer: str) -> None:
    """And is nobody in particular."""
    part = read_bytes(tmp_path, xml(buyer=buyer))
    assert only(part)["buyer"] is None
    assert booked(part, KINDS["invoices.sale"]).rows["counterparty"].to_list() == [None]


@pytest.mark.parametrize("seller", ["", "***", "11010519491231002X"])
def test_a_purchase_from_a_person_names_no_seller(tmp_path: Path, seller: str) -> None:
    """Who sells what he grew has no credit code; as a sale nobody would have sold it."""
    bought, sold = KINDS["invoices.purchase"], KINDS["invoices.sale"]
    [row] = booked(read_bytes(tmp_path, xml(seller=seller), bought), bought).rows.rows(named=True)
    assert (row["enterprise"], row["counterparty"]) == (f"uscc:{BUYER}", None)
    assert booked(read_bytes(tmp_path, xml(seller=seller), sold), sold).rejected == 1


@pytest.mark.parametrize("tax", ["免税", "—"])
def test_words_for_no_tax_are_no_tax(tmp_path: Path, tax: str) -> None:
    """As asterisks are; and sums are read with a sign of currency and in groups."""
    body = xml(tax=tax, first="¥1,100.00", net="1,120.50", total="￥1,120.50")
    assert read_bytes(tmp_path, body).frame.row(0, named=True)["tax_fen"] == "0"


def test_a_red_letter_names_the_invoice_that_it_cancels(tmp_path: Path) -> None:
    """In its remark."""
    remark = (
        "<AdditionalInformation><Remark>被红冲蓝字数电票号码：24352000000000000001</Remark></AdditionalInformation>"
    )
    body = xml(first="-100.00", second="-20.50", net="-120.50", tax="-13.00", total="-133.50")
    body = body.replace(b"</EInvoiceData>", remark.encode() + b"</EInvoiceData>")
    assert only(read_bytes(tmp_path, body))["blue_number"] == "24352000000000000001"


EARLIER = """<?xml version="1.0" encoding="utf-8"?>
<fp:eInvoice xmlns:fp="http://www.edrm.org.cn/schema/e-invoice/2019">
<fp:InvoiceCode>033002000311</fp:InvoiceCode><fp:InvoiceNo>12345678</fp:InvoiceNo>
<fp:IssueDate>2020年04月01日</fp:IssueDate>
<fp:Buyer><fp:BuyerTaxID>91110000600037341L</fp:BuyerTaxID></fp:Buyer>
<fp:TaxInclusiveTotalAmount>113.00</fp:TaxInclusiveTotalAmount>
<fp:TaxExclusiveTotalAmount>100.00</fp:TaxExclusiveTotalAmount><fp:TaxTotalAmount>13.00</fp:TaxTotalAmount>
<fp:Seller><fp:SellerTaxID>91350100M000100Y43</fp:SellerTaxID></fp:Seller>
<fp:GoodsInfos><fp:GoodsInfo><fp:Amount>100.00</fp:Amount><fp:TaxAmount>13.00</fp:TaxAmount></fp:GoodsInfo></fp:GoodsInfos>
</fp:eInvoice>""".encode()
COVER = b'<ofd:OFD xmlns:ofd="http://www.ofdspec.org/2016"/>'
STATED = {
    "发票号码": "24352000000000000001",
    "合计金额": "120.50",
    "合计税额": "13.00",
    "开票日期": "2024年03月05日",
    "销售方纳税人识别号": SELLER,
    "购买方纳税人识别号": BUYER,
}


def ofd(**inside: bytes) -> bytes:
    entries = {name.replace("__", "/") + ".xml": body for name, body in inside.items()}
    return zipped({"OFD.xml": COVER, "Doc_0/Document.xml": b"<a/>", **entries})


@pytest.mark.parametrize("body", [xml(), EARLIER])
def test_an_ofd_is_read_by_the_xml_that_it_carries(tmp_path: Path, body: bytes) -> None:
    """A digital invoice or an earlier electronic one, wherever in the OFD it lies."""
    for place in ("Doc_0__Attachs__original_invoice", "Doc_0__Other__fp"):
        row = only(read_bytes(tmp_path, ofd(**{place: body})))
        assert (row["seller"], row["buyer"], row["tax_fen"]) == (SELLER, BUYER, "1300")


def test_an_ofd_whose_cover_states_the_invoice_is_read_by_that(tmp_path: Path) -> None:
    """The tax platform writes number, day, sums and both codes there."""
    stated = "".join(f'<ofd:CustomData Name="{name}">{text}</ofd:CustomData>' for name, text in STATED.items())
    cover = f'<ofd:OFD xmlns:ofd="http://www.ofdspec.org/2016"><ofd:CustomDatas>{stated}</ofd:CustomDatas></ofd:OFD>'
    row = only(read_bytes(tmp_path, zipped({"OFD.xml": cover.encode(), "Doc_0/Document.xml": b"<a/>"})))
    assert (row["number"], row["total_fen"], row["date"]) == ("24352000000000000001", "13350", "2024年03月05日")


def test_an_ofd_without_the_xml_says_what_to_do(tmp_path: Path) -> None:
    """It is a picture only."""
    [(line, _, _, reason)] = read_bytes(tmp_path, ofd()).unread.rows()
    assert (line, "download the XML" in reason) == (1, True)


def test_a_zip_of_everything_counts_each_invoice_once(tmp_path: Path) -> None:
    """The same invoice as XML, OFD and picture is one; a picture alone and a table are told."""
    entries = {
        "a.xml": xml(),
        "a.ofd": ofd(Doc_0__Attachs__original_invoice=xml()),
        "a.pdf": b"%PDF",
        "a (1).xml": xml(),
        "b.ofd": ofd(Doc_0__Attachs__original_invoice=EARLIER),
        "c.pdf": b"%PDF",
        "d.xlsx": b"PK",
    }
    part = read_bytes(tmp_path, zipped(entries))
    assert part.frame["number"].to_list() == ["24352000000000000001", "12345678"]
    assert part.unread["column"].to_list() == ["d.xlsx!"]
    assert [note.split(" (")[0] for note in part.notes] == [
        "1 entries say again what others say, counted once",
        "1 pictures without their XML were passed over",
    ]


def test_two_documents_of_one_number_must_agree(tmp_path: Path) -> None:
    """The second is reported with the place of the first."""
    part = read_bytes(tmp_path, zipped({"a.xml": xml(), "b.xml": xml(total="133.51")}))
    assert (part.frame.height, part.unread["line"].to_list()) == (1, [2])


@pytest.mark.parametrize("place", [b"PK\x01\x02", b"PK\x05\x06"])
def test_a_zip_whose_places_lie_is_refused(tmp_path: Path, place: bytes) -> None:
    """Its directory sends the reader before the beginning of the file."""
    body = bytearray(zipped({"a.xml": xml(), "b.xml": xml(number="2")}))
    at = body.rindex(place) + (42 if place.endswith(b"\x02") else 16)
    body[at : at + 4] = (0xFFFFFF00).to_bytes(4, "little")
    with pytest.raises(UnreadableFile, match="damaged"):
        read_bytes(tmp_path, bytes(body))


def test_one_ofd_of_too_many_parts_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    crowded = zipped(dict.fromkeys((f"{number}.xml" for number in range(MOST_ENTRIES_WITHIN + 1)), b""))
    part = read_bytes(tmp_path, zipped({"one.xml": xml(), "other.ofd": crowded}))
    assert part.frame.height == 1
    assert "too many parts" in part.unread["reason"][0]
