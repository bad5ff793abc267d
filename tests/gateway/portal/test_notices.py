"""Notices, repairs and the policies of retention on the pages."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from portal_site import NOBODY, StandIn, fixture

from gateway.portal import Answer

SignedIn = Callable[..., FlaskClient]
ORIGIN = {"Origin": "http://localhost"}
EVERYBODY = ("smc_firm", "smc_bank", "smc_platform", "smc_source", "smc_operator")
REPAIR = {
    "enterprise": "local:E17",
    "record": "rec_" + "0a" * 16,
    "decided_on": "2026-06-01",
    "authority": "某市市场监督管理局",
    "document": "修复决定〔2026〕7号",
    "nonce": "n1",
}


@pytest.mark.parametrize("who", EVERYBODY)
def test_everybody_has_notices_the_open_ones_first(signed_in: SignedIn, who: str) -> None:
    page = signed_in(who, "en").get("/portal/notices").text
    waiting, seen = page.index("was corrected: read it again"), page.index("was repaired: use it no longer")
    assert waiting < page.index(">Acknowledged<") < seen
    assert page.count("/acknowledge") == 2


@pytest.mark.parametrize(
    ("who", "where"),
    [
        ("smc_firm", "/portal/enterprise/disputes#dsp_2"),
        ("smc_operator", "/portal/disputes/dsp_2"),
        ("smc_bank", "/portal/applicants/local:E17"),
    ],
)
def test_a_notice_leads_to_what_it_tells_of(signed_in: SignedIn, who: str, where: str) -> None:
    assert f'href="{where}"' in signed_in(who).get("/portal/notices").text


def test_a_notice_is_acknowledged(signed_in: SignedIn, door: StandIn) -> None:
    answer = signed_in("smc_bank").post("/portal/notices/ntc_4/acknowledge", data={"nonce": "n1"}, headers=ORIGIN)
    assert answer.status_code == 303
    [call] = door.asked("POST /notices/ntc_4/acknowledge")
    assert call["Idempotency-Key"] == "n1"


@pytest.mark.parametrize("who", ["smc_firm", "smc_bank", "smc_platform"])
def test_who_signs_in_for_a_party_sees_how_its_applications_stand(signed_in: SignedIn, who: str) -> None:
    page = signed_in(who).get("/portal/notices").text
    row = page.partition('href="/portal/applications/app_1">app_1</a></th>')[2].partition("</tr>")[0]
    assert ">税易贷</td>" in row
    assert "已报价" in row
    assert "与您有关的融资申请，新的在前。" in page


def test_an_application_whose_product_cannot_be_read_has_its_id(signed_in: SignedIn, door: StandIn) -> None:
    for route in ("GET /products", "GET /products/p1"):
        door.answers[route] = Answer(503, {"detail": "Down."})
    assert ">p1</td>" in signed_in("smc_bank").get("/portal/notices").text


@pytest.mark.parametrize("who", ["smc_operator", "smc_source"])
def test_who_is_no_party_is_asked_for_no_applications(signed_in: SignedIn, door: StandIn, who: str) -> None:
    signed_in(who).get("/portal/notices")
    assert door.asked("GET /applications") == []


def test_without_notices_the_page_says_so(signed_in: SignedIn, door: StandIn) -> None:
    door.answers["GET /notices"] = Answer(200, NOBODY)
    assert "没有待确认的通知" in signed_in("smc_bank").get("/portal/notices").text


def test_the_navigation_asks_once_how_many_are_open(signed_in: SignedIn, door: StandIn) -> None:
    """After the page has come, so that no page waits for it."""
    client = signed_in("smc_bank")
    assert 'hx-get="/portal/notices/count"' in client.get("/portal/alerts").text
    assert door.asked("GET /notices") == []
    assert "2 条待确认" in client.get("/portal/notices/count").text
    assert len(door.asked("GET /notices")) == 1


def test_more_than_are_counted_is_said(signed_in: SignedIn, door: StandIn) -> None:
    many = fixture("notices_open")["items"] * 10
    door.answers["GET /notices"] = Answer(200, {"items": many, "next": "more"})
    assert "20+" in signed_in("smc_bank").get("/portal/notices/count").text


@pytest.mark.parametrize("trouble", ["down", "revoked", "refused"])
def test_in_trouble_the_count_is_nothing(signed_in: SignedIn, door: StandIn, trouble: str) -> None:
    """It breaks no page, and it sends nobody to the sign-in page."""
    client = signed_in("smc_bank")
    door.down = trouble == "down"
    door.revoked |= {"bank-demo"} if trouble == "revoked" else set()
    if trouble == "refused":
        door.answers["GET /notices"] = Answer(429, {"detail": "Too many."})
    answer = client.get("/portal/notices/count", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.text, "HX-Redirect" in answer.headers) == (200, "", False)


def test_nobody_is_counted_nothing(signed_in: SignedIn, door: StandIn) -> None:
    client = signed_in("smc_bank")
    client.delete_cookie("smecredit_session", path="/portal")
    assert client.get("/portal/notices/count").text == ""
    assert door.calls == []


@pytest.mark.parametrize("who", ["smc_firm", "smc_bank", "smc_platform"])
def test_repairs_are_set_by_the_operator_and_the_source(signed_in: SignedIn, door: StandIn, who: str) -> None:
    client = signed_in(who)
    assert client.get("/portal/repairs").status_code == 403
    assert client.post("/portal/repairs", data=REPAIR, headers=ORIGIN).status_code == 403
    assert door.calls == []


@pytest.mark.parametrize("who", ["smc_operator", "smc_source"])
def test_a_repair_goes_out_as_the_form_says(signed_in: SignedIn, door: StandIn, who: str) -> None:
    answer = signed_in(who).post("/portal/repairs", data=REPAIR, headers=ORIGIN)
    assert answer.status_code == 303
    [call] = door.asked("POST /repairs")
    assert call["json"] == {name: value for name, value in REPAIR.items() if name != "nonce"}
    assert call["Idempotency-Key"] == "n1"


def test_a_record_is_named_by_its_document_too(signed_in: SignedIn, door: StandIn) -> None:
    signed_in("smc_operator").post("/portal/repairs", data=REPAIR | {"record": "市监罚〔2026〕8号"}, headers=ORIGIN)
    [call] = door.asked("POST /repairs")
    assert (call["json"]["number"], "record" in call["json"]) == ("市监罚〔2026〕8号", False)


def test_a_dispute_s_page_fills_in_whose_and_which_record(signed_in: SignedIn) -> None:
    page = signed_in("smc_operator").get(f"/portal/repairs?enterprise=local:E23&record={REPAIR['record']}").text
    assert 'value="local:E23"' in page
    assert f'value="{REPAIR["record"]}"' in page
    assert "修复决定〔2026〕7号" in page


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"authority": " "}, "请填写。"),
        ({"decided_on": "soon"}, "不晚于今天的日期"),
        ({"decided_on": "2999-01-01"}, "不晚于今天的日期"),
        ({"record": " "}, "请填写。"),
    ],
)
def test_an_incomplete_repair_is_not_sent(
    signed_in: SignedIn, door: StandIn, change: dict[str, str], said: str
) -> None:
    answer = signed_in("smc_operator").post("/portal/repairs", data=REPAIR | change, headers=ORIGIN)
    assert answer.status_code == 422
    assert said in answer.text
    assert door.asked("POST /repairs") == []


@pytest.mark.parametrize(("language", "tier"), [("zh", "一般"), ("en", "general")])
def test_a_repair_that_is_too_early_is_told_the_first_day(
    signed_in: SignedIn, door: StandIn, language: str, tier: str
) -> None:
    problem = {"type": "/problems/repair-too-early", "detail": "…", "tier": "general", "repairable_on": "2026-05-10"}
    door.answers["POST /repairs"] = Answer(409, problem)
    answer = signed_in("smc_operator", language).post("/portal/repairs", data=REPAIR, headers=ORIGIN)
    assert answer.status_code == 409
    assert "2026-05-10" in answer.text
    assert tier in answer.text[answer.text.index('role="alert"') :][:200]
    assert REPAIR["document"] in answer.text


@pytest.mark.parametrize(
    ("slug", "status", "said"),
    [
        ("record-not-found", 404, "没有您可以修复的这条记录"),
        ("already-repaired", 409, "已经修复"),
        ("not-repairable", 422, "不能修复"),
    ],
)
def test_a_refused_repair_is_said_in_words(
    signed_in: SignedIn, door: StandIn, slug: str, status: int, said: str
) -> None:
    door.answers["POST /repairs"] = Answer(status, {"type": f"/problems/{slug}", "detail": "No."})
    answer = signed_in("smc_operator").post("/portal/repairs", data=REPAIR, headers=ORIGIN)
    assert (answer.status_code, said in answer.text) == (status, True)


@pytest.mark.parametrize(
    ("language", "said"),
    [("zh", ("5 年", "6 个月", "立即销毁", "第十六条", "终止之日")), ("en", ("5 years", "6 months", "sole traders"))],
)
def test_the_policies_say_how_long_what_is_kept_and_by_which_law(
    signed_in: SignedIn, language: str, said: tuple[str, ...]
) -> None:
    page = signed_in("smc_firm", language).get("/portal/retention").text
    for each in said:
        assert each in page


def test_a_firm_finds_the_policies_from_its_own_pages(signed_in: SignedIn) -> None:
    client = signed_in("smc_firm")
    for path in ("/portal/enterprise", "/portal/enterprise/disputes"):
        assert 'href="/portal/retention"' in client.get(path).text
