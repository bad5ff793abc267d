"""A source sends what it is granted: kinds, channels and firms; at every way by which data comes in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from profile_house import HEADER, ROW, SCOPES, House, counts
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse
from workbooks import Rows, xlsx

from chassis.data.database import Database
from services.profile.book import tables

HEADERS = {"Idempotency-Key": "k"}
RECORD = {
    "record": "penalty",
    "number": "R1",
    "authority": "某市市场监管局",
    "date": "2026-01-04",
    "published_on": "2026-01-05",
}
PAYMENT = {"date": "2026-01-05", "direction": "in", "amount_fen": 1, "reference": "1", "counterparty": "A1"}
ENTERPRISES = "企业代号,企业名称,是否违约\n"
CONNECTOR = {"kind": "invoices", "columns": {"enterprise": "firm"}}


def stranger(house: House, client: str = "court-1") -> dict[str, str]:
    return house.tokens(role="source", client=client, scopes=SCOPES)


def grant(house: House, client: str = "court-1", **terms: Any) -> dict[str, Any]:
    order = {"client": client, "kinds": ["public-records"], "channels": ["court"], "document": "协议 1", **terms}
    answer = house.client.post(
        "/v1/source-grants", json=order, headers=house.operator | {"Idempotency-Key": str(uuid4())}
    )
    assert answer.status_code == 201, answer.json
    found: dict[str, Any] = answer.json
    return found


def send(house: House, query: str, content: str = HEADER + ROW, client: str = "court-1") -> TestResponse:
    return house.client.post(
        f"/v1/imports?filename=f.csv&{query}", data=content.encode(), headers=stranger(house, client)
    )


def done(house: House, query: str, content: str, client: str = "court-1") -> dict[str, Any]:
    sent = send(house, query, content, client)
    assert sent.status_code == 202, sent.json
    house.worker.run_once()
    found: dict[str, Any] = house.client.get(f"/v1/imports/{sent.json['id']}", headers=house.operator).json
    return found


WAYS: dict[str, Callable[[FlaskClient, dict[str, str]], TestResponse]] = {
    "a file": lambda c, h: c.post("/v1/imports?kind=invoices&filename=f.csv", data=(HEADER + ROW).encode(), headers=h),
    "outcomes": lambda c, h: c.post(
        "/v1/imports?kind=outcomes&filename=f.csv", data="企业代号,是否违约\nE1,是\n".encode(), headers=h
    ),
    "a record": lambda c, h: c.post("/v1/enterprises/E1/payments", json={"records": [PAYMENT]}, headers=h),
    "a public record": lambda c, h: c.post("/v1/enterprises/E1/public-records", json={"records": [RECORD]}, headers=h),
    "a name": lambda c, h: c.put("/v1/enterprises/E1", json={"name": "甲公司"}, headers=h),
    "a connector": lambda c, h: c.put("/v1/connectors/mine", json=CONNECTOR, headers=h),
    "a look": lambda c, h: c.post("/v1/import-previews?kind=invoices", data=(HEADER + ROW).encode(), headers=h),
}


@pytest.mark.parametrize("way", WAYS)
def test_without_a_grant_nothing_comes_in(house: House, way: str) -> None:
    """By whatever way; nothing of it is kept, and the refusal names what was asked and what is granted."""
    refused = WAYS[way](house.client, stranger(house) | HEADERS)
    assert refused.status_code == 403, refused.json
    assert refused.json["type"].endswith("not-granted")
    assert refused.json["granted"] == []
    assert refused.json["asked"]["kind"] in refused.json["detail"]
    assert house.client.get("/v1/imports", headers=house.operator).json["items"] == []
    assert house.client.get("/v1/enterprises", headers=house.operator).json["items"] == []


def test_a_grant_covers_its_kinds_by_its_channels(cottage: House) -> None:
    """Another kind, or the same by another channel, is refused with both named."""
    mine = grant(cottage, kinds=["invoices"], channels=["association"])
    assert done(cottage, "kind=invoices.purchase&channel=association", HEADER + ROW)["granted"] == [mine["id"]]
    sales = HEADER.replace("销方单位代号", "购方单位代号") + ROW
    assert send(cottage, "kind=invoices.sale&channel=association", sales).status_code == 202
    usual = send(cottage, "kind=invoices")
    assert usual.status_code == 403
    assert usual.json["asked"] == {"kind": "invoices", "channel": "government", "enterprise": None}
    terms = {"kinds": ["invoices"], "channels": ["association"], "enterprises": None}
    assert usual.json["granted"] == [{"id": mine["id"], **terms}]
    assert "granted: invoices by association" in usual.json["detail"]
    assert send(cottage, "kind=outcomes&channel=association", "企业代号,是否违约\nE1,是\n").status_code == 403
    assert send(cottage, "kind=workbook&channel=association").status_code == 403


def test_rows_of_firms_beyond_the_grant_are_rejected(house: House) -> None:
    """Each with its line; named beside the file such a firm is refused at once."""
    grant(house, kinds=["invoices", "enterprises"], channels=["government"], enterprises=["E1", "E2"])
    other = ROW.replace("E1", "E9").replace("1001", "1002")
    found = done(house, "kind=invoices.purchase", HEADER + ROW + other)
    assert counts(found) == (2, 1, 0, 1)
    assert house.rejects_of(found["id"]) == [
        "3,企业代号,E9,not an enterprise of this source's grant / 不在该来源获授权的企业之内"
    ]
    named = send(house, "kind=invoices&enterprise=E9", HEADER.replace("企业代号,", "") + ROW.replace("E1,", ""))
    assert named.status_code == 403
    assert "local:E1, local:E2" in named.json["detail"]
    asked = house.client.put("/v1/enterprises/E9", json={"name": "乙公司"}, headers=stranger(house))
    assert asked.status_code == 403
    assert house.client.put("/v1/enterprises/E2", json={"name": "乙公司"}, headers=stranger(house)).status_code in {
        200,
        201,
    }


def test_two_grants_open_the_firms_of_both(cottage: House) -> None:
    grant(cottage, kinds=["invoices"], channels=["government"], enterprises=["E1"])
    grant(cottage, kinds=["invoices"], channels=["government"], enterprises=["E9"])
    found = done(cottage, "kind=invoices.purchase", HEADER + ROW + ROW.replace("E1", "E9") + ROW.replace("E1", "E3"))
    assert counts(found) == (3, 2, 0, 1)


def test_a_file_of_enterprises_states_no_outcomes_on_the_side(house: House) -> None:
    """That is another kind: it needs another grant."""
    grant(house, kinds=["enterprises"], channels=["government"])
    content = ENTERPRISES + "E1,甲公司,是\nE2,乙公司,\n"
    found = done(house, "kind=enterprises", content)
    assert counts(found) == (2, 1, 0, 1)
    assert "outcomes of it are not granted" in house.rejects_of(found["id"])[0]
    grant(house, kinds=["outcomes"], channels=["government"])
    assert counts(done(house, "kind=enterprises", content)) == (2, 1, 1, 0)


def official(path: Path) -> bytes:
    """Return the official workbook of two firms: of one it is stated that it defaulted."""
    enterprises: Rows = [["企业代号", "企业名称", "是否违约"], ["E1", "甲公司", "是"], ["E2", "乙公司", None]]
    beside = ["金额", "税额", "价税合计", "发票状态"]
    bought: Rows = [
        ["企业代号", "发票号码", "开票日期", "销方单位代号", *beside],
        ["E1", "1001", "2019-01-04", "A1", 100, 13, 113, "有效发票"],
    ]
    sold: Rows = [
        ["企业代号", "发票号码", "开票日期", "购方单位代号", *beside],
        ["E2", "1002", "2019-01-05", "B1", 200, 26, 226, "有效发票"],
    ]
    return xlsx(path, {"企业信息": enterprises, "进项发票信息": bought, "销项发票信息": sold}).read_bytes()


def test_a_workbook_states_no_outcomes_on_the_side(house: House, tmp_path: Path) -> None:
    """Its sheet of enterprises is bound as a file of them is; its invoices are taken."""
    grant(house, kinds=["workbook"], channels=["government"])
    content = official(tmp_path / "book.xlsx")

    def sent() -> dict[str, Any]:
        answer = house.client.post(
            "/v1/imports?filename=f.xlsx&kind=workbook", data=content, headers=stranger(house, "court-1")
        )
        assert answer.status_code == 202, answer.json
        house.worker.run_once()
        found: dict[str, Any] = house.client.get(f"/v1/imports/{answer.json['id']}", headers=house.operator).json
        return found

    def outcomes() -> list[str]:
        with house.context.database.read() as session:
            return list(session.scalars(select(tables.Outcome.enterprise)))

    first = sent()
    assert counts(first) == (4, 3, 0, 1), first
    assert "outcomes of it are not granted" in house.rejects_of(first["id"])[0]
    assert outcomes() == []
    grant(house, kinds=["outcomes"], channels=["government"], enterprises=["E1"])
    again = sent()
    assert (counts(again)[0], counts(again)[3]) == (4, 0), again
    assert outcomes() == ["local:E1"]


def test_an_ended_grant_takes_nothing_more_and_keeps_what_came(house: House) -> None:
    mine = grant(house, kinds=["invoices"], channels=["government"])
    before = done(house, "kind=invoices.purchase", HEADER + ROW)
    key = house.operator | HEADERS
    ended = house.client.post(f"/v1/source-grants/{mine['id']}/end", json={"reason": "协议到期"}, headers=key)
    assert (ended.status_code, ended.json["state"], ended.json["ended_by"]) == (200, "ended", "operator-1")
    assert send(house, "kind=invoices").status_code == 403
    assert house.client.get(f"/v1/imports/{before['id']}", headers=stranger(house)).json["accepted"] == 1
    again = house.client.post(
        f"/v1/source-grants/{mine['id']}/end",
        json={"reason": "again"},
        headers=house.operator | {"Idempotency-Key": "2"},
    )
    assert again.status_code == 409
    nobody = house.client.post(
        "/v1/source-grants/sgr_none/end", json={"reason": "x"}, headers=house.operator | {"Idempotency-Key": "3"}
    )
    assert nobody.status_code == 404


def test_a_grant_ended_after_receipt_holds_for_what_was_received(cottage: House) -> None:
    """The file waits in the queue: its rows are judged by the grants under which it came."""
    mine = grant(cottage, kinds=["invoices"], channels=["government"], enterprises=["E1"])
    sent = send(cottage, "kind=invoices.purchase", HEADER + ROW + ROW.replace("E1", "E9"))
    cottage.client.post(f"/v1/source-grants/{mine['id']}/end", json={"reason": "x"}, headers=cottage.operator | HEADERS)
    cottage.worker.run_once()
    found = cottage.client.get(f"/v1/imports/{sent.json['id']}", headers=cottage.operator).json
    assert counts(found) == (2, 1, 0, 1)


def test_the_last_day_counts_and_the_day_after_does_not(cottage: House, monkeypatch: pytest.MonkeyPatch) -> None:
    today = cottage.context.today()
    mine = grant(cottage, kinds=["invoices"], channels=["government"], expires_on=today.isoformat())
    assert send(cottage, "kind=invoices").status_code == 202
    with cottage.context.database.begin() as session:
        session.get_one(tables.SourceGrant, mine["id"]).expires_on = today - timedelta(days=1)
    assert send(cottage, "kind=invoices").status_code == 403
    listed = cottage.client.get("/v1/source-grants?client=court-1", headers=cottage.operator).json["items"]
    assert [one["state"] for one in listed] == ["expired"]


def test_only_the_operator_grants_and_a_source_reads_its_own(cottage: House) -> None:
    mine = grant(cottage)
    seen = cottage.client.get("/v1/source-grants?client=source-1", headers=stranger(cottage)).json["items"]
    assert [one["id"] for one in seen] == [mine["id"]]
    assert len(cottage.client.get("/v1/source-grants", headers=cottage.operator).json["items"]) > 1
    narrow = cottage.tokens(role="source", client="court-1", scopes="imports:write imports:read")
    order = {"client": "court-1", "kinds": ["outcomes"], "channels": ["court"], "document": "x"}
    assert cottage.client.post("/v1/source-grants", json=order, headers=narrow | HEADERS).status_code == 403
    ended = cottage.client.post(f"/v1/source-grants/{mine['id']}/end", json={"reason": "x"}, headers=narrow | HEADERS)
    assert ended.status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [
        {"kinds": []},
        {"kinds": ["everything"]},
        {"channels": ["rumour"]},
        {"enterprises": []},
        {"expires_on": (date.today() - timedelta(days=3)).isoformat()},  # noqa: DTZ011
        {"document": ""},
    ],
)
def test_a_grant_says_what_it_is_of(cottage: House, wrong: dict[str, Any]) -> None:
    order = {"client": "c", "kinds": ["outcomes"], "channels": ["court"], "document": "x", **wrong}
    assert cottage.client.post("/v1/source-grants", json=order, headers=cottage.operator | HEADERS).status_code == 422


def test_an_enterprise_needs_no_grant_and_keeps_its_channel(house: House) -> None:
    """Whatever is granted to anybody: what it says of itself is its own word."""
    grant(house, client="local:E1", kinds=["public-records"], channels=["court"])
    body = (HEADER + ROW).encode()
    sent = house.client.post("/v1/imports?kind=invoices&filename=f.csv", data=body, headers=house.owner())
    assert (sent.status_code, sent.json["channel"], sent.json["granted"]) == (202, "subject", None)
    for query in ("kind=invoices&channel=court", "kind=public-records", "kind=outcomes"):
        refused = house.client.post(f"/v1/imports?{query}&filename=f.csv", data=body, headers=house.owner())
        assert refused.json["type"].endswith("not-your-channel")


def test_a_look_without_a_kind_proposes_only_what_is_granted(cottage: House) -> None:
    grant(cottage, kinds=["payments"], channels=["counterparty"])
    looked = cottage.client.post("/v1/import-previews", data=(HEADER + ROW).encode(), headers=stranger(cottage))
    assert looked.status_code == 200, looked.json
    assert {one["kind"] for one in looked.json["kinds"]} <= {"payments"}


@pytest.mark.parametrize("query", ["", "?connector=bank-statement", "?enterprise=E1"])
def test_a_look_by_whom_nothing_is_granted_is_refused(house: House, query: str) -> None:
    """Also where no kind is named: that nothing is granted is said, and no fault is ours."""
    looked = house.client.post(f"/v1/import-previews{query}", data=(HEADER + ROW).encode(), headers=stranger(house))
    assert looked.status_code == 403, looked.json
    assert looked.json["type"].endswith("not-granted")
    assert looked.json["granted"] == []


def test_a_look_asks_for_grants_by_one_connection_at_a_time(cottage: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or as many looks as there are connections would wait for each other for ever."""
    database, open_now, most = cottage.context.database, [0], [0]
    read = type(database).read

    @contextmanager
    def counted(self: Database) -> Iterator[Session]:
        open_now[0] += 1
        most[0] = max(most[0], open_now[0])
        try:
            with read(self) as session:
                yield session
        finally:
            open_now[0] -= 1

    monkeypatch.setattr(type(database), "read", counted)
    grant(cottage, kinds=["payments"], channels=["counterparty"])
    query = "?connector=bank-statement&kind=payments&enterprise=E1"
    cottage.client.post(f"/v1/import-previews{query}", data=(HEADER + ROW).encode(), headers=stranger(cottage))
    assert most[0] == 1
