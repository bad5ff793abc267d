"""Who owns and controls a firm as its readers meet it: only files that are open to them are followed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from profile_house import House

from services.profile.graph.usecases import open_ties

HEADER = "企业代号,关系类型,关联方,持股比例,起始日期,终止日期\n"
# Persons hold TOP and half of SIDE; TOP holds MID, MID holds LOW; LOW holds a little of SIDE, the rest is another's.
TIES = (
    "TOP,股东,张三,60%,2020-01-01,\n"
    "TOP,股东,李四,40%,2020-01-01,\n"
    "MID,股东,local:TOP,70%,2021-01-01,\n"
    "LOW,股东,local:MID,80%,2022-01-01,\n"
    "LOW,股东,local:FAR,20%,2022-01-01,\n"
    "SIDE,股东,张三,50%,2020-01-01,2023-12-31\n"
    "SIDE,股东,local:LOW,5%,2020-01-01,\n"
    "SIDE,实际控制人,张三,,2020-01-01,\n"
)
FIRMS = ("TOP", "MID", "LOW", "SIDE")


@pytest.fixture
def told(furnished: Callable[[Callable[[House], Any]], House]) -> House:
    return furnished(tell)


def tell(house: House) -> House:
    house.send("enterprises", "企业代号,企业名称\n" + "".join(f"{name},{name}公司\n" for name in (*FIRMS, "FAR")))
    assert house.send("relations", HEADER + TIES)["accepted"] == 8
    house.date_book("2026-06-30")
    return house


def consent(house: House, firms: Iterable[str]) -> None:
    for firm in firms:
        house.consent(f"local:{firm}", fields=["graph"])


def ask(house: House, path: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    answer = house.client.get(f"/v1/enterprises/local:{path}", headers=headers or house.bank())
    assert answer.status_code == 200, answer.json
    found: dict[str, Any] = answer.json
    return found


def reads(house: House, firm: str) -> list[str]:
    page = house.client.get(f"/v1/enterprises/local:{firm}/accesses", headers=house.owner(f"local:{firm}"))
    return [each["what"] for each in page.json["items"]]


def test_a_bank_sees_up_to_the_persons_as_far_as_it_may(told: House) -> None:
    consent(told, FIRMS)
    found = ask(told, "LOW/controllers")
    shares = {owner["party"]["id"]: owner["share"] for owner in found["owners"]}
    assert sorted(round(share, 9) for share in shares.values()) == [0.2, 0.224, 0.336, 0.56, 0.8]
    head = found["controllers"][0]
    assert (head["party"]["kind"], head["ultimate"], head["pooled"]) == ("opaque", True, 0.8)
    assert [hop["held"] for hop in head["path"]] == ["local:TOP", "local:MID", "local:LOW"]
    assert head["path"][2] == {
        "relation": "shareholder",
        "holder": "local:MID",
        "held": "local:LOW",
        "share": 0.8,
        "since": "2022-01-01",
        "own_word": False,
        "by_name": False,
    }
    assert {name: round(share, 9) for name, share in found["accounted"].items()} == {
        "opaque": 0.56,
        "enterprises": 0.2,
        "rest": 0.24,
    }


def test_a_file_that_is_not_open_ends_the_chain_and_nothing_tells_of_it(told: House) -> None:
    """Whether the firm beyond consents to nobody, or is in no book: the answers are the same but for its own id."""
    consent(told, ["LOW"])
    found = ask(told, "LOW/controllers")
    assert {owner["party"]["id"]: owner["party"]["file_read"] for owner in found["owners"]} == {
        "local:MID": False,
        "local:FAR": False,
    }
    assert [one["party"]["id"] for one in found["controllers"]] == ["local:MID"]
    assert ask(told, "LOW/group")["members"] == [
        {
            "enterprise": "local:LOW",
            "pooled": 0.8,
            "declared": False,
            "confirmed": True,
            "path": found["controllers"][0]["path"],
        }
    ]
    assert reads(told, "MID") == reads(told, "SIDE") == []


def test_the_group_has_the_firms_below_the_same_person_and_each_file_finds_the_read(house: House) -> None:
    told = tell(house)
    consent(told, FIRMS)
    found = ask(told, "LOW/group")
    assert [member["enterprise"] for member in found["members"]] == [f"local:{name}" for name in sorted(FIRMS)]
    side = next(member for member in found["members"] if member["enterprise"] == "local:SIDE")
    assert (side["declared"], side["path"][0]["relation"]) == (True, "controller")
    assert all(reads(told, firm) == ["control"] for firm in FIRMS)


def test_a_holder_that_is_told_by_its_name_is_the_firm_of_that_name_where_the_reader_may_list_it(told: House) -> None:
    """Registers publish the names of holders alone; to who may not list the firm the name stays a keyed hash."""
    told.send("relations", HEADER + "NEW,股东,ＭＩＤ 公司,90%,2020-01-01,\nNEW,股东,无此公司,10%,2020-01-01,\n")
    consent(told, ["NEW", "TOP"])
    shut = ask(told, "NEW/controllers")
    assert {owner["party"]["kind"] for owner in shut["owners"]} == {"opaque"}
    consent(told, ["MID"])
    found = ask(told, "NEW/controllers")
    mid = next(owner for owner in found["owners"] if owner["party"]["id"] == "local:MID")
    assert (mid["share"], mid["path"][0]["by_name"], mid["party"]["file_read"]) == (0.9, True, True)
    top = next(owner for owner in found["owners"] if owner["party"]["id"] == "local:TOP")
    assert [hop["by_name"] for hop in top["path"]] == [False, True]
    assert "local:NEW" in [member["enterprise"] for member in ask(told, "MID/group")["members"]]


def test_a_name_that_many_firms_bear_makes_no_group(told: House) -> None:
    """Ten firms name a 张三, who may be ten: none of their files is opened for it, and the answer says so."""
    rows = "".join(f"OTHER{n},股东,张三,90%,2020-01-01,\n" for n in range(8))
    told.send("relations", HEADER + rows)
    consent(told, ["TOP", "MID", "LOW", "OTHER0", "OTHER1"])
    found = ask(told, "LOW/group")
    assert [member["enterprise"] for member in found["members"]] == ["local:LOW", "local:MID", "local:TOP"]
    (odd,) = (each for each in found["odd"] if each["oddity"] == "crowded")
    assert (odd["held"], odd["holder"]) == ("local:TOP", found["heads"][0]["id"])
    assert reads(told, "OTHER0") == []
    assert any(each["oddity"] == "crowded" for each in ask(told, "TOP/controllers")["odd"])


def test_a_firm_below_is_told_only_where_its_file_is_open(told: House) -> None:
    """SIDE is controlled by the same person; without its consent the group is as if it did not exist."""
    consent(told, ["TOP", "MID", "LOW"])
    with_side = ask(told, "LOW/group")
    assert "SIDE" not in str(with_side)
    told.send("relations", HEADER + "SIDE,股东,张三,,2019-01-01,2026-01-01\n")
    again = ask(told, "LOW/group")
    assert {**again, "known_at": None} == {**with_side, "known_at": None}


def test_a_firm_reads_its_own_ties_without_a_purpose_and_no_others(told: House) -> None:
    found = ask(told, "LOW/controllers", told.owner("local:LOW"))
    assert [owner["party"]["id"] for owner in found["owners"]] == ["local:MID", "local:FAR"]
    assert [one["party"]["id"] for one in found["controllers"]] == ["local:MID"]


def test_as_of_a_day_before_nobody_held_it(told: House) -> None:
    """And as known before anything was known: as it was answered then."""
    assert ask(told, "LOW/controllers?as_of=2021-12-31", told.owner("local:LOW"))["owners"] == []
    before = ask(told, "LOW/controllers", told.owner("local:LOW"))
    told.send("relations", HEADER + "LOW,股东,local:MID,10%,2025-01-01,\n")
    after = ask(told, "LOW/controllers", told.owner("local:LOW"))
    assert after["owners"][0]["share"] == 0.2
    replayed = ask(told, f"LOW/controllers?known_at={before['known_at']}", told.owner("local:LOW"))
    assert replayed == before


def test_what_a_firm_says_of_itself_is_marked(cottage: House) -> None:
    """It may say who owns it, and everybody sees that nobody else does."""
    owner = cottage.owner("local:NEW") | {"Idempotency-Key": "one"}
    cottage.send("enterprises", "企业代号,企业名称\nNEW,新公司\n")
    record = {"relation": "shareholder", "party": "local:GIANT", "share": 0.9, "since": "2024-01-01"}
    sent = cottage.client.post("/v1/enterprises/local:NEW/relations", json={"records": [record]}, headers=owner)
    assert sent.status_code in {200, 201, 202}, sent.json
    cottage.worker.run_once()
    found = ask(cottage, "NEW/controllers", owner)
    [one], [giant] = found["controllers"], found["owners"]
    assert (one["confirmed"], one["path"][0]["own_word"]) == (False, True)
    assert (giant["share"], giant["confirmed"]) == (0.9, 0.0)
    [link] = ask(cottage, "NEW/group", owner)["close_links"]
    assert (link["case"], link["confirmed"]) == ("owned-by", False)


@pytest.mark.parametrize("path", ["controllers", "group"])
def test_without_consent_to_the_graph_nothing_is_told(told: House, path: str) -> None:
    """Not even to whom may read the portrait."""
    told.consent("local:LOW")
    answer = told.client.get(f"/v1/enterprises/local:LOW/{path}", headers=told.bank())
    assert (answer.status_code, answer.json["type"].rpartition("/")[2]) == (403, "consent-required")


def test_a_consent_that_allows_one_read_a_day_opens_its_file_once(told: House) -> None:
    """A tie that leads to it a second time ends there, and nothing is refused for it."""
    consent(told, ["LOW", "TOP"])
    told.consent("local:MID", fields=["graph"], most_reads_a_day=1)
    assert len(ask(told, "LOW/controllers")["owners"]) == 5
    assert len(ask(told, "LOW/controllers")["owners"]) == 2


def test_no_more_files_are_opened_than_one_question_may(told: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """That there are more is told of files that could be opened, and of no others."""
    monkeypatch.setattr(open_ties, "MOST_FILES", 2)
    consent(told, ["LOW", "MID"])
    assert ask(told, "LOW/group")["left_out"]["files"] is False
    consent(told, ["SIDE", "TOP"])
    assert ask(told, "LOW/group")["left_out"]["files"] is True
    assert reads(told, "SIDE") == []
