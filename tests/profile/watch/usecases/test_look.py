"""The log of alerts after imports: touched firms only, once each, however often a look is repeated."""

from __future__ import annotations

from datetime import date

import pytest
from profile_house import House
from signal_books import HEADER, trade, work_off
from sqlalchemy import select

from services.profile.book import state_store
from services.profile.book.domain.moment import Moment
from services.profile.book.domain.permit import Whole, Why
from services.profile.watch import tables
from services.profile.watch.usecases import look, view
from services.profile.watch.usecases.tell import RECORDS_KEPT


def log(house: House) -> list[tables.Alert]:
    with house.context.database.read() as session:
        return list(session.execute(select(tables.Alert).order_by(tables.Alert.id)).scalars())


def test_an_import_that_tells_of_an_event_opens_one_alert_with_its_records(house: House) -> None:
    """A customer of two years fell silent for half a year: the alert lists the invoices and the import of each."""
    house.send("invoices.sale", trade("E1", quiet_after=20))
    work_off(house)
    [alert] = [one for one in log(house) if one.signal == "key-customer-lost"]
    assert (alert.enterprise, alert.subject, alert.severity) == ("local:E1", "K1", "warning")
    assert alert.records_count > len(alert.records) == RECORDS_KEPT
    imports = {row["id"] for row in house.client.get("/v1/imports", headers=house.source).json["items"]}
    assert {record["import_id"] for record in alert.records} == imports
    assert {record["counterparty"] for record in alert.records} == {"K1"}


def test_a_look_repeated_changes_nothing(house: House) -> None:
    """Neither as the same job after a crash nor as another job."""
    house.send("invoices.sale", trade("E1", quiet_after=20))
    work_off(house)
    before = [(one.id, one.opened_on, one.calm_since) for one in log(house)]
    for _ in range(2):
        look.look(house.context, ["local:E1"])
    assert [(one.id, one.opened_on, one.calm_since) for one in log(house)] == before


def test_an_older_look_never_overwrites_a_newer_one(cottage: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that was slow to evaluate finds that another has looked since, and leaves the log alone."""
    cottage.send("invoices.sale", trade("E1", quiet_after=20))
    late = look.view

    def slow(*args: object, **kwargs: object) -> view.View:
        seen = late(*args, **kwargs)  # type: ignore[arg-type]
        monkeypatch.setattr(look, "view", late)
        look.look(cottage.context, ["local:E1"])
        return seen

    monkeypatch.setattr(look, "view", slow)
    assert look.look(cottage.context, ["local:E1"]) == look.Changes((), ())
    assert len({one.id for one in log(cottage)}) == len(
        {(one.enterprise, one.signal, one.event) for one in log(cottage)}
    )


def test_only_touched_firms_are_looked_at(cottage: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second import is of E2: E1 is not evaluated again."""
    looked: list[list[str]] = []
    real = look.look
    monkeypatch.setattr(look, "look", lambda context, names: (looked.append(list(names)), real(context, names))[1])
    cottage.send("invoices.sale", trade("E1"))
    work_off(cottage)
    cottage.send("invoices.sale", trade("E2"))
    work_off(cottage)
    assert looked == [["local:E1"], ["local:E2"]]


def test_a_default_warns_those_who_sell_to_the_firm(cottage: House) -> None:
    """E2 buys half of what E1 sells; the outcome of E2 touches E2 only, the alert is E1's."""
    cottage.send("invoices.sale", trade("E1", partner="E2"))
    cottage.send("invoices.sale", trade("E2"))
    work_off(cottage)
    assert "counterparty-default" not in {one.signal for one in log(cottage)}
    cottage.send("outcomes", "企业代号,是否违约,认定日期\nE2,是,2019-12-01\n")
    work_off(cottage)
    [alert] = [one for one in log(cottage) if one.signal == "counterparty-default"]
    assert (alert.enterprise, alert.subject, alert.value) == ("local:E1", "E2", 0.5)
    assert alert.records[0]["kind"] in {"outcomes", "invoices"}


def test_a_ring_alerts_every_member(cottage: House) -> None:
    """E1 sells to E2, E2 to E3, E3 to E1, within two weeks and nearly the same amount; found by the last import."""
    for place, (seller, buyer) in enumerate((("E1", "E2"), ("E2", "E3"), ("E3", "E1"))):
        amounts = f"{50000 + place}.00,0.00,{50000 + place}.00"
        row = f"{seller},9000000{place},2020/2/{1 + 5 * place},{buyer},{amounts},有效发票\n"
        cottage.send("invoices.sale", HEADER + row)
        work_off(cottage)
    rings = [one for one in log(cottage) if one.signal == "circular-invoicing"]
    assert sorted(one.enterprise for one in rings) == ["local:E1", "local:E2", "local:E3"]
    assert {one.value for one in rings} == {3.0}
    assert {len(one.records) for one in rings} == {3}


def test_a_ring_of_six_is_found_from_one_of_its_firms_and_tells_each_its_own_hops(cottage: House) -> None:
    """Looked at is E6 alone, three hops from E3; of what others sold each other an alert says that it is there."""
    sold = [
        f"E{n},9000000{n},2020/2/{n},E{n % 6 + 1},{50000 + n}.00,0.00,{50000 + n}.00,有效发票\n" for n in range(1, 7)
    ]
    bought = [row.replace(f"E{n},", f"E{n % 6 + 1},", 1) for n, row in enumerate(sold, start=1)]
    bought = [row.replace(f"/{n},E{n % 6 + 1},", f"/{n},E{n},") for n, row in enumerate(bought, start=1)]
    cottage.send("invoices.purchase", HEADER.replace("购方", "销方") + "".join(bought))
    cottage.send("invoices.sale", HEADER + "".join(sold))
    with cottage.context.database.read() as session:
        state = state_store.book(session)
    moment = Moment(state.lake_version, date(2020, 2, 6), state.known_at)
    seen = view.view(cottage.context, moment, Whole(Why.WATCH, ("local:E6",)), asked_on=moment.as_of)
    hits = seen.only(view.RING).hits
    assert hits["enterprise"].to_list() == [f"local:E{n}" for n in range(1, 7)]
    told = hits.filter(enterprise="local:E2")
    assert told.select("value", "reference", "subject").row(0) == (6.0, 5000200.0, "local:E1 > local:E2 > local:E3")
    records = seen.records(told)
    assert records["number"].to_list() == ["90000002", "90000001", None, None, None, None]
    assert records[2:].null_count().row(0, named=True) == {
        name: 0 if name in {"signal", "enterprise", "event", "kind"} else 4 for name in records.columns
    }


def goods_traded(direction: str, partner: str, *goods: str) -> str:
    """Invoices of E1 with one line each, as a sheet of lines has them."""
    head = f"企业代号,数电发票号码,开票日期,{partner},货物或应税劳务名称,数量,单价,金额,税率,税额,价税合计,发票状态\n"
    lines = (
        f"E1,2630000000{direction}{n:09},2026-03-{n + 1:02},K{n % 3},{each},1,100,100.00,13%,13.00,113.00,正常\n"
        for n, each in enumerate(goods)
    )
    return head + "".join(lines)


def test_a_trader_that_sells_what_it_never_bought_is_told_by_goods(house: House) -> None:
    """Steel is sold, tea and meals are bought: the alert and the firm's own page name the steel and its sales."""
    house.send("enterprises", "企业代号,企业名称,行业\nE1,甲贸易有限公司,F5164\n")
    house.send("invoices.purchase", goods_traded("1", "销方单位代号", *["*茶叶*龙井", "*餐饮服务*餐费"] * 6))
    sold = house.send("invoices.sale", goods_traded("2", "购方单位代号", *["*钢材*螺纹钢", "*茶叶*龙井"] * 6))
    work_off(house)
    [alert] = [one for one in log(house) if one.signal == "purchases-sales-mismatch" and one.event]
    assert (alert.enterprise, alert.subject, alert.value, alert.reference) == ("local:E1", "钢材", 0.5, 0.2)
    assert alert.records_count == 6
    assert {record["import_id"] for record in alert.records} == {sold["id"]}
    answer = house.client.get("/v1/enterprises/E1/signals", headers=house.owner()).json
    [told] = [one for one in answer["signals"] if one["key"] == "purchases-sales-mismatch"]
    assert [(one["subject"], one["records_count"]) for one in told["happenings"]] == [("钢材", 6)]
