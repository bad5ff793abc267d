"""Passkeys: an authenticator in software makes and signs, and the library verifies; the real gateway by its pages."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from second_factors import (
    ADDRESS,
    ORIGIN,
    PASSWORD,
    PRESENT,
    SITE,
    Authenticator,
    asked_on,
    codes_on,
    decoded,
    encoded,
    inside,
    show,
    sign_in,
)

from gateway.context import Context
from gateway.identity.factors import passkeys
from gateway.identity.factors.passkeys import Site, site_of
from gateway.signing_in import NotProven

LOGIN = "officer.li"


@pytest.fixture
def app(gateway: Callable[..., Flask]) -> Flask:
    """Return a gateway that is known at an address."""
    return gateway(portal_url=SITE)


@pytest.fixture
def browser(app: Flask, context: Context, key: Callable[..., str]) -> Callable[[], FlaskClient]:
    """Return a maker of browsers; there is one person, without a second factor."""
    key("bank-1", "bank")
    context.people.accept(context.people.invite(LOGIN, "bank-1"), PASSWORD, ADDRESS)
    return app.test_client


def added(browser: Callable[[], FlaskClient], authenticator: Authenticator, **bent: Any) -> Any:
    """Have the person sign in and add a passkey; return the answer."""
    client = browser()
    sign_in(client, LOGIN)
    made = authenticator.create(asked_on(client.get("/portal/factors/passkey").text), **bent)
    return client.post("/portal/factors/passkey", data={"shown": made, "name": "office laptop"}, headers=ORIGIN)


def asking(browser: Callable[[], FlaskClient]) -> tuple[FlaskClient, str]:
    """Have the person take the first step; return the browser and what the page asks."""
    client = browser()
    sign_in(client, LOGIN)
    return client, asked_on(client.get("/portal/second-step").text)


def test_a_passkey_is_added_and_signs_in(browser: Callable[[], FlaskClient]) -> None:
    """The first factor brings recovery codes; the page lists it by its name."""
    authenticator = Authenticator()
    assert len(codes_on(added(browser, authenticator).text)) == 10
    client, asked = asking(browser)
    assert show(client, "passkey", authenticator.get(asked)).status_code == 303
    assert inside(client)
    assert "office laptop" in client.get("/portal/factors").text


def test_browsers_are_asked_to_verify_the_person(browser: Callable[[], FlaskClient]) -> None:
    """For both acts; resident keys are preferred, and what is known is not made anew."""
    authenticator = Authenticator()
    added(browser, authenticator)
    client, asked = asking(browser)
    wanted = json.loads(asked)
    assert (wanted["userVerification"], wanted["rpId"]) == ("required", "localhost")
    show(client, "passkey", authenticator.get(asked))
    make = json.loads(asked_on(client.get("/portal/factors/passkey").text))
    chosen = make["authenticatorSelection"]
    assert (chosen["userVerification"], chosen["residentKey"], make["attestation"]) == ("required", "preferred", "none")
    assert [each["id"] for each in make["excludeCredentials"]] == [encoded(authenticator.credential)]


BENT: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "another origin": ({"origin": "http://evil.example"}, {}),
    "the origin of another port": ({"origin": "http://localhost:81"}, {}),
    "another site": ({"site": "evil.example"}, {}),
    "nobody verified": ({"flags": PRESENT}, {}),
    "nobody present": ({"flags": 0x04}, {}),
    "another act": ({}, {"type": "webauthn.other"}),
    "another challenge": ({}, {"challenge": encoded(bytes(56))}),
}


@pytest.mark.parametrize("case", BENT)
def test_what_is_bent_adds_nothing(browser: Callable[[], FlaskClient], case: str) -> None:
    how, said = BENT[case]
    assert added(browser, Authenticator(**how), **said).status_code == 422
    assert sign_in(browser(), LOGIN).headers["Location"] == "/portal/"


@pytest.mark.parametrize("case", BENT)
def test_what_is_bent_signs_nobody_in(browser: Callable[[], FlaskClient], case: str) -> None:
    authenticator = Authenticator()
    added(browser, authenticator)
    how, said = BENT[case]
    for name, value in how.items():
        setattr(authenticator, name, value)
    client, asked = asking(browser)
    assert show(client, "passkey", authenticator.get(asked, **said)).status_code == 401
    assert not inside(client)


def test_another_key_signs_nobody_in(browser: Callable[[], FlaskClient]) -> None:
    """Neither under its own name nor under that of the passkey."""
    authenticator, other = Authenticator(), Authenticator()
    added(browser, authenticator)
    for credential in (other.credential, authenticator.credential):
        other.credential = credential
        client, asked = asking(browser)
        assert show(client, "passkey", other.get(asked)).status_code == 401


def test_another_persons_passkey_signs_nobody_in(browser: Callable[[], FlaskClient], context: Context) -> None:
    mine, theirs = Authenticator(), Authenticator()
    added(browser, mine)
    context.people.accept(context.people.invite("officer.wu", "bank-1"), PASSWORD, ADDRESS)
    client = browser()
    sign_in(client, "officer.wu")
    made = theirs.create(asked_on(client.get("/portal/factors/passkey").text))
    assert client.post("/portal/factors/passkey", data={"shown": made}, headers=ORIGIN).status_code == 200
    halfway, asked = asking(browser)
    assert show(halfway, "passkey", theirs.get(asked)).status_code == 401


def test_an_answer_is_used_once(browser: Callable[[], FlaskClient]) -> None:
    """The same one in the same step, after it was taken and after it was refused."""
    authenticator = Authenticator()
    added(browser, authenticator)
    client, asked = asking(browser)
    answer = authenticator.get(asked)
    other = browser()
    sign_in(other, LOGIN)
    assert show(other, "passkey", answer).status_code == 401, "another step's challenge"
    assert show(client, "passkey", answer).status_code == 303
    assert show(client, "passkey", answer).headers["Location"].startswith("/portal/sign-in")
    bent, asked = asking(browser)
    assert show(bent, "passkey", authenticator.get(asked, origin="http://evil.example")).status_code == 401
    assert show(bent, "passkey", authenticator.get(asked)).status_code == 401


def test_a_challenge_ends_after_five_minutes(
    browser: Callable[[], FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    authenticator = Authenticator()
    added(browser, authenticator)
    monkeypatch.setattr(passkeys, "CHALLENGE_SECONDS", -1)
    client, asked = asking(browser)
    assert show(client, "passkey", authenticator.get(asked)).status_code == 401


def test_a_challenge_for_adding_proves_nothing(browser: Callable[[], FlaskClient]) -> None:
    authenticator = Authenticator()
    added(browser, authenticator)
    client, asked = asking(browser)
    show(client, "passkey", authenticator.get(asked))
    add = json.loads(asked_on(client.get("/portal/factors/passkey").text))
    answer = authenticator.get(json.dumps({"rpId": "localhost", "challenge": add["challenge"]}))
    form = {"kind": "passkey", "shown": answer}
    assert client.post("/portal/factors/confirm", data=form, headers=ORIGIN).status_code == 401


def test_a_count_that_goes_back_is_refused_and_told(browser: Callable[[], FlaskClient]) -> None:
    """A copy of the key counts for itself: its signature is right, and it is refused."""
    authenticator = Authenticator(count=7)
    added(browser, authenticator)
    for count in (3, 7, 6):
        authenticator.count = count - 1
        client, asked = asking(browser)
        assert show(client, "passkey", authenticator.get(asked)).status_code == 401
    authenticator.count = 20
    client, asked = asking(browser)
    assert show(client, "passkey", authenticator.get(asked)).status_code == 303
    assert client.get("/portal/factors").text.count("使用次数倒退") == 3


def test_a_count_without_a_right_signature_is_no_alarm(browser: Callable[[], FlaskClient]) -> None:
    """Else anybody who knows the password could have a good key distrusted."""
    authenticator = Authenticator(count=7)
    added(browser, authenticator)
    forged = Authenticator(credential=authenticator.credential, handle=authenticator.handle)
    client, asked = asking(browser)
    assert show(client, "passkey", forged.get(asked)).status_code == 401
    client, asked = asking(browser)
    assert show(client, "passkey", authenticator.get(asked)).status_code == 303
    assert "使用次数倒退" not in client.get("/portal/factors").text


def test_an_authenticator_that_does_not_count_is_taken(
    browser: Callable[[], FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Passkeys that are kept by several devices always say nought."""
    authenticator = Authenticator()
    added(browser, authenticator)
    for _ in range(2):
        authenticator.count = -1
        client, asked = asking(browser)
        assert show(client, "passkey", authenticator.get(asked)).status_code == 303


def test_a_passkey_is_registered_once(browser: Callable[[], FlaskClient]) -> None:
    authenticator = Authenticator()
    added(browser, authenticator)
    client, asked = asking(browser)
    show(client, "passkey", authenticator.get(asked))
    made = authenticator.create(asked_on(client.get("/portal/factors/passkey").text))
    again = client.post("/portal/factors/passkey", data={"shown": made}, headers=ORIGIN)
    assert again.status_code == 409
    assert inside(client)


def test_a_request_names_no_site(browser: Callable[[], FlaskClient]) -> None:
    """The Host of a request changes neither what is asked nor what is taken."""
    authenticator = Authenticator()
    added(browser, authenticator)
    client = browser()
    there = {"base_url": "http://evil.example", "headers": {"Origin": "http://evil.example"}}
    client.post("/portal/sign-in", data={"login": LOGIN, "password": PASSWORD}, **there)
    asked = asked_on(client.get("/portal/second-step", base_url="http://evil.example").text)
    assert json.loads(asked)["rpId"] == "localhost"
    authenticator.origin = "http://evil.example"
    form = {"kind": "passkey", "shown": authenticator.get(asked)}
    assert client.post("/portal/second-step", data=form, **there).status_code == 401


def test_without_an_address_no_passkeys_are_offered(
    gateway: Callable[..., Flask], browser: Callable[[], FlaskClient]
) -> None:
    """The page says whose setting is missing; an app can be added."""
    for url in (None, "http://127.0.0.1:8000"):
        client = gateway(portal_url=url).test_client()
        sign_in(client, LOGIN)
        assert client.get("/portal/factors/passkey").status_code == 409
        assert "GATEWAY_PORTAL_URL" in client.get("/portal/factors").text
        assert client.get("/portal/factors/app").status_code == 200


def test_ten_passkeys_are_enough(browser: Callable[[], FlaskClient], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.identity.factors.register.MOST_PASSKEYS", 1)
    authenticator = Authenticator()
    added(browser, authenticator)
    client, asked = asking(browser)
    show(client, "passkey", authenticator.get(asked))
    assert client.get("/portal/factors/passkey").status_code == 409


ANSWERS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.binary(max_size=40).map(encoded),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)


@given(st.text(max_size=200) | ANSWERS.map(json.dumps), st.binary(max_size=60))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_sent_as_an_answer_is_refused_in_due_form(answer: str, challenge: bytes) -> None:
    refused(answer, challenge)


@given(st.data())
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_an_answer_bent_in_one_place_is_refused_in_due_form(data: st.DataObject) -> None:
    """One member of a right answer is replaced, or some of its bytes."""
    site, challenge = Site("http://localhost"), bytes(56)
    authenticator = Authenticator()
    made = json.loads(authenticator.create(passkeys.registration_options(site, "per_1", LOGIN, [], challenge)))
    part = data.draw(st.sampled_from(["clientDataJSON", "attestationObject"]))
    raw = bytearray(decoded(made["response"][part]))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    made["response"][part] = encoded(bytes(raw))
    try:
        passkeys.registered(site, json.dumps(made), challenge)
    except NotProven:
        return
    # Without an attestation nobody vouches for the new key: its bytes, its name, its maker and its count may be any.
    assert part == "attestationObject" or json.loads(raw)["origin"] == "http://localhost"


def refused(answer: str, challenge: bytes) -> None:
    site = Site("http://localhost")
    for act in (
        lambda: passkeys.credential_of(answer) and passkeys.registered(site, answer, challenge),
        lambda: passkeys.asserted(site, "per_1", answer, challenge, b"", 0),
        lambda: passkeys.registered(site, answer, challenge),
    ):
        try:
            act()
        except NotProven:
            continue
        raise AssertionError(answer)


def test_a_site_is_named_by_its_host() -> None:
    site = site_of("https://credit.example:8443")
    assert site is not None
    assert (site.id, site.origin) == ("credit.example", "https://credit.example:8443")
    assert struct.calcsize(">Q") + passkeys.NONCE + passkeys.MAC == 56
