"""Who may open a page, and what another site or a revoked key cannot do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from portal_site import StandIn

from gateway.portal.session import COOKIE

SignedIn = Callable[..., FlaskClient]
ORIGIN = {"Origin": "http://localhost"}


def sign_in(site: Flask, key: str, **form: str) -> tuple[FlaskClient, int, str]:
    client = site.test_client()
    answer = client.post("/portal/sign-in", data={"key": key, **form}, headers=ORIGIN)
    return client, answer.status_code, answer.headers.get("Location", "")


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(site: Flask) -> None:
    """HttpOnly, SameSite=Strict, for the portal only, and without the key."""
    answer = site.test_client().post("/portal/sign-in", data={"key": "smc_bank"}, headers=ORIGIN)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(COOKIE)
    for part in ("HttpOnly", "SameSite=Strict", "Path=/portal"):
        assert part in cookie
    assert "smc_bank" not in cookie
    assert "Secure" not in cookie


def test_over_https_the_cookie_is_secure(site: Flask) -> None:
    """A page that came by https sends its cookie by https only."""
    answer = site.test_client().post(
        "/portal/sign-in",
        data={"key": "smc_bank"},
        headers={"Origin": "https://localhost"},
        base_url="https://localhost",
    )
    assert "Secure" in answer.headers["Set-Cookie"]


def test_a_wrong_key_opens_nothing_and_says_what_to_do(site: Flask) -> None:
    """The page keeps its form; no cookie is set."""
    answer = site.test_client().post("/portal/sign-in", data={"key": "smc_wrong"}, headers=ORIGIN)
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers
    assert "向运营方申请新密钥" in answer.text


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:81", "https://localhost", None])
def test_a_form_of_another_site_changes_nothing(signed_in: SignedIn, door: StandIn, origin: str | None) -> None:
    """A post whose Origin is foreign, hidden or missing is refused before any service is asked."""
    client = signed_in("smc_firm")
    headers = {"Origin": origin} if origin else {}
    answer = client.post("/portal/enterprise/consents/con_1/revoke", headers=headers)
    assert answer.status_code == 403
    assert door.calls == []


def test_a_forged_cookie_is_nobody(site: Flask) -> None:
    """A cookie that we did not sign leads to the sign-in page."""
    client = site.test_client()
    client.set_cookie(COOKIE, "eyJjbGllbnQiOiJiYW5rLWRlbW8ifQ.aaaa.bbbb", path="/portal")
    answer = client.get("/portal/applicants")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/portal/sign-in")


def test_a_revoked_key_ends_the_session_at_the_next_click(signed_in: SignedIn, door: StandIn) -> None:
    """The gateway says that the key is gone: back to the sign-in page, cookie removed."""
    client = signed_in("smc_bank")
    door.revoked.add("bank-demo")
    answer = client.get("/portal/applicants")
    assert answer.status_code == 303
    assert "ended=1" in answer.headers["Location"]
    assert client.get_cookie(COOKIE, path="/portal") is None


def test_the_page_that_was_asked_for_opens_after_signing_in(site: Flask) -> None:
    """`back` leads on to a page of the portal."""
    _, status, where = sign_in(site, "smc_bank", back="/portal/applicants/local:E17")
    assert (status, where) == (303, "/portal/applicants/local:E17")


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/portal/\\evil", "/portal//evil", "/v1"])
def test_signing_in_leads_to_no_other_site(site: Flask, back: str) -> None:
    """An address outside the portal is replaced by the first page."""
    assert sign_in(site, "smc_bank", back=back)[2] == "/portal/"


def test_a_bank_does_not_open_the_page_of_a_firm(signed_in: SignedIn) -> None:
    """Roles have pages of their own."""
    assert signed_in("smc_bank").get("/portal/enterprise").status_code == 403
    assert signed_in("smc_firm").get("/portal/applicants").status_code == 403


def test_every_answer_carries_the_policy(site: Flask) -> None:
    """Pages, refusals and files alike."""
    client = site.test_client()
    for path in ("/portal/", "/portal/nowhere", "/portal/static/mark.svg"):
        policy = client.get(path).headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


def test_an_asset_whose_name_no_disk_can_hold_is_not_found(site: Flask) -> None:
    """Also to a browser that takes packed ones."""
    answer = site.test_client().get("/portal/static/" + "a" * 300, headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 404
