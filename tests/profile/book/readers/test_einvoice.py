"""数电票 XML: read exactly, refused where it does not add up, and never dangerous to parse."""

from __future__ import annotations

from pathlib import Path

import pytest
from electronic_invoices import BUYER, SELLER, xml, zipped

from services.profile.book.domain.columns import KINDS, Form
from services.profile.book.readers.read import read
from services.profile.book.readers.sheets import FileTooLarge, Limits, RawSheet, UnreadableFile

LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><EInvoice>&b;</EInvoice>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE x SYSTEM "file:///etc/passwd"><EInvoice/>"""


def read_bytes(
    folder: Path, body: bytes, form: Form = KINDS["invoices.sale"], limits: Limits | None = None
) -> RawSheet:
    path = folder / "file"
    path.write_bytes(body)
    [part] = read(form, path, limits or Limits())
    return part


def test_an_invoice_is_read_to_the_fen(tmp_path: Path) -> None:
    """Seller, buyer, number, day and the three sums are those of the XML."""
    row = read_bytes(tmp_path, xml()).frame.row(0, named=True)
    assert (row["enterprise"], row["counterparty"]) == (SELLER, BUYER)
    assert (row["number"], row["date"]) == ("24352000000000000001", "2024-03-05")
    assert (row["net_fen"], row["tax_fen"], row["total_fen"]) == ("12050", "1300", "13350")


def test_the_buyers_books_have_it_from_the_other_side(tmp_path: Path) -> None:
    """As a purchase the enterprise is the buyer."""
    row = read_bytes(tmp_path, xml(), KINDS["invoices.purchase"]).frame.row(0, named=True)
    assert (row["enterprise"], row["counterparty"]) == (BUYER, SELLER)


def test_a_mixed_zip_of_one_enterprise_gets_each_direction_right(tmp_path: Path) -> None:
    """Its own sales and purchases are told apart, a stranger's invoice is reported."""
    stranger = "91110108551385082Q"
    entries = {
        "a.xml": xml(),
        "b.xml": xml(seller=BUYER, buyer=SELLER, number="2"),
        "b.pdf": b"%PDF",
        "c.xml": xml(seller=stranger),
    }
    part = read_bytes(tmp_path, zipped(entries), KINDS["invoices"].of(f"uscc:{SELLER}"))
    assert part.frame["direction"].to_list() == ["sale", "purchase"]
    reason = "neither seller nor buyer is this enterprise / 购销双方均非本企业"
    assert part.unread.rows() == [(3, "c.xml!SellerIdNum", stranger, reason)]


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"first": "100.02"}, "TotalAmWithoutTax"),
        ({"total": "133.52"}, "TotalTax-includedAmount"),
        ({"net": "abc"}, "TotalAmWithoutTax"),
        ({"net": "120.505"}, "TotalAmWithoutTax"),
        ({"net": "1e999999999"}, "TotalAmWithoutTax"),
        ({"net": "NaN"}, "TotalAmWithoutTax"),
        ({"seller": ""}, "SellerInformation/SellerIdNum"),
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
