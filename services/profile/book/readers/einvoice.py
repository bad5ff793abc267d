"""Fully digital invoices (数电票) as XML: one, or a zip of many. Their sums must add up, their XML must be plain.

No document type, no entity and nothing external is accepted, so nothing can grow while it is parsed; a zip is
unpacked within the limits of all readers. What cannot be used is reported by its place in the zip.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from xml.parsers import expat

import polars as pl

from services.profile.book.domain.columns import Form
from services.profile.book.domain.invoice import ROUNDING_FEN
from services.profile.book.domain.validation import LARGEST_SHOWN, REPORT
from services.profile.book.readers.sheets import EmptyFile, FileTooLarge, Limits, RawSheet, UnreadableFile
from services.profile.standards.codes import NotAnEnterpriseId, enterprise_id

KINDS = ("invoices", "invoices.sale", "invoices.purchase")
LARGEST_XML, MOST_ENTRIES, DEEPEST = 4 << 20, 100_000, 32
# What is handed out beside the XML of an invoice, and says the same.
BESIDE = (".pdf", ".ofd", ".png", ".jpg")
DECLARED_GB = re.compile(rb"""^\s*<\?xml[^>]*encoding=["']gb""", re.IGNORECASE)
# A number as people write it: one with an exponent could be made too long to hold.
AMOUNT = re.compile(r"[+-]?\d{1,13}(\.\d{1,8})?")
ITEM = "IssuItemInformation"
NET, TAX, TOTAL = "TotalAmWithoutTax", "TotalTaxAm", "TotalTax-includedAmount"
NO_CODE = "no-code"
SCHEMA = {"line": pl.Int64} | dict.fromkeys(
    ("direction", "enterprise", "number", "counterparty", "date", "net_fen", "tax_fen", "total_fen", "status"),
    pl.String,
)


class _Unusable(Exception):
    """One invoice cannot be used: tag, value found, reason."""

    def __init__(self, tag: str, value: str, reason: str) -> None:
        super().__init__(reason)
        self.tag, self.value, self.reason = tag, value, reason


@dataclass(frozen=True, slots=True)
class _Invoice:
    """What the XML says: texts by `Parent/Tag` and by `Tag`, and the lines of the invoice."""

    texts: dict[str, str] = field(default_factory=dict)
    items: list[dict[str, str]] = field(default_factory=list)

    def text(self, *names: str) -> str:
        """Return the first of these that is there; raise `_Unusable` where none is."""
        for name in names:
            if self.texts.get(name):
                return self.texts[name]
        raise _Unusable(names[0], "", "missing in the invoice / 发票缺少该项")

    def fen(self, name: str) -> int:
        """Return an amount in fen."""
        return _fen(name, self.text(f"BasicInformation/{name}", name))


def einvoices(form: Form, path: Path, limits: Limits) -> RawSheet:
    """Read an XML or a zip of XML; `line` is the place in the zip, from 1."""
    owner = form.constants.get("enterprise")
    if form.kind not in KINDS:
        raise UnreadableFile(f"XML and zips of XML are invoices; send them as one of: {', '.join(KINDS)}.")
    if form.kind == "invoices" and owner is None:
        raise UnreadableFile("Say whose invoices these are: send ?enterprise=, or the kind invoices.sale or .purchase.")
    rows, unread = [], []
    for line, name, data in _documents(path, limits):
        try:
            rows.append((line, *_row(form.kind, owner, _parsed(data))))
        except _Unusable as error:
            unread.append((line, f"{name}!{error.tag}".lstrip("!"), error.value[:LARGEST_SHOWN], error.reason))
    if not rows and not unread:
        raise EmptyFile("The zip holds no XML; send the XML form of the invoices.")
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    columns = frame if form.kind == "invoices" else frame.drop("direction")
    unread_lines = pl.DataFrame(unread, schema=REPORT, orient="row")
    return RawSheet(form.kind, columns, unread_lines, titles=tuple(columns.columns[1:]))


def _documents(path: Path, limits: Limits) -> Iterator[tuple[int, str, bytes]]:
    with path.open("rb") as file:
        packed = file.read(2) == b"PK"
    if not packed:
        if path.stat().st_size > LARGEST_XML:
            raise FileTooLarge(f"An invoice of more than {LARGEST_XML >> 20} MiB; send a zip of single invoices.")
        yield 1, "", path.read_bytes()
        return
    try:
        with zipfile.ZipFile(path) as archive:
            yield from _unpacked(archive, limits)
    except (zipfile.BadZipFile, zlib.error, EOFError):
        raise UnreadableFile("The zip is damaged or cut short; send it again.") from None
    except NotImplementedError:  # zipfile on a packing it cannot read; a RuntimeError too, so before the next
        raise UnreadableFile(
            "The zip is packed in an unusual way; pack it anew as an ordinary zip (Deflate)."
        ) from None
    except RuntimeError:
        raise UnreadableFile("The zip is locked by a password; take the password off and send it again.") from None


def _unpacked(archive: zipfile.ZipFile, limits: Limits) -> Iterator[tuple[int, str, bytes]]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir() and not _beside(entry.filename)]
    if len(entries) > MOST_ENTRIES:
        raise FileTooLarge(f"The zip holds more than {MOST_ENTRIES} files; split it and send the parts.")
    size = 0
    for line, entry in enumerate(entries, 1):
        # What a zip says of its sizes may be a lie: never more than this is unpacked.
        with archive.open(entry) as packed:
            data = packed.read(LARGEST_XML + 1)
        size += len(data)
        if len(data) > LARGEST_XML or size > limits.unpacked:
            raise FileTooLarge("The zip unpacks to more than an invoice or a file may hold; split it.", entry=line)
        yield line, Path(entry.filename).name[:80], data


def _beside(name: str) -> bool:
    return name.lower().endswith(BESIDE) or Path(name).name.startswith(".") or "__MACOSX/" in name


def _parsed(data: bytes) -> _Invoice:
    found = _Invoice()
    try:
        chinese = DECLARED_GB.match(data) is not None
        parser = _parser(found, "utf-8" if chinese else None)
        parser.Parse(data.decode("gb18030").encode() if chinese else data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        place = f"line {error.lineno}" if isinstance(error, expat.ExpatError) else "its encoding"
        raise _Unusable("", "", f"not well-formed XML, see {place} / XML 格式错误") from None
    return found


def _parser(found: _Invoice, encoding: str | None) -> expat.XMLParserType:
    """Return a parser that fills `found` and refuses everything that a plain invoice does not need."""
    path: list[str] = []
    text: list[str] = []

    def refuse(*_: object) -> None:
        raise _Unusable("", "", "document types and entities are not accepted / 不接受 DTD 或实体")

    def start(name: str, _: Mapping[str, str]) -> None:
        path.append(name.rpartition(":")[2])
        text.clear()
        if len(path) > DEEPEST:
            raise _Unusable("", name, "nested too deeply / 嵌套过深")
        if path[-1] == ITEM:
            found.items.append({})

    def end(_: str) -> None:
        name, parent = path.pop(), path[-1] if path else ""
        value = "".join(text).strip()
        text.clear()
        if parent == ITEM:
            found.items[-1][name] = value
        elif value:
            found.texts.setdefault(name, value)
            found.texts.setdefault(f"{parent}/{name}", value)

    parser = expat.ParserCreate(encoding)
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text.append
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse  # type: ignore[assignment]  # it raises, so what it returns is moot
    return parser


def _row(kind: str, owner: str | None, found: _Invoice) -> tuple[str, ...]:
    net, tax, total = found.fen(NET), found.fen(TAX), found.fen(TOTAL)
    _must_agree(NET, net, sum(_fen("Amount", item.get("Amount", "")) for item in found.items))
    _must_agree(TAX, tax, sum(_line_tax(item) for item in found.items))
    _must_agree(TOTAL, total, net + tax)
    seller = found.text("SellerInformation/SellerIdNum", "SellerIdNum").upper()
    buyer = (found.texts.get("BuyerInformation/BuyerIdNum") or found.texts.get("BuyerIdNum") or NO_CODE).upper()
    direction = kind.partition(".")[2] or _side(owner, seller, buyer)
    ours, theirs = (seller, buyer) if direction == "sale" else (buyer, seller)
    number = found.text("TaxSupervisionInfo/InvoiceNumber", "Header/EIid", "InvoiceNumber", "EIid")
    day = found.text("TaxSupervisionInfo/IssueTime", "BasicInformation/RequestTime", "IssueTime", "RequestTime")
    return direction, ours, number, theirs, day[:10], str(net), str(tax), str(total), "valid"


def _side(owner: str | None, seller: str, buyer: str) -> str:
    for code, direction in ((seller, "sale"), (buyer, "purchase")):
        try:
            if enterprise_id(code) == owner:
                return direction
        except NotAnEnterpriseId:
            continue
    raise _Unusable("SellerIdNum", seller, "neither seller nor buyer is this enterprise / 购销双方均非本企业")


def _must_agree(tag: str, stated: int, summed: int) -> None:
    if abs(stated - summed) > ROUNDING_FEN:
        reason = f"its parts add up to {Decimal(summed) / 100} / 合计与明细之和不符"
        raise _Unusable(tag, str(Decimal(stated) / 100), reason)


def _line_tax(item: Mapping[str, str]) -> int:
    """Return the tax of a line; tax-free lines leave it out or print asterisks."""
    written = item.get("ComTaxAm", "").strip("*")
    return _fen("ComTaxAm", written) if written else 0


def _fen(tag: str, written: str) -> int:
    if not AMOUNT.fullmatch(written):
        raise _Unusable(tag, written, "not a number / 不是数字")
    fen = Decimal(written) * 100
    whole = int(fen)
    if whole != fen:
        raise _Unusable(tag, written, "finer than a fen / 金额超过两位小数")
    return whole
