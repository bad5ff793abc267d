"""Applications on the pages: a bank's inbox, a firm's own, a platform's; one of them with its offers and moves."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from portal_site import NOBODY, StandIn, fixture

from chassis.core.moments import today
from chassis.web.preconditions import etag_of
from gateway.portal import Answer, applications
from gateway.portal.language import catalogue
from gateway.portal.pages import moves
from services.matching.domain.application import EVENTS, State
from services.matching.domain.loan_offer import OfferState
from services.matching.domain.product import KINDS, REPAYMENTS

SignedIn = Callable[..., FlaskClient]
ORIGIN = {"Origin": "http://localhost"}
LIST = "/portal/applications"
ONE = f"{LIST}/app_1"
TOLD = "GET /applications/app_1"
OFFER = {"amount": "¥400,000.00", "months": "12", "rate": "4.35", "nonce": "n1"}
PARTIES = ("smc_bank", "smc_firm", "smc_platform")


def words(page: str) -> str:
    """Return what a reader sees of a page: no tags, no attributes."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def state_of(door: StandIn, **changes: Any) -> None:
    """Let the application stand otherwise."""
    door.answers[TOLD] = Answer(200, fixture("application") | changes)


def test_the_inbox_says_what_is_due_in_words(signed_in: SignedIn) -> None:
    """Product and firm by name, yuan with separators, dates in words, whose turn it is and until when."""
    page = words(signed_in("smc_bank").get(LIST).text)
    for said in ("税易贷", "E17", "已报价", "¥400,000.00", "2026年11月20日", "待申请方接受报价", "截止 2099年12月15日"):
        assert said in page
    english = words(signed_in("smc_bank", "en").get(LIST).text)
    for said in ("Tax invoice loan", "Offered", "20 November 2026", "by 15 December 2099", "The bank takes it up"):
        assert said in english


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("key", PARTIES)
def test_no_code_of_an_enumeration_is_shown(signed_in: SignedIn, key: str, language: str) -> None:
    """Each page in either language; the English words are other ones than the codes where those have a hyphen."""
    client = signed_in(key, language)
    shown = words(client.get(LIST).text + client.get(ONE).text)
    codes = [each for each in (*State, *EVENTS, *OfferState, *REPAYMENTS, *KINDS) if "-" in each or language == "zh"]
    assert [code for code in codes if re.search(rf"\b{code}\b", shown)] == []


@pytest.mark.parametrize(
    ("section", "names"),
    [
        ("application_state", State),
        ("application_due", State),
        ("application_event", EVENTS),
        ("move_name", EVENTS),
        ("did", EVENTS),
        ("offer_state", [*OfferState, "expired"]),
        ("repayment", REPAYMENTS),
    ],
)
def test_each_state_and_move_of_the_service_has_words(section: str, names: Any) -> None:
    assert {str(each) for each in names} - set(catalogue()[section]) == set()


def test_the_portal_knows_the_states_and_moves_of_the_service() -> None:
    """A new one would have no filter and no form."""
    assert set(applications.STATES) == {str(state) for state in State}
    assert set(moves.MOVES) == set(EVENTS)


def test_a_bank_is_offered_no_filter_for_drafts(signed_in: SignedIn) -> None:
    assert '<option value="draft"' not in signed_in("smc_bank").get(LIST).text
    assert '<option value="draft"' in signed_in("smc_firm").get(LIST).text


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("product=税易", {"app_1", "app_3"}),
        ("product=BULLET", {"app_2"}),
        ("product=p3", {"app_4"}),
        ("enterprise=e3", {"app_2"}),
        ("enterprise=local:E41", {"app_3"}),
        ("product=p1&enterprise=E17", {"app_1"}),
        ("state=bogus", {"app_1", "app_2", "app_3", "app_4"}),
    ],
)
def test_filters_take_a_name_or_an_id(signed_in: SignedIn, query: str, left: set[str]) -> None:
    """In either case of letters; a state that there is not filters nothing."""
    assert (
        set(re.findall(r'href="/portal/applications/(app_\d)"', signed_in("smc_bank").get(f"{LIST}?{query}").text))
        == left
    )


def test_the_state_is_filtered_by_the_service(signed_in: SignedIn, door: StandIn) -> None:
    signed_in("smc_bank").get(f"{LIST}?state=under-review")
    [call] = door.asked("GET /applications")
    assert call["query"]["state"] == "under-review"


def test_filtered_pages_are_read_on_until_one_is_full(signed_in: SignedIn, door: StandIn) -> None:
    """And the link to the next page keeps the filter."""
    door.answers["GET /applications"] = Answer(200, {**fixture("applications"), "next": "c9"})
    page = signed_in("smc_bank").get(f"{LIST}?product=BULLET").text
    assert len(door.asked("GET /applications")) == 10
    assert f'href="{LIST}?cursor=c9&amp;product=BULLET"' in page


@pytest.mark.parametrize(
    ("key", "said"),
    [("smc_bank", "还没有收到申请"), ("smc_firm", "先看看哪些产品适合"), ("smc_platform", "还没有代企业提交过申请")],
)
def test_an_empty_list_says_what_to_do(signed_in: SignedIn, door: StandIn, key: str, said: str) -> None:
    door.answers["GET /applications"] = Answer(200, NOBODY)
    assert said in signed_in(key).get(LIST).text
    assert "没有符合条件的申请" in signed_in(key).get(f"{LIST}?product=x").text


def test_a_firm_without_consent_is_shown_by_its_id_alone(signed_in: SignedIn, door: StandIn) -> None:
    """Its file is not opened for a name: that would leave a record in it."""
    state_of(door, enterprise="local:E999")
    page = signed_in("smc_bank").get(ONE).text
    assert "E999" in page
    assert "/portal/applicants/local:E999" not in page
    assert [call for call in door.calls if "Purpose" in call] == []


@pytest.mark.parametrize("key", ["smc_operator", "smc_source"])
def test_who_is_no_party_sees_none(signed_in: SignedIn, door: StandIn, key: str) -> None:
    client = signed_in(key)
    answers = [client.get(path).status_code for path in (LIST, ONE, "/portal/mandates", f"{LIST}/new?match=mat_1")]
    answers.append(client.post(f"{ONE}/withdraw", headers=ORIGIN).status_code)
    assert answers == [403] * 5
    assert door.calls == []


@pytest.mark.parametrize("path", [f"{LIST}/app..1", f"{LIST}/%2e%2e", f"{LIST}/new?match=..&product=p1"])
def test_an_impossible_id_reaches_no_service(signed_in: SignedIn, door: StandIn, path: str) -> None:
    assert signed_in("smc_firm").get(path).status_code == 404
    assert door.calls == []


def test_an_offer_shows_exactly_what_its_number_says(signed_in: SignedIn, door: StandIn) -> None:
    """All decimals of the rate, first and last payment, the cost, the last day, the digest; the void one beside it."""
    found = fixture("application")
    found["offers"][1]["document"]["rate"] = "0.043512"
    state_of(door, offers=found["offers"])
    page = words(signed_in("smc_firm").get(ONE).text)
    document = found["offers"][1]["document"]
    first, last = (f"¥{document['payments_fen'][n] / 100:,.2f}" for n in (0, -1))
    for said in ("第 2 号报价", "¥400,000.00", "4.3512%", first, last, "¥9,487.53", "2099年12月15日"):
        assert said in page
    assert found["offers"][1]["sha256"] in page
    assert "第 1 号报价 已被新报价取代" in page


def test_fees_and_the_all_in_rate_are_part_of_what_is_shown(signed_in: SignedIn, door: StandIn) -> None:
    """Each fee with its payee, who pays it, how much and when."""
    found = fixture("application")
    charges = [{"month": 0, "fen": 400_000}, {"month": 12, "fen": 400_000}]
    fee = {"kind": "guarantee", "payee": "示例担保公司", "paid_by": "firm", "fen": 800_000, "charges": charges}
    rates = {"all_in_rate": "0.0823", "all_in_simple_rate": "0.0794", "interest_fen": 948_753, "fees_fen": 800_000}
    found["offers"][1]["document"] |= {"fees": [fee], **rates, "total_cost_fen": 1_748_753}
    state_of(door, offers=found["offers"])
    page = words(signed_in("smc_firm").get(ONE).text)
    for said in (
        "综合年化成本 8.23%",
        "7.94%",
        "担保费",
        "示例担保公司",
        "¥8,000.00",
        "放款时 ¥4,000.00",
        "¥17,487.53",
    ):
        assert said in page


@pytest.mark.parametrize(
    ("key", "forms"),
    [
        ("smc_firm", {"accept", "withdraw"}),
        ("smc_bank", {"offer", "decline"}),
        ("smc_platform", {"withdraw"}),  # it may apply for the firm, and not accept
    ],
)
def test_each_party_has_the_forms_of_its_moves(signed_in: SignedIn, key: str, forms: set[str]) -> None:
    assert set(re.findall(rf'action="{ONE}/([a-z]+)"', signed_in(key).get(ONE).text)) == forms


@pytest.mark.parametrize("state", [str(state) for state in State])
@pytest.mark.parametrize("key", ["smc_firm", "smc_bank"])
def test_every_possible_move_has_a_form(signed_in: SignedIn, door: StandIn, key: str, state: str) -> None:
    """Whatever the state."""
    state_of(door, state=state)
    party = "bank" if key == "smc_bank" else "applicant"
    page = signed_in(key).get(ONE).text
    possible = {name for name, event in EVENTS.items() if str(event.by) == party and State(state) in event.before}
    assert set(re.findall(rf'action="{ONE}/([a-z]+)"', page)) == possible


def test_an_expired_offer_waits_for_the_bank(signed_in: SignedIn, door: StandIn) -> None:
    """There is no form that accepts it."""
    found = fixture("application")
    found["offers"][1] |= {"state": "expired", "expires_on": "2026-01-02"}
    state_of(door, offers=found["offers"], expires_on="2026-01-02")
    page = signed_in("smc_firm").get(ONE).text
    assert "报价已过期，待银行重新报价" in page
    assert f"{ONE}/accept" not in page


def test_a_platform_without_a_mandate_is_told_whom_to_ask(signed_in: SignedIn, door: StandIn) -> None:
    door.answers["GET /consents"] = Answer(200, NOBODY)
    page = signed_in("smc_platform").get(ONE).text
    assert f'action="{ONE}' not in page
    assert "企业没有授权 platform-demo 办理这一步" in page
    assert "这家企业没有委托 platform-demo" in page


def test_an_acceptance_names_the_offer_and_nothing_else(signed_in: SignedIn, door: StandIn) -> None:
    answer = signed_in("smc_firm").post(
        f"{ONE}/accept", data={"offer": "2", "agreed": "yes", "nonce": "n1"}, headers=ORIGIN
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{ONE}?did=accept")
    [call] = door.asked("POST /applications/app_1/accept")
    assert call["json"] == {"offer": 2}
    assert "If-Match" not in call


def test_every_other_move_is_held_against_what_was_seen(signed_in: SignedIn, door: StandIn) -> None:
    """The page carries the ETag that the service gives its answer."""
    client = signed_in("smc_bank")
    seen = re.findall(r'name="seen" value="([^"]+)"', client.get(ONE).text)
    moved = fixture("application") | {"moves": ["offer", "decline"]}
    assert set(seen) == {etag_of(moved)}
    client.post(f"{ONE}/offer", data={**OFFER, "seen": seen[0]}, headers=ORIGIN)
    [call] = door.asked("POST /applications/app_1/offer")
    assert call["If-Match"] == f'"{seen[0]}"'
    assert call["json"] == {"terms": {"amount_fen": 40_000_000, "months": 12, "rate": 0.0435}}


def test_the_same_form_sent_twice_is_one_move_and_another_is_another(signed_in: SignedIn, door: StandIn) -> None:
    client = signed_in("smc_bank")
    for rate in ("4.35", "4.35", "4.40"):
        client.post(f"{ONE}/offer", data=OFFER | {"rate": rate}, headers=ORIGIN)
    first, second, third = (call["Idempotency-Key"] for call in door.asked("POST /applications/app_1/offer"))
    assert (first == second, first == third) == (True, False)


@pytest.mark.parametrize(
    ("event", "form", "said"),
    [
        ("offer", {"amount": "0"}, "请填写大于 0 的金额"),
        ("offer", {"amount": "4e5"}, "请填写大于 0 的金额"),
        ("offer", {"amount": "1.005"}, "请填写大于 0 的金额"),
        ("offer", {"months": "1.5"}, "期限请填 1 到 360"),
        ("offer", {"rate": "-1"}, "请填写 0 到 100 之间的百分数"),
        ("offer", {"expires_on": "2020-01-01"}, "请填写今天或以后的日期"),
        ("offer", {"expires_on": "soon"}, "请填写今天或以后的日期"),
        ("offer", {"reason": "长" * 1001}, "请不要超过 1000 字"),
        ("decline", {"reason": " "}, "请写明理由"),
    ],
)
def test_an_incomplete_move_is_not_made(
    signed_in: SignedIn, door: StandIn, event: str, form: dict[str, str], said: str
) -> None:
    """It is said above and beside the field, where what was typed stays."""
    answer = signed_in("smc_bank").post(f"{ONE}/{event}", data=OFFER | form, headers=ORIGIN)
    [(name, typed)] = form.items()
    assert answer.status_code == 422
    assert answer.text.count(said) == 2
    assert f'href="#{event}-{name}"' in answer.text
    assert f'id="{event}-{name}"' in answer.text
    assert typed.strip() in answer.text
    assert door.asked(f"POST /applications/app_1/{event}") == []


def test_nothing_is_accepted_without_the_tick(signed_in: SignedIn, door: StandIn) -> None:
    answer = signed_in("smc_firm").post(f"{ONE}/accept", data={"offer": "2", "nonce": "n"}, headers=ORIGIN)
    assert answer.status_code == 422
    assert "请先阅读报价并勾选" in answer.text
    assert door.asked("POST /applications/app_1/accept") == []


@pytest.mark.parametrize(
    ("status", "problem", "said"),
    [
        (
            409,
            {"type": "/problems/offer-expired", "offer": 2, "expires_on": "2026-11-01"},
            "第 2 号报价已于 2026年11月1日",
        ),
        (409, {"type": "/problems/offer-passed", "found": 1, "needed": None}, "第 1 号报价已不再有效"),
        (
            403,
            {"type": "/problems/consent-required", "purpose": "financing-acceptance"},
            "“代为接受融资条件”的有效授权",
        ),
        (409, {"type": "/problems/product-used-up", "field": "quota", "product": "p1"}, "产品税易贷的名额已满"),
        (
            409,
            {"type": "/problems/product-used-up", "field": "budget_fen", "found": 100, "needed": 200, "product": "p1"},
            "产品税易贷的额度只剩 ¥1.00，需要 ¥2.00",
        ),
        (422, {"type": "/problems/terms-beyond", "field": "rate", "found": 0.1, "needed": 1e-06}, "年利率最多六位小数"),
        (
            422,
            {"type": "/problems/terms-beyond", "field": "months", "found": 3, "needed": {"least": 6, "most": 3}},
            "没有可填的值：产品最低 6 个月",
        ),
        (
            422,
            {
                "type": "/problems/terms-beyond",
                "field": "rate",
                "found": 0.2,
                "needed": {"least": 0.0, "most": 0.18},
                "all_in_simple_rate": 0.26123,
                "statute": 0.24,
            },
            "按单利折算为一年 26.12%，高于法律所保护的 24.00%；年利率最高可为 18.00%",
        ),
        (
            422,
            {"type": "/problems/terms-beyond", "field": "rate", "needed": {"least": 0, "most": None}, "statute": 0.24},
            "仅费用一项就高于法律所保护的 24.00%",
        ),
        (
            422,
            {
                "type": "/problems/terms-beyond",
                "field": "drawn_fen",
                "found": 1_000_000,
                "needed": {"least": 1_290_001, "most": 50_000_000},
                "all_in_simple_rate": 0.31,
                "statute": 0.24,
            },
            "折算为一年 31.00%，高于法律所保护的 24.00%。请放款不少于 ¥12,900.01（约定上限 ¥500,000.00）",
        ),
        (
            422,
            {
                "type": "/problems/terms-beyond",
                "field": "drawn_fen",
                "found": 1_000_000,
                "needed": {"least": 2_000_000, "most": 50_000_000},
                "all_in_simple_rate": None,
                "statute": 0.24,
            },
            "费用已占去全部款项。请放款不少于 ¥20,000.00",
        ),
        (
            422,
            {
                "type": "/problems/terms-beyond",
                "field": "drawn_fen",
                "found": 1_000_000,
                "needed": {"least": None, "most": 50_000_000},
                "all_in_simple_rate": 0.31,
                "statute": 0.24,
            },
            "提高放款金额也无法降至上限以内。请另行约定条件",
        ),
        (
            422,
            {
                "type": "/problems/terms-beyond",
                "field": "drawn_fen",
                "found": 1_000_000,
                "needed": {"least": None, "most": 50_000_000},
                "all_in_simple_rate": None,
                "statute": 0.24,
            },
            "费用已占去全部款项；提高放款金额，也无法降至法律所保护的 24.00% 以内。请另行约定条件",
        ),
        (409, {"type": "/problems/new", "title_zh": "新的情况", "detail": "Anew. / 重新来。"}, "新的情况。重新来。"),
    ],
)
def test_a_refusal_is_said_in_the_reader_s_language_with_what_to_do(
    signed_in: SignedIn, door: StandIn, status: int, problem: dict[str, Any], said: str
) -> None:
    """One that is not known in its own words."""
    door.answers["POST /applications/app_1/withdraw"] = Answer(status, problem)
    answer = signed_in("smc_firm").post(f"{ONE}/withdraw", data={"nonce": "n"}, headers=ORIGIN)
    assert answer.status_code == status
    assert said in words(answer.text).replace(" ，", "，")


def test_who_acted_for_the_firm_is_told(signed_in: SignedIn, door: StandIn) -> None:
    """The platform by name, the firm itself as you; the bank's reasons are text, whatever is in them."""
    found = fixture("application")
    found["events"][0]["client"] = "platform-demo"
    found["events"][2]["reason"] = "<b>no</b>"
    state_of(door, events=found["events"])
    page = signed_in("smc_firm").get(ONE).text
    assert "提交申请 · 平台代办 platform-demo" in words(page)
    assert "&lt;b&gt;no&lt;/b&gt;" in page
    state_of(door)
    assert "提交申请 · 您" in words(signed_in("smc_firm").get(ONE).text)


def test_another_site_s_form_moves_nothing(signed_in: SignedIn, door: StandIn) -> None:
    client = signed_in("smc_bank")
    for headers in ({}, {"Origin": "http://elsewhere"}):
        assert client.post(f"{ONE}/decline", data={"reason": "x", "nonce": "n"}, headers=headers).status_code == 403
    assert door.calls == []


@pytest.mark.parametrize(
    ("days", "zh", "urgent"),
    [(14, "还剩 14 天", False), (1, "还剩 1 天", True), (0, "今天截止", True), (-2, "已过期 2 天", True)],
)
def test_the_last_day_counts_in_days(days: int, zh: str, urgent: bool) -> None:
    on = date(2026, 12, 1)
    told = {"state": "offered", "expires_on": date.fromordinal(on.toordinal() + days).isoformat()}
    due = applications.due("zh", {**told, "updated_at": "2026-11-30T17:00:00Z"}, on)
    assert (due.left, due.urgent, due.turn) == (zh, urgent, "applicant" if days >= 0 else "bank")


def test_what_has_ended_waits_for_nobody() -> None:
    for state in ("declined", "withdrawn", "repaid", "defaulted", "disbursed"):
        due = applications.due("en", {"state": state, "updated_at": "2026-01-01T00:00:00Z"}, today())
        assert (due.turn, due.waited) == (None, "")
