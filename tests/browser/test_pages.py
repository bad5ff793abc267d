"""The portal's pages in a real Chromium: what they show, how they fit, whom they shut out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from portal_pages import FIRM, PAGES
from portal_site import StandIn, fixture, marks, serve_all

import gateway.portal
from gateway.portal import Answer
from gateway.portal.language import Language, text

Visit = Callable[..., Any]
LANGUAGES = ("zh", "en")
FILE = "GET /enterprises/local:E17"
# Pages that bear the mark of what is disputed, each with the answer that tells of it.
MARKED = {
    "portrait": (f"{FILE}/portrait", "portrait"),
    "dimension": (f"{FILE}/portrait/payment", "dimension"),
    "records": (f"{FILE}/evidence", "evidence"),
    "own signals": (f"{FILE}/signals", "signals"),
    "applicant": (f"{FILE}/scores", "scores"),
}
# What the console says of a page that is refused, as it should be.
REFUSALS = dict.fromkeys(("no such page", "closed page"), "Failed to load resource")
AXE = Path(gateway.portal.__file__).parent / "assets" / "node_modules" / "axe-core" / "axe.min.js"
MAIN, UP, DOWN = "#0b5563", "#1f6b57", "#a63d2b"


def axe(page: Any) -> list[str]:
    """Return what axe finds wrong, a line each. It runs outside the page's policy, as a browser's extension would."""
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("() => axe.run()")
    return [f"{each['id']}: {node['html'][:120]}" for each in found["violations"] for node in each["nodes"]]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_breaks_no_rule_of_accessibility_and_no_policy(
    visit: Visit, door: StandIn, name: str, language: Language
) -> None:
    """Axe finds nothing, and the console reports neither a breach of the CSP nor an error but a refusal's status."""
    serve_all(door)
    path, key = PAGES[name]
    page = visit(path, key=key, language=language)
    assert [each for each in page.complaints if not each.startswith(REFUSALS.get(name, "-"))] == []
    assert axe(page) == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_a_phone(visit: Visit, door: StandIn, name: str) -> None:
    """At 390 px wide nothing needs a horizontal scroll."""
    serve_all(door)
    path, key = PAGES[name]
    page = visit(path, key=key, width=390)
    assert page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("name", PAGES)
def test_on_the_narrowest_phone_no_table_goes_on_beyond_its_edge(visit: Visit, door: StandIn, name: str) -> None:
    """At 360 px a row is a card: what it is about does not lie off the screen."""
    serve_all(door)
    path, key = PAGES[name]
    page = visit(path, key=key, width=360)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    tables = page.locator(".scroll")
    beyond = tables.evaluate_all("all => all.filter(each => each.scrollWidth > each.clientWidth).map(e => e.innerText)")
    assert beyond == []
    assert page.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", MARKED)
def test_a_page_with_marks_breaks_no_rule_and_fits_a_phone(
    visit: Visit, door: StandIn, name: str, language: Language
) -> None:
    """The firm's words stand on it; they are its own, however long."""
    for route, file in MARKED.values():
        told = fixture(file)
        door.answers[route] = Answer(200, told | {"disputes": marks()})
        if file == "scores":
            door.answers[route] = Answer(
                200, told | {"items": [each | {"disputes": marks()} for each in told["items"]]}
            )
    path, key = PAGES[name]
    page = visit(path, key=key, language=language, width=390)
    assert page.get_by_role("note").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert (page.complaints, axe(page)) == ([], [])


def test_a_pasted_key_opens_the_page_that_was_asked_for_and_signing_out_closes_it(visit: Visit) -> None:
    """Sign in by hand, arrive where one wanted to go, sign out, and be asked again."""
    page = visit(FIRM)
    page.fill("#key", "smc_bank")
    page.keyboard.press("Enter")
    page.wait_for_selector(".verdict")
    page.click(".who button")
    page.wait_for_selector("#key")
    page.goto(page.url.replace("/portal/", FIRM))
    assert page.locator("#key").is_visible()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_radar_marks_the_dimensions_that_have_data_and_no_other(visit: Visit, language: Language) -> None:
    """Six of the fixture's eight dimensions have a score: six marks, eight names, two of them without data."""
    page = visit("/portal/enterprise", key="smc_firm", language=language)
    svg = page.locator("[data-chart=radar] svg")
    assert svg.locator(f"path[fill='{MAIN}']").count() == 6
    names = svg.locator("text").all_text_contents()
    for dimension in fixture("portrait")["dimensions"]:
        assert dimension["title"][language] in " ".join(names)  # a long name stands on two lines
    assert names.count(text(language, "portrait.no_data")) == 2


def test_the_months_are_drawn_as_one_bar_each(visit: Visit) -> None:
    """Thirty-six months of sales are thirty-six bars."""
    page = visit("/portal/enterprise", key="smc_firm")
    bars = page.locator(f"[data-chart=months] svg path[fill='{MAIN}']").count()
    assert bars == 36 + 1  # and the key of the legend


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_waterfall_draws_each_step_from_the_base_to_the_score(visit: Visit, language: Language) -> None:
    """Twelve largest contributions and the rest as one: thirteen bars, between base and score."""
    page = visit(FIRM, key="smc_bank", language=language)
    svg = page.locator("[data-chart=waterfall] svg")
    assert svg.locator(f"path[fill='{UP}'], path[fill='{DOWN}']").count() == 13
    words = svg.locator("text").all_text_contents()
    assert text(language, "score.base") in words
    assert "652" in words


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_match_form_shows_offers_and_refusals_without_leaving_the_page(
    visit: Visit, door: StandIn, language: Language
) -> None:
    """The typed 50 万元 goes out as fen under the purpose of a soft check; the answer is swapped into the page."""
    page = visit(FIRM, key="smc_bank", language=language)
    page.evaluate("window.stayed = true")
    page.fill("#amount", "50")
    page.fill("#months", "12")
    page.click(".need button")
    page.wait_for_selector(".offers")
    assert page.evaluate("window.stayed") is True
    assert page.locator(".offers > li").count() == 3
    assert page.locator(".refusals > li").count() == 2
    [call] = door.asked("POST /matches")
    assert call["json"] == {"enterprise": "local:E17", "need": {"amount_fen": 50_000_000, "months": 12}}
    assert call["Purpose"] == "financing-match"
    assert page.complaints == []
    assert axe(page) == []


def test_a_wrong_amount_is_said_beside_the_form(visit: Visit, door: StandIn) -> None:
    """Nothing is asked of the services; the page says what an amount looks like."""
    page = visit(FIRM, key="smc_bank")
    page.fill("#amount", "五十")
    page.click(".need button")
    assert "例如 50" in page.locator("#match [role=alert]").inner_text()
    assert door.asked("POST /matches") == []


def test_a_silent_service_is_said_in_place_of_the_offers(visit: Visit, door: StandIn) -> None:
    """The rest of the page stays."""
    page = visit(FIRM, key="smc_bank")
    door.down = True
    page.click(".need button")
    page.wait_for_selector("#match .problem")
    assert "服务暂时没有应答" in page.locator("#match").inner_text()
    assert page.locator(".verdict").is_visible()


def test_a_firm_grants_and_revokes_a_consent_by_keyboard(visit: Visit, door: StandIn) -> None:
    """The form is reached, begun with a preset and sent with Tab and Enter alone."""
    page = visit("/portal/enterprise", key="smc_firm")
    page.locator("#consents summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**preset=match*")
    page.locator("#grantee").focus()
    page.keyboard.type("bank-demo")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=status]")
    [granted] = door.asked("POST /consents")
    assert granted["json"]["grantee"] == "bank-demo"
    assert granted["json"]["purposes"] == ["financing-match"]
    assert granted["json"]["fields"] == ["score"]
    page.locator("#consents button.plain.bad").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=status]")
    assert len(door.asked("POST /consents/con_1/revoke")) == 1


def test_the_language_switch_stays_on_the_page_and_is_remembered(visit: Visit) -> None:
    """From Chinese to English on the applicant's page, and on the next page still."""
    page = visit(FIRM, key="smc_bank")
    page.click("a[hreflang=en]")
    page.wait_for_load_state()
    assert page.url.endswith(FIRM)
    assert page.locator("html").get_attribute("lang") == "en"
    page.click("nav a >> nth=0")
    assert page.locator("h1").inner_text() == "Applicants"


def test_the_match_form_works_without_scripts(chromium: Any, address: str) -> None:
    """Without JavaScript the form answers with the whole page."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/portal/sign-in")
    page.fill("#key", "smc_bank")
    page.click("form:has(#key) button")
    page.goto(f"{address}{FIRM}")
    page.click(".need button")
    assert page.locator(".offers > li").count() == 3
    assert page.locator(".verdict").is_visible()
    context.close()


def test_a_printed_page_holds_the_tables_and_not_the_controls(visit: Visit) -> None:
    """The paper version shows no form and no menu."""
    page = visit(FIRM, key="smc_bank")
    page.emulate_media(media="print")
    assert not page.locator(".need").is_visible()
    assert not page.locator("nav").is_visible()
    assert page.locator(".verdict").is_visible()
