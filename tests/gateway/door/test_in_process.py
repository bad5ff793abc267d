"""The portal's way in: the same keys, quotas and services as the proxy's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask, g

from chassis.core.errors import Forbidden, TooManyRequests, Unauthenticated
from chassis.core.wire import Reply
from gateway.context import Context
from gateway.door.in_process import GatewayDoor
from gateway.door.limits import DEFAULT_QUOTAS, FAILURES, Quota, QuotaUsedUp
from gateway.door.places import TooManyAtOnce
from gateway.door.visitor import Ask
from gateway.identity import authority, store
from gateway.identity.authority import Authority
from gateway.identity.registry import Clients

Keys = Callable[..., str]


@pytest.fixture
def door(app: Flask, context: Context) -> Iterator[GatewayDoor]:
    """Return the door within a request, as the portal uses it."""
    with app.test_request_context("/portal/"):
        app.preprocess_request()
        yield GatewayDoor(context.admission, context.backends, context.people, context.database)


def test_a_key_signs_its_client_in(door: GatewayDoor, key: Keys) -> None:
    """The visitor is the client, with its firm."""
    visitor = door.sign_in(key("shop", "enterprise", "local:E1"))
    assert (visitor.client, visitor.role, visitor.enterprise) == ("shop", "enterprise", "local:E1")


def test_a_token_does_not_sign_in(door: GatewayDoor, key: Keys, context: Context) -> None:
    """What lives five minutes must not open a day's session."""
    token = context.authority.admit(key()).authorization.removeprefix("Bearer ")
    with pytest.raises(Unauthenticated):
        door.sign_in(token)


def test_a_visitor_calls_a_service_in_its_own_name(door: GatewayDoor, key: Keys, service: Any) -> None:
    """With a token, the request's id, and the answer as JSON."""
    answer = door.call(door.sign_in(key()), Ask("POST", "/scores", json={}, purpose="credit-assessment"))
    assert answer.status == 200
    assert answer.data["path"] == "/v1/scores"
    assert {"authorization", "purpose", "x-request-id"} <= answer.data["headers"].keys()


def test_a_refusal_of_a_service_is_returned(door: GatewayDoor, key: Keys, service: Any) -> None:
    """The page decides how to say it."""
    service.answers["/v1/book"] = (403, {"Content-Type": "application/problem+json"}, b'{"status":403}')
    answer = door.call(door.sign_in(key()), Ask("GET", "/book"))
    assert (answer.status, answer.data) == (403, {"status": 403})


def test_a_session_ends_with_its_key(door: GatewayDoor, key: Keys, clients: Clients, service: Any) -> None:
    """At the visitor's next page."""
    visitor = door.sign_in(key())
    door.call(visitor, Ask("GET", "/book"))
    clients.disable_key("bank-1", visitor.key)
    with pytest.raises(Unauthenticated):
        door.call(visitor, Ask("GET", "/book"))


@pytest.fixture
def strict(gateway: Callable[..., Flask]) -> Iterator[GatewayDoor]:
    """Return the door of a gateway on the same database whose banks' programs must be bound to a key."""
    app = gateway(bound_roles=frozenset({"bank"}))
    here: Context = app.extensions["context"]
    with app.test_request_context("/portal/"):
        app.preprocess_request()
        yield GatewayDoor(here.admission, here.backends, here.people, here.database)


def test_a_key_whose_role_must_be_bound_opens_no_session(strict: GatewayDoor, key: Keys) -> None:
    """A stolen key would open eight hours of pages; other roles' keys open them as ever."""
    with pytest.raises(Forbidden, match="login and a password"):
        strict.sign_in(key("bank-1"))
    assert strict.sign_in(key("shop", "enterprise", "local:E1")).session


def test_a_key_that_opens_no_page_counts_against_its_address_and_not_against_its_client(
    gateway: Callable[..., Flask], key: Keys
) -> None:
    """Who stole it uses nothing of its client's quota up, and tries no more keys than others may."""
    quotas = {**DEFAULT_QUOTAS, "bank": Quota(1, 60), FAILURES: Quota(2, 60)}
    app, stolen = gateway(bound_roles=frozenset({"bank"}), quotas=quotas), key("bank-1")
    here: Context = app.extensions["context"]
    with app.test_request_context("/portal/"):
        strict = GatewayDoor(here.admission, here.backends, here.people, here.database)
        for refusal in (Forbidden, Forbidden, QuotaUsedUp):
            with pytest.raises(refusal):
                strict.sign_in(stolen)
        assert here.admission.count(here.admission.known(stolen)).caller.client == "bank-1"


def test_a_session_of_a_key_ends_where_its_role_must_be_bound(
    door: GatewayDoor, strict: GatewayDoor, key: Keys, service: Any
) -> None:
    """One that was opened before the setting was made, at its next page."""
    visitor = door.sign_in(key())
    assert door.call(visitor, Ask("GET", "/book")).status == 200
    with pytest.raises(Unauthenticated, match="login and a password"):
        strict.call(visitor, Ask("GET", "/book"))


def test_people_of_a_role_that_must_be_bound_sign_in(strict: GatewayDoor, key: Keys, context: Context) -> None:
    """Their sessions live on the server, and none was ever in a program's settings."""
    key("bank-1")
    visitor = strict.accept_invitation(context.people.invite("officer.li", "bank-1"), "a ferry crosses at dawn")
    assert strict.call(visitor, Ask("GET", "/book")).status == 200


def test_a_session_ends_at_sign_out_whatever_opened_it(
    door: GatewayDoor, key: Keys, context: Context, service: Any
) -> None:
    """Here at once, and in another process when it next asks; the key itself and a later session live on."""
    text = key()
    visitor, later = door.sign_in(text), door.sign_in(text)
    door.call(visitor, Ask("GET", "/book"))
    door.sign_out(visitor)
    with pytest.raises(Unauthenticated):
        door.call(visitor, Ask("GET", "/book"))
    other = Authority(context.database, context.authority.signer, context.settings.pepper)
    with pytest.raises(Unauthenticated):
        other.pass_of_session(str(visitor.session))
    assert door.call(later, Ask("GET", "/book")).status == 200


def test_who_signs_out_twice_empties_no_memory(door: GatewayDoor, key: Keys, context: Context) -> None:
    """Only a session that ends moves the revision on, at which every process forgets all passes."""
    visitor = door.sign_in(key())

    def revision() -> int:
        with context.database.read() as session:
            return store.revision(session)

    before = revision()
    door.sign_out(visitor)
    assert revision() == before + 1
    door.sign_out(visitor)
    door.sign_out(replace(visitor, session="kse_unknown"))
    door.sign_out(replace(visitor, session="ses_unknown", person="per_unknown"))
    assert revision() == before + 1


def test_signing_in_by_a_key_counts_against_its_clients_quota(door: GatewayDoor, key: Keys) -> None:
    """Each makes a session in the database."""
    text = key("shop", "enterprise", "local:E1")
    for _ in range(DEFAULT_QUOTAS["enterprise"].requests):
        door._admission._take("enterprise", "shop")
    with pytest.raises(TooManyRequests):
        door.sign_in(text)


def test_passes_of_sessions_are_bounded(
    door: GatewayDoor, key: Keys, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As those of keys are."""
    monkeypatch.setattr(authority, "REMEMBERED", 3)
    text = key()
    for _ in range(5):
        context.authority.pass_of_session(str(door.sign_in(text).session))
    assert len(context.authority._passes) <= 3


def test_a_call_takes_one_of_its_clients_places(door: GatewayDoor, key: Keys, service: Any) -> None:
    """The portal's pages and the API share them; the place is given back."""
    visitor = door.sign_in(key())
    held = [door._places.enter("bank-1") for _ in range(door._places.most)]
    with pytest.raises(TooManyAtOnce):
        door.call(visitor, Ask("GET", "/book"))
    held.pop()()
    for _ in range(2):
        assert door.call(visitor, Ask("GET", "/book")).status == 200


def test_a_visitor_without_a_session_is_nobody(door: GatewayDoor, key: Keys, service: Any) -> None:
    """A cookie of before sessions were kept, or one made of a client and a key's public part."""
    visitor = replace(door.sign_in(key()), session=None)
    with pytest.raises(Unauthenticated):
        door.call(visitor, Ask("GET", "/book"))


def test_a_session_is_no_credential(door: GatewayDoor, key: Keys, app: Flask, service: Any) -> None:
    """Who knows a visitor's client and the public id of its key, but no secret, is not let in."""
    visitor = door.sign_in(key())
    door.call(visitor, Ask("GET", "/book"))
    forged = {"Authorization": f"Bearer session {visitor.client} {visitor.key}"}
    assert app.test_client().get("/v1/book", headers=forged).status_code == 401


def test_a_visitors_calls_count_against_its_quota(door: GatewayDoor, key: Keys, service: Any) -> None:
    """A client has one quota, by page and by program; signing in counts too."""
    visitor = door.sign_in(key())
    door.call(visitor, Ask("GET", "/book"))
    door.call(visitor, Ask("GET", "/book"))
    left = dict(g.standing)["RateLimit"]
    assert left.startswith(f'"bank";r={DEFAULT_QUOTAS["bank"].requests - 3};')


class Recorder:
    """A service that notes whether it may be asked again where its answer is lost."""

    def __init__(self) -> None:
        self.repeatable: list[bool] = []

    def exchange(self, *_: Any, repeatable: bool, **__: Any) -> Reply:
        self.repeatable.append(repeatable)
        return Reply(204, (), b"")


@pytest.mark.parametrize(("asked", "repeatable"), [({"key": "k-1"}, True), ({"key": ""}, False), ({}, False)])
def test_a_write_is_repeated_only_under_a_key(
    door: GatewayDoor, key: Keys, context: Context, asked: dict[str, str], *, repeatable: bool
) -> None:
    """An empty key is none: a form without its nonce must not be carried out twice."""
    recorder = Recorder()
    asking = GatewayDoor(context.admission, {"scoring": recorder}, context.people, context.database)  # type: ignore[dict-item]
    asking.call(door.sign_in(key()), Ask("POST", "/scores", json={}, **asked))
    assert recorder.repeatable == [repeatable]
