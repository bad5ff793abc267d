"""How far each caller reaches: who is asked for what before anything is read, and what an answer gives away."""

from __future__ import annotations

import pytest
from profile_house import House

ENTERPRISES = "企业代号,企业名称,信誉评级\nE1,甲,D\n"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/v1/enterprises/E1"),
        ("POST", "/v1/consents"),
        ("POST", "/v1/feature-sets"),
        ("GET", "/v1/enterprises/E1/features?as_of=never"),
        ("GET", "/v1/enterprises/E1/portrait?as_of=never"),
    ],
)
def test_nobody_learns_of_a_body_what_a_stranger_may_not(house: House, method: str, path: str) -> None:
    """Who may ask is settled before what was sent is read."""
    assert house.client.open(path, method=method, json={"odd": 1}).status_code == 401


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00"])
def test_a_moment_beyond_the_calendar_is_refused(house: House, moment: str) -> None:
    """422 and no crash."""
    house.send("enterprises", ENTERPRISES)
    answer = house.client.get(f"/v1/enterprises/E1/features?known_at={moment}", headers=house.owner())
    assert answer.status_code == 422


def test_a_name_with_a_nul_is_refused(house: House) -> None:
    """PostgreSQL could not keep it."""
    answer = house.client.put("/v1/enterprises/E1", json={"name": "a\0b"}, headers=house.source)
    assert answer.status_code == 422


@pytest.mark.parametrize("name", ["", "   ", "\u200b", "\u202e甲", "a\nb", "\u3164", "\u2800", "甲\ufeff乙", "\u2028"])
def test_a_name_that_does_not_show_is_refused(cottage: House, name: str) -> None:
    """Or in which something does not: it would pass for another's."""
    assert cottage.client.put("/v1/enterprises/E1", json={"name": name}, headers=cottage.source).status_code == 422


def test_blanks_around_a_name_are_left_out(cottage: House) -> None:
    answer = cottage.client.put("/v1/enterprises/E1", json={"name": " 云帆 科技\u3000"}, headers=cottage.source)
    assert answer.json["name"] == "云帆 科技"


def test_a_source_that_describes_a_firm_does_not_read_its_file(house: House) -> None:
    """A rating that somebody else gave is read with consent and a record, not by an empty PUT."""
    house.send("enterprises", ENTERPRISES)
    answer = house.client.put("/v1/enterprises/E1", json={"industry": "C"}, headers=house.source)
    assert (answer.json["name"], answer.json["industry"]) == ("甲", "C")
    assert "rating" not in answer.json


def test_outcomes_are_told_for_training_only(house: House) -> None:
    """A consent to an assessment does not open what other lenders saw."""
    house.send("outcomes", "enterprise,defaulted\nE1,true\n")
    house.consent(purposes=("credit-assessment",))
    answer = house.client.post("/v1/feature-sets", json={"outcomes": True}, headers=house.bank("credit-assessment"))
    assert answer.status_code == 403
    assert house.client.get("/v1/enterprises/E1/accesses", headers=house.owner()).json["items"] == []


def test_the_list_can_be_asked_for_one_purpose(house: House) -> None:
    """Who may train on a firm's data does not thereby stand among a lender's applicants."""
    house.send("enterprises", ENTERPRISES)
    house.consent(purposes=("model-training",))
    ask = "/v1/enterprises?id=local:E1&purpose="
    found = {
        purpose: len(house.client.get(ask + purpose, headers=house.bank()).json["items"])
        for purpose in ("credit-assessment", "model-training")
    }
    assert found == {"credit-assessment": 0, "model-training": 1}
    assert house.client.get(ask + "curiosity", headers=house.bank()).status_code == 422
