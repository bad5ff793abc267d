"""A bank's page of alerts and a firm's own signals, in a real Chromium."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from portal_site import NOBODY, StandIn, fixture

from gateway.portal import Answer

Visit = Callable[..., Any]


def test_a_bank_sees_alerts_by_severity_with_their_records(visit: Visit) -> None:
    """The records open on a click; what another lender reported names nobody."""
    page = visit("/portal/alerts", key="smc_bank")
    assert page.locator("main h2").all_inner_texts() == ["交易对手违约", "核心客户流失", "红字发票激增"]
    page.get_by_text("触发预警的记录（共 57 条）").click()
    assert "21046187" in page.locator("details[open]").inner_text()
    assert "故不显示名称" in page.locator("section").first.inner_text()


def test_a_filter_asks_the_service_for_that_severity(visit: Visit, door: StandIn) -> None:
    """Under the purpose of monitoring, as every page of the feed."""
    page = visit("/portal/alerts", key="smc_bank", language="en")
    page.get_by_role("link", name="Serious").click()
    assert page.url.endswith("severity=serious")
    assert {call["Purpose"] for call in door.asked("GET /alerts")} == {"credit-monitoring"}


def test_an_alert_is_acknowledged_with_a_note(visit: Visit, door: StandIn) -> None:
    """The note goes to the service, and the page says that it was kept."""
    page = visit("/portal/alerts", key="smc_bank")
    page.get_by_label("处理说明").first.fill("已电话核实")
    page.get_by_role("button", name="确认").first.click()
    assert [call["json"] for call in door.asked("POST /alerts/alr_1/acknowledge")] == [{"note": "已电话核实"}]
    assert "已确认" in page.get_by_role("status").inner_text()


def test_after_an_acknowledgement_the_same_page_of_the_feed_is_shown(visit: Visit) -> None:
    """With its filters and its place; a filter that nobody knows is dropped."""
    page = visit("/portal/alerts?severity=serious&state=open&cursor=MjA", key="smc_bank")
    page.get_by_role("button", name="确认").first.click()
    assert page.url.partition("?")[2] == "did=noted&severity=serious&state=open&cursor=MjA"


def test_what_an_alert_concerns_is_said_in_the_reader_s_language(visit: Visit, door: StandIn) -> None:
    """A kind of record is a word, a counterparty stays as it is written."""
    alerts = fixture("alerts")
    alerts["items"][0] |= {"subject": "dishonest", "withheld": False}
    door.answers["GET /alerts"] = Answer(200, alerts)
    told = visit("/portal/alerts", key="smc_bank").locator("main").inner_text()
    assert ("失信被执行人" in told, "dishonest" in told, "B11415" in told) == (True, False, True)


def test_a_signal_that_does_not_fire_stands_beside_its_threshold(visit: Visit) -> None:
    """Its severity is not shown: nothing has happened."""
    page = visit("/portal/enterprise/signals", key="smc_firm", language="en")
    near = page.get_by_role("group", name="Near its threshold")
    assert near.locator("tbody td").all_inner_texts() == ["23.1%", "25.0%"]
    assert page.locator("main .tag").all_inner_texts() == ["Warning"]


def test_a_bank_without_a_subscription_is_offered_one(visit: Visit, door: StandIn) -> None:
    """And nothing else."""
    door.answers["GET /subscriptions"] = Answer(200, NOBODY)
    door.answers["GET /alerts"] = Answer(200, NOBODY)
    page = visit("/portal/alerts", key="smc_bank", language="en")
    page.get_by_role("button", name="Watch every firm").click()
    assert len(door.asked("POST /subscriptions")) == 1


@pytest.mark.parametrize(("language", "title"), [("zh", "本企业预警信号"), ("en", "Your early-warning signals")])
def test_a_firm_sees_its_own_signals_by_state(visit: Visit, language: str, title: str) -> None:
    """What fires first, what has no source last; a bank is sent away."""
    page = visit("/portal/enterprise/signals", key="smc_firm", language=language)
    assert page.locator("h1").inner_text() == title
    assert len(page.locator("main h2").all_inner_texts()) == 5
    assert page.complaints == []
