"""Every kind of data: files and single records, on one way, with the promises of invoices."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl
import pytest
from electronic_invoices import BUYER, SELLER, xml, zipped
from profile_house import House, counts
from sqlalchemy import select

from chassis.data import jobs, leases
from services.profile.book import state_store
from services.profile.book.domain.evidence import DATASETS, Evidence
from services.profile.book.domain.moment import Moment
from services.profile.book.domain.permit import Whole, Why
from services.profile.book.usecases.gather import gather

FILES = {
    "payments": (
        "企业代号,收支方向,交易流水号,对方单位,交易日期,交易金额,用途,交易状态\n"
        "E1,收入,S1,B1,2024-01-05,113.00,货款,成功\n"
        "E1,收入,S1,B1,2024-01-05,113.00,货款,成功\n"
        "E1,支出,S2,,2024-01-10,50.00,工资,\n"
        "E1,支出,S3,B2,2024-01-11,-5.00,货款,成功\n"
    ),
    "orders": (
        "direction,enterprise,number,counterparty,date,due_on,amount_fen,status\n"
        "sale,E1,O1,B1,2024-01-01,2030-02-01,11300,open\n"
        "sale,E1,O1,B1,2024-01-01,2030-02-01,11300,open\n"
        "purchase,E1,O2,A1,2024-01-02,,5000,open\n"
        "sale,E1,O3,B1,2024-01-03,2023-12-31,100,open\n"
    ),
    "deliveries": (
        "方向,企业代号,交货单号,订单号,对方单位,交货日期,交货金额\n"
        "销售,E1,D1,O1,B1,2024/1/3,113.00\n"
        "销售,E1,D1,O1,B1,2024/1/3,113.00\n"
        "采购,E1,D2,,A1,2024/1/4,50.00\n"
        "采购,E1,D3,,A1,2024/1/4,0\n"
    ),
    "tax-filings": (
        "纳税人识别号,税种,所属期起,所属期止,申报销售额,应纳税额,实缴税额,缴款期限,申报日期,缴款日期\n"
        "E1,增值税,2024-01-01,2024-01-31,100.00,13.00,0,2024-02-20,2024-02-10,\n"
        "E1,增值税,2024-01-01,2024-01-31,100.00,13.00,0,2024-02-20,2024-02-10,\n"
        "E1,社保,2024-01-01,2024-01-31,,8.00,8.00,2024-02-20,,2024-02-15\n"
        "E1,增值税,2024-02-01,2024-01-31,1,1,1,2024-02-20,,\n"
    ),
    "public-records": (
        "企业代号,记录类型,文书号,失信程度,信用等级,认定机关,涉及金额,决定日期,公示日期,公示截止日期,修复日期\n"
        "E1,行政处罚,P1,一般,,市监局,500.00,2024-01-01,2024-01-08,2030-01-01,\n"
        "E1,行政处罚,P1,一般,,市监局,500.00,2024-01-01,2024-01-08,2030-01-01,\n"
        "E1,纳税信用,G1,,A,税务局,,2024-01-01,2024-04-01,,\n"
        "E1,纳税信用,G2,,,税务局,,2024-01-01,2024-04-01,,\n"
    ),
    "relations": (
        "企业代号,关系类型,关联方,持股比例,起始日期,终止日期\n"
        f"E1,股东,{BUYER},30%,2020-01-01,\n"
        f"E1,股东,{BUYER},0.3,2020-01-01,\n"
        "E1,法定代表人,王小明,,2020-01-01,\n"
        "E1,股东,王小明,170%,2020-01-01,\n"
    ),
}


def known(house: House, at: datetime | None = None, as_of: date = date(2026, 1, 1)) -> Evidence:
    with house.context.database.read() as session:
        version = state_store.book(session).lake_version
    return gather(house.context, Moment(version, as_of, at), Whole(Why.ACTS, ("local:E1",)))


def table(evidence: Evidence, kind: str) -> pl.DataFrame:
    frame: pl.DataFrame = getattr(evidence, kind.replace("-", "_"))
    return frame


def post(
    house: House, kind: str, records: list[dict[str, Any]], headers: dict[str, str] | None = None, **more: str
) -> Any:
    sent = {"Idempotency-Key": str(uuid4())} | (headers or house.source) | more
    answer = house.client.post(f"/v1/enterprises/local:E1/{kind}", json={"records": records}, headers=sent)
    house.worker.run_once()
    return answer


@pytest.mark.parametrize("kind", FILES)
def test_a_file_of_any_kind_is_counted_reported_and_known(house: House, kind: str) -> None:
    """Of four rows one is a repeat and one is wrong; sent again, all that was accepted is a repeat."""
    done = house.send(kind, FILES[kind])
    assert counts(done) == (4, 2, 1, 1)
    [fault] = house.rejects(done["id"])
    assert fault.startswith("5,")
    evidence = known(house)
    assert table(evidence, kind).schema == DATASETS[kind].schema
    assert table(evidence, kind)["import_id"].to_list() == [done["id"]] * 2
    assert counts(house.send(kind, FILES[kind])) == (4, 0, 3, 1)
    assert table(known(house), kind).equals(table(evidence, kind))


@pytest.mark.parametrize("kind", [kind for kind in FILES if kind != "relations"])
def test_a_later_statement_is_a_version_and_the_past_can_be_replayed(cottage: House, kind: str) -> None:
    """What was known at a moment stays what was known then, to the byte."""
    changed = {
        "payments": ("成功", "冲正"),
        "orders": ("11300,open", "11300,fulfilled"),
        "deliveries": ("113.00", "112.00"),
        "tax-filings": ("13.00,0,", "13.00,13.00,"),
        "public-records": ("2030-01-01,", "2031-01-01,"),
    }[kind]
    cottage.send(kind, FILES[kind])
    before = table(known(cottage), kind)
    with cottage.context.database.read() as session:
        then = state_store.book(session).known_at
    assert cottage.send(kind, FILES[kind].replace(*changed))["accepted"] == 1
    after = table(known(cottage), kind)
    assert sorted(after["version"]) == [1, 2]
    assert table(known(cottage, then), kind).sort("enterprise", pl.all()).equals(before.sort("enterprise", pl.all()))


def test_no_name_is_kept_of_a_person(house: House) -> None:
    """Persons are held as keyed hashes, enterprises by their id; neither file, lake nor report keeps the name."""
    done = house.send("relations", FILES["relations"])
    parties = dict(table(known(house), "relations").select("relation", "party").rows())
    assert parties["shareholder"] == f"uscc:{BUYER}"
    assert parties["person-in-charge"].startswith("hash:")
    home = house.context.settings.home
    kept = [path for path in home.rglob("*") if path.is_file() and "王小明".encode() in path.read_bytes()]
    assert kept == []
    assert house.rejects(done["id"]) == ["5,持股比例,170%,not a share from 0 to 1 or 0% to 100% / 不是有效的比例"]


REGISTER = (
    "统一社会信用代码,企业名称,股东（发起人）,股东统一社会信用代码,持股比例（%）,认缴出资额（万元）,认缴出资日期\n"
    f"E1,甲公司,张三,,51.00,510.5,2030-01-01\nE1,甲公司,乙（北京）投资有限公司,{BUYER},0.49,,2030-01-01\n"
    "E1,甲公司,李四,,未公示,—,\nE1,甲公司,王五,,101,,\n"
)


def test_shareholders_as_the_register_publishes_them_are_read(cottage: House) -> None:
    """A share in percent by its head, one that is not told, a firm by its code where there is one beside its name."""
    head = "\n".join(REGISTER.splitlines()[:4])
    looked = cottage.client.post("/v1/import-previews?filename=a.csv", data=head.encode(), headers=cottage.source)
    assert (looked.json["kind"], looked.json["connector"]) == ("relations", "register-shareholders"), looked.json
    sent = cottage.client.post(
        "/v1/imports?kind=relations&connector=register-shareholders", data=REGISTER.encode(), headers=cottage.source
    )
    cottage.worker.run_once()
    done = cottage.state(sent.json["id"])
    assert counts(done) == (4, 3, 0, 1)
    assert cottage.rejects(done["id"])[0].startswith("5,持股比例（%）,101,not a share")
    rows = table(known(cottage), "relations").select("relation", "share", "amount_fen", "since").rows()
    assert sorted(rows, key=str) == [
        ("shareholder", 0.0049, None, None),
        ("shareholder", 0.51, 510_5000_00, None),
        ("shareholder", None, None, None),
    ]
    assert f"uscc:{BUYER}" in table(known(cottage), "relations")["party"].to_list()


def test_a_relation_without_an_end_or_a_told_share_is_one_all_the_same(cottage: House) -> None:
    rows = "E1,股东,张三,-,2020-01-01,长期\nE1,经营者,张三,,2020-01-01,无固定期限\nE1,住所,某路1号,/,,-\n"
    done = cottage.send("relations", "企业代号,关系类型,关联方,持股比例,起始日期,终止日期\n" + rows)
    assert counts(done) == (3, 3, 0, 0)
    held = table(known(cottage), "relations")
    assert held["share"].to_list() == held["until"].to_list() == [None] * 3


@pytest.mark.parametrize("file", ["企业代号,王小明\nE1,王小明\n", "企业代号,关系类型,关联方\nE1,股东,王小明,多余\n"])
def test_no_name_is_kept_of_a_file_that_could_not_be_used(cottage: House, file: str) -> None:
    """A refused file goes as well, with what a killed reader left beside it; a report shows no line of it."""
    sent = cottage.client.post("/v1/imports?kind=relations", data=file.encode(), headers=cottage.source).json["id"]
    left = Path(cottage.context.settings.uploads) / f"{sent}.x1.plain"
    left.write_text(file)
    cottage.worker.run_once()
    assert cottage.state(sent)["state"] in ("failed", "done")
    kept = [path for path in cottage.context.settings.home.rglob("*") if path.is_file()]
    assert not [path for path in kept if "王小明".encode() in path.read_bytes()]


def test_single_records_go_the_way_of_files(house: House) -> None:
    """They are tracked as an import, land in the book, and the same key gives the same import."""
    records = [{"direction": "in", "reference": "S1", "date": "2024-01-05", "amount_fen": 11300, "counterparty": "B1"}]
    key = {"Idempotency-Key": "once"}
    first = post(house, "payments", records, **key)
    again = post(house, "payments", records, **key)
    assert (first.status_code, again.status_code) == (202, 202), first.json
    assert first.headers["Location"] == f"/v1/imports/{again.json['id']}"
    done = house.state(first.json["id"])
    assert (done["state"], done["channel"], done["enterprise"], counts(done)) == (
        "done",
        "counterparty",
        "local:E1",
        (1, 1, 0, 0),
    )
    [row] = table(known(house), "payments").select("amount_fen", "status", "import_id").rows()
    assert row == (11300, "valid", done["id"])


def test_one_bad_record_keeps_the_whole_batch_out(cottage: House) -> None:
    """A batch is all or nothing, and the answer names record, field and reason."""
    good = {"direction": "sale", "number": "1", "counterparty": "B", "date": "2024-01-02", "status": "valid"}
    sums = {"net_fen": 100, "tax_fen": 13, "total_fen": 113}
    answer = post(cottage, "invoices", [good | sums, good | sums | {"total_fen": 120}])
    assert (answer.status_code, answer.json["type"].rpartition("/")[2]) == (422, "records-refused")
    assert [(fault["record"], fault["field"]) for fault in answer.json["faults"]] == [(2, "total_fen")]
    assert cottage.book()["invoices"] == 0
    assert post(cottage, "invoices", [good | sums]).status_code == 202
    assert cottage.book()["invoices"] == 1


def test_an_enterprise_sends_its_own_and_revises_nobody_elses(cottage: House) -> None:
    """A firm adds what it knows of itself; what its bank has stated stays as the bank stated it."""
    cottage.send("payments", FILES["payments"])
    own = cottage.owner("local:E1")
    payment = {"direction": "in", "reference": "S1", "date": "2024-01-05", "amount_fen": 11300, "status": "reversed"}
    sent = post(cottage, "payments", [payment, payment | {"reference": "S9", "status": "valid"}], own)
    done = cottage.client.get(f"/v1/imports/{sent.json['id']}", headers=own).json
    assert (done["channel"], counts(done)) == ("subject", (2, 1, 0, 1))
    assert set(table(known(cottage), "payments")["status"]) == {"valid"}
    revised = post(cottage, "payments", [payment | {"reference": "S9"}], own)
    assert counts(cottage.client.get(f"/v1/imports/{revised.json['id']}", headers=own).json) == (1, 1, 0, 0)


def test_what_a_bank_confirms_an_enterprise_can_no_longer_revise(cottage: House) -> None:
    """The same words from another channel are a confirmation: a version with the bank's import behind it."""
    own = cottage.owner("local:E1")
    payment = {"direction": "in", "reference": "S1", "date": "2024-01-05", "amount_fen": 11300}
    post(cottage, "payments", [payment], own)
    confirmed = post(cottage, "payments", [payment]).json["id"]
    [row] = table(known(cottage), "payments").select("version", "import_id").rows()
    assert row == (2, confirmed)
    revised = post(cottage, "payments", [payment | {"status": "reversed"}], own).json["id"]
    assert counts(cottage.client.get(f"/v1/imports/{revised}", headers=own).json) == (1, 0, 0, 1)
    assert table(known(cottage), "payments")["import_id"].to_list() == [confirmed]
    assert counts(cottage.state(post(cottage, "payments", [payment]).json["id"])) == (1, 0, 1, 0)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/enterprises/local:E2/payments", 403),
        ("/v1/enterprises/local:E1/public-records", 403),
        ("/v1/enterprises/local:E1/payments?channel=court", 403),
        ("/v1/enterprises/local:E1/payments?channel=rumour", 422),
    ],
)
def test_an_enterprise_speaks_for_itself_only(cottage: House, path: str, status: int) -> None:
    """Another firm's data, what authorities say, and a channel that is not its own are refused."""
    body: dict[str, Any] = {"direction": "in", "reference": "S1", "date": "2024-01-05", "amount_fen": 1}
    if "public" in path:
        body = {"record": "award", "number": "1", "authority": "x", "date": "2024-01-01", "published_on": "2024-01-01"}
    headers = cottage.owner("local:E1") | {"Idempotency-Key": "1"}
    answer = cottage.client.post(path, json={"records": [body]}, headers=headers)
    assert answer.status_code == status, answer.json


def test_a_row_of_another_firm_is_rejected_in_an_enterprises_file(cottage: House) -> None:
    """A file may name no other enterprise than its sender."""
    sent = cottage.client.post(
        "/v1/imports?kind=payments",
        data=FILES["payments"].replace("E1,支出", "E2,支出").encode(),
        headers=cottage.owner("local:E1"),
    )
    cottage.worker.run_once()
    done = cottage.client.get(sent.headers["Location"], headers=cottage.owner("local:E1")).json
    assert counts(done) == (4, 1, 1, 2)


def test_invoices_come_as_a_zip_of_xml(cottage: House) -> None:
    """One that does not add up is rejected with its tag, the other is in the seller's book."""
    done = cottage.send("invoices.sale", zipped({"a.xml": xml(), "b.xml": xml(total="1.00", number="2")}))
    assert counts(done) == (2, 1, 0, 1)
    assert cottage.rejects(done["id"])[0].startswith("2,b.xml!TotalTax-includedAmount,1")
    moment = Moment(1, date(2026, 1, 1))
    [row] = (
        gather(cottage.context, moment, Whole(Why.ACTS, (f"uscc:{SELLER}",)))
        .invoices.select("direction", "total_fen")
        .rows()
    )
    assert row == ("sale", 13350)


def test_a_bank_statement_is_understood_by_its_connector(cottage: House) -> None:
    """Two amount columns, the bank's dates and words; the enterprise is named beside the file."""
    statement = (
        "交易日期,交易流水号,借方发生额,贷方发生额,余额,对方户名,对方统一社会信用代码,用途,摘要\n"
        f'20240105,T1,,"1,130.00",1130.00,买方,{BUYER},货款,\n'
        "20240110,T2,50.00,0.00,1080.00,张三,,工资,\n"
        "20240111,T3,1.00,2.00,1080.00,张三,,工资,\n"
    )
    sent = cottage.client.post(
        "/v1/imports?kind=payments&connector=bank-statement&enterprise=E1",
        data=statement.encode("gb18030"),
        headers=cottage.source,
    )
    cottage.worker.run_once()
    done = cottage.state(sent.json["id"])
    assert (done["connector"], counts(done)) == ("bank-statement", (3, 2, 0, 1))
    rows = table(known(cottage), "payments").sort("reference").select("direction", "amount_fen", "purpose").rows()
    assert rows == [("in", 113_000, "goods"), ("out", 5_000, "wage")]


@pytest.mark.parametrize(
    ("query", "body", "words"),
    [
        ("kind=payments&connector=nobody", "a\n1\n", "bank-statement"),
        ("kind=orders&connector=bank-statement", "a\n1\n", "none"),
        ("kind=payments&connector=bank-statement&enterprise=E1", "交易日期,新列\n1,2\n", "借方发生额"),
        (
            "kind=tax-filings&connector=tax-declarations&enterprise=E1",
            "征收项目,税款所属期起,税款所属期止,应补(退)税额,实缴税额,缴款期限,新列\n增值税,2024-01-01,2024-01-31,1,1,2024-02-20,x\n",
            "does not know: 新列",
        ),
    ],
)
def test_a_connector_that_does_not_fit_says_what_is_wrong(cottage: House, query: str, body: str, words: str) -> None:
    """Its name, the missing column or the unknown one is in the answer."""
    sent = cottage.client.post(f"/v1/imports?{query}", data=body.encode(), headers=cottage.source)
    if sent.status_code == 202:
        cottage.worker.run_once()
        assert words in cottage.state(sent.json["id"])["problem"]["detail"]
    else:
        assert (sent.status_code, words in sent.json["detail"]) == (422, True)


def test_the_connectors_are_listed(cottage: House) -> None:
    """A sender can see which layouts are understood, and how."""
    listed = cottage.client.get("/v1/connectors", headers=cottage.source).json["items"]
    by_name = {one["name"]: one for one in listed}
    assert {"bank-statement", "tax-declarations", "cumcm-invoices"} <= by_name.keys()
    assert by_name["tax-declarations"]["units"]["due_fen"] == "wan"
    assert by_name["bank-statement"]["split"]["titles"]["out"][0] == "借方发生额"
    assert {"icbc", "abc", "boc", "ccb", "bocom", "cmb"} <= by_name.keys()


def test_what_was_committed_before_a_kill_is_found_again(house: House) -> None:
    """A job that is taken up after the lake's commit appends nothing twice and counts as if undisturbed."""
    sent = house.client.post("/v1/imports?kind=payments", data=FILES["payments"].encode(), headers=house.source)
    lake = house.context.lakes["payments"]
    append, commits = lake.append, []

    def killed(*args: Any, **kwargs: Any) -> None:
        commits.append(append(*args, **kwargs))
        raise KeyboardInterrupt

    lake.append = killed  # type: ignore[assignment]  # the process dies right after the commit
    with pytest.raises(KeyboardInterrupt):
        house.worker.run_once()
    lake.append = append  # type: ignore[method-assign]
    house.context.database.engine.dispose()
    _hand_back(house)
    house.worker.run_once()
    assert counts(house.state(sent.json["id"])) == (4, 2, 1, 1)
    assert (len(commits), table(known(house), "payments").height) == (1, 2)


def _hand_back(house: House) -> None:
    """Give back what the dead worker had in hand, as its crew does."""
    database = house.context.database
    with database.read() as session:
        dead = session.scalars(select(jobs.TABLE.c.worker).where(jobs.TABLE.c.state == "running")).all()
    for worker in dead:
        leases.hand_back(database, worker, "signal 9")
