"""Files that speak again of what is held: which statement stands, and what the sender is told."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest
from profile_house import House, counts

from services.profile.book import state_store
from services.profile.book.domain.moment import Moment
from services.profile.book.domain.permit import Whole, Why
from services.profile.book.usecases.gather import gather

SALES = "企业代号,发票号码,购方单位代号,开票日期,金额,税额,价税合计,发票状态\n"
FILINGS = "企业代号,税种,所属期起,所属期止,申报销售额,应纳税额,实缴税额,缴款期限,申报日期,缴款日期\n"
PAID = FILINGS + "E1,增值税,2025-01-01,2025-01-31,100000,3000,3000,2025-02-15,2025-02-10,2025-02-11\n"
UNPAID = FILINGS + "E1,增值税,2025-01-01,2025-01-31,100000,3000,0,2025-02-15,2025-02-10,\n"
DIGITAL = "25332000000000000901"


def sale(
    number: str = "1", net: str = "1000.00", total: str = "1130.00", status: str = "正常", buyer: str = "A"
) -> str:
    return f"E1,{number},{buyer},2025-05-01,{net},130.00,{total},{status}\n"


def known(house: House, name: str = "invoices") -> Any:
    with house.context.database.read() as session:
        state = state_store.book(session)
    moment = Moment(state.lake_version, date(2026, 1, 1), departures=state.departures)
    return getattr(gather(house.context, moment, Whole(Why.ACTS, ("local:E1",))), name)


def dated(house: House, content: str, day: str) -> dict[str, Any]:
    """Send sales that their source made on a day."""
    path = f"/v1/imports?kind=invoices.sale&stated_on={day}"
    sent = house.client.post(path, data=content.encode(), headers=house.source)
    assert (sent.status_code, sent.json["stated_on"]) == (202, day), sent.json
    house.worker.run_once()
    return house.state(sent.json["id"])


def test_a_filing_corrected_twice_is_as_it_was_said_last(cottage: House) -> None:
    """Paid, unpaid by mistake, paid: three files of other names."""
    for name, content in (("a1.csv", PAID), ("a2.csv", UNPAID)):
        assert counts(cottage.send("tax-filings", content, name)) == (1, 1, 0, 0)
    back = cottage.send("tax-filings", PAID, "a3.csv")
    assert counts(back) == (1, 1, 0, 0)
    assert known(cottage, "tax_filings").select("version", "paid_fen").rows() == [(3, 300000)]
    assert "1 records go back to what version 1" in back["warnings"][0]


def test_an_old_file_sent_again_is_told_as_such(cottage: House) -> None:
    """Valid and void, then the first file once more: it stays void. Without a name it is a statement of now."""
    both = SALES + sale("1") + sale("2")
    cottage.send("invoices.sale", both, "q3a.csv")
    cottage.send("invoices.sale", SALES + sale("1", status="作废"), "q3b.csv")
    again = cottage.send("invoices.sale", both, "q3a.csv")
    assert counts(again) == (2, 0, 2, 0)
    assert "1 records repeat version 1" in again["warnings"][0]
    assert sorted(known(cottage)["status"]) == ["valid", "void"]
    unnamed = cottage.send("invoices.sale", both, "invoices.sale")
    assert counts(unnamed) == (2, 1, 1, 0)
    assert known(cottage)["status"].to_list() == ["valid", "valid"]


def test_the_day_of_a_file_tells_what_is_newer(cottage: House) -> None:
    """An earlier file repeats or is refused, a later one lands."""
    dated(cottage, SALES + sale(DIGITAL), "2025-06-01")
    dated(cottage, SALES + sale(DIGITAL, "1001.00", "1131.00"), "2025-07-01")
    assert counts(dated(cottage, SALES + sale(DIGITAL), "2025-06-15")) == (1, 0, 1, 0)
    refused = dated(cottage, SALES + sale(DIGITAL, "999.00", "1129.00"), "2025-06-15")
    assert counts(refused) == (1, 0, 0, 1)
    assert "stated on 2025-07-01" in cottage.rejects(refused["id"])[0]
    assert counts(dated(cottage, SALES + sale(DIGITAL), "2025-08-01")) == (1, 1, 0, 0)
    assert known(cottage)["net_fen"].to_list() == [100000]


@pytest.mark.parametrize(("day", "status"), [("2199-01-01", 422), ("yesterday", 400)])
def test_the_day_of_a_file_is_a_day_that_has_come(cottage: House, day: str, status: int) -> None:
    """Nothing is stored of another."""
    path = f"/v1/imports?kind=invoices.sale&stated_on={day}"
    assert cottage.client.post(path, data=b"x", headers=cottage.source).status_code == status


def test_an_invoice_of_twenty_digits_is_corrected_not_doubled(house: House) -> None:
    """Its total, its buyer, its day and its direction, each in another file."""
    house.send("invoices.sale", SALES + sale(DIGITAL), "1.csv")
    house.send("invoices.sale", SALES + sale(DIGITAL, "1001.00", "1131.00"), "2.csv")
    house.send("invoices.sale", SALES + sale(DIGITAL, "1001.00", "1131.00", buyer="某A公司"), "3.csv")
    [row] = known(house).select("version", "net_fen", "counterparty").rows()
    assert row == (3, 100100, "某A公司")
    house.send("invoices.purchase", SALES.replace("购方", "销方") + sale(DIGITAL), "4.csv")
    assert known(house).select("version", "direction").rows() == [(4, "purchase")]


def test_a_number_that_lost_its_zeros_is_not_doubled(cottage: House) -> None:
    """It is joined with the one held, and told."""
    zeros = SALES + sale("00012345")
    assert counts(cottage.send("invoices.sale", zeros, "i07a.csv")) == (1, 1, 0, 0)
    lost = cottage.send("invoices.sale", zeros.replace("00012345", "12345"), "i07b.csv")
    assert counts(lost) == (1, 0, 1, 0)
    assert "12345 = 00012345" in lost["warnings"][0]
    assert known(cottage).height == 1


def test_the_same_file_of_a_later_day_takes_a_correction_back(cottage: House) -> None:
    """Valid, void, and the first file once more with the day on which it holds again: it is valid."""
    cottage.send("invoices.sale", SALES + sale("1"), "q4a.csv")
    cottage.send("invoices.sale", SALES + sale("1", status="作废"), "q4b.csv")
    today = cottage.context.today()
    path = f"/v1/imports?kind=invoices.sale&filename=q4a.csv&stated_on={today}"
    sent = cottage.client.post(path, data=(SALES + sale("1")).encode(), headers=cottage.source)
    cottage.worker.run_once()
    assert counts(cottage.state(sent.json["id"])) == (1, 1, 0, 0)
    assert known(cottage)["status"].to_list() == ["valid"]


def test_a_record_sent_again_is_a_statement_of_now(cottage: House) -> None:
    """Single records have no file that could be an old one."""
    own = {"direction": "in", "reference": "S1", "date": "2025-01-05", "amount_fen": 100}
    for status in ("valid", "reversed", "valid"):
        body = {"records": [own | {"status": status}]}
        headers = cottage.source | {"Idempotency-Key": uuid4().hex}
        cottage.client.post("/v1/enterprises/E1/payments", json=body, headers=headers)
        cottage.worker.run_once()
    assert known(cottage, "payments").select("version", "status").rows() == [(3, "valid")]
    assert known(cottage, "payments")["known_at"][0] <= datetime.now(UTC)


def test_lines_are_counted_as_rows_and_booked_as_one_invoice(cottage: House) -> None:
    """Received, accepted and duplicate count rows; sent again under another name, all of them are repeats."""
    discount = sale(DIGITAL, "-20.00", "-150.00").replace(",130", ",-130")
    lines = SALES + sale(DIGITAL, "100.00", "230.00") * 2 + discount + sale("7")
    done = cottage.send("invoices.sale", lines, "i08.csv")
    assert counts(done) == (4, 4, 0, 0)
    assert "3 rows are lines of 1 invoices" in done["warnings"][0]
    assert sorted(known(cottage).select("number", "net_fen").rows()) == [(DIGITAL, 18000), ("7", 100000)]
    assert counts(cottage.send("invoices.sale", lines, "i08 copy.csv")) == (4, 0, 4, 0)
    assert cottage.book()["invoices"] == 2


def test_a_firm_s_own_word_changes_nothing_and_is_compared(house: House) -> None:
    """One invoice of a source, five of the firm with other totals: all five refused, sales stay, the check tells."""
    house.send("invoices.sale", SALES + sale(DIGITAL, "1000.00", "1130.00"), "q9_source.csv")
    own = "".join(sale(DIGITAL, f"1000.0{more}", f"1130.0{more}") for more in range(1, 6))
    headers = house.owner()
    sent = house.client.post(
        "/v1/imports?kind=invoices.sale&filename=q9_firm.csv", data=(SALES + own).encode(), headers=headers
    )
    house.worker.run_once()
    done = house.client.get(f"/v1/imports/{sent.json['id']}", headers=headers).json
    assert counts(done) == (5, 0, 0, 5)
    assert known(house)["total_fen"].to_list() == [113000]
    assert known(house, "contested").select("total_fen", "own_total_fen").rows() == [(113000, 565015)]
    checks = house.client.get("/v1/enterprises/E1/cross-checks", headers=headers).json
    verdicts = {rule["rule"]: rule["verdict"] for rule in checks["rules"]}
    assert (verdicts["own-total"], verdicts["own-status"]) == ("contradicts", "agrees")
    assert verdicts["number-used-twice"] == "agrees"
    assert house.book()["invoices"] == 1
