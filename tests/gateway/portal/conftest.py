"""A portal over fixture files, and clients that are signed in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from portal_site import StandIn, make_site

ORIGIN = {"Origin": "http://localhost"}


@pytest.fixture
def door() -> StandIn:
    """Return the services' stand-in."""
    return StandIn()


@pytest.fixture
def site(door: StandIn) -> Flask:
    """Return the application."""
    return make_site(door)


@pytest.fixture
def signed_in(site: Flask) -> Callable[..., FlaskClient]:
    """Return a maker of clients: `signed_in("smc_bank", language="en")`."""

    def sign_in(key: str, language: str = "zh") -> FlaskClient:
        client = site.test_client()
        client.set_cookie("smecredit_language", language)
        assert client.post("/portal/sign-in", data={"key": key}, headers=ORIGIN).status_code == 303
        return client

    return sign_in
