"""Readiness and metrics tell who works."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient
from watching import WATCHED

from chassis.data import presence
from services.matching.context import Context
from services.matching.jobs import posts


def degraded(client: FlaskClient) -> set[str]:
    answer: Any = client.get("/readyz").json
    assert set(answer["missing"]) <= {"keys"}, "nobody is drained for a worker that is gone"
    return set(answer["degraded"])


def test_a_service_whose_workers_are_gone_says_so(client: FlaskClient, here: Context) -> None:
    """Each post that nobody fills is named, until somebody does."""
    assert degraded(client) == set(posts(here))
    for number, post in enumerate(posts(here)):
        presence.beat(here.database, f"worker_{number}", post)
    assert degraded(client) == set()


def test_metrics_have_a_line_for_each_post(client: FlaskClient, here: Context) -> None:
    """Also where nothing waits."""
    lines = client.get("/metrics", **WATCHED).text.splitlines()
    assert {f'queue_waiting{{queue="{post}"}} 0.0' for post in posts(here)} <= set(lines)
