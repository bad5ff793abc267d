"""One invoice as XML: a fully digital invoice (数电票), or an earlier electronic one as an OFD carries it.

No document type, no entity and nothing external is accepted, so nothing can grow while it is parsed. Sums must add up
where the invoice states its parts: a line of a toll has no amount, a tax-free one asterisks for its tax.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from xml.parsers import expat

from services.profile.book.domain.invoice import ROUNDING_FEN
from services.profile.book.domain.red_letters import BLUE

DEEPEST = 32
DECLARED_GB = re.compile(rb"""^\s*<\?xml[^>]*encoding=["']gb""", re.IGNORECASE)
# A number as people write it: one with an exponent could be made too long to hold.
AMOUNT = re.compile(r"[+-]?\d{1,13}(\.\d{1,8})?", re.ASCII)
GROUPED = re.compile(r"(?<=\d),(?=\d{3}(?:\D|$))", re.ASCII)
ITEMS = ("IssuItemInformation", "GoodsInfo")
# What each thing is called, first as a digital invoice has it, then as an earlier one or the cover of an OFD.
NET = ("BasicInformation/TotalAmWithoutTax", "TotalAmWithoutTax", "TaxExclusiveTotalAmount", "CustomData/合计金额")
TAX = ("BasicInformation/TotalTaxAm", "TotalTaxAm", "TaxTotalAmount", "CustomData/合计税额")
TOTAL = ("BasicInformation/TotalTax-includedAmount", "TotalTax-includedAmount", "TaxInclusiveTotalAmount")
SELLER = ("SellerInformation/SellerIdNum", "SellerIdNum", "SellerTaxID", "CustomData/销售方纳税人识别号")
SELLER_NAME = ("SellerInformation/SellerName", "SellerName", "CustomData/销售方名称")
BUYER_NAME = ("BuyerInformation/BuyerName", "BuyerName", "CustomData/购买方名称")
BUYER = ("BuyerInformation/BuyerIdNum", "BuyerIdNum", "BuyerTaxID", "CustomData/购买方纳税人识别号")
NUMBER = (
    *("TaxSupervisionInfo/InvoiceNumber", "Header/EIid", "InvoiceNumber", "EIid", "InvoiceNo"),
    "CustomData/发票号码",
)
CODE = ("InvoiceCode", "CustomData/发票代码")
DAY = (
    *("TaxSupervisionInfo/IssueTime", "BasicInformation/RequestTime", "IssueTime", "RequestTime", "IssueDate"),
    "CustomData/开票日期",
)
REMARK = ("AdditionalInformation/Remark", "Remark", "Note")
# What a line is called, likewise.
LINE = {
    "goods": ("ItemName", "Item"),
    "spec": ("SpecMod", "Specification"),
    "unit": ("MeaUnits", "MeasurementDimension"),
    "quantity": ("Quantity",),
    "unit_price": ("UnPrice", "Price"),
    "rate": ("TaxRate", "TaxScheme"),
}
# What stands in the place of an amount that is none: stars, dashes, words for a sale without tax.
NO_AMOUNT = re.compile(r"[*\-—/\s]*|免税|不征税|普通零税率|出口零税")
COVERED = "CustomData"
COLUMNS = (
    *("seller", "seller_name", "buyer", "buyer_name", "code", "number", "date", "net_fen", "tax_fen", "total_fen"),
    *("status", "blue_number"),
)


class UnusableInvoice(Exception):
    """One invoice cannot be used: tag, value found, reason."""

    def __init__(self, tag: str, value: str, reason: str) -> None:
        super().__init__(reason)
        self.tag, self.value, self.reason = tag, value, reason


@dataclass(frozen=True, slots=True)
class Invoice:
    """What the XML says: texts by `Parent/Tag` and by `Tag`, and the lines of the invoice."""

    texts: dict[str, str] = field(default_factory=dict)
    items: list[dict[str, str]] = field(default_factory=list)

    def said(self, names: tuple[str, ...]) -> str:
        """Return the first of these that is there, or nothing."""
        return next((self.texts[name] for name in names if self.texts.get(name)), "")

    def text(self, names: tuple[str, ...]) -> str:
        """Return the first of these that is there; raise `UnusableInvoice` where none is."""
        if found := self.said(names):
            return found
        raise UnusableInvoice(names[0], "", "missing in the invoice / 发票缺少该项")


def parsed(data: bytes) -> Invoice:
    """Return what an XML says; raise `UnusableInvoice` where it is not plain XML."""
    found = Invoice()
    try:
        chinese = DECLARED_GB.match(data) is not None
        parser = _parser(found, "utf-8" if chinese else None)
        parser.Parse(data.decode("gb18030").encode() if chinese else data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        place = f"line {error.lineno}" if isinstance(error, expat.ExpatError) else "its encoding"
        raise UnusableInvoice("", "", f"not well-formed XML, see {place} / XML 格式错误") from None
    return found


def _parser(found: Invoice, encoding: str | None) -> expat.XMLParserType:
    """Return a parser that fills `found` and refuses everything that a plain invoice does not need."""
    path: list[str] = []
    text: list[str] = []

    def refuse(*_: object) -> None:
        raise UnusableInvoice("", "", "document types and entities are not accepted / 不接受 DTD 或实体")

    def start(name: str, stated: Mapping[str, str]) -> None:
        tag = name.rpartition(":")[2]
        path.append(f"{COVERED}/{stated.get('Name', '')}" if tag == COVERED else tag)
        text.clear()
        if len(path) > DEEPEST:
            raise UnusableInvoice("", name, "nested too deeply / 嵌套过深")
        if path[-1] in ITEMS:
            found.items.append({})

    def end(_: str) -> None:
        name, parent = path.pop(), path[-1] if path else ""
        value = "".join(text).strip()
        text.clear()
        if parent in ITEMS:
            found.items[-1][name] = value
        elif value:
            found.texts.setdefault(name, value)
            found.texts.setdefault(f"{parent}/{name}", value)

    parser = expat.ParserCreate(encoding)
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text.append
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse  # type: ignore[assignment]  # it raises, so what it returns is moot
    return parser


def row(found: Invoice) -> tuple[str | None, ...]:
    """Return an invoice as a row of `COLUMNS`; raise `UnusableInvoice` where it is at odds with itself."""
    net, tax = _fen(NET[1], found.text(NET)), _tax(TAX[1], found.said(TAX))
    covered = not found.said(TOTAL) and found.said(NET[-1:])
    total = net + tax if covered else _fen(TOTAL[1], found.text(TOTAL))
    _must_agree(NET[1], net, [item.get("Amount", "") for item in found.items])
    if all(_is_stated(item.get("Amount", "")) for item in found.items):
        _must_agree(TAX[1], tax, [_line_tax(item) for item in found.items])
    if abs(total - net - tax) > ROUNDING_FEN:
        raise _contradiction(TOTAL[1], total, Decimal(net + tax) / 100)
    sides = (
        found.said(SELLER).strip("*"),
        found.said(SELLER_NAME),
        found.said(BUYER).strip("*"),
        found.said(BUYER_NAME),
    )
    blue = re.search(BLUE, found.said(REMARK)) if net < 0 else None
    stated = (found.said(CODE), found.text(NUMBER), found.text(DAY), str(net), str(tax), str(total), "valid")
    return *(each or None for each in (*sides, *stated)), blue[1] if blue else None


def lines(found: Invoice) -> list[dict[str, str | int | None]]:
    """Return the lines of an invoice that `row` could use: texts as written, sums in fen where they are told."""
    return [
        {
            **{name: next((item[tag] for tag in tags if item.get(tag)), None) for name, tags in LINE.items()},
            "net_fen": _rounded(item.get("Amount", "")),
            "tax_fen": _rounded(_line_tax(item)),
        }
        for item in found.items
    ]


def _rounded(written: str) -> int | None:
    """Return a sum in fen; lines may be finer than that, and add up all the same."""
    return round(Decimal(written) * 100) if AMOUNT.fullmatch(written) else None


def _must_agree(tag: str, stated: int, parts: list[str]) -> None:
    """Compare with the sum of the parts as they are written; where one of them is not told there is no sum."""
    if not parts or not all(map(_is_stated, parts)):
        return
    summed = sum((_decimal(tag, part) for part in parts), Decimal(0))
    if abs(stated - summed * 100) > ROUNDING_FEN:
        raise _contradiction(tag, stated, summed)


def _contradiction(tag: str, stated: int, summed: Decimal) -> UnusableInvoice:
    return UnusableInvoice(
        tag, str(Decimal(stated) / 100), f"its parts add up to {summed.normalize():f} / 合计与明细之和不符"
    )


def _is_stated(written: str) -> bool:
    return NO_AMOUNT.fullmatch(written) is None


def _line_tax(item: Mapping[str, str]) -> str:
    """Return the tax of a line; tax-free lines leave it out or print asterisks."""
    written = item.get("ComTaxAm") or item.get("TaxAmount") or ""
    return written if _is_stated(written) else "0"


def _tax(tag: str, written: str) -> int:
    return _fen(tag, written) if _is_stated(written) else 0


def _decimal(tag: str, written: str) -> Decimal:
    bare = GROUPED.sub("", written).lstrip("¥￥ ")
    if not AMOUNT.fullmatch(bare):
        raise UnusableInvoice(tag, written, "not a number / 不是数字")
    return Decimal(bare)


def _fen(tag: str, written: str) -> int:
    fen = _decimal(tag, written) * 100
    whole = int(fen)
    if whole != fen:
        raise UnusableInvoice(tag, written, "finer than a fen / 金额超过两位小数")
    return whole
