"""Behind the portrait: figures that add up, records with their origin, late payments with interest, empty states."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
from flask.testing import FlaskClient
from portal_site import CONSENT_REQUIRED, StandIn, fixture

from gateway.portal import Answer, charts

SignedIn = Callable[..., FlaskClient]
FIRM = "/portal/applicants/local:E17"


def test_each_dimension_with_a_score_has_its_trend_its_confidence_and_a_way_in(signed_in: SignedIn) -> None:
    """A curve for each score, a link for every dimension."""
    page = signed_in("smc_firm").get("/portal/enterprise").text
    scored = [each for each in fixture("portrait")["dimensions"] if each["score"] is not None]
    assert page.count('class="curve') == len(scored)
    assert page.count("/portal/enterprise/dimensions/") == 8


def test_the_peer_group_is_said(signed_in: SignedIn) -> None:
    """Which firms, and how many."""
    assert (
        "Compared with Wholesale and retail, micro, 112 in all"
        in signed_in("smc_firm", "en").get("/portal/enterprise").text
    )


def test_a_dimension_shows_every_figure_the_strongest_first(signed_in: SignedIn) -> None:
    """Each with its contribution and a link to its records."""
    page = signed_in("smc_firm").get("/portal/enterprise/dimensions/payment").text
    lines = fixture("dimension")["features"]
    assert page.count("/portal/enterprise/records/") == len(lines)
    strongest = max(lines, key=lambda line: abs(line["contribution"]))
    assert page.index(strongest["title"]["zh"]) == min(page.index(line["title"]["zh"]) for line in lines)


def test_records_name_their_source_and_channel_and_the_next_page_keeps_the_moment(signed_in: SignedIn) -> None:
    """The link carries as_of and known_at, so that no record repeats or goes missing."""
    page = signed_in("smc_firm").get("/portal/enterprise/records/days_beyond_terms_paid_12m").text
    assert "政府公开信息" in page
    assert f"as_of={fixture('evidence')['as_of']}" in page
    assert "known_at=" in page


def test_an_invoice_leads_to_its_lines_and_back_at_the_same_moment(signed_in: SignedIn) -> None:
    """From the record to what was sold, how much of it and who stated it."""
    firm = signed_in("smc_firm")
    records = firm.get("/portal/enterprise/records/days_beyond_terms_paid_12m").text
    [link] = set(re.findall(r'href="(/portal/enterprise/invoices/rec_e00d[^"]+)"', records))
    lines = firm.get(unescape(link)).text
    for shown in ("*钢材*螺纹钢", "HRB400", "¥12,600.00", ">9%<", "政府公开信息"):
        assert shown in lines
    assert "/portal/enterprise/records/days_beyond_terms_paid_12m?as_of=2024-06-30&amp;known_at=" in lines


def test_an_invoice_without_lines_says_how_they_come(signed_in: SignedIn, door: StandIn) -> None:
    """An empty state, not an empty table."""
    nothing = fixture("invoice_lines") | {"lines": [], "stated": None}
    door.answers["GET /enterprises/local:E17/invoices/rec_1/lines"] = Answer(200, nothing)
    assert "OFD" in signed_in("smc_firm").get("/portal/enterprise/invoices/rec_1/lines").text


def test_interest_is_shown_where_the_law_binds(signed_in: SignedIn) -> None:
    """To the fen."""
    page = signed_in("smc_firm").get("/portal/enterprise").text
    assert "¥984.45" in page
    assert "机关、事业单位" in page


def test_without_payments_the_page_says_what_would_appear(signed_in: SignedIn) -> None:
    """An empty state, not an empty table."""
    assert "还没有银行流水" in signed_in("smc_thin").get("/portal/enterprise").text


def test_a_bank_without_consent_to_records_sees_the_portrait_without_late_payments(
    signed_in: SignedIn, door: StandIn
) -> None:
    """The rest of the page stands."""
    door.answers["GET /enterprises/local:E17/late-payments"] = Answer(403, CONSENT_REQUIRED)
    page = signed_in("smc_bank").get(f"{FIRM}/portrait")
    assert page.status_code == 200
    assert 'id="late"' not in page.text


def test_a_bank_reads_records_for_its_purpose(signed_in: SignedIn, door: StandIn) -> None:
    """The purpose goes out with the request, and the page says that the look is recorded."""
    page = signed_in("smc_bank").get(f"{FIRM}/records/sales_12m").text
    [call] = door.asked("GET /enterprises/local:E17/evidence")
    assert call["Purpose"] == "credit-assessment"
    assert "已按授权记入" in page


@pytest.mark.parametrize("path", ["dimensions/luck", "records/.."])
def test_an_impossible_dimension_or_figure_reaches_no_service(signed_in: SignedIn, door: StandIn, path: str) -> None:
    """404 from the portal itself."""
    assert signed_in("smc_firm").get(f"/portal/enterprise/{path}").status_code == 404
    assert door.calls == []


def test_a_curve_breaks_where_a_month_is_unknown() -> None:
    """Two stretches, not a line through nothing; 100 is at the top."""
    assert charts.sparkline([100, 0, None, 50], 30, 10) == ["0.0,0.0 10.0,10.0", "30.0,5.0"]


def test_a_bank_sees_whose_word_a_portrait_rests_on(signed_in: SignedIn) -> None:
    """The money by channel, what is confirmed of it, and what the firm alone says."""
    page = unescape(signed_in("smc_bank", "en").get(f"{FIRM}/portrait").text)
    assert "Whose word it is" in page
    table = page[page.index("Whose word it is") :]
    for share in ("62.5%", "37.5%", "75.0%", "25.0%"):
        assert share in table


def test_records_that_only_the_firm_says_are_marked(signed_in: SignedIn, door: StandIn) -> None:
    found = fixture("evidence")
    items = [{**each, "unconfirmed": place == 0} for place, each in enumerate(found["items"])]
    door.answers["GET /enterprises/local:E17/evidence"] = Answer(200, {**found, "items": items})
    page = signed_in("smc_firm").get("/portal/enterprise/records/days_beyond_terms_paid_12m").text
    assert page.count(">仅自述<") == 1
