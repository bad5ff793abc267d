"""What the pages say and ask for, without a browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from portal_site import CONSENT_REQUIRED, StandIn, fixture

from gateway.portal import Answer

SignedIn = Callable[..., FlaskClient]
ORIGIN = {"Origin": "http://localhost"}
FIRM = "/portal/applicants/local:E17"
GRANT = {
    "grantee": "bank-demo",
    "purposes": ["credit-assessment"],
    "fields": ["score"],
    "valid_until": "2099-01-31",
    "nonce": "n1",
}


def test_a_firm_reads_its_own_file_without_a_purpose(signed_in: SignedIn, door: StandIn) -> None:
    """No Purpose header goes out, so no record is made."""
    assert signed_in("smc_firm").get("/portal/enterprise").status_code == 200
    [call] = door.asked("GET /enterprises/local:E17/portrait")
    assert "Purpose" not in call


def test_a_bank_reads_a_portrait_for_a_credit_assessment(signed_in: SignedIn, door: StandIn) -> None:
    """The read goes out with its purpose and the page says that it is recorded."""
    answer = signed_in("smc_bank").get(f"{FIRM}/portrait")
    assert "已按授权记入" in answer.text
    [call] = door.asked("GET /enterprises/local:E17/portrait")
    assert call["Purpose"] == "credit-assessment"


def test_without_a_consent_the_page_says_whom_to_ask_for_what(signed_in: SignedIn, door: StandIn) -> None:
    """403, and the bank's own id that the firm has to name."""
    door.answers["GET /enterprises/local:E17/portrait"] = Answer(403, CONSENT_REQUIRED)
    answer = signed_in("smc_bank", "en").get(f"{FIRM}/portrait")
    assert answer.status_code == 403
    assert "grant a consent to bank-demo" in answer.text


def test_looking_at_an_applicant_makes_no_credit_query(signed_in: SignedIn, door: StandIn) -> None:
    """Only stored scores are read; no purpose, nothing posted."""
    signed_in("smc_bank").get(FIRM)
    assert [call for call in door.calls if "Purpose" in call or call["route"].startswith("POST")] == []


def test_an_adverse_reason_has_its_code_and_says_how_to_improve(signed_in: SignedIn) -> None:
    """In the words of the fixed list."""
    page = signed_in("smc_bank", "en").get(FIRM).text
    assert '<code class="quiet">R801</code>' in page
    assert "Supply older invoices; a record grows with time" in page


def ruled(door: StandIn) -> None:
    """Let the latest score meet an expert rule."""
    words = {"zh": "词", "en": "words"}
    rule = {
        "rule": "dishonest-debtor",
        "version": "2026.1",
        "title": words,
        "effect": {"cap": "CCC", "binds": True},
        "because": {"zh": "最高为 CCC", "en": "the grade is CCC at most"},
        "ends": {"zh": "申请信用修复", "en": "ask the court for repair"},
        "basis": words,
        "records": [],
    }
    scores = fixture("scores")
    scores["items"][0] |= {"overlay": [rule], "grade": "CCC"}
    scores["items"][0]["model"]["grade"] = "A"
    door.answers["GET /enterprises/local:E17/scores"] = Answer(200, scores)


@pytest.mark.parametrize(("key", "path"), [("smc_bank", FIRM), ("smc_firm", "/portal/enterprise")])
def test_an_expert_rule_is_told_to_bank_and_firm_with_what_ends_it(
    signed_in: SignedIn, door: StandIn, key: str, path: str
) -> None:
    """What met it, what the model itself said, and the way out."""
    ruled(door)
    page = signed_in(key, "en").get(path).text
    assert "the grade is CCC at most" in page
    assert "the model&#39;s own grade is A" in page
    assert "ask the court for repair" in page


def test_scoring_is_one_credit_query_however_often_the_form_is_sent(signed_in: SignedIn, door: StandIn) -> None:
    """The form's nonce is the idempotency key."""
    client = signed_in("smc_bank")
    for _ in range(2):
        answer = client.post(f"{FIRM}/scores", data={"nonce": "n1"}, headers=ORIGIN)
        assert answer.headers["Location"] == FIRM
    calls = door.asked("POST /scores")
    assert {call["Idempotency-Key"] for call in calls} == {"n1"}
    assert calls[0]["Purpose"] == "credit-assessment"
    assert calls[0]["json"] == {"enterprise": "local:E17"}


def test_a_platform_cannot_score(signed_in: SignedIn, door: StandIn) -> None:
    """It has no button for it, and a post is refused."""
    client = signed_in("smc_platform")
    assert "重新评分" not in client.get(FIRM).text
    assert client.post(f"{FIRM}/scores", headers=ORIGIN).status_code == 403
    assert door.asked("POST /scores") == []


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        ({"type": "/problems/no-serving-model", "detail": "No model serves."}, "还没有可用的评分模型"),
        ({"type": "/problems/not-enough-data", "detail": "No usable invoice."}, "数据不足，无法评分"),
        ({"type": "/problems/consent-required", "detail": "No consent."}, "需要企业授权"),
    ],
)
def test_why_there_is_no_score_is_said_in_words(
    signed_in: SignedIn, door: StandIn, problem: dict[str, Any], said: str
) -> None:
    """The problem's kind decides the text; its own detail stands below for who reads English."""
    door.answers["POST /scores"] = Answer(409, problem)
    answer = signed_in("smc_bank").post(f"{FIRM}/scores", data={"nonce": "n"}, headers=ORIGIN)
    assert answer.status_code == 409
    assert said in answer.text
    assert problem["detail"] not in answer.text
    client = signed_in("smc_bank", "en")
    assert problem["detail"] in client.post(f"{FIRM}/scores", data={"nonce": "n"}, headers=ORIGIN).text


def test_a_service_that_is_down_is_said_and_nothing_is_lost(signed_in: SignedIn, door: StandIn) -> None:
    """503 with the way to find out which."""
    door.down = True
    answer = signed_in("smc_firm").get("/portal/enterprise")
    assert answer.status_code == 503
    assert "/readyz" in answer.text


def test_the_overview_stands_while_one_service_is_silent(signed_in: SignedIn, door: StandIn) -> None:
    """The models' part says so; the book is still there."""
    door.answers["GET /models"] = Answer(503, {"detail": "scoring does not answer"})
    answer = signed_in("smc_operator").get("/portal/operations")
    assert answer.status_code == 200
    assert "目前没有应答" in answer.text
    assert "988,342" in answer.text


def test_the_overview_tells_whose_the_book_s_date_is(signed_in: SignedIn, door: StandIn) -> None:
    """The operator's, or the calendar's; no firm moves it."""
    told = {"date": "2020-02-21", "latest": "2020-02-21", "enterprises": 1, "invoices": 2, "synthetic": False}
    assert "由运营方设定" in signed_in("smc_operator").get("/portal/operations").text
    door.answers["GET /book"] = Answer(200, {**told, "dated": False})
    assert "上一个自然月的月末" in signed_in("smc_operator").get("/portal/operations").text


def test_the_overview_says_why_an_import_failed(signed_in: SignedIn, door: StandIn) -> None:
    """The problem of a failed file stands beside it, and when the file came."""
    problem = {"title": "The file cannot be read", "title_zh": "文件无法读取", "detail": "Line 2 is too long."}
    failed = {"file": "a.csv", "kind": "outcomes", "state": "failed", "created_at": "2026-11-23T09:00:00Z"}
    counts = dict.fromkeys(("received", "accepted", "duplicate", "rejected"), 0)
    door.answers["GET /imports"] = Answer(200, {"items": [{**failed, **counts, "problem": problem}], "next": None})
    answer = signed_in("smc_operator").get("/portal/operations")
    assert "文件无法读取" in answer.text
    assert "Line 2 is too long." in answer.text
    assert "2026-11-23 17:00" in answer.text


def test_a_consent_goes_out_as_the_form_says(signed_in: SignedIn, door: StandIn) -> None:
    """Grantee, purposes, fields, day."""
    answer = signed_in("smc_firm").post("/portal/enterprise/consents", data=GRANT, headers=ORIGIN)
    assert answer.status_code == 303
    [call] = door.asked("POST /consents")
    assert call["json"] == {name: value for name, value in GRANT.items() if name != "nonce"}


def test_a_consent_s_further_terms_go_out_where_the_form_names_them(signed_in: SignedIn, door: StandIn) -> None:
    """Days as typed, counts as numbers; what is left empty is not sent."""
    terms = {"as_of_from": "2026-01-01", "as_of_until": "", "most_reads_a_day": " 3 ", "most_reads_a_month": "40"}
    signed_in("smc_firm").post("/portal/enterprise/consents", data={**GRANT, **terms}, headers=ORIGIN)
    [call] = door.asked("POST /consents")
    sent = {name: call["json"].get(name) for name in terms}
    assert sent == {
        "as_of_from": "2026-01-01",
        "as_of_until": None,
        "most_reads_a_day": 3,
        "most_reads_a_month": 40,
    }


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh", ["截至 2026-01-01 至 2026-12-31", "每日 3 次", "每月 40 次"]),
        ("en", ["2026-12-31", "3 a day", "40 a month"]),
    ],
)
def test_a_consent_is_listed_with_its_terms(signed_in: SignedIn, door: StandIn, language: str, said: list[str]) -> None:
    """And the form offers them, each with a label."""
    terms = {"as_of_from": "2026-01-01", "as_of_until": "2026-12-31", "most_reads_a_day": 3, "most_reads_a_month": 40}
    consent = {**fixture("consents")["items"][0], **terms}
    door.answers["GET /consents"] = Answer(200, {"items": [consent], "next": None})
    page = signed_in("smc_firm", language=language).get("/portal/enterprise").text
    assert [each for each in said if each not in page] == []
    assert [name for name in terms if f'<label for="{name}">' not in page] == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"as_of_from": "soon"}, "日期请写成"),
        ({"as_of_from": "2026-02-01", "as_of_until": "2026-01-31"}, "止日不能早于起日"),
        ({"most_reads_a_day": "0"}, "1 到 1000000"),
        ({"most_reads_a_month": "1e3"}, "1 到 1000000"),
        ({"most_reads_a_month": "9" * 5000}, "1 到 1000000"),
        ({"grantee": " "}, "请填写被授权方的编号"),
        ({"purposes": []}, "请至少选择一个用途"),
        ({"fields": ["everything"]}, "请至少选择一项内容"),
        ({"valid_until": "2001-01-01"}, "今天以后"),
        ({"valid_until": "tomorrow"}, "今天以后"),
    ],
)
def test_an_incomplete_consent_is_not_granted(
    signed_in: SignedIn, door: StandIn, change: dict[str, Any], said: str
) -> None:
    """The form comes back with what is missing and what was typed."""
    answer = signed_in("smc_firm").post("/portal/enterprise/consents", data={**GRANT, **change}, headers=ORIGIN)
    assert answer.status_code == 422
    assert said in answer.text
    assert door.asked("POST /consents") == []


def test_a_name_cannot_bring_markup_into_the_page(signed_in: SignedIn, door: StandIn) -> None:
    """Names come from files of strangers; they are text in the page and in the charts' data."""
    nasty = "</script><script>alert(1)</script>"
    door.answers["GET /enterprises"] = Answer(200, {"items": [{"id": "local:E1", "name": nasty}], "next": None})
    page = signed_in("smc_bank").get("/portal/applicants").text
    assert nasty not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("firm", ["..", "a" * 101, ".%2Fbook"])
def test_an_impossible_id_reaches_no_service(signed_in: SignedIn, door: StandIn, firm: str) -> None:
    """A path cannot be bent through the id."""
    assert signed_in("smc_bank").get(f"/portal/applicants/{firm}").status_code == 404
    assert door.calls == []


def test_an_applicant_without_consent_offers_no_action(signed_in: SignedIn) -> None:
    """No score to order, no match to ask: the page says who has to grant what."""
    answer = signed_in("smc_bank").get("/portal/applicants/local:E999")
    page = answer.text
    assert answer.status_code == 404
    assert "没有有效的授权" in page
    assert "bank-demo" in page
    assert 'name="amount"' not in page
    assert "/scores" not in page


def test_a_compound_rule_says_each_fact_that_it_found(signed_in: SignedIn, door: StandIn) -> None:
    """Every fact with its title and unit, an unknown one as unknown; never the rule's code."""
    match = fixture("match")
    refusal = {
        **match["refusals"][0],
        "rule": 'size_class in ["micro"] or sales_12m <= 4000000000',
        "found": {"size_class": None, "sales_12m": 5_212_352_906},
        "needed": 'size_class in ["micro"] or sales_12m <= 4000000000',
    }
    door.answers["POST /matches"] = Answer(201, {**match, "offers": [], "refusals": [refusal]})
    need = {"amount": "50", "months": "12", "nonce": "n"}
    answer = signed_in("smc_bank").post(f"{FIRM}/matches", data=need, headers={**ORIGIN, "HX-Request": "true"})
    assert "规模 没有数据、近12个月净销售额" in answer.text
    assert ">5,212 万元<" in answer.text
    assert "size_class" not in answer.text


FEES = [
    {
        "kind": "guarantee",
        "title": {"zh": "担保费", "en": "Guarantee fee"},
        "payee": "青禾示例融资担保公司",
        "paid_by": "firm",
        "fen": 400_000,
        "charges": [{"month": 0, "fen": 400_000}],
    },
    {
        "kind": "registration",
        "title": {"zh": "登记费", "en": "Registration fee"},
        "payee": "登记中心",
        "paid_by": "bank",
        "fen": 55_000,
        "charges": [{"month": 0, "fen": 55_000}],
    },
]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "zh",
            (
                "综合年化成本",
                "6.54%",
                "4.82%",
                "担保费",
                "收款方：青禾示例融资担保公司",
                "企业承担",
                "银行承担",
                "内部收益率法",
            ),
        ),
        ("en", ("All-in yearly rate", "6.54%", "4.82%", "Guarantee fee", "paid by the firm", "paid by the bank")),
    ],
)
def test_an_offer_shows_its_all_in_rate_and_each_fee_with_its_payee(
    signed_in: SignedIn, door: StandIn, language: str, words: tuple[str, ...]
) -> None:
    match = fixture("match")
    match["offers"] = [match["offers"][0] | {"all_in_rate": 0.0654, "fees_fen": 400_000, "fees": FEES}]
    door.answers["POST /matches"] = Answer(201, match)
    form = {"amount": "50", "months": "12", "nonce": f"f-{language}"}
    page = signed_in("smc_bank", language).post(f"{FIRM}/matches", data=form, headers=ORIGIN).text
    assert [word for word in words if word not in page] == []


def test_an_offer_of_before_shows_its_interest_alone(signed_in: SignedIn, door: StandIn) -> None:
    door.answers["POST /matches"] = Answer(201, fixture("match"))
    form = {"amount": "50", "months": "12", "nonce": "before"}
    page = signed_in("smc_bank", "en").post(f"{FIRM}/matches", data=form, headers=ORIGIN | {"HX-Request": "true"}).text
    assert "4.82%" in page
    assert '<span class="label">All-in' not in page


def test_a_refusal_by_cost_shows_rates_as_rates(signed_in: SignedIn, door: StandIn) -> None:
    match = fixture("match")
    cost = {
        "rule": "rate <= 0.09",
        "found": 0.128,
        "needed": 0.09,
        "rule_title": {"zh": "超过上限", "en": "Above the cap"},
    }
    door.answers["POST /matches"] = Answer(201, {**match, "offers": [], "refusals": [match["refusals"][0] | cost]})
    form = {"amount": "50", "months": "12", "nonce": "cost"}
    page = signed_in("smc_bank", "en").post(f"{FIRM}/matches", data=form, headers=ORIGIN).text
    for words in ("Above the cap", "12.80%", "9.00%"):
        assert words in page


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh", "仅告知企业、其平台与该银行"), ("en", "told to the firm, its platform and the bank alone")],
)
def test_what_a_rivals_loan_would_have_cost_is_said_to_be_withheld_not_unknown(
    signed_in: SignedIn, door: StandIn, language: str, words: str
) -> None:
    match = fixture("match")
    failed = [{**match["refusals"][0]["failed"][0], "rule_id": "terms.cost", "found": None, "unknown": []}]
    cost = {"rule": "rate <= 0.09", "found": None, "needed": 0.09, "failed": failed}
    door.answers["POST /matches"] = Answer(201, {**match, "offers": [], "refusals": [match["refusals"][0] | cost]})
    form = {"amount": "50", "months": "12", "nonce": "withheld"}
    page = signed_in("smc_bank", language).post(f"{FIRM}/matches", data=form, headers=ORIGIN).text
    assert words in page
    assert "没有数据" not in page
    assert "not known" not in page


IMPORT = {
    "id": "imp_1",
    "kind": "invoices.sale",
    "file": "一月.csv",
    "client": "source-1",
    "created_at": "2026-11-23T09:00:00Z",
    "state": "done",
    "problem": None,
    "ignored_columns": ["台账"],
    "notes": [],
    "warnings": [],
    "withdrawal": None,
    "progress": {"done": 5, "total": 5},
    "received": 3,
    "accepted": 2,
    "duplicate": 0,
    "rejected": 1,
}
REPORT = "line,column,value,reason\n4,开票日期,2026年6月,not a date / 不是有效日期\n".encode("utf-8-sig")


@pytest.fixture
def rejected(door: StandIn) -> StandIn:
    """Return the stand-in, with an import of which a row was rejected."""
    door.answers["GET /imports/imp_1"] = Answer(200, IMPORT)
    door.answers["GET /imports/imp_1/rejects"] = Answer(200, None, REPORT, "text/csv; charset=utf-8")
    return door


def test_a_sender_reads_what_was_rejected_and_downloads_it(signed_in: SignedIn, rejected: StandIn) -> None:
    """Each reason in the reader's language; a firm as well as a source."""
    for language, told, untold in (("zh", "不是有效日期", "not a date"), ("en", "not a date", "不是有效日期")):
        visit = signed_in("smc_firm", language)
        text = visit.get("/portal/imports/imp_1").text
        assert (told in text, untold in text) == (True, False)
    file = visit.get("/portal/imports/imp_1/rejects")
    assert file.data == REPORT
    # A name in Chinese goes out as RFC 5987 says: a header of other than Latin letters breaks the real server.
    assert (
        "filename*=UTF-8''%E4%B8%80%E6%9C%88-rejected.csv"
        in file.headers["Content-Disposition"].encode("latin-1").decode()
    )
    assert rejected.asked("GET /imports/imp_1/rejects")[-1]["query"] == {"form": "file"}


def test_the_page_of_an_import_follows_it(signed_in: SignedIn, door: StandIn) -> None:
    """It asks again while the work goes on, and no longer."""
    going_on = {**IMPORT, "state": "running", "progress": {"done": 2, "total": 5}, "rejected": 0}
    for shown, follows in ((going_on, True), ({**IMPORT, "rejected": 0}, False)):
        door.answers["GET /imports/imp_1"] = Answer(200, shown)
        text = signed_in("smc_source").get("/portal/imports/imp_1").text
        assert ('hx-trigger="load delay:1s"' in text, "<progress" in text) == (follows, follows)


def test_an_import_is_taken_back_once_that_is_confirmed(signed_in: SignedIn, rejected: StandIn) -> None:
    """Not without the tick; afterwards the page says by whom and since when."""
    door = rejected
    door.answers["POST /imports/imp_1/withdraw"] = Answer(200, IMPORT)
    visit = signed_in("smc_operator")
    assert "未识别的列：" in visit.get("/portal/imports/imp_1").text
    visit.post("/portal/imports/imp_1/withdraw", data={"nonce": "n"}, headers=ORIGIN)
    assert door.asked("POST /imports/imp_1/withdraw") == []
    answer = visit.post("/portal/imports/imp_1/withdraw", data={"nonce": "n", "confirm": "1"}, headers=ORIGIN)
    assert answer.status_code == 303
    assert len(door.asked("POST /imports/imp_1/withdraw")) == 1
    ended = {"by": "operator-1", "asked_at": None, "at": "2026-11-23T10:00:00Z", "rows": 3, "enterprises": 1}
    gone = {**IMPORT, "state": "withdrawn", "withdrawal": {**ended, "stand_ins": ["imp_2"], "send_again": []}}
    door.answers["GET /imports/imp_1"] = Answer(200, gone)
    text = visit.get("/portal/imports/imp_1").text
    assert "已撤回" in text
    assert "operator-1" in text
    assert "/portal/imports/imp_2" in text


def test_a_bank_sees_both_scores_and_what_the_money_rests_on(signed_in: SignedIn) -> None:
    """The one that decides is named, the sentence says why, each channel has its share."""
    page = signed_in("smc_bank", "en").get(FIRM).text
    section = page[page.index('id="counted-title"') : page.index('id="reasons-title"')]
    for part in ("652", "671", "decides", "was not counted", "the firm itself", "20.0%", "of it confirmed", "90.0%"):
        assert part in section, part


def test_bank_and_firm_see_what_showing_more_would_add(signed_in: SignedIn, door: StandIn) -> None:
    """Months, points and sentence beside the score; a score of before, and of who shows all, has no such section."""
    for who, path in (("smc_bank", FIRM), ("smc_firm", "/portal/enterprise")):
        page = signed_in(who, "en").get(path).text
        section = page[page.index('id="fuller-title"') :]
        section = section[: section.index("</section>")]
        for part in ("688", "24", "18", "36", "sales are shown for the latest 24"):
            assert part in section, part
    before = fixture("scores")["items"][1]
    door.answers["GET /enterprises/local:E17/scores"] = Answer(200, {"items": [before], "next": None})
    assert 'id="fuller-title"' not in signed_in("smc_bank", "en").get(FIRM).text


def test_a_firm_sees_the_same_of_its_newest_score(signed_in: SignedIn, door: StandIn) -> None:
    """And what its money rests on by its own features: a score tells a firm nothing of what others' files confirm."""
    evidence = fixture("scores")["items"][0].pop("evidence")
    door.answers["GET /enterprises/local:E17/features"] = Answer(200, {"evidence": evidence})
    page = signed_in("smc_firm").get("/portal/enterprise").text
    assert "未计入评分：不计入为 652 分" in page
    assert "其中已印证" in page
    assert door.asked("GET /enterprises/local:E17/scores")[0]["query"] == {"limit": 1}


def test_where_nothing_is_the_firms_word_alone_the_page_says_so(signed_in: SignedIn, door: StandIn) -> None:
    """Its channels are shown all the same; a score of before says that it does not record them."""
    scores = fixture("scores")
    confirmed, before = scores["items"]
    confirmed |= {"counted": None, "with_confirmed": None, "with_everything": None}
    confirmed["evidence"] |= {"unconfirmed_fen": 0}
    for shown, words in ((confirmed, "No invoice is stated by the firm alone"), (before, "does not record whom")):
        door.answers["GET /enterprises/local:E17/scores"] = Answer(200, {"items": [shown], "next": None})
        page = signed_in("smc_bank", "en").get(FIRM).text
        assert words in page
        assert ("of it confirmed" in page) == (shown is confirmed)


def test_a_firm_without_a_score_is_told_what_will_stand_there(signed_in: SignedIn) -> None:
    assert "No score yet" in signed_in("smc_thin", "en").get("/portal/enterprise").text


def test_a_match_says_what_was_not_counted_and_what_confirming_would_open(signed_in: SignedIn, door: StandIn) -> None:
    match = fixture("match")
    match["score"]["counted"] = {"zh": "未计入", "en": "It was not counted."}
    match["refusals"][0]["if_confirmed"] = True
    match["offers"][0]["counts"] = "everything"
    door.answers["POST /matches"] = Answer(201, match)
    form = {"amount": "50", "months": "12", "nonce": "n1"}
    page = signed_in("smc_bank", "en").post(f"{FIRM}/matches", data=form, headers=ORIGIN).text
    for words in ("It was not counted.", "Were what the firm itself states confirmed", "counts everything"):
        assert words in page


def test_an_alert_names_its_firm_without_opening_its_file(signed_in: SignedIn, door: StandIn) -> None:
    """By the list of those that consented; once a firm, and by its id where that has no name."""
    named = {**fixture("enterprises")["items"][0], "name": "青山食品有限公司"}
    door.answers["GET /enterprises?id=local:E17"] = Answer(200, {"items": [named], "next": None})
    page = signed_in("smc_bank").get("/portal/alerts").text
    assert ">青山食品有限公司</a>" in page
    assert len(door.asked("GET /enterprises")) == len({each["enterprise"] for each in fixture("alerts")["items"]})
    assert [call for call in door.calls if call["route"].startswith("GET /enterprises/")] == []
