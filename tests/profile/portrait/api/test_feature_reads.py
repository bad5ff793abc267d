"""Reads of several requests in one question: each is checked and recorded as if it had come alone."""

from __future__ import annotations

from typing import Any

import orjson
from profile_house import HEADER, ROW, House
from sqlalchemy import Connection, event

ENTERPRISES = "企业代号,企业名称\nE1,甲\nE2,乙\n"


def reads(house: House, *pairs: tuple[str, str], headers: dict[str, str] | None = None) -> Any:
    asked = [{"enterprise": enterprise, "request_id": request_id} for enterprise, request_id in pairs]
    body = {"reads": asked, "what": "new-score"}
    answer = house.client.post("/v1/feature-reads", json=body, headers=headers or house.bank())
    assert answer.status_code == 200
    return orjson.loads(answer.data)


def test_each_answer_is_that_of_a_single_read(house: House) -> None:
    """Computed first and stored then; but public records come with what a score is made from alone."""
    house.send("enterprises", ENTERPRISES)
    house.consent()
    for _ in range(2):
        (together,) = reads(house, ("local:E1", "request-0001"))
        alone = house.client.get("/v1/enterprises/E1/features", headers=house.bank()).json
        assert together == {**alone, "records": []}
        assert alone["records"] is None


def test_every_request_leaves_its_own_record(house: House) -> None:
    """Two requests for one firm in one turn are two reads, under their own ids."""
    house.send("enterprises", ENTERPRISES)
    house.consent()
    reads(house, ("local:E1", "request-0001"), ("local:E1", "request-0002"))
    seen = house.client.get("/v1/enterprises/E1/accesses", headers=house.owner()).json["items"]
    assert sorted(access["request_id"] for access in seen) == ["request-0001", "request-0002"]
    assert {access["what"] for access in seen} == {"new-score"}


def test_a_firm_without_consent_is_refused_beside_one_with(house: House) -> None:
    """And leaves no record."""
    house.send("enterprises", ENTERPRISES)
    house.consent()
    given, refused = reads(house, ("local:E1", "request-0001"), ("local:E2", "request-0002"))
    assert given["enterprise"] == "local:E1"
    assert refused["problem"]["type"] == "/problems/consent-required"
    owner = house.owner("local:E2")
    assert house.client.get("/v1/enterprises/E2/accesses", headers=owner).json["items"] == []


def test_whether_a_firm_exists_is_told_to_those_with_consent_only(house: House) -> None:
    """A stranger's refusal is the same for a firm that is not in the book."""
    (refused,) = reads(house, ("local:nobody", "request-0001"))
    assert refused["problem"]["type"] == "/problems/consent-required"


def test_a_turn_of_many_cold_firms_writes_twice_at_most(house: House) -> None:
    """Its records in one transaction, what was computed in another, however many firms ask; each gets its own."""
    names = [f"E{number}" for number in range(1, 5)]
    house.send("invoices.purchase", HEADER + "".join(ROW.replace("E1,1001", f"{name},{name}") for name in names[1:]))
    for name in names[1:]:
        house.consent(f"local:{name}")
    begun: list[bool] = []

    @event.listens_for(house.context.database.engine, "begin")
    def begin(connection: Connection) -> None:
        begun.append(connection.get_execution_options().get("writes", False))

    together = reads(house, *((f"local:{name}", f"request-{name}0") for name in names))
    event.remove(house.context.database.engine, "begin", begin)
    assert sum(begun) == 2
    assert [each.get("enterprise") for each in together] == [None, "local:E2", "local:E3", "local:E4"]
    alone = [house.client.get(f"/v1/enterprises/{name}/features", headers=house.bank()).json for name in names[1:]]
    assert together[1:] == [{**each, "records": []} for each in alone]
