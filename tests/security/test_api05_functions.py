"""API5:2023, function level: no role does what another's scope is for, whichever way the request is dressed."""

from __future__ import annotations

from typing import Any

import pytest
from documented import operations
from knocks import address, body_of
from town import Town

from gateway.identity.roles import DEFAULT_SCOPES

WHO = {"owner": "enterprise", "bank without consent": "bank", "platform": "platform", "buyer": "buyer"}
WHO |= {"data source": "source", "operator": "operator"}
# What a proxy or a framework might take for the method, the role or the scope.
DRESSES = (
    {"X-HTTP-Method-Override": "GET"},
    {"X-Role": "operator", "X-Scope": "clients:write", "X-Forwarded-User": "operator-demo"},
    {"X-Original-URL": "/livez", "X-Rewrite-URL": "/livez"},
)


def _scopes(operation: dict[str, Any]) -> set[str]:
    return {scope for way in operation["security"] for scopes in way.values() for scope in scopes}


@pytest.mark.parametrize("who", WHO)
def test_a_scope_that_a_role_does_not_have_opens_nothing_in_any_dress(town: Town, who: str) -> None:
    """The scopes come from the OpenAPI, the roles from their table; each refusal is asked for three times."""
    opened = []
    for number, (method, path, operation) in enumerate(operations()):
        if _scopes(operation) <= DEFAULT_SCOPES[WHO[who]]:
            continue
        route, dress = f"{method} {path}", DRESSES[number % len(DRESSES)]
        asked = address(route, town.places(route))
        answer = town.ask(who, method, asked, body_of(route, operation, town.places(route)), **dress)
        if answer.status != 403:
            opened.append(f"{route}: {answer.status}")
    assert not opened, "\n".join(opened)


@pytest.mark.parametrize("path", ["//v1/clients", "/v1//clients", "/v1/./clients", "/V1/clients", "/v1/clients%2f"])
def test_another_spelling_of_a_path_opens_nothing(town: Town, path: str) -> None:
    answer = town.http.request("GET", town.url + path, headers=town.headers["owner"], redirect=False)
    assert answer.status in {308, 400, 403, 404}


@pytest.mark.parametrize("event", ["promote", "rollback", "shadow"])
def test_a_bank_that_trained_no_model_changes_none(town: Town, event: str) -> None:
    """D7: whether a model serves is its trainer's and the operator's to decide."""
    body = {"note": "x"} if event == "rollback" else None
    answer = town.ask("bank without consent", "POST", f"/v1/models/{town.things['version']}/{event}", body)
    assert (answer.status, answer.json["type"]) == (403, "/problems/not-your-model"), answer.data


def test_a_source_without_a_grant_sends_nothing(town: Town) -> None:
    """D10: kinds, channels and firms are granted, one source at a time."""
    (made,) = town.ask("operator", "POST", "/v1/clients", [{"id": "source-ungranted", "role": "source"}]).json
    town.headers["source without grant"] = {"Authorization": f"Bearer {made['key']}"}
    firm = f"/v1/enterprises/{town.enterprise}"
    record = {"enterprise": town.enterprise, "defaulted": True}
    answers = [
        town.ask("source without grant", "PUT", firm, {"name": "=HYPERLINK(0)", "synthetic": True}),
        town.ask("source without grant", "POST", "/v1/imports?kind=outcomes", [record]),
    ]
    refused = (403, "/problems/not-granted")
    assert [(answer.status, answer.json["type"]) for answer in answers] == [refused] * 2
