"""API2:2023, authentication: what proves nothing is refused everywhere, and who guesses stops nobody but itself."""

from __future__ import annotations

import base64
import json

import pytest
from documented import operations
from town import Town

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _altered(token: str, part: int, **claims: object) -> str:
    """Return a token with other claims in its head (0) or its body (1), under the signature that it had."""
    parts = token.split(".")
    said = json.loads(base64.urlsafe_b64decode(parts[part] + "==")) | claims
    parts[part] = base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()
    return ".".join(parts)


@pytest.fixture(scope="module")
def token(town: Town) -> str:
    """Return a token of a bank that has no consent, as the gateway makes it."""
    key = town.headers["bank without consent"]["Authorization"].removeprefix("Bearer ")
    form = f"grant_type=client_credentials&client_id=door-0&client_secret={key}".encode()
    answer = town.send("no token", "POST", "/oauth/token", form, FORM)
    assert answer.status == 200, answer.data
    return str(answer.json["access_token"])


def test_the_token_opens_before_it_is_altered(town: Town, token: str) -> None:
    """The claims below would hold of a token that opens nothing."""
    assert town.ask("no token", "GET", "/v1/models", Authorization=f"Bearer {token}").status == 200


@pytest.mark.parametrize(
    ("part", "claims"),
    [
        (1, {"role": "operator"}),
        (1, {"sub": "bank-demo"}),
        (1, {"scope": "clients:write"}),
        (1, {"exp": 9_999_999_999}),
        (0, {"alg": "none"}),
        (0, {"alg": "HS256"}),
        (0, {"kid": "../../../dev/null"}),
        (0, {"jku": "https://evil.example/keys"}),
        (0, {"crit": ["x"]}),
        (0, {"b64": False}),
    ],
)
def test_an_altered_token_opens_nothing(town: Town, token: str, part: int, claims: dict[str, object]) -> None:
    false = _altered(token, part, **claims)
    assert town.ask("no token", "GET", "/v1/models", Authorization=f"Bearer {false}").status == 401


def test_a_token_asks_for_no_more_than_its_client_has(town: Town) -> None:
    """A scope of the operator's is not given to a bank."""
    key = town.headers["bank without consent"]["Authorization"].removeprefix("Bearer ")
    form = f"grant_type=client_credentials&client_id=door-0&client_secret={key}&scope=clients%3Awrite".encode()
    answer = town.send("no token", "POST", "/oauth/token", form, FORM)
    assert answer.status == 400 or "clients:write" not in answer.json["scope"]


def test_every_operation_but_the_public_ones_asks_who_comes(town: Town) -> None:
    """Without a token 401, wherever the document names a way to prove oneself."""
    open_ = [
        f"{method} {path}"
        for method, path, operation in operations()
        if operation["security"] and town.ask("no token", method, path, None if method == "GET" else {}).status != 401
    ]
    assert not open_


def test_a_key_is_taken_from_its_header_alone(town: Town) -> None:
    """Not from the query, where logs keep it, and not from a cookie, which another site could send."""
    key = town.headers["bank with consent"]["Authorization"].removeprefix("Bearer ")
    for headers, query in (({}, f"?key={key}&access_token={key}"), ({"Cookie": f"key={key}; token={key}"}, "")):
        assert town.ask("no token", "GET", f"/v1/models{query}", **headers).status == 401


def test_who_signs_out_is_out(town: Town) -> None:
    """D13: the cookie of a session that an API key opened is worth nothing afterwards."""
    key = town.headers["owner"]["Authorization"].removeprefix("Bearer ")
    here = {"Origin": town.url, **FORM}
    entered = town.http.request(
        "POST", f"{town.url}/portal/sign-in", body=f"key={key}".encode(), headers=here, redirect=False
    )
    assert entered.status == 303, entered.data
    cookie = {"Cookie": entered.headers["Set-Cookie"].partition(";")[0]}

    first = town.http.request("GET", f"{town.url}/portal/", headers=cookie, redirect=False).headers["Location"]

    def status() -> int:
        return town.http.request("GET", town.url + first, headers=cookie, redirect=False).status

    assert status() == 200
    town.http.request("POST", f"{town.url}/portal/sign-out", headers=here | cookie, redirect=False)
    assert status() != 200
