"""A real Chromium and a real server for the portal's pages."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from portal_site import StandIn, make_site
from werkzeug.serving import WSGIRequestHandler, make_server

from gateway.portal.session import COOKIE

ROOT = Path(__file__).parents[2]
ASSETS = ROOT / "gateway" / "portal" / "assets"
# Without a sandbox because tests may run as root; without the calls home that a closed network would refuse.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Quiet(WSGIRequestHandler):
    """Answers without a line per request."""

    def log_request(self, *_: Any, **__: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Return a running Chromium, or skip where there is none."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        pytest.skip("no Chromium here: apt-get install -y chromium fonts-noto-cjk")
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def assets() -> None:
    """Build the portal's scripts and styles if they are not up to date."""
    built = subprocess.run([sys.executable, ASSETS / "build.py"], check=False, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr


@pytest.fixture
def door() -> StandIn:
    """Return the services' stand-in of this test."""
    return StandIn()


@pytest.fixture
def site(door: StandIn, assets: None) -> Flask:
    """Return the application that holds the portal."""
    return make_site(door)


def session_of(site: Flask, key: str) -> str:
    """Sign in with the key and return the session's cookie."""
    client = site.test_client()
    client.post("/portal/sign-in", data={"key": key}, headers={"Origin": "http://localhost"})
    cookie = client.get_cookie(COOKIE, path="/portal")
    assert cookie is not None
    return cookie.value


@pytest.fixture
def address(site: Flask) -> Iterator[str]:
    """Return the address of a server that holds the portal."""
    server = make_server("127.0.0.1", 0, site, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def visit(chromium: Any, site: Flask, address: str) -> Iterator[Callable[..., Any]]:
    """Return a maker of open pages: `visit("/portal/applicants", key="smc_bank", language="en", width=390)`.

    What the console complains of, a breach of the content security policy included, is in `page.complaints`.
    """
    contexts = []

    def open_page(path: str, *, key: str | None = None, language: str = "zh", width: int = 1280, **how: Any) -> Any:
        context = chromium.new_context(viewport={"width": width, "height": 900}, **how)
        contexts.append(context)
        context.add_cookies([{"name": "smecredit_language", "value": language, "url": address}])
        page = context.new_page()
        page.complaints = []
        page.on(
            "console", lambda said: page.complaints.append(said.text) if said.type in {"error", "warning"} else None
        )
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        if key:
            context.add_cookies([{"name": COOKIE, "value": session_of(site, key), "url": address}])
        page.goto(f"{address}{path}")
        page.wait_for_function(
            "() => [...document.querySelectorAll('[data-chart]')].every((each) => 'drawn' in each.dataset)"
        )
        return page

    yield open_page
    for context in contexts:
        context.close()
