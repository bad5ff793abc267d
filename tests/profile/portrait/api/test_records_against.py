"""The public records that speak against a firm, in the answers that a score or a match is made from."""

from __future__ import annotations

from typing import Any

import orjson
import polars as pl
import pytest
from profile_house import House

INVOICE = (
    "企业代号,发票号码,开票日期,销方单位代号,金额,税额,价税合计,发票状态\n"
    "E1,1001,2026/9/4,A1,100.00,13.00,113.00,有效发票\n"
)
HEAD = "记录类型,企业代号,文书号,失信程度,信用等级,认定机关,决定日期,公示日期,公示截止日期,修复日期\n"
DISHONEST = "失信被执行人,E1,(2026)执1号,严重,,法院,2026-05-02,2026-05-10,,\n"
FILE = "/v1/enterprises/local:E1"


def records(house: House, *rows: str) -> None:
    body = (HEAD + "".join(rows)).encode()
    headers = house.source
    sent = house.client.post("/v1/imports?kind=public-records&filename=r.csv", data=body, headers=headers)
    assert sent.status_code == 202, sent.json
    house.worker.run_once()
    done = house.client.get(f"/v1/imports/{sent.json['id']}", headers=headers).json
    assert (done["state"], done["rejected"]) == ("done", 0), done


def own(house: House, query: str = "") -> Any:
    return house.client.get(f"{FILE}/features{query}", headers=house.owner()).json


def scored(house: House, what: str = "new-score") -> Any:
    """Return what a bank's new score is made from."""
    order = {"reads": [{"enterprise": "local:E1", "request_id": "req_1"}], "what": what}
    (answer,) = house.client.post("/v1/feature-reads", json=order, headers=house.bank()).json
    return answer


@pytest.fixture
def firm(house: House) -> House:
    house.send("invoices.purchase", INVOICE)
    return house


def test_a_live_record_is_told_by_its_name_sort_tier_and_days(firm: House) -> None:
    records(firm, DISHONEST)
    (told,) = own(firm)["records"]
    assert told["id"].startswith("rec_")
    assert {name: told[name] for name in ("type", "tier", "grade", "on", "until")} == {
        "type": "dishonest",
        "tier": "serious",
        "grade": None,
        "on": "2026-05-10",
        "until": None,
    }


def test_a_record_that_comes_later_is_in_the_next_answer(firm: House) -> None:
    """The answer that was stored before it does not hold any more."""
    assert own(firm)["records"] == []
    records(firm, DISHONEST)
    assert [each["type"] for each in own(firm)["records"]] == ["dishonest"]


def test_before_it_was_published_there_is_none(firm: House) -> None:
    records(firm, DISHONEST)
    assert own(firm, "?as_of=2026-05-09")["records"] == []
    assert len(own(firm, "?as_of=2026-05-10")["records"]) == 1


def test_a_repaired_record_is_in_no_answer_of_any_day(firm: House) -> None:
    """It has left the book."""
    records(firm, DISHONEST.replace("2026-05-02,2026-05-10", "2025-05-02,2025-05-10"))
    (told,) = own(firm, "?as_of=2026-06-01")["records"]
    body = {
        "enterprise": "local:E1",
        "record": told["id"],
        "decided_on": "2026-09-01",
        "authority": "法院",
        "document": "修复1号",
    }
    answer = firm.client.post("/v1/repairs", json=body, headers=firm.operator | {"Idempotency-Key": "k1"})
    assert answer.status_code == 201, answer.json
    assert own(firm, "?as_of=2026-06-01")["records"] == []


def test_an_answer_can_be_had_again_as_it_was_known(firm: House) -> None:
    before = own(firm)["known_at"]
    records(firm, DISHONEST)
    assert own(firm, f"?known_at={before.replace('+', '%2B')}")["records"] == []


def test_of_tax_grades_the_latest_counts(firm: House) -> None:
    grade = "纳税信用,E1,{0}评,,{1},税务局,{0}-04-01,{0}-04-20,,\n"
    records(firm, grade.format(2025, "D"), grade.format(2026, "B"))
    assert [(each["type"], each["grade"]) for each in own(firm)["records"]] == [("tax-grade", "B")]


def test_a_new_score_is_made_with_the_records(firm: House) -> None:
    records(firm, DISHONEST)
    firm.consent(fields=["score"])
    assert [each["type"] for each in scored(firm)["records"]] == ["dishonest"]


def test_features_alone_come_without_the_records_and_say_so(firm: House) -> None:
    """They are read for a score or a match; elsewhere they are withheld, which is not the same as none."""
    records(firm, DISHONEST)
    firm.consent()
    assert firm.client.get(f"{FILE}/features", headers=firm.bank()).json["records"] is None
    assert scored(firm, "features")["records"] is None


@pytest.mark.parametrize(("what", "opened"), [("match", True), ("feature-set", False)])
def test_a_table_has_them_for_a_match_alone(firm: House, what: str, opened: bool) -> None:
    records(firm, DISHONEST)
    firm.consent(purposes=("financing-match",))
    order = {"enterprises": ["local:E1"], "what": what, "outcomes": False}
    answer = firm.client.post("/v1/feature-tables", json=order, headers=firm.bank("financing-match"))
    (told,) = pl.read_parquet(answer.data)["records"]
    assert (told is not None) == opened
    assert not opened or orjson.loads(told)[0]["type"] == "dishonest"
