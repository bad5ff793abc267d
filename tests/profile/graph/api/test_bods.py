"""Statements of beneficial ownership in and out over HTTP, with what becomes of them in the book."""

from __future__ import annotations

import json
from typing import Any

import bods_fixtures
import pytest
from bods import entity, judge, person, relationship
from profile_house import House, counts

CODE = "91350100M000100Y43"
FIRM = entity("firm", identifiers=[{"scheme": "CN-SAIC", "id": CODE}])
OWNER = person("owner", names=[{"fullName": "王小明", "type": "legal"}])
STAKE = {"type": "shareholding", "directOrIndirect": "direct", "share": {"exact": 60}, "startDate": "2020-01-01"}
EXPORT = f"/v1/enterprises/{CODE}/relations.bods"


def send(house: House, *statements: Any) -> dict[str, Any]:
    return house.send("relations", json.dumps(statements, ensure_ascii=False), "owners.json")


def export(house: House, headers: dict[str, str]) -> list[dict[str, Any]]:
    answer = house.client.get(EXPORT, headers=headers)
    assert answer.status_code == 200, answer.json
    found: list[dict[str, Any]] = answer.json
    return found


@pytest.mark.parametrize("name", bods_fixtures.list_cases())
def test_the_published_fixtures_come_in(cottage: House, name: str) -> None:
    done = send(cottage, *bods_fixtures.load(name).statements)
    assert (done["state"], done["rejected"]) == ("done", 0)
    assert done["accepted"] == done["received"] > 0


def test_what_cannot_be_held_is_rejected_by_line_and_reason_without_a_name(cottage: House) -> None:
    done = send(cottage, FIRM, OWNER, relationship(STAKE), relationship({"type": "settlor"}, record="trust"))
    assert counts(done) == (2, 1, 0, 1)
    [reject] = cottage.rejects(done["id"])
    assert reject.startswith("4,recordDetails.interests[0],trust-0")
    assert "settlor" in reject
    assert (
        "王小明" not in cottage.client.get(f"/v1/imports/{done['id']}/rejects?form=file", headers=cottage.source).text
    )


def test_the_same_statements_again_are_duplicates_and_a_closed_one_ends_the_stake(cottage: House) -> None:
    send(cottage, FIRM, OWNER, relationship(STAKE))
    assert counts(send(cottage, FIRM, OWNER, relationship(STAKE))) == (1, 0, 1, 0)
    closed = {**relationship(STAKE), "statementDate": "2026-04-30", "recordStatus": "closed", "statementId": "c" * 32}
    assert counts(send(cottage, FIRM, OWNER, closed)) == (1, 1, 0, 0)
    cottage.date_book("2026-06-30")
    found = cottage.client.get(f"/v1/enterprises/{CODE}/controllers", headers=cottage.owner(f"uscc:{CODE}")).json
    assert found["owners"] == []


def test_a_file_goes_out_valid_and_comes_back_as_what_is_held_already(cottage: House) -> None:
    """The same house knows its own hashes again, and the marks of a dispute go along."""
    rows = f"{CODE},股东,王小明,60%,2020-01-01\n{CODE},股东,local:E7,30%,\n{CODE},法定代表人,王小明,,2020-01-01\n"
    cottage.send("relations", "企业代号,关系类型,关联方,持股比例,起始日期\n" + rows)
    cottage.date_book("2026-06-30")
    told = export(cottage, cottage.owner(f"uscc:{CODE}"))
    assert list(judge().iter_errors(told)) == []
    assert "王小明" not in json.dumps(told, ensure_ascii=False)
    assert counts(send(cottage, *told)) == (3, 0, 3, 0)
    assert export(cottage, cottage.owner(f"uscc:{CODE}")) == told


def test_a_third_party_needs_consent_to_the_graph_and_leaves_a_record(cottage: House) -> None:
    send(cottage, FIRM, OWNER, relationship(STAKE))
    assert cottage.client.get(EXPORT, headers=cottage.bank()).status_code == 403
    cottage.consent(f"uscc:{CODE}", fields=["graph"])
    assert len(export(cottage, cottage.bank())) == 3
    page = cottage.client.get(f"/v1/enterprises/{CODE}/accesses", headers=cottage.owner(f"uscc:{CODE}"))
    assert [each["what"] for each in page.json["items"]] == ["control/bods"]


def test_statements_sent_as_another_kind_or_of_an_older_version_are_refused_as_a_whole(cottage: House) -> None:
    old = [{"statementID": "1", "statementType": "entityStatement"}]
    assert cottage.send("relations", json.dumps(old), "old.json")["problem"]["type"].endswith("unreadable-file")
    done = cottage.send("payments", json.dumps([FIRM]), "owners.json")
    assert "relations" in done["problem"]["detail"]


def test_a_look_at_statements_says_what_they_are(cottage: House) -> None:
    """And needs no mapping of theirs."""
    body = json.dumps([FIRM, OWNER, relationship(STAKE)])
    answer = cottage.client.post("/v1/import-previews?filename=o.json", data=body, headers=cottage.source)
    assert (answer.status_code, answer.json["kind"]) == (200, "relations"), answer.json
    assert answer.json["tables"][0]["accepted"] == 1
