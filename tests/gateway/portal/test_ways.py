"""The page of the way up: what it asks for, what it tells, and what it says where there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from markupsafe import escape
from portal_site import CONSENT_REQUIRED, StandIn, fixture

from gateway.portal import Answer, charts
from gateway.portal.pages.ways import GRADES
from services.scoring.domain.scale import MASTER_SCALE

SignedIn = Callable[..., FlaskClient]
APPLICANT = "/portal/applicants/local:E17/way-up"
OWN = "/portal/enterprise/way-up"
RECOURSE = "POST /scores/scr_01JX0001/recourse"
WAY, FAR = fixture("way_up"), fixture("way_up_out_of_reach")
EITHER = pytest.mark.parametrize(("key", "path"), [("smc_bank", APPLICANT), ("smc_firm", OWN)])


def test_the_grades_to_choose_from_are_the_master_scale() -> None:
    assert [step.name for step in MASTER_SCALE] == list(GRADES)


@EITHER
def test_the_way_from_the_latest_score_is_asked_for_and_told(
    signed_in: SignedIn, door: StandIn, key: str, path: str
) -> None:
    """The plan in words, each month of it, what it moves, what carrying on brings, what showing more could."""
    page = signed_in(key).get(f"{path}?grade=B").text
    [call] = door.asked(RECOURSE)
    assert call["json"] == {"target": {"grade": "B"}}
    assert "9 个月可达 B。" in page
    assert WAY["plan"]["sentence"]["zh"] in page
    for month in WAY["path"]:
        assert f'<td class="dates">{month["as_of"]}</td>' in page
    assert page.count("<option selected>B</option>") == 1
    for change in WAY["changes"]:
        assert change["title"]["zh"] in page
    assert WAY["showing_more"][0]["zh"] in page
    assert "最低节奏" in page
    assert WAY["assumptions"]["zh"] in page


@EITHER
def test_without_a_choice_the_next_grade_is_the_target(signed_in: SignedIn, door: StandIn, key: str, path: str) -> None:
    signed_in(key).get(path)
    [call] = door.asked(RECOURSE)
    assert call["json"] == {"target": {"grade": "BBB"}}  # the latest score is BB


def test_only_a_bank_is_told_that_its_look_is_recorded(signed_in: SignedIn) -> None:
    assert "recorded as a read of the score" in signed_in("smc_bank", "en").get(APPLICANT).text
    assert "recorded as a read of the score" not in signed_in("smc_firm", "en").get(OWN).text


@pytest.mark.parametrize("key", ["smc_platform", "smc_operator", "smc_source", "smc_firm"])
def test_nobody_else_opens_the_page_of_an_applicant(signed_in: SignedIn, door: StandIn, key: str) -> None:
    assert signed_in(key).get(APPLICANT).status_code == 403
    assert door.calls == []


def test_a_bank_has_no_page_of_its_own(signed_in: SignedIn, door: StandIn) -> None:
    assert signed_in("smc_bank").get(OWN).status_code == 403
    assert door.calls == []


def test_what_is_out_of_reach_is_said_with_the_nearest(signed_in: SignedIn, door: StandIn) -> None:
    door.answers[RECOURSE] = Answer(200, FAR)
    page = signed_in("smc_firm", "en").get(f"{OWN}?grade=BBB").text
    near = FAR["nearest"]
    assert "BBB cannot be reached within 12 months" in page
    assert f"{near['certified']['score']} points ({near['certified']['grade']}) after {near['months']} months" in page
    assert escape(near["plan"]["sentence"]["en"]) in page
    assert f'<td class="dates">{near["path"][-1]["as_of"]}</td>' in page


def test_an_expert_rule_that_binds_is_told_with_its_end(signed_in: SignedIn, door: StandIn) -> None:
    """Nothing is within reach under it: no plan is shown, the rule is."""
    why = {"zh": "最高为 CCC。申请修复", "en": "CCC at most. Ask for repair"}
    blocked = [{"rule": "dishonest-debtor", "found": 519.0, "needed": 520.0, "why": why}]
    door.answers[RECOURSE] = Answer(200, FAR | {"blocked": blocked, "nearest": None})
    answer = signed_in("smc_firm", "en").get(f"{OWN}?grade=B")
    assert answer.status_code == 200
    assert "CCC at most. Ask for repair" in answer.text
    assert escape(FAR["nearest"]["plan"]["sentence"]["en"]) not in answer.text


def test_a_grade_that_is_reached_asks_for_nothing(signed_in: SignedIn, door: StandIn) -> None:
    there: dict[str, Any] = {"reachable": True, "plan": None, "months": 0, "path": [], "changes": [], "nearest": None}
    door.answers[RECOURSE] = Answer(200, WAY | there | {"certified": WAY["now"]})
    page = signed_in("smc_firm").get(f"{OWN}?grade=CC").text
    assert "已经达到" in page
    assert "没有指标变化" in page


def test_carrying_on_may_be_enough(signed_in: SignedIn, door: StandIn) -> None:
    plan = WAY["plan"] | {"carries_on": True, "growth_per_month": 0.0, "share_of_pace": 0.0}
    door.answers[RECOURSE] = Answer(200, WAY | {"plan": plan})
    page = signed_in("smc_firm").get(f"{OWN}?grade=B").text
    assert "照旧经营即可" in page
    assert "不要求增长" in page


@pytest.mark.parametrize("basis", ["own", "floor", "cap"])
def test_the_pace_says_what_it_is_from(signed_in: SignedIn, door: StandIn, basis: str) -> None:
    door.answers[RECOURSE] = Answer(200, WAY | {"pace": WAY["pace"] | {"basis": basis, "per_month": 0.0375}})
    page = signed_in("smc_bank", "en").get(f"{APPLICANT}?grade=B").text
    words = {"own": "own growth over the past year", "floor": "the floor", "cap": "a doubling in a year"}
    assert "at most 3.75% a month" in page
    assert [name for name, said in words.items() if said in page.split("How plans are made")[0]] == [basis]


@pytest.mark.parametrize(("counts", "said"), [("confirmed", True), ("everything", False)])
def test_invoices_that_need_a_confirmation_are_said_to(
    signed_in: SignedIn, door: StandIn, counts: str, said: bool
) -> None:
    """Where only what is confirmed counts, the firm's own word walks no plan."""
    scores = fixture("scores")
    scores["items"][0] |= {"counts": counts}
    door.answers["GET /enterprises/local:E17/scores"] = Answer(200, scores)
    page = signed_in("smc_firm", "en").get(f"{OWN}?grade=B").text
    assert ("those that the firm alone states raise no score" in page) is said


def test_without_a_score_nothing_is_asked(signed_in: SignedIn, door: StandIn) -> None:
    page = signed_in("smc_thin").get(OWN).text
    assert "还没有评分" in page
    assert [call for call in door.calls if "recourse" in call["route"]] == []
    assert "请先在评分页评分" in signed_in("smc_bank").get("/portal/applicants/local:E88/way-up").text


def test_a_grade_that_there_is_not_is_refused_in_words(signed_in: SignedIn, door: StandIn) -> None:
    answer = signed_in("smc_firm").get(f"{OWN}?grade=<b>Z")
    assert answer.status_code == 422
    assert "没有等级“&lt;b&gt;Z”" in answer.text
    assert door.asked(RECOURSE) == []


def test_a_model_that_asks_for_what_the_catalogue_lacks_is_told(signed_in: SignedIn, door: StandIn) -> None:
    """The service says so in both languages; the page shows the reader's."""
    detail = "Ask for a new score. / 请重新评分。"
    door.answers[RECOURSE] = Answer(422, {"type": "/problems/invalid", "status": 422, "detail": detail})
    answer = signed_in("smc_firm").get(OWN)
    assert answer.status_code == 422
    assert "请重新评分。" in answer.text


def test_without_a_consent_the_page_says_whom_to_ask(signed_in: SignedIn, door: StandIn) -> None:
    door.answers[RECOURSE] = Answer(403, CONSENT_REQUIRED)
    answer = signed_in("smc_bank", "en").get(APPLICANT)
    assert answer.status_code == 403
    assert "grant a consent to bank-demo" in answer.text


def test_silence_is_said(signed_in: SignedIn, door: StandIn) -> None:
    door.down = True
    answer = signed_in("smc_firm").get(OWN)
    assert answer.status_code == 503
    assert "服务暂时没有应答" in answer.text


@pytest.mark.parametrize(("key", "path", "target"), [
    ("smc_bank", "/portal/applicants/local:E17", APPLICANT),
    ("smc_firm", "/portal/enterprise", OWN),
])  # fmt: skip
def test_the_page_of_the_score_leads_there(signed_in: SignedIn, key: str, path: str, target: str) -> None:
    assert f'href="{target}"' in signed_in(key).get(path).text


def test_a_platform_is_not_led_where_it_may_not_go(signed_in: SignedIn) -> None:
    assert "way-up" not in signed_in("smc_platform").get("/portal/applicants/local:E17").text


def test_the_lines_begin_today_and_end_at_their_scores() -> None:
    """Left is today, right the twelfth month, up is more points; all lie within the drawing."""
    drawn = charts.ascent(WAY, WAY["path"])
    width, height = drawn["size"]
    assert drawn["plan"][0] == drawn["carried"][0]
    assert drawn["plan"][-1][0] == pytest.approx(width * WAY["months"] / 12, abs=0.1)
    assert drawn["carried"][-1][0] == width
    assert drawn["plan"][-1][1] <= drawn["target"]  # the target is reached: not below its line
    assert all(0 <= y <= height for name in ("plan", "carried") for _, y in drawn[name])
    assert drawn["ends"]["plan"] == WAY["certified"]["score"]
