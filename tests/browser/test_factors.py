"""Second factors in a real Chromium, before the real gateway: its own virtual authenticator makes and uses passkeys."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from databases import lay
from second_factors import ADDRESS, PASSWORD, code_at, next_code
from werkzeug.serving import WSGIRequestHandler, make_server

import gateway.portal
from gateway.app import create_app
from gateway.context import Context
from gateway.identity.registry import Clients
from gateway.identity.store import Client
from gateway.settings import Settings

LOGIN = "op.wang"
AXE = Path(gateway.portal.__file__).parent / "assets" / "node_modules" / "axe-core" / "axe.min.js"
NOBODY_THERE = "http://127.0.0.1:9"
# What a laptop with a fingerprint is: keys that stay in it, and a person that it has verified.
LAPTOP = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Quiet(WSGIRequestHandler):
    """Answers without a line per request."""

    def log_request(self, *_: Any, **__: Any) -> None:
        """Say nothing."""


@dataclass
class Desk:
    """A person's browser with its authenticator, and the gateway that it is before."""

    address: str
    page: Any
    driver: Any
    authenticator: str

    def sign_in(self) -> None:
        """Take the first step."""
        self.page.goto(f"{self.address}/portal/sign-in")
        self.page.fill("#login", LOGIN)
        self.page.fill("#password", PASSWORD)
        self.page.locator("form", has=self.page.locator("#login")).locator("button").click()

    def sign_out(self) -> None:
        """End the session."""
        self.page.locator(".who form button").click()

    def keys(self) -> list[dict[str, Any]]:
        """Return what the authenticator holds."""
        told = self.driver.send("WebAuthn.getCredentials", {"authenticatorId": self.authenticator})
        return list(told["credentials"])


@pytest.fixture
def desk(chromium: Any, assets: None, home: Path) -> Iterator[Desk]:
    """Return the browser of an operator's person, who must have a second factor and has none."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://localhost:{port}"
    settings = Settings(
        home=home,
        database_url=f"sqlite:///{home / 'gateway.db'}",
        backends=dict.fromkeys(("profile", "scoring", "matching"), NOBODY_THERE),
        signing_key=home / "signing-key.pem",
        second_factor_roles=frozenset({"operator"}),
        portal_url=address,
    )
    lay(settings.database_url, "gateway")
    app = create_app(settings)
    here: Context = app.extensions["context"]
    Clients(here.database, settings.pepper).add([Client("operator-1", "operator")])
    here.people.accept(here.people.invite(LOGIN, "operator-1"), PASSWORD, ADDRESS)
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.add_cookies([{"name": "smecredit_language", "value": "en", "url": address}])
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda said: page.complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    driver = context.new_cdp_session(page)
    driver.send("WebAuthn.enable")
    made = driver.send("WebAuthn.addVirtualAuthenticator", {"options": LAPTOP})
    yield Desk(address, page, driver, made["authenticatorId"])
    context.close()
    server.shutdown()
    thread.join()
    server.server_close()


def policy_breaches(page: Any) -> list[str]:
    """Return what the page was refused by its policy, or broke by itself; a service that is away is not its fault."""
    return [said for said in page.complaints if "status of" not in said]


def add_passkey(desk: Desk) -> None:
    """Be led to the first factor and add a passkey."""
    desk.sign_in()
    assert "/portal/first-factor" in desk.page.url
    desk.page.get_by_role("link", name="Add a passkey").click()
    desk.page.fill("#name", "office laptop")
    desk.page.get_by_role("button", name="Add a passkey").click()
    desk.page.wait_for_selector("#codes")


def test_a_passkey_is_made_and_used(desk: Desk) -> None:
    """By the bundle's script under the page's policy: the key is the site's, and stays on the device."""
    add_passkey(desk)
    assert desk.page.locator("#codes li").count() == 10
    [key] = desk.keys()
    assert (key["rpId"], key["isResidentCredential"]) == ("localhost", True)
    desk.sign_out()
    desk.sign_in()
    assert "/portal/second-step" in desk.page.url
    desk.page.get_by_role("button", name="Use a passkey").click()
    desk.page.wait_for_url("**/portal/factors?back=**")
    assert "office laptop" in desk.page.locator("main").inner_text()
    assert policy_breaches(desk.page) == []


def test_a_browser_that_gives_no_passkey_says_what_to_do(desk: Desk) -> None:
    """The person is not verified, so the authenticator refuses: the page stays and says so."""
    add_passkey(desk)
    desk.sign_out()
    desk.sign_in()
    refusing = {"authenticatorId": desk.authenticator, "isUserVerified": False}
    desk.driver.send("WebAuthn.setUserVerified", refusing)
    desk.page.get_by_role("button", name="Use a passkey").click()
    alert = desk.page.locator("[data-passkey] [role=alert]")
    alert.wait_for()
    assert "Try again, or use another way" in alert.inner_text()
    assert "/portal/second-step" in desk.page.url


def test_an_app_is_added_and_used_without_a_script(desk: Desk, chromium: Any) -> None:
    """And the picture that phones read is there."""
    context = chromium.new_context(java_script_enabled=False)
    context.add_cookies([{"name": "smecredit_language", "value": "en", "url": desk.address}])
    bare = Desk(desk.address, context.new_page(), None, "")
    bare.sign_in()
    bare.page.get_by_role("link", name="Add an app that makes codes").click()
    box = bare.page.locator("svg.qr").bounding_box()
    assert box is not None
    assert box["width"] > 150
    secret = bare.page.locator("#secret").inner_text().replace(" ", "")
    bare.page.fill("#code", code_at(secret))
    bare.page.locator("form", has=bare.page.locator("#code")).locator("button").click()
    assert bare.page.locator("#codes li").count() == 10
    bare.sign_out()
    bare.sign_in()
    bare.page.fill("#totp", next_code(secret))
    bare.page.locator("form", has=bare.page.locator("#totp")).locator("button").click()
    assert "app that makes codes" in bare.page.locator("main").inner_text()
    context.close()


@pytest.mark.parametrize("path", ["first-factor", "factors/app", "factors/passkey", "second-step", "factors"])
def test_the_pages_are_for_everybody(desk: Desk, path: str) -> None:
    """As far as axe can tell."""
    if path in {"second-step", "factors"}:
        add_passkey(desk)
    if path == "second-step":
        desk.sign_out()
    if path != "factors":
        desk.sign_in()
    desk.page.goto(f"{desk.address}/portal/{path}")
    desk.page.evaluate(AXE.read_text("utf-8"))
    assert [each["id"] for each in desk.page.evaluate("() => axe.run()")["violations"]] == []
