"""Disputes on the pages: a firm opens one and follows it, every reader sees the mark, the operator decides."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from portal_site import NOBODY, StandIn, fixture, marks

from gateway.portal import Answer, items
from gateway.portal.language import Language

SignedIn = Callable[..., FlaskClient]
ORIGIN = {"Origin": "http://localhost"}
FILE = "GET /enterprises/local:E17"
APPLICANT = "/portal/applicants/local:E17"
OWN = "/portal/enterprise/disputes"
DESK = "/portal/disputes"
RECORD = fixture("evidence")["items"][0]["name"]
WORDS = "这张发票不是我们开的。"
WISH = {
    "record": RECORD,
    "kind": "invoices",
    "figure": "sales_12m",
    "reason": "not-ours",
    "statement": WORDS,
    "nonce": "n1",
}
FINDING = {"finding": "removed", "reply": "经与税务机关核对，贵企业所述属实。", "nonce": "n1"}
# Where a file is shown, who looks, and which answer of a service the page shows.
SHOWN = {
    "own portrait": ("/portal/enterprise", "smc_firm", "portrait", "portrait"),
    "a bank's portrait": (f"{APPLICANT}/portrait", "smc_bank", "portrait", "portrait"),
    "own dimension": ("/portal/enterprise/dimensions/payment", "smc_firm", "portrait/payment", "dimension"),
    "a bank's dimension": (f"{APPLICANT}/dimensions/payment", "smc_bank", "portrait/payment", "dimension"),
    "own records": ("/portal/enterprise/records/sales_12m", "smc_firm", "evidence", "evidence"),
    "a bank's records": (f"{APPLICANT}/records/sales_12m", "smc_bank", "evidence", "evidence"),
    "own signals": ("/portal/enterprise/signals", "smc_firm", "signals", "signals"),
    "a bank's cross-comparison": (f"{APPLICANT}/cross-checks", "smc_bank", "cross-checks", "cross_checks"),
    "a bank's scores": (APPLICANT, "smc_bank", "scores", "scores"),
}


def contest(door: StandIn, undisputed: dict[str, Any] | None) -> None:
    """Let the latest score be marked, and tell the other view where it is read again."""
    scores = fixture("scores")
    for each in scores["items"]:
        each["disputes"] = marks()
    door.answers[f"{FILE}/scores"] = Answer(200, scores)
    latest = scores["items"][0] | {"undisputed": undisputed}
    door.answers[f"GET /scores/{latest['id']}"] = Answer(200, latest)


OTHER = {"score": 671, "grade": "BBB", "pd": 0.016, "pd_interval": [0.01, 0.03], "depth": "B", "difference": -19}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", SHOWN)
def test_every_page_of_a_file_bears_the_mark(signed_in: SignedIn, door: StandIn, name: str, language: Language) -> None:
    """Which item, since when, open or unresolved, and the firm's own words."""
    path, key, route, file = SHOWN[name]
    told = fixture(file)
    found = told | {"disputes": marks()}
    if file == "scores":
        found = {**told, "items": [each | {"disputes": marks()} for each in told["items"]]}
    door.answers[f"{FILE}/{route}"] = Answer(200, found)
    page = signed_in(key, language).get(path).text
    words = {
        "zh": ("档案中有异议", "无法查实", "2026-10-01 提出"),
        "en": ("are disputed", "unresolved", "since 2026-10-01"),
    }
    for said in (*words[language], "罚款已于去年缴清。", RECORD[:12]):
        assert said in page


@pytest.mark.parametrize("name", SHOWN)
def test_a_file_without_disputes_bears_none(signed_in: SignedIn, name: str) -> None:
    path, key, _, _ = SHOWN[name]
    assert 'class="marks"' not in signed_in(key).get(path).text


def test_many_marks_are_folded_and_none_is_lost(signed_in: SignedIn, door: StandIn) -> None:
    many = [marks()[0] | {"statement": f"statement {n}"} for n in range(5)]
    door.answers[f"{FILE}/portrait"] = Answer(200, fixture("portrait") | {"disputes": many})
    page = signed_in("smc_bank").get(f"{APPLICANT}/portrait").text
    assert "另外 2 项异议" in page
    assert [f"statement {n}" in page for n in range(5)] == [True] * 5


def test_lists_tell_which_firm_disputes_something(signed_in: SignedIn, door: StandIn) -> None:
    """Beside its name among the applicants, as told with its score, and beside its alerts."""
    [first, *_] = fixture("enterprises")["items"]
    scores = f"GET /enterprises/{first['id']}/scores"
    for route, name in ((scores, "scores"), ("GET /alerts", "alerts")):
        found = fixture(name)
        found["items"][0]["disputes"] = marks()
        door.answers[route] = Answer(200, found)
    client = signed_in("smc_bank")
    assert client.get("/portal/applicants").text.count("有异议") == 1
    assert client.get("/portal/alerts").text.count("该企业档案中有异议") == 1


def test_a_match_bears_the_mark(signed_in: SignedIn, door: StandIn) -> None:
    door.answers["POST /matches"] = Answer(201, fixture("match") | {"disputes": marks()})
    need = {"amount": "50", "months": "12", "nonce": "n"}
    answer = signed_in("smc_bank").post(f"{APPLICANT}/matches", data=need, headers={**ORIGIN, "HX-Request": "true"})
    assert "罚款已于去年缴清。" in answer.text


def test_a_firm_s_words_bring_no_markup_into_a_reader_s_page(signed_in: SignedIn, door: StandIn) -> None:
    nasty = marks()[:1]
    nasty[0]["statement"] = "<script>alert(1)</script>"
    door.answers[f"{FILE}/portrait"] = Answer(200, fixture("portrait") | {"disputes": nasty})
    page = signed_in("smc_bank").get(f"{APPLICANT}/portrait").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_both_scores_stand_beside_each_other_with_their_difference(signed_in: SignedIn, door: StandIn) -> None:
    """The list has the mark alone, so the score is read again for the other view."""
    contest(door, OTHER)
    page = signed_in("smc_bank").get(APPLICANT).text
    for said in ("含争议记录", "不含争议记录", ">652<", ">671<", "−19", "争议记录使分数降低 19 分"):
        assert said in page


@pytest.mark.parametrize(
    ("undisputed", "said"),
    [
        (OTHER | {"score": 640, "difference": 12}, "The disputed records add 12 points."),
        (OTHER | {"score": 652, "difference": 0}, "the score is the same"),
        (dict.fromkeys(OTHER), "too little is left"),
    ],
)
def test_what_the_difference_means_is_said(
    signed_in: SignedIn, door: StandIn, undisputed: dict[str, Any] | None, said: str
) -> None:
    contest(door, undisputed)
    assert said in signed_in("smc_bank", "en").get(APPLICANT).text


@pytest.mark.parametrize(
    ("counts", "said", "false"),
    [
        (False, "有异议的内容没有计入这个分数", "重新评分后再看"),
        (None, "评分之后档案已有变动", "没有计入这个分数"),
    ],
)
def test_why_there_is_no_second_view_is_said(
    signed_in: SignedIn, door: StandIn, counts: bool | None, said: str, false: str
) -> None:
    """To score again is said where it helps, and nowhere else."""
    contest(door, None)
    told = door.answers["GET /scores/scr_01JX0001"].data | {"disputed_counts": counts}
    door.answers["GET /scores/scr_01JX0001"] = Answer(200, told)
    page = signed_in("smc_bank").get(APPLICANT).text
    assert said in page
    assert false not in page


def test_a_silent_second_view_is_not_shown_as_none(signed_in: SignedIn, door: StandIn) -> None:
    """The mark stands; of the other score nothing is said."""
    contest(door, OTHER)
    door.answers["GET /scores/scr_01JX0001"] = Answer(503, {"detail": "scoring does not answer"})
    page = signed_in("smc_bank").get(APPLICANT)
    assert page.status_code == 200
    assert 'class="marks"' in page.text
    assert 'id="contested-title"' not in page.text


def test_a_score_without_disputes_is_not_read_again(signed_in: SignedIn, door: StandIn) -> None:
    """Each reading leaves a record with the firm."""
    signed_in("smc_bank").get(APPLICANT)
    assert door.asked("GET /scores/scr_01JX0001") == []


def test_a_record_can_be_disputed_where_it_is_not_yet(signed_in: SignedIn, door: StandIn) -> None:
    """The one that is disputed leads to its dispute; a bank has no such link."""
    evidence = fixture("evidence")
    evidence["items"][0]["dispute"] = "dsp_3"
    door.answers[f"{FILE}/evidence"] = Answer(200, evidence)
    page = signed_in("smc_firm").get("/portal/enterprise/records/sales_12m").text
    assert page.count("/disputes/new?") == len(evidence["items"]) - 1
    assert f"{OWN}#dsp_3" in page
    assert "/disputes/new?" not in signed_in("smc_bank").get(f"{APPLICANT}/records/sales_12m").text


def test_the_form_shows_the_item_as_the_file_says_it_and_who_will_read_the_statement(
    signed_in: SignedIn, door: StandIn
) -> None:
    page = signed_in("smc_firm").get(f"{OWN}/new?figure=sales_12m&record={RECORD}&known_at=2026-11-24T00:00:27Z").text
    for said in ("¥14,938.90", "00000066", "凡查询您档案的机构都会看到这段话"):
        assert said in page
    [call] = door.asked(f"{FILE}/evidence")
    assert (call["query"]["known_at"], "Purpose" in call) == ("2026-11-24T00:00:27Z", False)


@pytest.mark.parametrize("asked", ["record=rec_0&figure=sales_12m", "record=rec_0&figure=..", "field=password", ""])
def test_what_is_not_in_the_file_has_no_form(signed_in: SignedIn, asked: str) -> None:
    assert signed_in("smc_firm").get(f"{OWN}/new?{asked}").status_code == 404


def test_a_dispute_goes_out_as_the_form_says(signed_in: SignedIn, door: StandIn) -> None:
    answer = signed_in("smc_firm").post(OWN, data=WISH, headers=ORIGIN)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{OWN}?did=opened")
    [call] = door.asked("POST /disputes")
    item = {"kind": "invoices", "record": RECORD}
    assert call["json"] == {"item": item, "reason": "not-ours", "statement": WORDS}
    assert call["Idempotency-Key"] == "n1"


def test_a_field_of_the_description_is_disputed_from_the_portrait(signed_in: SignedIn, door: StandIn) -> None:
    client = signed_in("smc_firm", "en")
    assert f"{OWN}/new?field=industry" in client.get("/portal/enterprise").text
    assert "F51 批发业" in client.get(f"{OWN}/new?field=industry").text
    wish = {"kind": "enterprise", "field": "industry", "reason": "other", "statement": "We retail."}
    assert client.post(OWN, data=wish, headers=ORIGIN).status_code == 303
    [call] = door.asked("POST /disputes")
    assert call["json"]["item"] == {"kind": "enterprise", "field": "industry"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reason": ""}, "请选择异议理由"),
        ({"reason": "envy"}, "请选择异议理由"),
        ({"statement": "  "}, "请写明哪里有误"),
        ({"statement": "长" * 2001}, "请写明哪里有误"),
    ],
)
def test_an_incomplete_dispute_is_not_sent(
    signed_in: SignedIn, door: StandIn, change: dict[str, str], said: str
) -> None:
    answer = signed_in("smc_firm").post(OWN, data=WISH | change, headers=ORIGIN)
    assert answer.status_code == 422
    assert said in answer.text
    assert door.asked("POST /disputes") == []


@pytest.mark.parametrize(
    ("slug", "said"), [("already-disputed", "已有未办结的异议"), ("too-many-disputes", "已达上限")]
)
def test_a_refused_dispute_is_said_beside_the_form(signed_in: SignedIn, door: StandIn, slug: str, said: str) -> None:
    """With what was typed, and the way to the disputes that there are."""
    door.answers["POST /disputes"] = Answer(409, {"type": f"/problems/{slug}", "detail": "No."})
    answer = signed_in("smc_firm").post(OWN, data=WISH, headers=ORIGIN)
    assert answer.status_code == 409
    assert said in answer.text
    assert WORDS in answer.text


def test_a_firm_follows_its_disputes_and_repairs(signed_in: SignedIn) -> None:
    """State, clock with what is overdue, the written answer, the item as it stood; the repairs below."""
    page = signed_in("smc_firm").get(OWN).text
    for said in ("处理中", "已逾期", "无法查实", "经营范围同时包含批发和零售", "¥14,938.90", "修复决定〔2026〕7号"):
        assert said in page
    assert page.count("/withdraw") == 3  # also the one with both views on record


def test_without_a_dispute_the_page_says_how_to_open_one(signed_in: SignedIn, door: StandIn) -> None:
    door.answers["GET /disputes"] = door.answers["GET /repairs"] = Answer(200, NOBODY)
    page = signed_in("smc_firm").get(OWN).text
    assert "还没有异议" in page
    assert "还没有完成信用修复的记录" in page


def test_a_dispute_is_withdrawn_once(signed_in: SignedIn, door: StandIn) -> None:
    """One that has ended meanwhile is said so on the page."""
    client = signed_in("smc_firm")
    assert client.post(f"{OWN}/dsp_3/withdraw", data={"nonce": "n"}, headers=ORIGIN).status_code == 303
    door.answers["POST /disputes/dsp_3/withdraw"] = Answer(409, {"type": "/problems/dispute-ended", "detail": "."})
    again = client.post(f"{OWN}/dsp_3/withdraw", data={"nonce": "m"}, headers=ORIGIN)
    assert again.status_code == 409
    assert "已经办结，不能再撤回" in again.text


@pytest.mark.parametrize("who", ["smc_firm", "smc_bank", "smc_platform", "smc_source"])
def test_the_desk_is_the_operator_s(signed_in: SignedIn, door: StandIn, who: str) -> None:
    client = signed_in(who)
    assert client.get(DESK).status_code == 403
    assert client.get(f"{DESK}/dsp_5").status_code == 403
    assert client.post(f"{DESK}/dsp_5/decision", data=FINDING, headers=ORIGIN).status_code == 403
    assert door.calls == []


def test_a_bank_opens_no_dispute(signed_in: SignedIn, door: StandIn) -> None:
    client = signed_in("smc_bank")
    assert client.get(OWN).status_code == 403
    assert client.post(OWN, data=WISH, headers=ORIGIN).status_code == 403
    assert door.calls == []


def test_the_queue_begins_with_what_is_overdue(signed_in: SignedIn) -> None:
    """By due date, whatever order the service lists them in."""
    page = signed_in("smc_operator").get(DESK).text
    places = [page.index(f"/portal/disputes/{name}") for name in ("dsp_2", "dsp_5", "dsp_3", "dsp_6")]
    assert places == sorted(places)
    assert page.count("已逾期 ") == 2


def test_a_long_queue_is_read_whole_and_shown_by_pages(signed_in: SignedIn, door: StandIn) -> None:
    """The oldest are on the service's last page, and on our first."""
    one = fixture("disputes_open")["items"][0]
    many = [one | {"id": f"dsp_{n}", "due_at": f"2099-01-{31 - n:02d}T00:00:00Z"} for n in range(25)]
    door.answers["GET /disputes"] = Answer(200, {"items": many, "next": None})
    client = signed_in("smc_operator")
    first, second = client.get(DESK).text, client.get(f"{DESK}?from=20").text
    assert "/portal/disputes/dsp_24" in first
    assert ['/portal/disputes/dsp_4"' in page for page in (first, second)] == [False, True]


def test_those_that_have_ended_are_listed_by_state(signed_in: SignedIn, door: StandIn) -> None:
    door.answers["GET /disputes"] = Answer(200, NOBODY)
    assert "没有这一状态的异议" in signed_in("smc_operator").get(f"{DESK}?state=withdrawn").text
    assert door.asked("GET /disputes")[-1]["query"]["state"] == "withdrawn"


def test_the_operator_sees_the_item_as_it_stood_and_every_finding(signed_in: SignedIn) -> None:
    page = signed_in("smc_operator").get(f"{DESK}/dsp_5").text
    for said in ("市监罚〔2026〕8号", "行政处罚", "¥5,000.00", "罚款已于去年缴清。"):
        assert said in page
    assert page.count('name="finding"') == 4
    assert "/portal/repairs?enterprise=local:E23" in page


def test_a_description_cannot_be_taken_out(signed_in: SignedIn, door: StandIn) -> None:
    """Its source states it anew; there is nothing to remove."""
    one = fixture("disputes")["items"][2] | {"state": "open"}
    door.answers["GET /disputes/dsp_1"] = Answer(200, one)
    page = signed_in("smc_operator").get(f"{DESK}/dsp_1").text
    assert 'value="removed"' not in page
    assert page.count('name="finding"') == 3


@pytest.mark.parametrize(
    ("finding", "decision", "correction"),
    [
        ("removed", "corrected", "removed"),
        ("restated", "corrected", "restated"),
        ("confirmed", "confirmed", None),
        ("unresolved", "unresolved", None),
    ],
)
def test_a_decision_goes_out_as_the_form_says(
    signed_in: SignedIn, door: StandIn, finding: str, decision: str, correction: str | None
) -> None:
    answer = signed_in("smc_operator").post(
        f"{DESK}/dsp_5/decision", data=FINDING | {"finding": finding}, headers=ORIGIN
    )
    assert answer.status_code == 303
    [call] = door.asked("POST /disputes/dsp_5/decision")
    assert call["json"] == {"decision": decision, "correction": correction, "reply": FINDING["reply"]}
    assert call["Idempotency-Key"] == "n1"


@pytest.mark.parametrize(
    ("change", "said"),
    [({"finding": ""}, "请选择核查结论"), ({"reply": "不对。"}, "书面答复须为 10 至 4000 字")],
)
def test_an_incomplete_decision_is_not_sent(
    signed_in: SignedIn, door: StandIn, change: dict[str, str], said: str
) -> None:
    answer = signed_in("smc_operator").post(f"{DESK}/dsp_5/decision", data=FINDING | change, headers=ORIGIN)
    assert answer.status_code == 422
    assert said in answer.text
    assert door.asked("POST /disputes/dsp_5/decision") == []


@pytest.mark.parametrize(
    ("slug", "said"), [("not-restated", "该记载仍与提出异议时相同"), ("dispute-ended", "已经办结，不能再作决定")]
)
def test_a_refused_decision_is_said_in_place(signed_in: SignedIn, door: StandIn, slug: str, said: str) -> None:
    """What was typed stays."""
    door.answers["POST /disputes/dsp_5/decision"] = Answer(409, {"type": f"/problems/{slug}", "detail": "No."})
    answer = signed_in("smc_operator").post(f"{DESK}/dsp_5/decision", data=FINDING, headers=ORIGIN)
    assert answer.status_code == 409
    assert said in answer.text
    assert FINDING["reply"] in answer.text


@pytest.mark.parametrize(
    ("hours", "zh", "en"),
    [
        (20 * 24 - 1, "还剩 20 天", "20 days left"),
        (1, "还剩 1 天", "1 day left"),
        (-1, "已逾期 1 天", "1 day overdue"),
        (-49, "已逾期 3 天", "3 days overdue"),
    ],
)
def test_the_clock_counts_begun_days(hours: int, zh: str, en: str) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    dispute = {"state": "open", "due_at": (now + timedelta(hours=hours)).isoformat()}
    assert (items.clock("zh", dispute, now), items.clock("en", dispute, now)) == (zh, en)


def test_a_dispute_that_has_ended_has_no_clock() -> None:
    assert items.clock("zh", {"state": "confirmed", "due_at": "2026-01-01T00:00:00Z"}, datetime.now(UTC)) == ""


def test_every_column_of_a_record_has_a_name_in_both_languages() -> None:
    """And whatever it says is in words: an amount to the fen, a sort in the language."""
    penalty = fixture("disputes_open")["items"][2]["before"]
    told = dict(items.lines("en", penalty))
    assert told["Sort of record"] == "penalty"
    assert told["Amount"] == "¥5,000.00"
    assert not {"enterprise", "grade", "Enterprise", "Grade"} & set(told)
