"""The console of webhooks, in a real Chromium."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from portal_site import NOBODY, StandIn

from gateway.portal import Answer

Visit = Callable[..., Any]
SENT = {
    "endpoint": "whe_1",
    "sequence": 7,
    "attempts": 3,
    "due_at": "2026-01-02T00:00:00Z",
    "last_error": None,
    "created_at": "2026-01-01T00:00:00Z",
    "delivered_at": None,
    "message": {"type": "application.submitted", "timestamp": "2026-01-01T00:00:00Z", "data": {"id": "app_1"}},
}
ENDPOINT = {
    "id": "whe_1",
    "url": "https://bank.example/hook",
    "events": ["application.*"],
    "enabled": True,
    "put_aside": None,
    "put_aside_at": None,
    "sequence": 7,
    "failures": 0,
    "due_at": None,
    "created_at": "2026-01-01T00:00:00Z",
}
PUT_ASIDE = {
    **ENDPOINT,
    "id": "whe_2",
    "enabled": False,
    "put_aside": "unanswered",
    "put_aside_at": "2026-01-02T00:00:00Z",
    "failures": 14,
}
DELIVERIES = [
    {**SENT, "id": "whd_3", "state": "pending", "last_status": 503},
    {**SENT, "id": "whd_2", "state": "failed", "last_status": 500, "due_at": None},
    {**SENT, "id": "whd_1", "state": "delivered", "last_status": 204, "due_at": None},
]


@pytest.fixture
def door() -> StandIn:
    stand_in = StandIn()
    stand_in.answers["GET /webhooks"] = Answer(200, {"items": [ENDPOINT, PUT_ASIDE], "next": None})
    stand_in.answers["GET /webhooks/deliveries"] = Answer(200, {"items": DELIVERIES, "next": None})
    return stand_in


def test_a_bank_sees_what_was_sent_and_what_came_of_it(visit: Visit) -> None:
    """What is still under way cannot be sent again."""
    page = visit("/portal/webhooks", key="smc_bank")
    rows = page.locator("tbody tr").all_inner_texts()
    assert ["待发送" in rows[0], "500" in rows[1], "已送达" in rows[2]] == [True] * 3
    assert [row.count("重发") for row in rows] == [0, 1, 1]
    assert page.complaints == []


def test_a_message_is_sent_again_once_a_click(visit: Visit, door: StandIn) -> None:
    """Under a key of the form's own, so that a second click is no second message."""
    page = visit("/portal/webhooks", key="smc_bank", language="en")
    page.get_by_role("button", name="Send again", exact=True).first.click()
    [call] = door.asked("POST /webhooks/deliveries/whd_2/replay")
    assert call["Idempotency-Key"]
    assert "on its way again" in page.get_by_role("status").inner_text()


def test_an_endpoint_that_was_put_aside_is_enabled_and_one_that_answers_is_tried(visit: Visit, door: StandIn) -> None:
    """Each by its own button, and no other."""
    page = visit("/portal/webhooks", key="smc_bank", language="en")
    assert "no answer for days" in page.locator("main").inner_text()
    page.get_by_role("button", name="Send again now").click()
    assert door.asked("POST /webhooks/whe_2/enable")
    assert "in order" in page.get_by_role("status").inner_text()
    page.get_by_role("button", name="Send a test").click()
    assert door.asked("POST /webhooks/whe_1/test")
    assert page.complaints == []


def test_without_an_endpoint_the_page_says_how_to_add_one(visit: Visit, door: StandIn) -> None:
    door.answers["GET /webhooks"] = door.answers["GET /webhooks/deliveries"] = Answer(200, NOBODY)
    told = visit("/portal/webhooks", key="smc_bank").locator("main").inner_text()
    assert "POST /v1/webhooks" in told
    assert "还没有消息" in told
