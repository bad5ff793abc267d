"""The record of a supplier as a buyer meets it: who says what, what was delivered, and what is not held."""

from __future__ import annotations

from typing import Any

import pytest
from profile_house import SCOPES, House

ORDERS = "方向,企业代号,订单号,对方单位代号,订单日期,订单金额,订单状态\n"
DELIVERIES = "方向,企业代号,交货单号,订单号,对方单位代号,交货日期,交货金额\n"
RECORDS = "记录类型,企业代号,文书号,失信程度,认定机关,涉及金额,决定日期,公示日期,公示截止日期\n"


@pytest.fixture
def told(cottage: House) -> House:
    cottage.send("enterprises", "企业代号,企业名称\nE1,甲公司\n")
    orders = (
        "销售,E1,1,A,2026-01-05,100,执行中\n"  # delivered in two parts, complete after 20 days
        "销售,E1,2,B,2026-01-10,200,执行中\n"  # half of it delivered
        "销售,E1,3,A,2026-02-01,300,已取消\n"
        "销售,E1,4,A,2026-06-20,400,执行中\n"  # not due yet
        "销售,E1,5,A,2020-06-20,999,执行中\n"  # before the window
        "采购,E1,6,C,2026-01-05,700,执行中\n"
    )
    deliveries = (
        "销售,E1,d1,1,A,2026-01-15,60\n"
        "销售,E1,d2,1,A,2026-01-25,40\n"
        "销售,E1,d3,2,B,2026-02-10,100\n"
        "销售,E1,d4,,B,2026-02-10,100\n"
    )
    records = (
        "行政处罚,E1,罚1,严重,市监局,50,2025-05-01,2025-05-02,2027-05-01\n"
        "守信红名单,E1,红1,,工信局,,2025-03-01,2025-03-02,\n"
    )
    assert cottage.send("orders", ORDERS + orders)["accepted"] == 6
    assert cottage.send("deliveries", DELIVERIES + deliveries)["accepted"] == 4
    assert cottage.send("public-records", RECORDS + records)["accepted"] == 2
    cottage.date_book("2026-06-30")
    return cottage


def buyer(house: House, purpose: str = "procurement") -> dict[str, str]:
    return house.tokens(role="buyer", client="buyer-1", scopes=SCOPES) | {"Purpose": purpose}


def record(house: House, headers: dict[str, str] | None = None, **query: str) -> dict[str, Any]:
    path = "/v1/enterprises/local:E1/supplier-record"
    answer = house.client.get(path, headers=headers or house.owner(), query_string=query)
    assert answer.status_code == 200, answer.json
    found: dict[str, Any] = answer.json
    return found


def test_contracts_are_told_with_what_was_delivered_of_what_was_due(told: House) -> None:
    found = record(told)
    assert found["contracts"] == {
        "orders": 4,
        "amount_fen": 100_000,
        "buyers": 2,
        "fulfilled": 0,
        "cancelled": 1,
        "cancelled_fen": 30_000,
        "delivered_in_full": 1,
        "delivered_share": pytest.approx(200 / 300),
        "outstanding": 1,
        "outstanding_fen": 20_000,
        "traced": 2,
        "days_median": 20.0,
        "days_p90": 20.0,
    }
    assert found["years"] == [
        {"year": 2026, "orders": 4, "amount_fen": 100_000, "cancelled": 1, "delivered_in_full": 1}
    ]
    assert "66.7%" in found["summary"][1]["en"]
    assert [each["sort"] for each in found["against"]] == ["penalty"]
    assert [each["sort"] for each in found["favour"]] == ["award"]
    assert "未接收投标" in found["not_held"]["zh"]


def test_a_past_day_knows_nothing_of_what_came_after(told: House) -> None:
    found = record(told, as_of="2026-01-20")
    assert (found["contracts"]["orders"], found["contracts"]["delivered_in_full"]) == (2, 0)
    assert record(told, as_of="2019-01-01")["contracts"] is None


def test_contracts_that_only_the_firm_states_stand_apart_and_raise_nothing(told: House) -> None:
    """Nor does a delivery of its own word fill another's order."""
    before = record(told)
    order = {
        "direction": "sale",
        "number": "own 1",
        "counterparty": "Z",
        "date": "2026-03-01",
        "amount_fen": 10**9,
        "status": "fulfilled",
    }
    delivery = {
        "direction": "sale",
        "number": "own d1",
        "order": "2",
        "counterparty": "B",
        "date": "2026-03-01",
        "amount_fen": 10_000,
    }
    for kind, one in (("orders", order), ("deliveries", delivery)):
        headers = told.owner() | {"Idempotency-Key": kind}
        sent = told.client.post(f"/v1/enterprises/local:E1/{kind}", json={"records": [one]}, headers=headers)
        assert sent.status_code == 202, sent.json
        told.worker.run_once()
    after = record(told)
    assert after["contracts"] == before["contracts"]
    assert (after["own_word"]["orders"], after["own_word"]["amount_fen"]) == (1, 10**9)


def test_a_buyer_reads_it_with_a_consent_for_procurement_and_leaves_a_record(told: House) -> None:
    path = "/v1/enterprises/local:E1/supplier-record"
    assert told.client.get(path, headers=buyer(told)).json["type"].endswith("consent-required")
    told.consent("local:E1", "buyer-1", ("procurement",), fields=["portrait"])
    assert record(told, buyer(told))["contracts"] == record(told)["contracts"]
    assert told.client.get(path, headers=buyer(told, "credit-assessment")).status_code == 403
    page = told.client.get("/v1/enterprises/local:E1/accesses", headers=told.owner())
    assert [each["what"] for each in page.json["items"]] == ["supplier-record"]


def test_what_a_firm_disputes_of_its_record_is_marked(told: House) -> None:
    (penalty,) = record(told)["against"]
    item = {"kind": "public-records", "record": penalty["record"]}
    dispute = {"item": item, "reason": "other", "statement": "It was another branch."}
    made = told.client.post("/v1/disputes", json=dispute, headers=told.owner() | {"Idempotency-Key": "1"})
    assert made.status_code == 201, made.json
    assert [each["item"]["record"] for each in record(told)["disputes"]] == [penalty["record"]]
