"""Lists of applications: what a row says, how filters reach the service, where the rest is; refusals by language."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from portal_site import NOBODY, StandIn, fixture

from gateway.portal import Answer

SignedIn = Callable[..., FlaskClient]
ORIGIN = {"Origin": "http://localhost"}
LIST = "/portal/applications"
ONE = f"{LIST}/app_1"


def plain(page: str) -> str:
    """Return a page without the marks of its moments."""
    return re.sub(r"</?time[^>]*>", "", page)


def rows_of(door: StandIn, **changes: Any) -> None:
    """Let the list hold one application, that stands otherwise."""
    door.answers["GET /applications"] = Answer(200, {"items": [fixture("application") | changes], "next": None})


@pytest.mark.parametrize(
    ("language", "opened", "handed_in"), [("zh", "创建时间", "提交时间"), ("en", "Opened", "Handed in")]
)
def test_when_it_was_opened_and_when_it_was_handed_in_are_two_moments(
    signed_in: SignedIn, door: StandIn, language: str, opened: str, handed_in: str
) -> None:
    """A draft waits before the bank sees it; one that waits still has no moment of being handed in."""
    found = fixture("application")
    draft = found["events"][0] | {"event": "open", "state": "draft"}
    events = [draft, found["events"][0] | {"at": "2026-11-21T03:15:00Z"}]
    door.answers["GET /applications/app_1"] = Answer(200, found | {"events": events})
    page = plain(signed_in("smc_firm", language).get(ONE).text)
    assert f"<dt>{opened}</dt><dd>2026-11-20 10:00</dd>" in page
    assert f"<dt>{handed_in}</dt><dd>2026-11-21 11:15</dd>" in page
    assert opened in signed_in("smc_firm", language).get(LIST).text
    door.answers["GET /applications/app_1"] = Answer(200, found | {"state": "draft", "events": [draft]})
    assert f"<dt>{handed_in}</dt>" not in signed_in("smc_firm", language).get(ONE).text


@pytest.mark.parametrize(("key", "theirs"), [("smc_bank", True), ("smc_firm", False)])
def test_an_expired_offer_is_the_bank_s_turn_in_the_list(
    signed_in: SignedIn, door: StandIn, key: str, theirs: bool
) -> None:
    """What is one's own turn stands out; the firm cannot accept it any more."""
    rows_of(door, state="offered", expires_on="2026-01-02")
    page = signed_in(key).get(LIST).text
    assert ("<strong>报价已过期，待银行重新报价</strong>" in page) == theirs
    assert "报价已过期，待银行重新报价" in page


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ({"product": "p1"}, {"product": "p1"}),
        ({"enterprise": "local:E41"}, {"enterprise": "local:E41"}),
        ({"product": "p1", "enterprise": "local:E17"}, {"product": "p1", "enterprise": "local:E17"}),
        ({"product": "税易", "enterprise": "local:E17"}, {"enterprise": "local:E17"}),
        ({"product": "p1", "enterprise": "E17"}, {"product": "p1"}),
        ({"enterprise": "local:E4"}, {}),
    ],
)
def test_an_id_that_is_known_is_filtered_by_the_service(
    signed_in: SignedIn, door: StandIn, typed: dict[str, str], asked: dict[str, str]
) -> None:
    """A name or a part of an id is sought here."""
    signed_in("smc_bank").get(LIST, query_string=typed)
    [call] = door.asked("GET /applications")
    assert call["query"] == {"limit": 20, **asked}


def test_each_page_that_is_read_has_the_same_filter(signed_in: SignedIn, door: StandIn) -> None:
    door.answers["GET /applications"] = Answer(200, fixture("applications") | {"next": "c2"})
    door.answers["GET /applications?cursor=c2"] = Answer(200, fixture("applications"))
    signed_in("smc_bank").get(f"{LIST}?product=p1")
    assert [call["query"].get("cursor") for call in door.asked("GET /applications")] == [None, "c2"]
    assert {call["query"]["product"] for call in door.asked("GET /applications")} == {"p1"}


@pytest.mark.parametrize(
    ("rest", "language", "said"),
    [
        ("c9", "zh", "最近的申请中没有符合条件的；请点下面继续查找。"),
        ("c9", "en", "None among the latest; go on below."),
        (None, "zh", "没有符合条件的申请。"),
    ],
)
def test_an_empty_page_with_more_behind_it_does_not_say_that_there_is_none(
    signed_in: SignedIn, door: StandIn, rest: str | None, language: str, said: str
) -> None:
    """Only the end of the list says so."""
    door.answers["GET /applications"] = Answer(200, NOBODY | {"next": rest})
    page = signed_in("smc_bank", language).get(f"{LIST}?product=x").text
    assert f'<p class="empty">{said}' in page
    assert ('rel="next"' in page) == (rest is not None)


@pytest.mark.parametrize(
    ("language", "detail", "said"),
    [
        ("zh", "Try this anew.", "新的情况。"),
        ("zh", "By 法释〔2017〕7号 it ends in 2031.", "新的情况。"),
        ("zh", "Try this anew. / 重新来。", "新的情况。重新来。"),
        ("en", "Try this anew. / 重新来。", "A new case. Try this anew."),
    ],
)
def test_a_refusal_without_words_of_its_own_is_told_in_one_language(
    signed_in: SignedIn, door: StandIn, language: str, detail: str, said: str
) -> None:
    """A detail that has no Chinese part is left out on a Chinese page."""
    problem = {"type": "/problems/new", "title": "A new case", "title_zh": "新的情况", "detail": detail}
    door.answers["POST /applications/app_1/withdraw"] = Answer(409, problem)
    answer = signed_in("smc_firm", language).post(f"{ONE}/withdraw", data={"nonce": "n"}, headers=ORIGIN)
    assert f"<li>{said}</li>" in answer.text
