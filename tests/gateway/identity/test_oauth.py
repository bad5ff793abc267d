"""The token endpoint, in the words of RFC 6749."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from chassis.core.identity import Caller, Verifier
from gateway.context import Context
from gateway.identity.registry import Clients
from gateway.identity.roles import DEFAULT_SCOPES

GRANT = {"grant_type": "client_credentials"}
Keys = Callable[..., str]


def basic(client_id: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


def caller_of(context: Context, token: str) -> Caller:
    return Verifier(keys=context.authority.signer.key_set()).verify(token)


def test_client_credentials_by_basic_give_a_token_of_five_minutes(
    client: FlaskClient, key: Keys, context: Context
) -> None:
    """RFC 6749 sections 2.3.1, 4.4 and 5.1."""
    answer = client.post("/oauth/token", data=GRANT, headers=basic("bank-1", key()))
    assert answer.status_code == 200
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 300)
    assert answer.headers["Cache-Control"] == "no-store"
    assert caller_of(context, answer.json["access_token"]).scopes == DEFAULT_SCOPES["bank"]


def test_client_credentials_in_the_form_work_too(client: FlaskClient, key: Keys) -> None:
    """RFC 6749 section 2.3.1, the second way."""
    form = {**GRANT, "client_id": "bank-1", "client_secret": key()}
    assert client.post("/oauth/token", data=form).status_code == 200


def test_a_scope_can_be_narrowed(client: FlaskClient, key: Keys, context: Context) -> None:
    """A program that only reads asks for no more."""
    answer = client.post("/oauth/token", data={**GRANT, "scope": "scores:read"}, headers=basic("bank-1", key()))
    assert caller_of(context, answer.json["access_token"]).scopes == {"scores:read"}


def test_a_scope_cannot_be_widened(client: FlaskClient, key: Keys) -> None:
    """A bank does not become an operator by asking."""
    answer = client.post("/oauth/token", data={**GRANT, "scope": "clients:write"}, headers=basic("bank-1", key()))
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize(
    ("form", "headers", "status", "error"),
    [
        (GRANT, {}, 401, "invalid_client"),
        (GRANT, basic("bank-1", "smc_0_0"), 401, "invalid_client"),
        (GRANT, {"Authorization": "Basic %%%"}, 401, "invalid_client"),
        ({**GRANT, "client_secret": "x"}, basic("bank-1", "x"), 400, "invalid_request"),
    ],
    ids=["nothing", "wrong-secret", "unreadable", "twice"],
)
def test_a_client_that_proves_nothing_is_refused(
    client: FlaskClient, form: dict[str, str], headers: dict[str, str], status: int, error: str
) -> None:
    """RFC 6749 section 5.2."""
    answer = client.post("/oauth/token", data=form, headers=headers)
    assert (answer.status_code, answer.json["error"]) == (status, error)


def test_an_unknown_client_is_answered_with_a_challenge(client: FlaskClient) -> None:
    """RFC 6749 section 5.2: 401 names the scheme."""
    answer = client.post("/oauth/token", data=GRANT, headers=basic("bank-1", "x"))
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_a_key_of_another_client_is_refused(client: FlaskClient, key: Keys) -> None:
    """Id and secret belong together."""
    key("bank-1")
    other = key("bank-2")
    assert client.post("/oauth/token", data=GRANT, headers=basic("bank-1", other)).status_code == 401


def test_another_grant_is_refused(client: FlaskClient, key: Keys) -> None:
    """Only client credentials are offered."""
    answer = client.post("/oauth/token", data={"grant_type": "password"}, headers=basic("bank-1", key()))
    assert answer.json["error"] == "unsupported_grant_type"


def test_a_disabled_key_gives_no_token(client: FlaskClient, key: Keys, clients: Clients) -> None:
    """The key ends everywhere at once."""
    text = key()
    clients.disable_key("bank-1", text.split("_")[1])
    assert client.post("/oauth/token", data=GRANT, headers=basic("bank-1", text)).status_code == 401


def test_a_service_acts_for_the_client_that_ordered_its_job(client: FlaskClient, key: Keys, context: Context) -> None:
    """The token speaks for the bank, names the service, and carries only what a job reads with."""
    key("bank-1")
    form = {**GRANT, "subject": "bank-1"}
    header = {"Authorization": f"Bearer {key('matching', 'service')}"}
    token = client.post("/oauth/token", data=form, headers=header).json["access_token"]
    caller = caller_of(context, token)
    assert (caller.client, caller.role, caller.actor) == ("bank-1", "bank", "matching")
    assert "features:bulk" in caller.scopes
    assert not caller.scopes & {"scores:write", "consents:write", "clients:write", "imports:write"}


def test_a_token_for_an_operator_cannot_bring_in_clients(client: FlaskClient, key: Keys) -> None:
    """A stolen service key makes nobody."""
    key("operator-1", "operator")
    header = {"Authorization": f"Bearer {key('matching', 'service')}"}
    token = client.post("/oauth/token", data={**GRANT, "subject": "operator-1"}, headers=header).json["access_token"]
    answer = client.post("/v1/clients", headers={"Authorization": f"Bearer {token}"}, json=[])
    assert answer.status_code == 403


def test_a_bank_acts_for_nobody(client: FlaskClient, key: Keys) -> None:
    """Only services may name a subject."""
    key("bank-2")
    answer = client.post("/oauth/token", data={**GRANT, "subject": "bank-2"}, headers=basic("bank-1", key("bank-1")))
    assert answer.json["error"] == "unauthorized_client"


def test_nobody_acts_for_a_client_that_has_ended(client: FlaskClient, key: Keys, clients: Clients) -> None:
    """Its jobs end with it."""
    key("bank-1")
    clients.disable("bank-1")
    header = {"Authorization": f"Bearer {key('matching', 'service')}"}
    answer = client.post("/oauth/token", data={**GRANT, "subject": "bank-1"}, headers=header)
    assert answer.json["error"] == "invalid_request"


@pytest.mark.parametrize(("audience", "status"), [("gateway", 200), ("smecredit", 200), ("", 200), ("profile", 401)])
def test_a_token_for_another_service_opens_no_route_of_the_gateways_own(
    client: FlaskClient, key: Keys, audience: str, status: int
) -> None:
    """A token that is asked for with `audience` is for that service only."""
    headers = basic("operator-1", key("operator-1", "operator"))
    token = client.post("/oauth/token", data={**GRANT, "audience": audience}, headers=headers).json["access_token"]
    assert client.get("/v1/clients", headers={"Authorization": f"Bearer {token}"}).status_code == status


def test_an_unknown_audience_is_refused(client: FlaskClient, key: Keys) -> None:
    """RFC 8707 section 2."""
    answer = client.post("/oauth/token", data={**GRANT, "audience": "elsewhere"}, headers=basic("bank-1", key()))
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_target")


def test_a_form_that_holds_a_nul_is_an_invalid_request(client: FlaskClient) -> None:
    """RFC 6749 section 5.2, and no database is asked for it."""
    answer = client.post("/oauth/token", data={**GRANT, "scope": "a\0b"}, headers=basic("bank-1", "smc_0_0"))
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")
