"""Reads of several requests in one question: each is checked and recorded as if it had come alone."""

from __future__ import annotations

from typing import Any

import orjson
from profile_house import House

ENTERPRISES = "企业代号,企业名称\nE1,甲\nE2,乙\n"


def reads(house: House, *pairs: tuple[str, str], headers: dict[str, str] | None = None) -> Any:
    asked = [{"enterprise": enterprise, "request_id": request_id} for enterprise, request_id in pairs]
    body = {"reads": asked, "what": "new-score"}
    answer = house.client.post("/v1/feature-reads", json=body, headers=headers or house.bank())
    assert answer.status_code == 200
    return orjson.loads(answer.data)


def test_each_answer_is_that_of_a_single_read(house: House) -> None:
    """The same bytes' worth, computed first and stored then."""
    house.send("enterprises", ENTERPRISES)
    house.consent()
    for _ in range(2):
        (together,) = reads(house, ("local:E1", "request-0001"))
        alone = house.client.get("/v1/enterprises/E1/features", headers=house.bank()).json
        assert together == alone


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
