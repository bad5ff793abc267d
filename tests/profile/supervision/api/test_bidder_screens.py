"""The screen of bidders as a buyer meets it: hints from open files, recorded reads, and what is not looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import pytest
import rfc8785
from profile_house import SCOPES, House

HEADER = "企业代号,关系类型,关联方,持股比例,起始日期,终止日期\n"
TIES = (
    "A,实际控制人,张三,,2020-01-01,\n"
    "B,实际控制人,张 三,,2021-01-01,\n"
    "B,联系电话,010-1234,,2021-01-01,\n"
    "C,联系电话,0101234,,2021-01-01,\n"
    "D,股东,local:A,60%,2020-01-01,\n"
)
INVOICES = (
    "企业代号,发票号码,开票日期,购方单位代号,金额,税额,价税合计,发票状态\n"
    "A,1,2026/3/4,D,100.00,13.00,113.00,有效发票\n"
    "A,2,2026/5/4,D,200.00,26.00,226.00,有效发票\n"
    "A,3,2026/5/5,X,200.00,26.00,226.00,有效发票\n"
)
FIRMS = ("A", "B", "C", "D")


@pytest.fixture
def told(cottage: House) -> House:
    cottage.send("enterprises", "企业代号,企业名称\n" + "".join(f"{name},{name}公司\n" for name in FIRMS))
    assert cottage.send("relations", HEADER + TIES)["accepted"] == 5
    assert cottage.send("invoices.sale", INVOICES)["accepted"] == 3
    cottage.date_book("2026-06-30")
    return cottage


def buyer(house: House, purpose: str | None = "procurement") -> dict[str, str]:
    headers = house.tokens(role="buyer", client="buyer-1", scopes=SCOPES)
    return headers | ({"Purpose": purpose} if purpose else {})


def consent(house: House, firms: Iterable[str] = FIRMS) -> None:
    for firm in firms:
        house.consent(f"local:{firm}", "buyer-1", ("procurement",), fields=["graph"])


def order(firms: Iterable[str] = FIRMS, **told: Any) -> dict[str, Any]:
    return {"bidders": [{"enterprise": f"local:{firm}"} for firm in firms], **told}


def ask(house: House, body: dict[str, Any], **headers: str) -> Any:
    return house.client.post("/v1/bidder-screens", json=body, headers=buyer(house) | headers)


def screened(house: House, body: dict[str, Any]) -> dict[str, Any]:
    answer = ask(house, body)
    assert answer.status_code == 200, answer.json
    found: dict[str, Any] = answer.json
    return found


def signs(found: dict[str, Any]) -> set[tuple[str, ...]]:
    return {(each["sign"], *(name.removeprefix("local:") for name in each["bidders"])) for each in found["findings"]}


def reads(house: House, firm: str) -> list[str]:
    page = house.client.get(f"/v1/enterprises/local:{firm}/accesses", headers=house.owner(f"local:{firm}"))
    return [each["what"] for each in page.json["items"]]


def test_bidders_who_belong_together_are_told_with_the_records_that_say_so(told: House) -> None:
    consent(told)
    found = screened(told, order())
    assert signs(found) == {
        ("same-controller", "A", "B"),
        ("same-phone", "B", "C"),
        ("control", "A", "D"),
        ("trade", "A", "D"),
    }
    assert [group["bidders"] for group in found["groups"]] == [["local:A", "local:B", "local:C", "local:D"]]
    (controller,) = (each for each in found["findings"] if each["sign"] == "same-controller")
    assert [(each["of"], each["relation"]) for each in controller["records"]] == [
        ("local:A", "controller"),
        ("local:B", "controller"),
    ]
    assert controller["likelihood"]["synthetic"]
    assert {rule["effect"] for rule in controller["rules"]} == {"barred"}
    (group,) = found["groups"]
    assert ["local:C", "local:B", "local:A", "local:D"] in [
        each["bidders"] if each["bidders"][0] == "local:C" else each["bidders"][::-1] for each in group["paths"]
    ]
    (trade,) = (each for each in found["findings"] if each["sign"] == "trade")
    assert trade["facts"] == {
        "invoices": 2,
        "amount_fen": 33900,
        "first_on": "2026-03-04",
        "last_on": "2026-05-04",
    }


def test_a_bidder_that_anothers_register_names_without_a_code_is_found(told: House) -> None:
    """Registers publish holders by name; only where both files are open is one told to be the other."""
    told.send("relations", HEADER + "C,股东,Ｂ 公司,70%,2020-01-01,\n")
    consent(told, "C")
    assert signs(screened(told, order())) == set()
    consent(told, "B")
    found = screened(told, order())
    assert ("control", "B", "C") in signs(found)
    (tie,) = (each for each in found["findings"] if each["sign"] == "control")
    assert tie["records"][0]["record"].startswith("rec_")


def test_files_without_a_consent_are_not_looked_at_and_nothing_of_them_is_told(told: House) -> None:
    """Also where the file that is open names them: whoever is tied finds the read in its record."""
    consent(told, "AB")
    found = screened(told, order())
    assert signs(found) == {("same-controller", "A", "B")}
    assert found["not_looked_at"] == 2
    assert [each["looked_at"] for each in found["bidders"]] == [True, True, False, False]
    assert "授权" in found["consent"]["zh"]
    assert (reads(told, "A"), reads(told, "C")) == (["bidder-screen"], [])


def test_without_any_consent_what_the_buyer_states_is_screened_alone(told: House) -> None:
    body = order()
    for bidder in body["bidders"][:2]:
        bidder["deposit_from"] = ["account 1"]
    found = screened(told, body)
    assert signs(found) == {("same-deposit-from", "A", "B")}
    assert found["not_looked_at"] == 4
    # Whether there is a file is told to nobody.
    (known, unknown) = screened(told, order(("A", "NOBODY")))["bidders"]
    assert {**known, "enterprise": ""} == {**unknown, "enterprise": ""}


def test_a_consent_that_is_revoked_shuts_the_file_at_once(told: House) -> None:
    given = told.consent("local:A", "buyer-1", ("procurement",), fields=["graph"])
    consent(told, "B")
    told.client.post(f"/v1/consents/{given}/revoke", headers=told.owner("local:A") | {"Idempotency-Key": "1"})
    assert signs(screened(told, order())) == set()


def test_a_screen_is_made_for_procurement_or_supervision_and_for_nothing_else(told: House) -> None:
    consent(told)
    assert ask(told, order(), Purpose="credit-assessment").json["type"].endswith("consent-required")
    without = told.client.post("/v1/bidder-screens", json=order(), headers=buyer(told, None))
    assert without.json["type"].endswith("purpose-required")


def test_what_a_firm_disputes_is_marked_where_a_tie_rests_on_it(told: House) -> None:
    consent(told)
    (before,) = (each for each in screened(told, order())["findings"] if each["sign"] == "same-phone")
    (record,) = (each["record"] for each in before["records"] if each["of"] == "local:C")
    item = {"kind": "relations", "record": record}
    dispute = {"item": item, "reason": "not-ours", "statement": "That was our tenant's."}
    headers = told.owner("local:C") | {"Idempotency-Key": "1"}
    made = told.client.post("/v1/disputes", json=dispute, headers=headers)
    assert made.status_code == 201, made.json
    found = screened(told, order())
    (after,) = (each for each in found["findings"] if each["sign"] == "same-phone")
    assert {each["of"]: each["disputed"] for each in after["records"]} == {"local:B": False, "local:C": True}
    assert [len(each["disputes"]) for each in found["bidders"]] == [0, 0, 1, 0]


def test_past_auctions_and_prices_are_screened_as_they_are_stated(told: House) -> None:
    def bids(*amounts: int) -> list[dict[str, Any]]:
        return [{"bidder": f"local:{firm}", "amount_fen": amount} for firm, amount in zip(FIRMS, amounts, strict=False)]

    alone = [{"auction": f"other {at}", "bids": [{"bidder": "甲公司", "amount_fen": 5}]} for at in range(600)]
    meet = [
        {"auction": f"{at:02}", "day": f"2025-01-{at + 1:02}", "bids": bids(9_000_000 + at, 9_270_000 + at)}
        for at in range(20)
    ]
    found = screened(told, order(bids=bids(91_234_567, 92_345_680, 93_456_790, 94_567_901), past=[*meet, *alone]))
    assert {("together", "A", "B"), ("constant-ratio", "A", "B"), ("gives-way", "A", "B")} <= signs(found)
    assert ("even-steps", *FIRMS) in signs(found)
    (together,) = (each for each in found["findings"] if each["sign"] == "together")
    assert not together["likelihood"]["synthetic"]
    assert together["auctions"] == [f"{at:02}" for at in range(20)]


def test_an_auction_after_the_day_does_not_count_and_the_answer_says_so(told: House) -> None:
    def past(day: str | None, at: int) -> dict[str, Any]:
        bids = [{"bidder": f"local:{firm}", "amount_fen": 9_000_000 + at} for firm in "AB"]
        return {"auction": f"{day} {at}", "day": day, "bids": bids}

    before, after = [past("2026-06-30", at) for at in range(3)], [past("2026-07-01", at) for at in range(20)]
    elsewhere = [{"bids": 4, "auctions": 600}]
    found = screened(told, order(past=[*before, *after, past(None, 99)], elsewhere=elsewhere))
    assert found["past"] == {"auctions": 604, "undated": 1, "later": 20}
    same = screened(told, order(past=[*before, past(None, 99)], elsewhere=elsewhere))
    assert same["findings"] == found["findings"]
    (later,) = (
        each for each in screened(told, order(past=[*before, *after]))["findings"] if each["family"] == "history"
    )
    assert later["facts"]["together"] == 3


def test_the_receipt_is_the_digest_of_the_answer_and_stands_in_the_ledger(told: House) -> None:
    consent(told)
    found = screened(told, order())
    receipt = found.pop("receipt")
    assert receipt["answer_sha256"] == hashlib.sha256(rfc8785.dumps(found)).hexdigest()
    entry = told.client.get(f"/v1/ledger/entries/{receipt['ledger_entry']}", headers=buyer(told))
    assert entry.status_code == 200, entry.json


def test_what_contradicts_itself_is_refused_and_nobody_s_file_is_read(told: House) -> None:
    consent(told, "A")
    past = [{"auction": "1", "bids": [{"bidder": "x", "amount_fen": 0}]}]
    for body, kind in (
        (order("AA"), "impossible-auction"),
        (order("AB", bids=[{"bidder": "local:C", "amount_fen": 1}]), "unlisted-bidder"),
        (order("A"), "invalid"),
        (order("AB", past=past), "invalid"),
        (order("AB", elsewhere=[{"bids": 3, "auctions": 1}, {"bids": 3, "auctions": 2}]), "impossible-auction"),
        (order("AB", elsewhere=[{"bids": 0, "auctions": 1}]), "invalid"),
    ):
        answer = ask(told, body)
        assert (answer.status_code, answer.json["type"].rsplit("/", 1)[-1]) == (422, kind)
    assert reads(told, "A") == []


@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31"])
def test_a_day_before_all_books_is_refused(told: House, day: str) -> None:
    """Whose windows would begin before the calendar does."""
    consent(told)
    answer = ask(told, order(as_of=day))
    assert answer.status_code == 422, answer.json
    assert "1900-01-01" in answer.json["detail"]
