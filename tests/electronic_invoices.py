"""数电票 XML as the tax bureau hands it out, with the sums one asks for."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

SELLER, BUYER = "91350100M000100Y43", "91110000600037341L"
TEMPLATE = """<?xml version="1.0" encoding="UTF-8"?>
<EInvoice>
  <Header><EIid>{number}</EIid><InherentLabel><EInvoiceType><LabelCode>01</LabelCode></EInvoiceType></InherentLabel></Header>
  <EInvoiceData>
    <SellerInformation><SellerIdNum>{seller}</SellerIdNum><SellerName>卖方</SellerName></SellerInformation>
    <BuyerInformation><BuyerIdNum>{buyer}</BuyerIdNum><BuyerName>买方</BuyerName></BuyerInformation>
    <BasicInformation>
      <TotalAmWithoutTax>{net}</TotalAmWithoutTax><TotalTaxAm>{tax}</TotalTaxAm>
      <TotalTax-includedAmount>{total}</TotalTax-includedAmount><RequestTime>2024-03-05 09:30:00</RequestTime>
    </BasicInformation>
    <IssuItemInformation><ItemName>*钢材*板</ItemName><Amount>{first}</Amount><TaxRate>0.13</TaxRate><ComTaxAm>{tax}</ComTaxAm></IssuItemInformation>
    <IssuItemInformation><ItemName>*运输*费</ItemName><Amount>{second}</Amount><TaxRate>免税</TaxRate><ComTaxAm>***</ComTaxAm></IssuItemInformation>
  </EInvoiceData>
  <TaxSupervisionInfo><InvoiceNumber>{number}</InvoiceNumber><IssueTime>2024-03-05</IssueTime></TaxSupervisionInfo>
</EInvoice>
"""
GOOD = {
    "number": "24352000000000000001",
    "seller": SELLER,
    "buyer": BUYER,
    "first": "100.00",
    "second": "20.50",
    "net": "120.50",
    "tax": "13.00",
    "total": "133.50",
}


def xml(**changes: str) -> bytes:
    """Return an invoice, good but for the changes."""
    return TEMPLATE.format(**(GOOD | changes)).encode()


def zipped(entries: Mapping[str, bytes]) -> bytes:
    """Return a zip of these files."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return body.getvalue()
