"""Readiness and metrics tell who works."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

from chassis.data import presence
from services.matching.context import Context
from services.matching.jobs import posts


def ready(client: FlaskClient) -> tuple[int, str, set[str]]:
    answer: Any = client.get("/readyz")
    return answer.status_code, answer.json["status"], set(answer.json["degraded"])


def test_a_service_whose_workers_are_gone_says_so_and_answers(client: FlaskClient, here: Context) -> None:
    """Orders are taken and wait, so no balancer drains it; each post that nobody fills is named."""
    found = ready(client)
    assert (found[0], found[2]) == (client.get("/readyz").status_code, set(posts(here)))
    for number, post in enumerate(posts(here)):
        presence.beat(here.database, f"worker_{number}", post)
    assert ready(client) == (found[0], found[1], set())


def test_metrics_have_a_line_for_each_post(client: FlaskClient, here: Context) -> None:
    """Also where nothing waits."""
    lines = client.get("/metrics").text.splitlines()
    assert {f'queue_waiting{{queue="{post}"}} 0.0' for post in posts(here)} <= set(lines)
