"""Joint incentives and restrictions on the pages: what a firm and a bank see, and what the operator does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from portal_site import NOBODY, StandIn

from gateway.portal import Answer

SignedIn = Callable[..., FlaskClient]
ORIGIN = {"Origin": "http://localhost"}
WISH = {
    "basis": "dishonest-debtors-2017",
    "enterprise": "local:E17",
    "authority": "某区人民法院",
    "document": "（2026）某执17号",
    "starts_on": "2026-10-08",
    "expires_on": "2028-10-08",
    "record": "",
    "scope": ["restrict-credit", "restrict-tendering"],
    "nonce": "n1",
}


def test_a_firm_sees_its_measures_with_basis_scope_and_last_day(signed_in: SignedIn, door: StandIn) -> None:
    """And those that are over, with the reason, in a fold of their own."""
    told = signed_in("smc_firm").get("/portal/enterprise").text
    for said in ("法释〔2017〕7号", "限制融资授信", "2028-10-08", "失信惩戒", "严重失信主体名单", "守信激励", "红名单"):
        assert said in told
    assert "已结束的措施（1）" in told
    assert "欠付工资已全部付清" in told
    [call] = door.asked("GET /enterprises/local:E17/measures")
    assert call["query"]["ended"] == "true"
    assert "Purpose" not in call


def test_a_bank_asks_for_those_in_force_with_a_purpose(signed_in: SignedIn, door: StandIn) -> None:
    told = signed_in("smc_bank", "en").get("/portal/applicants/local:E17/portrait").text
    assert "Restriction" in told
    assert "State Taxation Administration" in told
    [call] = door.asked("GET /enterprises/local:E17/measures")
    assert (call["Purpose"], call["query"]) == ("credit-assessment", None)


def test_a_firm_without_measures_is_told_so(signed_in: SignedIn) -> None:
    assert "目前没有生效的激励或惩戒措施" in signed_in("smc_thin").get("/portal/enterprise").text


def test_silence_is_not_shown_as_no_measure(signed_in: SignedIn, door: StandIn) -> None:
    """Where the service does not answer, the page says nothing of measures."""
    door.answers["GET /enterprises/local:E17/measures"] = Answer(503, {"detail": "profile does not answer"})
    answer = signed_in("smc_firm").get("/portal/enterprise")
    assert answer.status_code == 200
    assert 'id="measures"' not in answer.text


def test_the_operator_lists_all_measures_and_those_to_begin(signed_in: SignedIn, door: StandIn) -> None:
    told = signed_in("smc_operator").get("/portal/measures").text
    assert "local:E23" in told
    assert "待生效" in told
    [call] = door.asked("GET /measures")
    assert call["query"]["planned"] == "true"


def test_an_empty_list_says_so(signed_in: SignedIn, door: StandIn) -> None:
    door.answers["GET /measures"] = Answer(200, NOBODY)
    assert "没有生效的措施" in signed_in("smc_operator").get("/portal/measures").text


@pytest.mark.parametrize("who", ["smc_firm", "smc_bank", "smc_platform"])
def test_the_page_is_the_operator_s(signed_in: SignedIn, door: StandIn, who: str) -> None:
    client = signed_in(who)
    assert client.get("/portal/measures").status_code == 403
    assert client.post("/portal/measures", data=WISH, headers=ORIGIN).status_code == 403
    assert client.post("/portal/measures/mea_1/end", data={"reason": "r"}, headers=ORIGIN).status_code == 403
    assert door.calls == []


def test_a_basis_in_force_is_chosen_first_and_offers_what_it_allows(signed_in: SignedIn) -> None:
    """A basis that has ended is not offered."""
    told = signed_in("smc_operator").get("/portal/measures?basis=government-procurement-2003").text
    assert told.count('name="scope"') == 1
    assert "restrict-procurement" in told
    assert "tax-credit-a-2014" not in told


def test_a_measure_goes_out_as_the_form_says(signed_in: SignedIn, door: StandIn) -> None:
    """With the list of its basis, and without the record that was left out."""
    answer = signed_in("smc_operator").post("/portal/measures", data=WISH, headers=ORIGIN)
    assert answer.status_code == 303
    [call] = door.asked("POST /measures")
    sent = {name: value for name, value in WISH.items() if name != "nonce"}
    assert call["json"] == sent | {"list": "black", "record": None}
    assert call["Idempotency-Key"] == "n1"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"scope": []}, "请至少选择一项措施"),
        ({"expires_on": ""}, "请填写。"),
        ({"expires_on": "soon"}, "请填写日期"),
        ({"authority": " "}, "请填写。"),
    ],
)
def test_an_incomplete_measure_is_not_sent(
    signed_in: SignedIn, door: StandIn, change: dict[str, Any], said: str
) -> None:
    """The form comes back with what is missing and what was typed."""
    answer = signed_in("smc_operator").post("/portal/measures", data={**WISH, **change}, headers=ORIGIN)
    assert answer.status_code == 422
    assert said in answer.text
    assert WISH["document"] in answer.text
    assert door.asked("POST /measures") == []


def test_a_refusal_is_said_beside_the_form(signed_in: SignedIn, door: StandIn) -> None:
    detail = "By 法释〔2017〕7号 a measure from 2026-10-08 on ends on 2031-10-08 at the latest."
    door.answers["POST /measures"] = Answer(422, {"type": "/problems/beyond-basis", "detail": detail})
    answer = signed_in("smc_operator").post("/portal/measures", data=WISH, headers=ORIGIN)
    assert answer.status_code == 422
    assert detail in answer.text
    assert answer.text.count(" checked") == 2


def test_a_measure_is_ended_with_a_reason_or_not_at_all(signed_in: SignedIn, door: StandIn) -> None:
    client = signed_in("smc_operator")
    without = client.post("/portal/measures/mea_1/end", data={"reason": " "}, headers=ORIGIN)
    assert without.status_code == 422
    assert "请填写结束的理由" in without.text
    assert door.asked("POST /measures/mea_1/end") == []
    data = {"reason": "paid in full", "nonce": "n1-mea_1"}
    assert client.post("/portal/measures/mea_1/end", data=data, headers=ORIGIN).status_code == 303
    [call] = door.asked("POST /measures/mea_1/end")
    assert (call["json"], call["Idempotency-Key"]) == ({"reason": "paid in full"}, "n1-mea_1")
