"""From a match to an application, and the mandates by which a platform acts for a firm."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from portal_site import NOBODY, StandIn, fixture

from gateway.portal import Answer

SignedIn = Callable[..., FlaskClient]
ORIGIN = {"Origin": "http://localhost"}
MATCHING, HAND_IN = "/portal/enterprise/matching", "/portal/applications"
CHECK = f"{HAND_IN}/new?match=mat_1"
NEED = {"amount": "50", "months": "12", "nonce": "n"}
ORDER: dict[str, Any] = {"match": "mat_1", "product": ["p1"], "nonce": "n1"}
OPENED = {"applications": [{"id": "app_9", "state": "submitted", "existing": False}]}
MANDATES = "/portal/mandates"
MANDATE = {
    "grantee": "platform-demo",
    "purposes": ["financing-application"],
    "valid_until": "2099-01-31",
    "nonce": "n1",
}


@pytest.fixture
def ready(door: StandIn) -> StandIn:
    """Return the stand-in, which takes an application."""
    door.answers["POST /applications"] = Answer(201, OPENED)
    return door


def test_a_firm_asks_what_fits_and_chooses(signed_in: SignedIn, door: StandIn) -> None:
    """It reads its own file, so that no purpose goes out."""
    page = signed_in("smc_firm").post(MATCHING, data=NEED, headers=ORIGIN).text
    assert re.findall(r'name="product" value="([a-z0-9-]+)"', page) == [
        each["product"] for each in fixture("match")["offers"]
    ]
    [call] = door.asked("POST /matches")
    assert (call["json"]["enterprise"], "Purpose" in call) == ("local:E17", False)


def test_with_scripts_only_the_answer_comes(signed_in: SignedIn) -> None:
    answer = signed_in("smc_firm").post(MATCHING, data=NEED, headers={**ORIGIN, "HX-Request": "true"})
    assert ("<html" in answer.text, "申请这个产品" in answer.text) == (False, True)


def test_a_bank_looks_and_does_not_apply(signed_in: SignedIn, door: StandIn) -> None:
    client = signed_in("smc_bank")
    page = client.post("/portal/applicants/local:E17/matches", data=NEED, headers=ORIGIN).text
    assert 'name="product"' not in page
    assert client.get(f"{CHECK}&product=p1").status_code == 403
    assert client.post(HAND_IN, data=ORDER, headers=ORIGIN).status_code == 403
    assert door.asked("POST /applications") == []


def test_before_it_is_handed_in_it_is_shown(signed_in: SignedIn, door: StandIn) -> None:
    """Need, products, and each paper that one of them asks for once."""
    match = fixture("match")
    for offer in match["offers"][:2]:
        offer["documents"] = [{"id": "licence", "title": {"zh": "营业执照", "en": "Business licence"}}]
    door.answers["GET /matches/mat_1"] = Answer(200, match)
    page = signed_in("smc_firm").get(f"{CHECK}&product=p1&product={match['offers'][1]['product']}").text
    for said in ("¥500,000.00", "12 个月", match["offers"][1]["title"]["zh"]):
        assert said in page
    assert page.count('name="paper_title" value="营业执照"') == 1
    assert door.asked("POST /applications") == []


@pytest.mark.parametrize("draft", [False, True])
def test_the_need_is_the_match_s_and_papers_go_out_as_digests(signed_in: SignedIn, ready: StandIn, draft: bool) -> None:
    """A form that says another need is not believed; of a file only name and digest leave."""
    papers = {"paper_title": "营业执照", "paper_0": (BytesIO(b"scan"), "a.pdf"), "paper": (BytesIO(b"more"), "b.pdf")}
    form = {**ORDER, **papers, "amount_fen": "1", "draft": "true" if draft else ""}
    answer = signed_in("smc_firm").post(HAND_IN, data=form, headers=ORIGIN)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{HAND_IN}/app_9?did=submit")
    [call] = ready.asked("POST /applications")
    assert call["json"] == {
        "enterprise": "local:E17",
        "products": ["p1"],
        "need": {"amount_fen": 50_000_000, "months": 12},
        "documents": [
            {"name": "营业执照", "sha256": hashlib.sha256(b"scan").hexdigest()},
            {"name": "b.pdf", "sha256": hashlib.sha256(b"more").hexdigest()},
        ],
        "draft": draft,
        "match": "mat_1",
    }
    assert call["Idempotency-Key"]


@pytest.mark.parametrize(("draft", "did", "words"), [("", "handed_in", "申请已提交"), ("true", "kept", "银行还看不到")])
def test_several_products_lead_to_the_list(
    signed_in: SignedIn, door: StandIn, draft: str, did: str, words: str
) -> None:
    """Which says of drafts that no bank sees them."""
    door.answers["POST /applications"] = Answer(201, {"applications": OPENED["applications"] * 2})
    firm = signed_in("smc_firm")
    answer = firm.post(HAND_IN, data={**ORDER, "draft": draft}, headers=ORIGIN)
    assert answer.headers["Location"] == f"{HAND_IN}?did={did}"
    assert words in firm.get(answer.headers["Location"]).text


def test_nothing_chosen_is_said(signed_in: SignedIn, ready: StandIn) -> None:
    client = signed_in("smc_firm")
    for answer in (client.get(CHECK), client.post(HAND_IN, data={"match": "mat_1"}, headers=ORIGIN)):
        assert (answer.status_code, "还没有选择产品" in answer.text) == (422, True)
    assert ready.asked("POST /applications") == []


def test_a_platform_applies_for_a_firm_by_its_match(signed_in: SignedIn, ready: StandIn) -> None:
    """It reads the match again as a soft check; without a mandate it is told to ask for one, by name."""
    client = signed_in("smc_platform")
    assert client.post(HAND_IN, data=ORDER, headers=ORIGIN).status_code == 303
    assert {call["Purpose"] for call in ready.asked("GET /matches/mat_1")} == {"financing-match"}
    problem = {"type": "/problems/consent-required", "purpose": "financing-application", "detail": "No."}
    ready.answers["POST /applications"] = Answer(403, problem)
    refused = client.post(HAND_IN, data=ORDER, headers=ORIGIN)
    assert refused.status_code == 403
    assert "“代为申请融资”的有效授权" in refused.text


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        ({"type": "/problems/match-passed"}, "产品已有新版本"),
        ({"type": "/problems/application-open", "product": "p1"}, "由他方提交"),
        (
            {"type": "/problems/application-open", "product": "p1", "event": "submit", "application": "app_3"},
            "已有一份草稿",
        ),
        ({"type": "/problems/application-open", "product": "p1", "application": "app_3"}, "请先撤回那一笔"),
        (
            {"type": "/problems/application-open", "product": "p1", "application": "app_3", "found": 2, "needed": 1},
            "已有按第 1 版办理的申请，这次匹配的是第 2 版",
        ),
    ],
)
def test_a_refused_hand_in_says_what_to_do(
    signed_in: SignedIn, door: StandIn, problem: dict[str, Any], said: str
) -> None:
    """With the way to the one that is under way, where it is theirs."""
    door.answers["POST /applications"] = Answer(409, problem)
    answer = signed_in("smc_firm").post(HAND_IN, data=ORDER, headers=ORIGIN)
    assert answer.status_code == 409
    assert said in answer.text
    assert ('href="/portal/applications/app_3"' in answer.text) == ("application" in problem)


@pytest.mark.parametrize(
    ("key", "where"),
    [("smc_firm", f"{MATCHING}?match=mat_1"), ("smc_platform", "/portal/applicants/local:E17?match=mat_1")],
)
def test_the_way_back_leads_to_the_match_that_was_chosen_from(
    signed_in: SignedIn, door: StandIn, key: str, where: str
) -> None:
    """With its need in the form and its products to choose; no other match is made."""
    match = fixture("match")
    match["need"] |= {"amount_fen": 12_345_600, "months": 18, "kind": "leasing"}
    door.answers["GET /matches/mat_1"] = Answer(200, match)
    client = signed_in(key)
    assert f'href="{where}#matching"' in client.get(f"{CHECK}&product=p1").text
    page = client.get(where).text
    for said in ('value="12.3456"', 'value="18"', 'value="leasing" selected', 'name="product" value="p1"'):
        assert said in page
    assert door.asked("POST /matches") == []


@pytest.mark.parametrize("name", ["..", "mat_1"])
def test_no_match_of_another_firm_is_shown(signed_in: SignedIn, door: StandIn, name: str) -> None:
    door.answers["GET /matches/mat_1"] = Answer(200, fixture("match") | {"enterprise": "local:E3"})
    assert signed_in("smc_firm").get(MATCHING, query_string={"match": name}).status_code == 404
    assert (
        signed_in("smc_platform").get("/portal/applicants/local:E17", query_string={"match": name}).status_code == 404
    )


@pytest.mark.parametrize("chosen", [True, False])
def test_after_a_refusal_files_have_to_be_chosen_again(signed_in: SignedIn, door: StandIn, chosen: bool) -> None:
    """Which is said where there were any."""
    door.answers["POST /applications"] = Answer(409, {"type": "/problems/match-passed"})
    files = {"paper": (BytesIO(b"more"), "b.pdf" if chosen else "")}
    answer = signed_in("smc_firm").post(HAND_IN, data={**ORDER, **files}, headers=ORIGIN)
    assert answer.status_code == 409
    assert ("请重新选择文件" in answer.text) == chosen


@pytest.mark.parametrize(("count", "status"), [(50, 303), (51, 422)])
def test_more_papers_than_a_dossier_takes_are_refused(
    signed_in: SignedIn, ready: StandIn, count: int, status: int
) -> None:
    """None of them is left out unsaid."""
    titled = {f"paper_{n}": (BytesIO(b"t"), "t.pdf") for n in range(2)}
    papers = {
        "paper_title": ["营业执照", "流水"],
        **titled,
        "paper": [(BytesIO(b"x"), f"{n}.pdf") for n in range(count - 2)],
    }
    answer = signed_in("smc_firm").post(HAND_IN, data={**ORDER, **papers}, headers=ORIGIN)
    assert answer.status_code == status
    handed_in = [len(call["json"]["documents"]) for call in ready.asked("POST /applications")]
    assert handed_in == ([count] if status == 303 else [])
    assert ("材料最多 50 份" in answer.text) == (status == 422)


def test_a_firm_sees_the_mandates_that_it_gave_and_who_used_them(signed_in: SignedIn, door: StandIn) -> None:
    """What each allows, its last day, live or over; a consent to read is none."""
    used = {"at": "2026-11-24T02:00:00Z", "client": "platform-demo", "purpose": "financing-application"}
    door.answers["GET /enterprises/local:E17/accesses"] = Answer(
        200, {"items": [used, *fixture("accesses")["items"]], "next": None}
    )
    page = signed_in("smc_firm").get(MANDATES).text
    for said in ("platform-demo", "代为接受融资条件", "2036年10月31日", "已到期", "2026-11-24 10:00"):
        assert said in page
    assert page.count("/end") == 1
    assert "bank-demo" not in page


@pytest.mark.parametrize("route", ["GET /consents", "GET /enterprises/local:E17/accesses"])
@pytest.mark.parametrize("status", [403, 503])
def test_mandates_that_cannot_be_read_are_not_told_as_none(
    signed_in: SignedIn, door: StandIn, route: str, status: int
) -> None:
    """A refusal and an outage of either list fail aloud."""
    door.answers[route] = Answer(status, {"type": "/problems/forbidden", "detail": "No."})
    answer = signed_in("smc_firm").get(MANDATES)
    assert answer.status_code == status
    assert "没有委托任何平台" not in answer.text
    assert "没有平台以本企业名义办理过" not in answer.text


@pytest.mark.parametrize("key", ["smc_firm", "smc_platform"])
def test_an_application_says_nothing_of_mandates_that_cannot_be_read(
    signed_in: SignedIn, door: StandIn, key: str
) -> None:
    """And a platform has every form that is possible: the service refuses what no mandate covers."""
    door.answers["GET /consents"] = Answer(503, {"detail": "Down."})
    page = signed_in(key).get(f"{HAND_IN}/app_1").text
    assert 'id="mandates-title"' not in page
    assert set(re.findall(rf'action="{HAND_IN}/app_1/([a-z]+)"', page)) == {"accept", "withdraw"}


def test_uses_of_a_mandate_are_looked_for_beyond_the_first_page(signed_in: SignedIn, door: StandIn) -> None:
    """Page by page to the end."""
    used = {"at": "2026-11-24T02:00:00Z", "client": "platform-old", "purpose": "financing-acceptance"}
    route = "GET /enterprises/local:E17/accesses"
    door.answers[route] = Answer(200, fixture("accesses") | {"next": "c2"})
    door.answers[f"{route}?cursor=c2"] = Answer(200, {"items": [used], "next": None})
    assert "2026-11-24 10:00" in signed_in("smc_firm").get(MANDATES).text


@pytest.mark.parametrize(
    ("last", "said"),
    [(None, "没有平台以本企业名义办理过。"), ("more", "最近 {count} 次查询中，没有平台以本企业名义办理过。")],
)
def test_a_search_that_stopped_early_says_how_far_it_looked(
    signed_in: SignedIn, door: StandIn, last: str | None, said: str
) -> None:
    """After five pages; one that reached the end says that there is none."""
    reads = fixture("accesses")["items"]
    door.answers["GET /enterprises/local:E17/accesses"] = Answer(200, {"items": reads, "next": last})
    page = signed_in("smc_firm").get(MANDATES).text
    asked = door.asked("GET /enterprises/local:E17/accesses")
    assert f'<p class="empty">{said.format(count=len(reads) * 5)}</p>' in page
    assert len(asked) == (5 if last else 1)


def test_a_platform_sees_what_it_may_do_and_ends_nothing(signed_in: SignedIn, door: StandIn) -> None:
    page = signed_in("smc_platform", "en").get(MANDATES).text
    assert "local:E17" in page
    assert "<form" not in page.partition("<main")[2]
    door.answers["GET /consents"] = Answer(200, NOBODY)
    assert "Ask firms to enter your id, platform-demo" in signed_in("smc_platform", "en").get(MANDATES).text


def test_a_mandate_is_given_for_what_is_ticked_until_its_day(signed_in: SignedIn, door: StandIn) -> None:
    assert signed_in("smc_firm").post(MANDATES, data=MANDATE, headers=ORIGIN).status_code == 303
    [call] = door.asked("POST /consents")
    wanted = {name: value for name, value in MANDATE.items() if name != "nonce"}
    assert {name: call["json"][name] for name in wanted} == wanted
    assert call["Idempotency-Key"] == "n1"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"grantee": " "}, "请填写平台的编号"),
        ({"purposes": []}, "请至少选择一项"),
        ({"purposes": ["credit-assessment"]}, "请至少选择一项"),
        ({"valid_until": "2020-01-01"}, "今天以后"),
    ],
)
def test_an_incomplete_mandate_is_not_given(
    signed_in: SignedIn, door: StandIn, change: dict[str, Any], said: str
) -> None:
    answer = signed_in("smc_firm").post(MANDATES, data=MANDATE | change, headers=ORIGIN)
    assert (answer.status_code, said in answer.text) == (422, True)
    assert door.asked("POST /consents") == []


@pytest.mark.parametrize(
    ("language", "said"), [("zh", "没有授权成功。请核对平台编号"), ("en", "Not given. Check the platform")]
)
def test_a_mandate_that_is_refused_says_what_to_look_at(
    signed_in: SignedIn, door: StandIn, language: str, said: str
) -> None:
    """Above the form, in the reader's language, with what was typed still in it."""
    door.answers["POST /consents"] = Answer(422, {"type": "/problems/invalid", "detail": "The grantee is nobody."})
    answer = signed_in("smc_firm", language).post(MANDATES, data=MANDATE, headers=ORIGIN)
    assert answer.status_code == 422
    assert f'role="alert"><p>{said}' in answer.text
    assert "The grantee is nobody." not in answer.text
    assert 'value="platform-demo"' in answer.text


def test_no_mandate_is_ticked_beforehand(signed_in: SignedIn) -> None:
    assert " checked" not in signed_in("smc_firm").get(MANDATES).text


def test_a_mandate_is_ended_at_once_also_twice(signed_in: SignedIn, door: StandIn) -> None:
    client = signed_in("smc_firm")
    for _ in range(2):
        assert client.post(f"{MANDATES}/con_4/end", data={"nonce": "n"}, headers=ORIGIN).status_code == 303
        door.answers["POST /consents/con_4/revoke"] = Answer(409, {"type": "/problems/consent-already-revoked"})
    assert client.post(f"{MANDATES}/con..4/end", headers=ORIGIN).status_code == 404


@pytest.mark.parametrize("key", ["smc_bank", "smc_platform"])
def test_only_a_firm_gives_and_ends_mandates(signed_in: SignedIn, door: StandIn, key: str) -> None:
    client = signed_in(key)
    assert client.post(MANDATES, data=MANDATE, headers=ORIGIN).status_code == 403
    assert client.post(f"{MANDATES}/con_4/end", headers=ORIGIN).status_code == 403
    assert door.calls == []
