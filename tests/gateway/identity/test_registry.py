"""Clients and keys over HTTP, revocation, and what an operator may not do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chassis.data import migrations
from chassis.data.database import Database
from gateway.context import Context
from gateway.identity.authority import Authority
from gateway.identity.registry import Clients, TooManyKeys
from gateway.identity.store import Client
from gateway.identity.tables import Base
from gateway.identity.tokens import signer

Bearer = Callable[..., dict[str, str]]


def bearing(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def works(client: FlaskClient, key: str) -> bool:
    return client.get("/v1/catalogue", headers=bearing(key)).status_code == 200


@pytest.fixture
def operator(bearer: Bearer) -> dict[str, str]:
    """Return the header of an operator."""
    return bearer("operator-1", "operator")


def test_an_operator_brings_in_many_clients_and_each_key_works(client: FlaskClient, operator: dict[str, str]) -> None:
    """One request for a book of firms; each firm gets a key of its own."""
    book = [{"id": f"firm-{n}", "role": "enterprise", "enterprise": f"local:E{n}"} for n in range(30)]
    answer = client.post("/v1/clients", headers=operator, json=book)
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert [each["id"] for each in answer.json] == [each["id"] for each in book]
    assert all(works(client, each["key"]) for each in answer.json)


def test_a_bank_may_not_bring_in_clients(client: FlaskClient, bearer: Bearer) -> None:
    """The scope clients:write is the operator's."""
    assert client.post("/v1/clients", headers=bearer(), json=[]).status_code == 403


def test_a_list_with_an_existing_client_adds_nobody(client: FlaskClient, operator: dict[str, str]) -> None:
    """All or none, and the answer says who exists."""
    client.post("/v1/clients", headers=operator, json=[{"id": "bank-1", "role": "bank"}])
    answer = client.post(
        "/v1/clients", headers=operator, json=[{"id": "bank-2", "role": "bank"}, {"id": "bank-1", "role": "bank"}]
    )
    assert (answer.status_code, answer.json["clients"]) == (409, ["bank-1"])
    ids = [each["id"] for each in client.get("/v1/clients", headers=operator).json["items"]]
    assert "bank-2" not in ids


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "x", "role": "enterprise"},
        {"id": "x", "role": "bank", "enterprise": "local:E1"},
        {"id": "x", "role": "enterprise", "enterprise": "E1"},
        {"id": "x", "role": "root"},
        {"id": "x", "role": "service"},
        {"id": "x y", "role": "bank"},
        {"id": "x\n", "role": "bank"},
        {"id": "x", "role": "bank", "scopes": "all"},
    ],
)
def test_an_impossible_client_is_refused(client: FlaskClient, operator: dict[str, str], wrong: dict[str, str]) -> None:
    """A firm without its full id, a bank with one, an unknown role or field, a service made from outside."""
    assert client.post("/v1/clients", headers=operator, json=[wrong]).status_code == 422


def test_the_register_never_shows_a_secret(client: FlaskClient, operator: dict[str, str]) -> None:
    """The list has public ids of keys; a key is seen once."""
    (made,) = client.post("/v1/clients", headers=operator, json=[{"id": "bank-1", "role": "bank"}]).json
    listing = client.get("/v1/clients", headers=operator)
    assert made["key_id"] in listing.text
    assert made["key"].split("_")[2] not in listing.text


def test_the_register_is_read_page_by_page(client: FlaskClient, operator: dict[str, str]) -> None:
    """Every client is on exactly one page."""
    client.post("/v1/clients", headers=operator, json=[{"id": f"b{n}", "role": "bank"} for n in range(5)])
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = client.get("/v1/clients", headers=operator, query_string={"limit": 2, "cursor": cursor}).json
        seen += [each["id"] for each in page["items"]]
        cursor = page["next"]
    assert seen == ["b0", "b1", "b2", "b3", "b4", "operator-1"]


def test_two_keys_live_at_once_for_a_rotation_without_a_gap(client: FlaskClient, operator: dict[str, str]) -> None:
    """The old key works until it is ended, the new one from the start."""
    (old,) = client.post("/v1/clients", headers=operator, json=[{"id": "bank-1", "role": "bank"}]).json
    new = client.post("/v1/clients/bank-1/keys", headers=operator).json
    assert works(client, old["key"])
    assert works(client, new["key"])
    assert client.delete(f"/v1/clients/bank-1/keys/{old['key_id']}", headers=operator).status_code == 204
    assert not works(client, old["key"])
    assert works(client, new["key"])


def test_an_operator_cannot_get_the_key_of_a_service(
    client: FlaskClient, operator: dict[str, str], key: Callable[..., str], clients: Clients
) -> None:
    """With it the operator could act for any bank or firm, and read files as their owners."""
    clients.add([Client("scoring", "service")], by_command=True)
    answer = client.post("/v1/clients/scoring/keys", headers=operator)
    assert (answer.status_code, "key" in answer.json) == (422, False)


def test_a_third_live_key_is_refused(clients: Clients, key: Callable[..., str]) -> None:
    """The refusal tells which key to end."""
    key()
    clients.add_key("bank-1")
    with pytest.raises(TooManyKeys, match="DELETE"):
        clients.add_key("bank-1")


def test_a_disabled_key_stops_at_the_next_request(
    client: FlaskClient, clients: Clients, key: Callable[..., str]
) -> None:
    """Though its pass was remembered a moment ago."""
    text = key()
    assert works(client, text)
    clients.disable_key("bank-1", text.split("_")[1])
    assert not works(client, text)


def test_a_token_ends_with_the_key_that_it_came_from(
    client: FlaskClient, clients: Clients, key: Callable[..., str]
) -> None:
    """A stolen token is not good for five minutes more."""
    text = key()
    form = {"grant_type": "client_credentials", "client_id": "bank-1", "client_secret": text}
    token = client.post("/oauth/token", data=form).json["access_token"]
    assert works(client, token)
    clients.disable_key("bank-1", text.split("_")[1])
    assert not works(client, token)


def test_a_disabled_client_stops_with_all_its_keys(
    client: FlaskClient, operator: dict[str, str], key: Callable[..., str]
) -> None:
    """One act ends both keys."""
    first = key()
    second = client.post("/v1/clients/bank-1/keys", headers=operator).json["key"]
    assert client.post("/v1/clients/bank-1/disable", headers=operator).status_code == 204
    assert not works(client, first)
    assert not works(client, second)


def test_another_process_learns_of_a_revocation_within_a_second(
    gateway: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two gateways on one database: the second asks for the revision before a second is over."""
    ours, theirs = gateway(), gateway()
    (key,) = ours.extensions["context"].clients.add([Client("bank-1", "bank")])
    assert works(theirs.test_client(), key.text)
    ours.extensions["context"].clients.disable_key("bank-1", key.id)
    now = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + 1)
    assert not works(theirs.test_client(), key.text)


def test_a_key_of_the_right_form_that_was_never_issued_is_refused(client: FlaskClient) -> None:
    """401, with what to do."""
    answer = client.get("/v1/catalogue", headers=bearing("smc_" + "0" * 16 + "_" + "0" * 48))
    assert answer.status_code == 401
    assert "operator" in answer.json["detail"]


def test_the_right_id_with_a_wrong_secret_is_refused(client: FlaskClient, key: Callable[..., str]) -> None:
    """One digit off."""
    text = key()
    assert not works(client, text[:-1] + ("0" if text[-1] != "0" else "1"))


@pytest.mark.parametrize("header", [{}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer "}])
def test_a_request_without_a_bearer_is_told_how_to_come_in(client: FlaskClient, header: dict[str, str]) -> None:
    """401 with the challenge that HTTP wants (RFC 9110 section 11.6.1)."""
    answer = client.get("/v1/catalogue", headers=header)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_without_its_database_the_gateway_admits_nobody(client: FlaskClient, context: Context) -> None:
    """A door that cannot check is closed, and says that it is not the caller's fault."""
    with context.database.begin() as session:
        session.execute(Base.metadata.tables["api_keys"].delete())
        session.connection().exec_driver_sql("DROP TABLE revision")
        session.connection().exec_driver_sql("DROP TABLE api_keys")
    answer = client.get("/v1/catalogue", headers=bearing("smc_" + "0" * 16 + "_" + "0" * 48))
    assert answer.status_code == 503


def test_keys_and_revocation_work_on_both_databases(database_url: str, tmp_path: Any) -> None:
    """The register and the authority on SQLite and on PostgreSQL."""
    database = Database(database_url)
    migrations.upgrade(database, "gateway")
    authority = Authority(database, signer(tmp_path / "key.pem"), b"pepper")
    clients = Clients(database, b"pepper", authority)
    (key,) = clients.add([Client("firm", "enterprise", "local:E1", "某某公司")])
    assert authority.admit(key.text).caller.enterprise == "local:E1"
    clients.disable("firm")
    assert authority.remembered(key.text) is None
    assert clients.page("", 10)[0][0]["disabled"]
    database.dispose()


def test_tables_and_migrations_agree(database_url: str) -> None:
    """The migrations build what the code declares."""
    database = Database(database_url)
    migrations.upgrade(database, "gateway")
    assert migrations.differences(database, Base.metadata) == []
    database.dispose()
