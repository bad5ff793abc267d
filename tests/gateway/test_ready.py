"""Health: what is alive, and what is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from watching import WATCHED

from gateway.app import create_app
from gateway.settings import Settings

CLOSED_PORT = "http://127.0.0.1:9"


def missing(app: Flask) -> dict[str, str]:
    answer = app.test_client().get("/readyz", **WATCHED)
    assert answer.status_code == (503 if answer.json["missing"] else 200)
    found: dict[str, str] = answer.json["missing"]
    return found


@pytest.mark.parametrize("name", ["profile", "scoring", "matching"])
def test_a_missing_service_is_named(gateway: Callable[..., Flask], settings: Settings, name: str) -> None:
    """Only the one that is missing, with its address."""
    found = missing(gateway(backends={**settings.backends, name: CLOSED_PORT}))
    assert found.keys() == {name}
    assert CLOSED_PORT in found[name]


def test_every_missing_service_is_named(gateway: Callable[..., Flask], settings: Settings) -> None:
    """All three at once."""
    found = missing(gateway(backends=dict.fromkeys(settings.backends, CLOSED_PORT)))
    assert found.keys() == {"profile", "scoring", "matching"}


def test_a_service_that_is_up_but_not_ready_is_named(app: Flask, service: Any) -> None:
    """Its own readiness says why."""
    service.answers["/readyz"] = (503, {"Content-Type": "application/json"}, b"{}")
    assert missing(app).keys() == {"profile", "scoring", "matching"}


def test_with_everything_there_the_gateway_is_ready(app: Flask) -> None:
    """Nothing is missing."""
    assert missing(app) == {}


def test_a_database_that_was_not_migrated_is_named(settings: Settings, tmp_path: Path) -> None:
    """With the command that mends it."""
    found = missing(create_app(replace(settings, database_url=f"sqlite:///{tmp_path / 'empty.db'}")))
    assert "gateway.cli migrate" in found["database"]


def test_the_public_port_tells_ready_or_not_and_no_more(gateway: Callable[..., Flask], settings: Settings) -> None:
    """Neither what is missing nor where it is looked for."""
    public = gateway(backends=dict.fromkeys(settings.backends, CLOSED_PORT)).test_client().get("/readyz")
    assert (public.status_code, public.json) == (503, {"status": "not-ready"})


def test_the_public_port_tells_when_it_is_ready(app: Flask) -> None:
    assert app.test_client().get("/readyz").json == {"status": "ready"}


def test_alive_needs_nothing(gateway: Callable[..., Flask], settings: Settings) -> None:
    """A gateway without services is alive, so that nobody restarts it for them."""
    app = gateway(backends=dict.fromkeys(settings.backends, CLOSED_PORT))
    assert app.test_client().get("/livez").status_code == 200
