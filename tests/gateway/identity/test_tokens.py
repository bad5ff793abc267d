"""Tokens: what is in them, and that nothing but our own key makes one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import ECKey

from chassis.core.errors import Invalid, Unauthenticated
from chassis.core.identity import Caller, Verifier
from gateway.context import Context
from gateway.identity.tokens import prepare, rotate, signer

BANK = Caller("bank-1", "bank", frozenset({"scores:write"}))


def encoded(value: dict[str, Any] | bytes) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def claims_of(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def refused(client: FlaskClient, token: str) -> bool:
    return client.get("/v1/catalogue", headers={"Authorization": f"Bearer {token}"}).status_code == 401


@pytest.fixture
def token(context: Context, key: Callable[..., str]) -> str:
    """Return a good token of a live bank."""
    key_id = key().split("_")[1]
    return context.authority.signer.issue(BANK, key_id, time.time())


def test_a_good_token_is_let_through(client: FlaskClient, token: str) -> None:
    """The tokens that the tests below spoil are good ones."""
    assert client.get("/v1/catalogue", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_a_service_reads_the_caller_from_a_token(tmp_path: Path) -> None:
    """The chassis' verifier accepts what the gateway signs, with every member of the caller."""
    caller = Caller("bank-1", "bank", frozenset({"scores:soft"}), None, "matching")
    made = signer(tmp_path / "key.pem")
    assert Verifier(keys=made.key_set()).verify(made.issue(caller, "k", time.time())) == caller


def test_a_token_without_signature_is_refused(client: FlaskClient, token: str) -> None:
    """`alg: none` opens nothing (RFC 8725 section 2.1)."""
    forged = f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{token.split('.')[1]}."
    assert refused(client, forged)


def test_a_token_signed_with_the_public_key_as_secret_is_refused(
    client: FlaskClient, context: Context, token: str
) -> None:
    """HS256 with our public key, in each form an attacker can have it (RFC 8725 section 2.1)."""
    key = context.authority.signer.keys[0]
    kid = key.thumbprint()
    public = context.authority.signer.jwks()["keys"][0]
    for secret in (
        key.as_pem(private=False),
        json.dumps(public).encode(),
        base64.urlsafe_b64decode(public["x"] + "=="),
    ):
        head = f"{encoded({'alg': 'HS256', 'kid': kid, 'typ': 'JWT'})}.{token.split('.')[1]}"
        forged = f"{head}.{encoded(hmac.digest(secret, head.encode(), hashlib.sha256))}"
        assert refused(client, forged)


def test_a_token_of_a_foreign_key_is_refused(client: FlaskClient, context: Context, token: str) -> None:
    """Another key under our key id does not verify."""
    header = {"alg": "ES256", "kid": context.authority.signer.keys[0].thumbprint()}
    assert refused(client, jwt.encode(header, claims_of(token), ECKey.generate_key("P-256")))


def test_a_token_that_brings_its_own_key_is_refused(client: FlaskClient, token: str) -> None:
    """A key in the header (`jwk`) is not a key of ours."""
    foreign = ECKey.generate_key("P-256")
    header = {"alg": "ES256", "jwk": foreign.as_dict(private=False)}
    assert refused(client, jwt.encode(header, claims_of(token), foreign))


@pytest.mark.parametrize(
    "change",
    [
        {"exp": 1},
        {"aud": "elsewhere"},
        {"iss": "somebody"},
        {"exp": None},
        {"role": "root"},
        {"jti": "0000000000000000.1"},
        {"sub": "nobody"},
    ],
    ids=["expired", "audience", "issuer", "no-expiry", "role", "unknown-key", "unknown-client"],
)
def test_a_token_of_ours_with_a_wrong_claim_is_refused(
    client: FlaskClient, context: Context, token: str, change: dict[str, Any]
) -> None:
    """Each claim is checked, though the signature is right."""
    key = context.authority.signer.keys[0]
    claims = {name: value for name, value in (claims_of(token) | change).items() if value is not None}
    assert refused(client, jwt.encode({"alg": "ES256", "kid": key.thumbprint()}, claims, key))


def test_a_changed_claim_breaks_the_signature(client: FlaskClient, token: str) -> None:
    """Nobody gives himself another role."""
    head, _, signature = token.split(".")
    assert refused(client, f"{head}.{encoded(claims_of(token) | {'role': 'operator'})}.{signature}")


def test_the_key_file_is_private_and_kept(tmp_path: Path) -> None:
    """The file is readable by its owner only, and a second start signs with the same key."""
    path = tmp_path / "key.pem"
    first, second = signer(path), signer(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert first.jwks() == second.jwks()


def test_the_published_keys_hold_nothing_private(client: FlaskClient) -> None:
    """`d` is the private part of an elliptic key (RFC 7518 section 6.2.2)."""
    (key,) = client.get("/.well-known/jwks.json").get_json()["keys"]
    assert key.keys() == {"kty", "crv", "x", "y", "kid", "use", "alg"}


def test_a_token_outlives_the_rotation_of_its_key(tmp_path: Path) -> None:
    """After a rotation the key before is still published, and new tokens come from the new one."""
    path = tmp_path / "key.pem"
    before = signer(path)
    old = before.issue(BANK, "k", time.time())
    prepare(path)
    rotate(path)
    assert Verifier(keys=signer(path).key_set()).verify(old) == BANK


def test_a_key_is_published_before_it_signs(tmp_path: Path) -> None:
    """Whoever read the published keys between the two steps takes the tokens after them."""
    path = tmp_path / "key.pem"
    before = signer(path).jwks()["keys"]
    prepare(path)
    between = signer(path)
    assert Verifier(keys=between.key_set()).verify(between.issue(BANK, "k", time.time())) == BANK
    assert between.jwks()["keys"][0] == before[0]
    rotate(path)
    after = signer(path).issue(BANK, "k", time.time())
    assert Verifier(keys=between.key_set()).verify(after) == BANK
    assert signer(path).jwks()["keys"][0] == between.jwks()["keys"][1]


def test_a_key_that_was_not_published_does_not_sign(tmp_path: Path) -> None:
    """Neither at first nor right after a rotation; the file stays as it is."""
    path = tmp_path / "key.pem"
    signer(path)
    for _ in range(2):
        kept = path.read_text()
        with pytest.raises(Invalid, match="--prepare"):
            rotate(path)
        assert path.read_text() == kept
        prepare(path)
        rotate(path)


def test_a_token_for_one_service_is_refused_by_the_others(context: Context) -> None:
    """Stolen from scoring, it opens no profile."""
    keys = context.authority.signer.key_set()
    token = context.authority.signer.issue(BANK, "k", time.time(), "scoring")
    assert Verifier(keys=keys, audiences=["scoring"]).verify(token) == BANK
    for other in (["profile"], ["gateway"], []):
        with pytest.raises(Unauthenticated):
            Verifier(keys=keys, audiences=other).verify(token)


def test_a_token_of_a_session_names_the_session_and_the_person(context: Context) -> None:
    """What a consent keeps as its grantor's signature; a program's token has neither."""
    person = Caller("bank-1", "bank", frozenset(), sid="s1", per="p1")
    seen = Verifier(keys=context.authority.signer.key_set())
    assert seen.verify(context.authority.signer.issue(person, "k", time.time())) == person
    program = seen.verify(context.authority.signer.issue(Caller("bank-1", "bank", frozenset()), "k", time.time()))
    assert (program.sid, program.per) == (None, None)
