"""Lists of goods as accounting programs print them, sent as files."""

from __future__ import annotations

import pytest
from profile_house import House, counts

TITLES = "企业代号,发票代码,发票号码,开票日期,购方识别号,商品名称,金额,税额,价税合计,发票状态\n"
FIRST = "E1,3300191130,{},2026-03-01,91350100M000100Y43,板,100,13,113,正常\n"
NEXT = ",,,,,管,50,{},56.5,\n"
SUM = ",,,,,小计,150,19.5,169.5,\n"


def booked(house: House) -> dict[str, int]:
    """Return the totals that are held, by number."""
    lake = house.context.lakes["invoices"]
    return dict(lake.read(lake.newest(), without=()).select("number", "total_fen").rows())


def test_a_line_without_a_number_goes_on_with_the_invoice_above(cottage: House) -> None:
    """The invoice is named on its first line, its sum closes it, and the next begins."""
    text = TITLES + FIRST.format("00012345") + NEXT.format("6.5") + SUM + FIRST.format("00012346")
    assert counts(cottage.send("invoices.sale", text)) == (3, 3, 0, 0)
    assert booked(cottage) == {"00012345": 16950, "00012346": 11300}


def test_an_invoice_is_not_booked_in_part(cottage: House) -> None:
    """Where one of its lines is rejected, all of them are: the sum would be another one."""
    text = TITLES + FIRST.format("00012345") + NEXT.format("六元") + FIRST.format("00012346")
    sent = cottage.send("invoices.sale", text)
    assert counts(sent) == (3, 1, 0, 2)
    assert booked(cottage) == {"00012346": 11300}
    assert any("another line of this invoice was rejected" in line for line in cottage.rejects(sent["id"]))


def test_a_line_that_nothing_stands_above_is_refused(cottage: House) -> None:
    """Whose it is, nobody knows."""
    text = TITLES + NEXT.format("6.5") + FIRST.format("00012346")
    assert counts(cottage.send("invoices.sale", text)) == (2, 1, 0, 1)


@pytest.mark.parametrize("tax", ["***", "免税", "不征税"])
def test_the_tax_office_s_signs_for_no_tax_are_read(cottage: House, tax: str) -> None:
    """By a table as by XML."""
    text = TITLES + FIRST.format("00012345").replace(",13,113,", f",{tax},100,")
    assert counts(cottage.send("invoices.sale", text)) == (1, 1, 0, 0)
