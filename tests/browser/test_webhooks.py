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
    "attempts": 3,
    "due_at": "2026-01-02T00:00:00Z",
    "last_error": None,
    "created_at": "2026-01-01T00:00:00Z",
    "delivered_at": None,
    "message": {"type": "application.submitted", "timestamp": "2026-01-01T00:00:00Z", "data": {"id": "app_1"}},
}
DELIVERIES = [
    {**SENT, "id": "whd_3", "state": "pending", "last_status": 503},
    {**SENT, "id": "whd_2", "state": "failed", "last_status": 500},
    {**SENT, "id": "whd_1", "state": "delivered", "last_status": 204},
]


@pytest.fixture
def door() -> StandIn:
    stand_in = StandIn()
    endpoint = {"id": "whe_1", "url": "https://bank.example/hook", "enabled": True, "created_at": SENT["created_at"]}
    stand_in.answers["GET /webhooks"] = Answer(200, {"items": [endpoint], "next": None})
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
    page.get_by_role("button", name="Send again").first.click()
    [call] = door.asked("POST /webhooks/deliveries/whd_2/replay")
    assert call["Idempotency-Key"]
    assert "on its way again" in page.get_by_role("status").inner_text()


def test_without_an_endpoint_the_page_says_how_to_add_one(visit: Visit, door: StandIn) -> None:
    door.answers["GET /webhooks"] = door.answers["GET /webhooks/deliveries"] = Answer(200, NOBODY)
    told = visit("/portal/webhooks", key="smc_bank").locator("main").inner_text()
    assert "POST /v1/webhooks" in told
    assert "还没有消息" in told
