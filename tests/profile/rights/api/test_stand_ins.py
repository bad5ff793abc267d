"""Who had repeated an import that is taken back: what it said stays, whatever has become known since."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from profile_house import House, counts
from workbooks import xlsx

from services.profile.book import state_store
from services.profile.book.domain.moment import Moment
from services.profile.book.domain.permit import Whole, Why
from services.profile.book.usecases import load
from services.profile.book.usecases.gather import gather

SALES = "企业代号,发票号码,发票代码,购方识别号,购方名称,开票日期,金额,税额,价税合计,发票状态\n"
BUYER, NAME = "91350100M000100Y43", "福州某某商贸有限公司"
DIGITAL = "25332000000000000901"
PAYMENTS = "企业代号,交易日期,交易流水号,收支方向,交易金额,对方户名\n"


def sale(number: str, code: str = "") -> str:
    return f"E1,{number},{code},{BUYER},{NAME},2025-05-01,1000.00,130.00,1130.00,正常\n"


def withdraw(house: House, import_id: str) -> dict[str, Any]:
    assert house.client.post(f"/v1/imports/{import_id}/withdraw", headers=house.source).status_code == 200
    drain(house)
    return dict(house.state(import_id)["withdrawal"])


def drain(house: House) -> None:
    while house.worker.run_once():
        pass


def known(house: House, name: str = "invoices") -> pl.DataFrame:
    with house.context.database.read() as session:
        state = state_store.book(session)
    moment = Moment(state.lake_version, date(2026, 1, 1), departures=state.departures)
    found: pl.DataFrame = getattr(gather(house.context, moment, Whole(Why.ACTS, ("local:E1",))), name)
    return found


def test_payments_stay_though_their_payer_has_become_known_since(cottage: House) -> None:
    """Two statements say the line; then an invoice names the payer, and the first statement is taken back."""
    line = f"E1,2025-05-02,S1,收入,1130.00,{NAME}\n"
    first = cottage.send("payments", PAYMENTS + line, "a.csv")
    second = cottage.send("payments", PAYMENTS + line + f"E1,2025-05-03,S2,收入,5.00,{NAME}\n", "b.csv")
    assert counts(second) == (2, 1, 1, 0)
    cottage.send("invoices.sale", SALES + sale("1"))
    assert withdraw(cottage, first["id"])["stand_ins"] == [second["id"]]
    assert known(cottage, "payments")["reference"].sort().to_list() == ["S1", "S2"]


def test_what_a_stand_in_left_open_is_open_again(cottage: House) -> None:
    """The code of an invoice goes with the import that told it; the invoice stays."""
    first = cottage.send("invoices.sale", SALES + sale(DIGITAL, "3300191130"), "a.csv")
    second = cottage.send("invoices.sale", SALES + sale(DIGITAL), "b.csv")
    assert counts(second) == (1, 0, 1, 0)
    assert withdraw(cottage, first["id"])["stand_ins"] == [second["id"]]
    assert known(cottage).select("number", "code").rows() == [(DIGITAL, None)]


def test_outcomes_of_a_workbook_that_were_said_again_are_to_be_sent_again(cottage: House, tmp_path: Path) -> None:
    """Its invoices and its description of the firm end; the import that had repeated a default is named."""
    invoices = [["发票号码", "开票日期", "{}方单位代号", "金额", "税额", "价税合计", "发票状态"]]
    rows = [["企业代号", *invoices[0]], ["E1", "1", date(2025, 5, 1), "A1", 100, 13, 113, "有效发票"]]
    sheets = {"企业信息": [["企业代号", "企业名称", "是否违约"], ["E1", "甲", "是"]]}
    for sheet, side in (("进项发票信息", "销"), ("销项发票信息", "购")):
        sheets[sheet] = [[str(cell).format(side) for cell in rows[0]], rows[1]]
    book = cottage.send("workbook", xlsx(tmp_path / "book.xlsx", sheets).read_bytes(), "book.xlsx")
    assert book["state"] == "done", book
    again = cottage.send("outcomes", "企业代号,是否违约\nE1,是\n")
    assert counts(again) == (1, 0, 1, 0)
    assert withdraw(cottage, book["id"])["send_again"] == [again["id"]]
    assert known(cottage).is_empty()
    assert cottage.client.get("/v1/enterprises/E1", headers=cottage.owner()).json["name"] is None


def test_who_is_done_late_takes_nothing_that_another_holds(cottage: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """An import that came before the stand-in and is concluded after the undo finds its rows held: they count once."""
    file = SALES + sale("1")
    first = cottage.send("invoices.sale", file, "a.csv")
    conclude = load.conclude

    def overtaken(*given: Any) -> None:
        monkeypatch.setattr(load, "conclude", conclude)
        quick = cottage.send("invoices.sale", file + sale("2"), "c.csv")
        assert withdraw(cottage, first["id"])["stand_ins"] == [quick["id"]]
        conclude(*given)

    monkeypatch.setattr(load, "conclude", overtaken)
    cottage.send("invoices.sale", file + sale("3"), "b.csv")
    drain(cottage)
    assert sorted(known(cottage)["number"]) == ["1", "2", "3"]


def test_a_firms_own_word_stands_when_the_source_against_it_is_gone(cottage: House) -> None:
    """Refused while the source stated another total; the next source is firm against it again."""
    first = cottage.send("invoices.sale", SALES + sale(DIGITAL), "a.csv")
    own = SALES + sale(DIGITAL).replace("1000.00,130.00,1130.00", "900.00,117.00,1017.00")
    sent = cottage.client.post("/v1/imports?kind=invoices.sale", data=own.encode(), headers=cottage.owner())
    drain(cottage)
    assert known(cottage).select("total_fen", "version").rows() == [(113000, 1)]
    assert withdraw(cottage, first["id"])["stand_ins"] == [sent.json["id"]]
    assert known(cottage).select("total_fen", "import_id").rows() == [(101700, sent.json["id"])]
    cottage.send("invoices.sale", SALES + sale(DIGITAL), "b.csv")
    assert known(cottage)["total_fen"].to_list() == [113000]


def test_a_firms_own_word_waits_while_another_source_stands_against_it(cottage: House) -> None:
    """Two sources say the same: one of them stands in for the other."""
    first = cottage.send("invoices.sale", SALES + sale(DIGITAL), "a.csv")
    second = cottage.send("invoices.sale", SALES + sale(DIGITAL) + sale("1"), "b.csv")
    own = SALES + sale(DIGITAL).replace("1000.00,130.00,1130.00", "900.00,117.00,1017.00")
    cottage.client.post("/v1/imports?kind=invoices.sale", data=own.encode(), headers=cottage.owner())
    drain(cottage)
    assert withdraw(cottage, first["id"])["stand_ins"] == [second["id"]]
    assert sorted(known(cottage)["total_fen"]) == [113000, 113000]


def test_a_firms_word_that_it_has_changed_since_is_not_put_forward(cottage: House) -> None:
    """It said less, then more; what a second source adds and takes back leaves the later word."""
    first = cottage.send("invoices.sale", SALES + sale(DIGITAL), "a.csv")
    for net, tax, total in (("900.00", "117.00", "1017.00"), ("800.00", "104.00", "904.00")):
        own = SALES + sale(DIGITAL).replace("1000.00,130.00,1130.00", f"{net},{tax},{total}")
        cottage.client.post("/v1/imports?kind=invoices.sale", data=own.encode(), headers=cottage.owner())
        drain(cottage)
        if first:
            withdraw(cottage, first["id"])
            first = {}
    again = cottage.send("invoices.sale", SALES + sale(DIGITAL), "b.csv")
    withdraw(cottage, again["id"])
    assert known(cottage)["total_fen"].to_list() == [90400]
