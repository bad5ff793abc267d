"""Whatever JSON a proof or an assertion says, it is refused in words or right: on both databases."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey

from chassis.core.errors import Unauthenticated
from chassis.data import migrations
from chassis.data.database import Database
from gateway.identity import assertions, proofs
from gateway.identity.claims import TEXT_LENGTH, is_text
from gateway.identity.proofs import BoundToken
from gateway.identity.registry import Clients
from gateway.identity.store import Client

ENDPOINT, BOOK = "https://credit.example/oauth/token", "https://credit.example/v1/catalogue"
HOLDER = ECKey.generate_key("P-256")
CHARACTERS = st.characters(exclude_categories=())  # lone surrogates and NUL too
HUGE = 10**400
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(HUGE) | st.just(-HUGE) | st.floats() | st.text(CHARACTERS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(CHARACTERS), inner, max_size=3),
    max_leaves=5,
)
HASHED = base64.urlsafe_b64encode(hashlib.sha256(b"a token").digest()).rstrip(b"=").decode()
# More than `json` reads (the interpreter's 1000), fewer than `orjson` refuses (1024).
BRACKETS = 1010
HALF, NUL, DEEP = "\ud800", "\0", "deep"
# The databases are the same for all examples of a test; what an example uses up concerns no other.
MANY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def database(database_url: str) -> Database:
    """Return a register that knows bank-1 by its public key."""
    made = Database(database_url)
    migrations.upgrade(made, "gateway")
    Clients(made, b"a pepper").add([Client("bank-1", "bank")])
    assertions.register(made, "bank-1", HOLDER.as_pem(private=False).decode())
    return made


def signed(head: dict[str, Any], said: object) -> str:
    """Sign any JSON at all; `DEEP` stands for more brackets than the interpreter's stack holds."""
    text = json.dumps(said).replace(f'"{DEEP}"', "[" * BRACKETS + "]" * BRACKETS)
    return jws.serialize_compact({"alg": "ES256", **head}, text, HOLDER, algorithms=["ES256"])


def fresh() -> str:
    return str(time.monotonic_ns())


def opens_by_proof(database: Database, said: object) -> bool:
    proof = signed({"typ": "dpop+jwt", "jwk": HOLDER.as_dict(private=False)}, said)
    asked = proofs.Request("GET", BOOK, time.time())
    try:
        return bool(proofs.check(database, proof, asked, BoundToken("a token", HOLDER.thumbprint())))
    except proofs.ProofRefused:
        return False


def opens_by_assertion(database: Database, said: object) -> bool:
    try:
        return bool(assertions.check(database, signed({}, said), (ENDPOINT,), time.time()))
    except Unauthenticated:
        return False


@MANY
@given(name=st.sampled_from(["htm", "htu", "iat", "ath"]), value=VALUES)
@example("iat", HUGE)
@example("iat", -HUGE)
@example("iat", True)
@example("htu", f"https://credit.example/v1/{HALF}")
@example("ath", HALF)
def test_a_proof_with_any_other_value_is_refused(database: Database, name: str, value: object) -> None:
    """It opens as it is, and with no other value in place of one."""
    claims = {"htm": "GET", "htu": BOOK, "iat": int(time.time()), "jti": fresh(), "ath": HASHED}
    assert not opens_by_proof(database, claims | {name: value})
    assert opens_by_proof(database, claims)


@MANY
@given(name=st.sampled_from(["iss", "sub", "aud", "exp"]), value=VALUES)
@example("exp", HUGE)
@example("iss", NUL)
@example("iss", f"bank{NUL}1")
@example("iss", HALF)
@example("aud", [HALF, {}])
def test_an_assertion_with_any_other_value_is_refused(database: Database, name: str, value: object) -> None:
    """It opens as it is, and with no other value in place of one."""
    claims = {"iss": "bank-1", "sub": "bank-1", "aud": ENDPOINT, "exp": int(time.time()) + 60, "jti": fresh()}
    assert not opens_by_assertion(database, claims | {name: value})
    assert opens_by_assertion(database, claims)


@MANY
@given(said=VALUES)
def test_what_is_no_claims_at_all_opens_nothing(database: Database, said: object) -> None:
    assert not opens_by_proof(database, said)
    assert not opens_by_assertion(database, said)


@MANY
@given(said=VALUES)
@example(HALF)
@example(NUL)
@example("x" * (TEXT_LENGTH + 1))
@example(HUGE)
def test_an_id_opens_once_where_it_is_a_text(database: Database, said: object) -> None:
    """Half a character, which UTF-8 does not hold, is none."""
    jti, now = fresh() + said if isinstance(said, str) else said, int(time.time())
    assertion = {"iss": "bank-1", "sub": "bank-1", "aud": ENDPOINT, "exp": now + 60, "jti": jti}
    proof = {"htm": "GET", "htu": BOOK, "iat": now, "jti": jti, "ath": HASHED}
    for opens, claims in ((opens_by_assertion, assertion), (opens_by_proof, proof)):
        assert [opens(database, claims) for _ in range(2)] == [is_text(jti), False]


@pytest.mark.parametrize("claims", [{"iss": "bank-1", "more": DEEP}, DEEP], ids=["within", "alone"])
def test_more_brackets_than_the_stack_holds_are_refused(database: Database, claims: object) -> None:
    """By name: `hypothesis` deepens the stack."""
    assert not opens_by_proof(database, claims)
    assert not opens_by_assertion(database, claims)
