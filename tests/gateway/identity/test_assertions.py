"""`private_key_jwt`: a client signs for itself (RFC 7523)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from chassis.core.errors import Invalid
from gateway.cli import main
from gateway.context import Context
from gateway.identity import assertions
from gateway.identity.assertions import PublicKeyExists, TooManyPublicKeys
from gateway.identity.roles import CLIENT_ASSERTION
from smecredit import Client

ENDPOINT = "http://localhost/oauth/token"
Pair = ECKey


def pem(key: ECKey) -> str:
    return key.as_pem(private=False).decode()


def assertion(key: Any, algorithm: str = "ES256", **changes: Any) -> str:
    claims = {"iss": "bank-1", "sub": "bank-1", "aud": ENDPOINT, "exp": int(time.time()) + 60, "jti": "once", **changes}
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": algorithm}, claims, key, algorithms=[algorithm])


def ask(client: FlaskClient, signed: str, **form: str) -> TestResponse:
    given = {"grant_type": "client_credentials", "client_assertion_type": CLIENT_ASSERTION, "client_assertion": signed}
    return client.post("/oauth/token", data={**given, **form})


@pytest.fixture
def pair(context: Context, key: Callable[..., str]) -> Pair:
    """Return a pair of keys whose public half is registered for bank-1."""
    key("bank-1")
    made = ECKey.generate_key("P-256")
    assertions.register(context.database, "bank-1", pem(made))
    return made


def test_an_assertion_gives_a_token_that_opens_the_gateway(client: FlaskClient, pair: Pair) -> None:
    """No secret was sent."""
    token = ask(client, assertion(pair)).json["access_token"]
    assert client.get("/v1/catalogue", headers={"Authorization": f"Bearer {token}"}).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "http://elsewhere/oauth/token"},
        {"aud": None},
        {"exp": None},
        {"exp": 1_000_000_000},
        {"exp": 9_000_000_000},
        {"exp": "soon"},
        {"nbf": 9_000_000_000},
        {"sub": "bank-2"},
        {"iss": "bank-2"},
        {"iss": 7},
        {"jti": None},
        {"jti": "x" * 201},
    ],
    ids=str,
)
def test_an_assertion_with_a_wrong_claim_is_refused(client: FlaskClient, pair: Pair, changes: dict[str, Any]) -> None:
    """Each claim of RFC 7523 section 3, missing or wrong."""
    answer = ask(client, assertion(pair, **changes))
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")


def test_an_assertion_is_used_once_in_all_workers(gateway: Callable[..., Flask], pair: Pair) -> None:
    """Eight requests at once at two gateways over one database: one token."""
    workers = [gateway(), gateway()]
    signed = assertion(pair)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: ask(workers[n % 2].test_client(), signed).status_code, range(8)))
    assert sorted(found) == [200] + [401] * 7


def test_a_strange_key_proves_nothing(client: FlaskClient, pair: Pair) -> None:
    assert ask(client, assertion(ECKey.generate_key("P-256"))).status_code == 401


def test_the_public_key_is_no_shared_secret(client: FlaskClient, pair: Pair) -> None:
    """The confusion of algorithms: HS256 with the public key's text as its secret."""
    assert ask(client, assertion(OctKey.import_key(pair.as_dict(private=False)["x"]), "HS256")).status_code == 401


@pytest.mark.parametrize("signed", ["", "a.b.c", "....", "é"])
def test_what_is_no_assertion_is_refused(client: FlaskClient, pair: Pair, signed: str) -> None:
    assert ask(client, signed).status_code == 401


def test_an_assertion_and_a_secret_together_are_refused(client: FlaskClient, pair: Pair) -> None:
    """RFC 6749 section 2.3: one way in a request; the assertion is not used up by the slip."""
    signed = assertion(pair)
    assert ask(client, signed, client_secret="x").json["error"] == "invalid_request"
    assert ask(client, signed).status_code == 200


def test_the_client_id_beside_an_assertion_must_agree(client: FlaskClient, pair: Pair) -> None:
    assert ask(client, assertion(pair), client_id="bank-2").status_code == 401


def test_an_ended_public_key_ends_its_tokens(gateway: Callable[..., Flask], context: Context, pair: Pair) -> None:
    client = gateway().test_client()
    token = ask(client, assertion(pair)).json["access_token"]
    assertions.end(context.database, "bank-1", pair.thumbprint())
    fresh = gateway().test_client()
    assert fresh.get("/v1/catalogue", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert ask(fresh, assertion(pair, jti="again")).status_code == 401


def test_a_third_public_key_is_refused_with_what_to_do(context: Context, pair: Pair) -> None:
    assertions.register(context.database, "bank-1", pem(ECKey.generate_key("P-256")))
    with pytest.raises(TooManyPublicKeys, match="public-key end"):
        assertions.register(context.database, "bank-1", pem(ECKey.generate_key("P-256")))


def test_a_public_key_belongs_to_one_client(context: Context, pair: Pair, key: Callable[..., str]) -> None:
    key("bank-2")
    with pytest.raises(PublicKeyExists):
        assertions.register(context.database, "bank-2", pem(pair))


@pytest.mark.parametrize(
    "text",
    ["no key", ECKey.generate_key("P-256").as_pem(private=True).decode(), pem(ECKey.generate_key("P-384"))],
    ids=["text", "private", "other-curve"],
)
def test_only_a_public_key_of_es256_is_registered(context: Context, key: Callable[..., str], text: str) -> None:
    key("bank-1")
    with pytest.raises(Invalid):
        assertions.register(context.database, "bank-1", text)


def test_the_commands_register_and_end_a_public_key(
    home: Path, client: FlaskClient, key: Callable[..., str], tmp_path: Path
) -> None:
    key("bank-1")
    pair = ECKey.generate_key("P-256")
    file = tmp_path / "public.pem"
    file.write_text(pem(pair))
    made = CliRunner().invoke(main, ["public-key", "add", "bank-1", str(file)]).output.strip()
    assert ask(client, assertion(pair)).status_code == 200
    assert CliRunner().invoke(main, ["public-key", "end", "bank-1", made]).exit_code == 0
    assert ask(client, assertion(pair, jti="again")).status_code == 401


@pytest.mark.parametrize("named", [None, "https://credit.example/oauth/token"])
def test_in_production_only_the_setting_is_the_audience(
    gateway: Callable[..., Flask], pair: Pair, named: str | None
) -> None:
    """A forged Host header must not make another server's assertion ours."""
    client = gateway(production=True, token_url=named).test_client()
    assert ask(client, assertion(pair)).status_code == 401
    assert ask(client, assertion(pair, aud="https://credit.example/oauth/token")).status_code == (200 if named else 401)


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """Return where the gateway listens, over real HTTP."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("bound", [False, True], ids=["bearer", "bound"])
def test_the_python_client_signs_for_itself(address: str, pair: Pair, service: Any, *, bound: bool) -> None:
    """Over real HTTP; the second call goes with the token of the first, and with a proof of its own where it must."""
    with Client(address) as plain:
        bank = plain.signing("bank-1", pair.as_pem(private=True), bound=bound)
        assert [bank.catalogue()["method"] for _ in range(2)] == ["GET", "GET"]
        first, second = (asked["headers"]["authorization"] for asked in service.asked)
        assert first == second


@pytest.mark.parametrize("reference", ["local:E17", "汇票 1", "a/b", "100%", "a%41", "a?b#c", "é~'()*;=@&+$,"])
def test_the_python_client_proves_whatever_stands_in_a_path(
    address: str, pair: Pair, service: Any, reference: str
) -> None:
    """References are a bank's own; what the service gets is what was asked for."""
    with Client(address) as plain:
        bank = plain.signing("bank-1", pair.as_pem(private=True), bound=True)
        assert unquote(bank.decision(reference)["path"]) == f"/v1/decisions/{reference}"
