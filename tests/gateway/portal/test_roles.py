"""What a page tells a role is true of it: the registry, who is sought and not found, the links of the navigation."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from portal_site import NOBODY, VISITORS, StandIn, fixture, serve_all

from gateway.portal import Answer

SignedIn = Callable[..., FlaskClient]
LIST = "/portal/applicants"
FIRM = f"{LIST}/local:E17"
REGISTRY = ("smc_operator", "smc_source")


@pytest.mark.parametrize("key", REGISTRY)
@pytest.mark.parametrize(
    ("language", "title", "false"), [("zh", "企业名录", "已向您授权"), ("en", "Firms", "given you consent")]
)
def test_who_sees_every_firm_is_not_told_that_they_consented(
    signed_in: SignedIn, door: StandIn, key: str, language: str, title: str, false: str
) -> None:
    """Nor that none is scored: no score is asked for."""
    page = signed_in(key, language).get(LIST).text
    assert f"<h1>{title}</h1>" in page
    assert 'href="/portal/applicants/local:E17"' in page
    assert false not in page
    assert "评分</th>" not in page
    assert "尚未由您评分" not in page
    assert [call for call in door.calls if call["route"].endswith("/scores")] == []


@pytest.mark.parametrize("key", REGISTRY)
def test_what_is_closed_to_a_role_is_said_and_not_linked(signed_in: SignedIn, door: StandIn, key: str) -> None:
    """A firm that others may have scored is not told to have no score."""
    door.answers["GET /enterprises/local:E17/scores"] = Answer(200, NOBODY)
    page = signed_in(key).get(FIRM).text
    assert "评分和画像只向企业授权的机构开放" in page
    assert f"{FIRM}/portrait" not in page
    assert "没有这家企业的评分" not in page


@pytest.mark.parametrize("key", ["smc_bank", "smc_platform"])
def test_a_firm_that_others_scored_is_not_told_to_have_no_score(signed_in: SignedIn, door: StandIn, key: str) -> None:
    """A bank sees the scores that it ordered, no other's; a platform orders none, and its list is silent of them."""
    door.answers["GET /enterprises/local:E17/scores"] = Answer(200, NOBODY)
    client = signed_in(key)
    assert "您还没有这家企业的评分。" in client.get(FIRM).text
    assert ("尚未由您评分" in client.get(LIST).text) == (key == "smc_bank")
    assert (door.asked("GET /enterprises/local:E41/scores") != []) == (key == "smc_bank")


@pytest.mark.parametrize(
    ("key", "said"), [("smc_bank", "没有有效的授权给您"), ("smc_operator", "系统中没有这家企业的档案")]
)
@pytest.mark.parametrize("path", [f"{LIST}/北京朝阳", f"{LIST}/open?id=北京朝阳"])
def test_a_name_that_nobody_has_is_a_search_without_a_result(
    signed_in: SignedIn, key: str, said: str, path: str
) -> None:
    """No page has it for its title; an address of it is none, and both lead back to the list."""
    answer = signed_in(key).get(path)
    assert answer.status_code == (200 if "?" in path else 404)
    assert f"没有找到“北京朝阳”：{'这家企业' if key == 'smc_bank' else ''}{said}" in answer.text
    assert "<h1>北京朝阳</h1>" not in answer.text
    assert f'href="{LIST}">查看全部' in answer.text


@pytest.mark.parametrize("said", ["local:E17", "E17", "e17"])
def test_the_one_firm_of_an_id_or_a_name_is_opened(signed_in: SignedIn, said: str) -> None:
    answer = signed_in("smc_bank").get(f"{LIST}/open", query_string={"id": said})
    assert answer.status_code == 303
    assert answer.location == FIRM


def test_a_part_of_a_name_lists_those_that_have_it(signed_in: SignedIn, door: StandIn) -> None:
    """All pages are looked through."""
    firms = [{"id": f"local:{n}", "name": name} for n, name in enumerate(["青山食品", "白山食品", "青山纸业"])]
    door.answers["GET /enterprises"] = Answer(200, {"items": firms[:2], "next": "c2"})
    door.answers["GET /enterprises?cursor=c2"] = Answer(200, {"items": firms[2:], "next": None})
    page = signed_in("smc_bank").get(f"{LIST}/open?id=青山").text
    assert re.findall(rf'<a href="{LIST}/local:(\d)">', page) == ["0", "2"]
    assert "找到 2 家。" in page


def test_a_search_that_stopped_early_says_that_there_may_be_more(signed_in: SignedIn, door: StandIn) -> None:
    door.answers["GET /enterprises"] = Answer(200, fixture("enterprises") | {"next": "more"})
    page = signed_in("smc_bank").get(f"{LIST}/open?id=local").text
    assert "列出前 20 家，可能还有" in page


def test_a_search_that_stopped_early_with_nothing_found_does_not_say_that_there_is_none(
    signed_in: SignedIn, door: StandIn
) -> None:
    door.answers["GET /enterprises"] = Answer(200, fixture("enterprises") | {"next": "more"})
    page = signed_in("smc_bank").get(f"{LIST}/open?id=zzz").text
    assert "所查的前几页企业中没有" in page
    assert "没有找到" not in page


def test_a_text_that_can_be_no_id_is_sought_as_a_name(signed_in: SignedIn, door: StandIn) -> None:
    """The service says that it is none; that is no failure of the search."""
    door.refused = {"id"}
    assert "没有找到“a b”" in signed_in("smc_bank").get(f"{LIST}/open?id=a b").text


@pytest.mark.parametrize("key", sorted(VISITORS))
def test_every_link_of_the_navigation_opens(signed_in: SignedIn, door: StandIn, key: str) -> None:
    """For each role that signs in."""
    serve_all(door)
    client = signed_in(key)
    page = client.get("/portal/notices").text
    links = re.findall(r'href="([^"#]+)', page.partition("<nav")[2].partition("</nav>")[0])
    assert links
    assert {link: client.get(link).status_code for link in links} == dict.fromkeys(links, 200)


@pytest.mark.parametrize(("key", "column"), [("smc_bank", True), ("smc_firm", False)])
def test_a_ledger_of_many_firms_says_whose_each_entry_is(
    signed_in: SignedIn, door: StandIn, key: str, column: bool
) -> None:
    """A firm's holds its own alone."""
    serve_all(door)
    page = signed_in(key).get("/portal/ledger/reads").text
    assert ('<span class="code">local:E7</span>' in page) == column
    assert ('<th scope="col">企业</th>' in page) == column


@pytest.mark.parametrize(
    ("purpose", "gone", "stays", "said"),
    [
        ("credit-assessment", ["/portrait", "/scores"], ["/matches"], "的授权不含授信评估"),
        ("financing-match", ["/matches"], ["/portrait", "/scores"], "的授权不含融资匹配"),
    ],
)
def test_what_a_consent_is_not_for_is_said_and_not_offered(
    signed_in: SignedIn, door: StandIn, purpose: str, gone: list[str], stays: list[str], said: str
) -> None:
    """A link or a form that is refused to everybody would promise what is not so."""
    whole = signed_in("smc_bank").get(FIRM).text
    assert said not in whole
    door.answers[f"GET /enterprises?purpose={purpose}"] = Answer(200, NOBODY)
    page = signed_in("smc_bank").get(FIRM).text
    assert f"它给 bank-demo {said}" in page
    for part in gone:
        assert f'"{FIRM}{part}"' in whole
        assert f'"{FIRM}{part}"' not in page
    for part in stays:
        assert f'"{FIRM}{part}"' in page
