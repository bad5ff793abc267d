"""What the gateway shows once, it keeps as a digest: keys, invitations, tokens and passwords stand nowhere in clear."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient
from kept_secrets import places_of

from gateway.context import Context
from gateway.identity.people import People

PASSWORD = "a ferry crosses at dawn, and another one at noon"


def test_no_secret_is_kept_in_clear(client: FlaskClient, key: Callable[..., str], context: Context) -> None:
    """Neither in a table nor in a file, also where the order of a key is repeated under its Idempotency-Key."""
    operator = {"Authorization": f"Bearer {key('operator-1', 'operator')}", "Idempotency-Key": "k-1"}
    order: list[dict[str, Any]] = [{"id": "bank-7", "role": "bank"}]
    made, again = (client.post("/v1/clients", json=order, headers=operator) for _ in range(2))
    assert (made.status_code, again.status_code) == (201, 409)
    second = client.post("/v1/clients/bank-7/keys", headers=operator).json["key"]
    first = made.json[0]["key"]
    form = {"grant_type": "client_credentials", "client_id": "bank-7", "client_secret": first}
    token = client.post("/oauth/token", data=form).json["access_token"]
    people = People(context.database, context.settings.pepper)
    taken = people.invite("officer.li", "bank-7")
    people.accept(taken, PASSWORD, "192.0.2.1")
    open_one = people.invite("officer.wu", "bank-7")
    secrets = [first, second, token.rpartition(".")[2], taken, open_one, PASSWORD]
    assert places_of(secrets, context.database, context.settings.home) == []
