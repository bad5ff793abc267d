"""Notices of the profile service go on by the webhooks of the client that has to be told: once, and to nobody else."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from services.matching.context import Context
from services.matching.usecases.forward_notices import forward_notices

HOOK = {"url": "https://bank.example/hook"}


@pytest.fixture
def told(app: Any, monkeypatch: pytest.MonkeyPatch) -> Context:
    """Return the service, which has looked once: it tells what comes from then on."""
    monkeypatch.setattr("chassis.core.webhooks.check_address", lambda *_args, **_more: None)
    context: Context = app.extensions["context"]
    assert forward_notices(context) == 0
    return context


def notice(number: int, client: str = "bank-1") -> dict[str, str]:
    return {
        "id": f"ntc_{number}",
        "event": "file-corrected",
        "enterprise": "local:E1",
        "client": client,
        "act": f"dsp_{number}",
    }


def deliveries(client: FlaskClient, tokens: Any, who: str) -> list[Any]:
    headers = tokens(role="bank", client=who, scopes="webhooks:write")
    return [each["message"] for each in client.get("/v1/webhooks/deliveries", headers=headers).json["items"]]


def hook(client: FlaskClient, tokens: Any, who: str) -> None:
    headers = tokens(role="bank", client=who, scopes="webhooks:write") | {"Idempotency-Key": str(uuid4())}
    assert client.post("/v1/webhooks", json=HOOK, headers=headers).status_code == 201


def test_a_notice_is_a_message_to_the_client_that_it_is_for(
    told: Context, client: FlaskClient, tokens: Any, neighbours: Any
) -> None:
    for who in ("bank-1", "bank-2"):
        hook(client, tokens, who)
    neighbours.notices.append(notice(1))
    assert forward_notices(told) == 1
    (message,) = deliveries(client, tokens, "bank-1")
    assert message["type"] == "notice.file-corrected"
    assert message["data"] == {"notice": "ntc_1", "enterprise": "local:E1", "act": "dsp_1"}
    assert deliveries(client, tokens, "bank-2") == []


def test_a_notice_is_sent_on_once(told: Context, client: FlaskClient, tokens: Any, neighbours: Any) -> None:
    hook(client, tokens, "bank-1")
    neighbours.notices += [notice(1), notice(2)]
    assert (forward_notices(told), forward_notices(told)) == (2, 0)
    assert len(deliveries(client, tokens, "bank-1")) == 2


def test_a_notice_to_a_firm_goes_to_all_clients_of_the_firm(
    told: Context, client: FlaskClient, tokens: Any, neighbours: Any
) -> None:
    """Whatever their ids are; another firm and a bank hear nothing of it."""
    firms = {name: ("enterprise", name, firm) for name, firm in (("shop", "E1"), ("till", "E1"), ("rival", "E2"))}
    asked = {**firms, "bank-1": ("bank", "bank-1", None)}
    heard = {
        name: tokens(role=role, client=who, enterprise=firm and f"local:{firm}", scopes="webhooks:write")
        for name, (role, who, firm) in asked.items()
    }
    for headers in heard.values():
        made = client.post("/v1/webhooks", json=HOOK, headers=headers | {"Idempotency-Key": str(uuid4())})
        assert made.status_code == 201
    neighbours.notices.append(notice(1, "enterprise:local:E1"))
    assert forward_notices(told) == 1
    got = {
        name: len(client.get("/v1/webhooks/deliveries", headers=headers).json["items"])
        for name, headers in heard.items()
    }
    assert got == {"shop": 1, "till": 1, "rival": 0, "bank-1": 0}


def test_what_was_told_before_there_were_webhooks_is_not_made_up_for(
    app: Any, client: FlaskClient, tokens: Any, neighbours: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.core.webhooks.check_address", lambda *_args, **_more: None)
    hook(client, tokens, "bank-1")
    neighbours.notices.append(notice(1))
    context: Context = app.extensions["context"]
    assert (forward_notices(context), forward_notices(context)) == (0, 0)
    assert deliveries(client, tokens, "bank-1") == []
