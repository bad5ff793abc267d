"""Tokens that are bound to a key (DPoP, RFC 9449), and the discovery document (RFC 8414)."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from chassis.core.errors import Unauthenticated
from chassis.core.identity import Verifier
from chassis.core.settings import SettingsError
from gateway.context import Context
from gateway.door.limits import DEFAULT_QUOTAS, FAILURES, Quota
from gateway.identity import proofs
from gateway.identity.proofs import BoundToken, ProofRefused
from gateway.identity.tables import UsedAssertionRow
from gateway.settings import Settings

TOKEN_URL, BOOK = "http://localhost/oauth/token", "http://localhost/v1/catalogue"
OURS = {"Origin": "http://localhost"}


def proof(key: ECKey, method: str, address: str, token: str | None = None, **changes: Any) -> str:
    """Return a proof as a client makes one; `changes` replace claims, None takes one out."""
    claims = {"htm": method, "htu": address, "iat": int(time.time()), "jti": f"{time.monotonic_ns()}"}
    if token is not None:
        claims["ath"] = base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
    head = {"alg": "ES256", "typ": "dpop+jwt", "jwk": key.as_dict(private=False)} | changes.pop("head", {})
    said = {name: value for name, value in (claims | changes).items() if value is not None}
    return jwt.encode(head, said, key, algorithms=["ES256"])


def ask(client: FlaskClient, api_key: str, sent: str | None) -> TestResponse:
    headers = {"Authorization": f"Bearer {api_key}"} | ({"DPoP": sent} if sent else {})
    return client.post("/oauth/token", data={"grant_type": "client_credentials"}, headers=headers)


def read(client: FlaskClient, token: str, *sent: str, scheme: str = "DPoP") -> TestResponse:
    return client.get("/v1/catalogue", headers=[("Authorization", f"{scheme} {token}"), *(("DPoP", p) for p in sent)])


@pytest.fixture
def holder() -> ECKey:
    """Return the key that the client holds."""
    return ECKey.generate_key("P-256")


@pytest.fixture
def token(client: FlaskClient, key: Callable[..., str], holder: ECKey) -> str:
    """Return a token of bank-1 that is bound to the holder's key."""
    answer = ask(client, key("bank-1"), proof(holder, "POST", TOKEN_URL)).json
    assert answer["token_type"] == "DPoP"
    return str(answer["access_token"])


def test_a_bound_token_opens_with_a_proof_of_its_key(client: FlaskClient, token: str, holder: ECKey) -> None:
    """Each request has a proof of its own."""
    for _ in range(2):
        assert read(client, token, proof(holder, "GET", BOOK, token)).status_code == 200


def test_a_bound_token_alone_opens_nothing(client: FlaskClient, token: str, holder: ECKey) -> None:
    """Neither as a bearer token, with or without a proof, nor by the scheme alone, nor with two proofs."""
    fresh = [proof(holder, "GET", BOOK, token) for _ in range(3)]
    assert read(client, token, scheme="Bearer").status_code == 401
    assert read(client, token, fresh[0], scheme="Bearer").status_code == 401
    assert read(client, token).status_code == 401
    assert read(client, token, *fresh[1:]).status_code == 401


def test_a_bound_token_opens_the_gateway_s_own_routes_too(
    client: FlaskClient, key: Callable[..., str], holder: ECKey
) -> None:
    """Those that no service answers."""
    token = ask(client, key("op", role="operator"), proof(holder, "POST", TOKEN_URL)).json["access_token"]
    own = "http://localhost/v1/clients"
    sent = {"Authorization": f"DPoP {token}", "DPoP": proof(holder, "GET", own, token)}
    assert client.get("/v1/clients", headers=sent).status_code == 200
    assert client.get("/v1/clients", headers={"Authorization": f"Bearer {token}"}).status_code == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"htm": "POST"},
        {"htm": None},
        {"htu": "http://localhost/v1/book"},
        {"htu": "https://localhost/v1/catalogue"},
        {"htu": "http://elsewhere/v1/catalogue"},
        {"htu": "http://[::1"},
        {"htu": 7},
        {"iat": 1_000_000_000},
        {"iat": 9_000_000_000},
        {"iat": "now"},
        {"iat": True},
        {"iat": None},
        {"jti": None},
        {"jti": "x" * 201},
        {"ath": None},
        {"ath": "é"},
        {"ath": "AAAA"},
        {"head": {"typ": "JWT"}},
        {"head": {"jwk": {}}},
    ],
    ids=str,
)
def test_a_proof_for_something_else_is_refused(
    client: FlaskClient, token: str, holder: ECKey, changes: dict[str, Any]
) -> None:
    """Another method, address, time or token; and what names no key."""
    answer = read(client, token, proof(holder, "GET", BOOK, token, **changes))
    assert answer.status_code == 401
    assert 'DPoP algs="ES256", error="invalid_dpop_proof"' in answer.headers.getlist("WWW-Authenticate")


def test_a_proof_by_another_key_is_refused(client: FlaskClient, token: str) -> None:
    """Though it is a right proof of that key."""
    assert read(client, token, proof(ECKey.generate_key("P-256"), "GET", BOOK, token)).status_code == 401


def test_a_proof_that_its_own_key_did_not_sign_is_refused(client: FlaskClient, token: str, holder: ECKey) -> None:
    """The key in the head is anybody's to copy."""
    other = ECKey.generate_key("P-256")
    copied = proof(other, "GET", BOOK, token, head={"jwk": holder.as_dict(private=False)})
    assert read(client, token, copied).status_code == 401


def test_a_proof_with_a_private_key_or_a_shared_secret_is_refused(
    client: FlaskClient, token: str, holder: ECKey
) -> None:
    """A key that was shown proves nothing any more, and a secret in the head proves nothing at all."""
    shown = proof(holder, "GET", BOOK, token, head={"jwk": holder.as_dict(private=True)})
    assert read(client, token, shown).status_code == 401
    secret = OctKey.generate_key(256)
    claims = {"htm": "GET", "htu": BOOK, "iat": int(time.time()), "jti": "once"}
    shared = jwt.encode({"alg": "HS256", "typ": "dpop+jwt", "jwk": secret.as_dict()}, claims, secret)
    assert read(client, token, shared).status_code == 401


def test_the_query_is_no_part_of_the_address(client: FlaskClient, token: str, holder: ECKey) -> None:
    """As RFC 9449 section 4.3 says; the host is compared without regard to case, and port 80 is http's own."""
    sent = proof(holder, "GET", "http://LOCALHOST:80/v1/catalogue?x=1#y", token)
    assert read(client, token, sent).status_code == 200


@pytest.mark.parametrize(
    ("asked", "signed", "status"),
    [
        ("local:E17", "local%3AE17", 200),
        ("local%3AE17", "local:E17", 200),
        ("%E6%B1%87%E7%A5%A8%201", "%e6%b1%87%e7%a5%a8%201", 200),
        ("%E6%B1%87%E7%A5%A8%201", "汇票 1", 200),
        ("a%2Fb", "a%2Fb", 200),
        ("a%3Fb", "a%3Fb", 200),
        ("a%3Fb", "a?b", 401),
        ("%2541", "%2541", 200),
        ("%2541", "%41", 401),
        ("%2541", "A", 401),
    ],
)
def test_escapes_of_a_path_are_read_once(
    client: FlaskClient, token: str, holder: ECKey, asked: str, signed: str, status: int
) -> None:
    """Of the request and of the proof alike (RFC 3986 section 2.4): the same path, however it is written."""
    sent = proof(holder, "GET", f"http://localhost/v1/decisions/{signed}", token)
    headers = {"Authorization": f"DPoP {token}", "DPoP": sent}
    assert client.get(f"/v1/decisions/{asked}", headers=headers).status_code == status


def test_a_proof_by_another_key_costs_no_write(context: Context, holder: ECKey) -> None:
    """Whoever has a stolen token and a key of its own fills no table; the proof is not used up by that either."""
    asked, sent = proofs.Request("GET", BOOK, time.time()), proof(holder, "GET", BOOK, "a token")
    with pytest.raises(ProofRefused, match="another key"):
        proofs.check(context.database, sent, asked, BoundToken("a token", "another"))
    with context.database.read() as session:
        assert session.scalar(select(func.count()).select_from(UsedAssertionRow)) == 0
    held = BoundToken("a token", holder.thumbprint())
    assert proofs.check(context.database, sent, asked, held) == holder.thumbprint()


def test_refused_proofs_count_against_the_address_and_close_it_to_them_alone(
    gateway: Callable[..., Flask], key: Callable[..., str], holder: ECKey
) -> None:
    """As wrong keys do: what is right passes all the same."""
    here = gateway(quotas={**DEFAULT_QUOTAS, FAILURES: Quota(2, 60)}).test_client()
    token = ask(here, key("bank-1"), proof(holder, "POST", TOKEN_URL)).json["access_token"]
    found = [read(here, token, proof(holder, "POST", BOOK, token)).status_code for _ in range(3)]
    assert found == [401, 401, 429]
    assert read(here, token, proof(holder, "GET", BOOK, token)).status_code == 200


def test_refused_proofs_for_a_token_count_against_the_address_too(
    gateway: Callable[..., Flask], key: Callable[..., str], holder: ECKey
) -> None:
    """The token endpoint is no place to try proofs either."""
    here, api_key = gateway(quotas={**DEFAULT_QUOTAS, FAILURES: Quota(2, 60)}).test_client(), key("bank-1")
    found = [ask(here, api_key, proof(holder, "GET", TOKEN_URL)).status_code for _ in range(3)]
    assert found == [400, 400, 429]
    assert ask(here, api_key, proof(holder, "POST", TOKEN_URL)).status_code == 200


def test_a_refused_proof_takes_nothing_of_the_client_s_quota(client: FlaskClient, token: str, holder: ECKey) -> None:
    """Who stole a token cannot use its client's quota up."""
    left = []
    for method in ("GET", "POST", "GET"):
        answer = read(client, token, proof(holder, method, BOOK, token))
        left += re.findall(r";r=(\d+)", answer.headers.get("RateLimit", ""))
    assert int(left[0]) - int(left[-1]) == 1


def test_a_token_that_opens_nothing_is_no_fault_of_its_proof(
    client: FlaskClient, context: Context, token: str, holder: ECKey
) -> None:
    """A client library fetches a new token for the one, and signs a new proof for the other (RFC 9449 section 7.1)."""
    context.clients.disable("bank-1")
    for sent in (token, "no token"):
        answer = read(client, sent, proof(holder, "GET", BOOK, sent))
        assert 'DPoP algs="ES256", error="invalid_token"' in answer.headers.getlist("WWW-Authenticate")


@pytest.mark.parametrize("authorization", [None, "Bearer no-token", "DPoP", "DPoP "])
def test_who_came_by_no_bound_token_is_told_the_schemes_alone(client: FlaskClient, authorization: str | None) -> None:
    """There is nothing wrong with a token or proof that was not sent (RFC 6750 section 3.1)."""
    answer = client.get("/v1/catalogue", headers={"Authorization": authorization} if authorization else {})
    assert answer.status_code == 401
    assert 'DPoP algs="ES256"' in answer.headers.getlist("WWW-Authenticate")


def test_of_ten_at_once_with_one_proof_one_gets_in(context: Context, holder: ECKey) -> None:
    """Each worker process would ask the same row."""
    asked = proofs.Request("GET", BOOK, time.time())
    sent = proof(holder, "GET", BOOK)

    def once(_: int) -> bool:
        try:
            return proofs.check(context.database, sent, asked) == holder.thumbprint()
        except ProofRefused:
            return False

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(once, range(10))) == 1


def test_services_get_a_token_of_our_own_and_refuse_a_bound_one(
    client: FlaskClient, context: Context, service: Any, token: str, holder: ECKey
) -> None:
    """Who steals a bound token gets nothing for it behind the gateway either."""
    read(client, token, proof(holder, "GET", BOOK, token))
    verifier = Verifier(keys=context.authority.signer.key_set(), audiences=["profile"])
    onward = service.asked[-1]["headers"]["authorization"].removeprefix("Bearer ")
    assert verifier.verify(onward).client == "bank-1"
    with pytest.raises(Unauthenticated):
        verifier.verify(token)


def test_a_token_without_a_key_is_not_taken_for_a_bound_one(
    client: FlaskClient, key: Callable[..., str], holder: ECKey
) -> None:
    """Else a sender would believe in a protection that is not there."""
    plain = ask(client, key("bank-1"), None).json["access_token"]
    assert read(client, plain, proof(holder, "GET", BOOK, plain)).status_code == 401
    assert read(client, plain, scheme="Bearer").status_code == 200


def test_no_token_comes_of_a_proof_for_something_else(
    client: FlaskClient, key: Callable[..., str], holder: ECKey
) -> None:
    """In the words of RFC 9449 section 5."""
    answer = ask(client, key("bank-1"), proof(holder, "POST", BOOK))
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_dpop_proof")


def test_roles_that_must_be_bound_come_with_nothing_else(
    gateway: Callable[..., Flask], key: Callable[..., str], holder: ECKey
) -> None:
    """Neither a key nor a plain token opens; other roles come as ever."""
    strict = gateway(bound_roles=frozenset({"bank"})).test_client()
    bank, firm = key("bank-1"), key("firm-1", role="enterprise", enterprise="local:E1")
    plain = ask(strict, bank, None).json["access_token"]
    assert [read(strict, each, scheme="Bearer").status_code for each in (bank, plain, firm)] == [401, 401, 200]
    bound = ask(strict, bank, proof(holder, "POST", TOKEN_URL)).json["access_token"]
    assert read(strict, bound, proof(holder, "GET", BOOK, bound)).status_code == 200


def test_a_key_of_a_role_that_must_be_bound_opens_no_page(
    gateway: Callable[..., Flask], key: Callable[..., str]
) -> None:
    """A key that was stolen must not become a session either; the page says how people come in."""
    strict = gateway(bound_roles=frozenset({"bank"})).test_client()
    refused = strict.post("/portal/sign-in", data={"key": key("bank-1")}, headers=OURS)
    assert (refused.status_code, "Set-Cookie" in refused.headers) == (403, False)
    assert "登录名和密码" in refused.text
    opened = strict.post(
        "/portal/sign-in", data={"key": key("firm-1", role="enterprise", enterprise="local:E1")}, headers=OURS
    )
    assert opened.status_code == 303


def test_an_end_of_the_key_ends_what_is_bound(client: FlaskClient, context: Context, token: str, holder: ECKey) -> None:
    """Though the holder's own key is as good as ever."""
    context.clients.disable("bank-1")
    assert read(client, token, proof(holder, "GET", BOOK, token)).status_code == 401


def test_production_takes_proofs_for_its_public_address_alone(
    gateway: Callable[..., Flask], key: Callable[..., str], holder: ECKey
) -> None:
    """A request names its own host: what was signed for another server must not open this one."""
    shown = gateway(production=True, token_url="https://credit.example/oauth/token")
    hidden = gateway(production=True)
    api_key, public = key("bank-1"), "https://credit.example/oauth/token"
    for given, sent, status in ((shown, public, 200), (shown, TOKEN_URL, 400), (hidden, TOKEN_URL, 400)):
        answer = ask(given.test_client(), api_key, proof(holder, "POST", sent))
        assert answer.status_code == status


def test_the_discovery_document_names_addresses_that_answer(client: FlaskClient) -> None:
    """A client library needs nothing but the issuer (RFC 8414)."""
    found = client.get("/.well-known/oauth-authorization-server").json
    assert found["issuer"] == "http://localhost"
    assert found["dpop_signing_alg_values_supported"] == ["ES256"]
    assert client.get(found["jwks_uri"]).json["keys"]
    assert client.post(found["token_endpoint"], data={"grant_type": "client_credentials"}).status_code == 401


def test_who_has_not_said_where_it_is_known_tells_nothing(gateway: Callable[..., Flask]) -> None:
    """In production no request decides what an installation is called."""
    hidden = gateway(production=True).test_client()
    assert hidden.get("/.well-known/oauth-authorization-server").status_code == 404


@pytest.mark.parametrize(("name", "value"), [("GATEWAY_TOKEN_URL", "https://x/token"), ("GATEWAY_BOUND_ROLES", "bnak")])
def test_settings_that_mean_nothing_are_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Before anything starts."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment()


def test_an_assertion_for_the_issuer_is_as_good_as_one_for_the_endpoint(app: Flask) -> None:
    """FAPI 2.0 asks for the issuer; older libraries name the endpoint."""
    issuer = app.extensions["identity"].issuer
    assert issuer.token_endpoint("http://localhost/") == "http://localhost/oauth/token"
    assert issuer.address("http://localhost/") == "http://localhost"
