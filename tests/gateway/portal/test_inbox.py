"""Lists of applications: what a row says, how the filters reach the service, and where the rest is."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from portal_site import NOBODY, StandIn, fixture

from gateway.portal import Answer

SignedIn = Callable[..., FlaskClient]
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
