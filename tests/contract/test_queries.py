"""What no route documents, no route takes: a filter that nobody reads is refused by name, in every service."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chassis.core.identity import Verifier
from gateway.app import create_app, own_api
from gateway.identity.roles import DEFAULT_SCOPES

METHODS = ("get", "post", "put", "patch", "delete")
SERVICES = ("profile", "scoring", "matching")
ALL_SCOPES = " ".join(sorted(frozenset().union(*DEFAULT_SCOPES.values())))


@pytest.fixture(scope="module")
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, verifier: Verifier) -> Flask:
    """Return a service, which stands alone; its database is empty."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SMECREDIT_HOME", str(tmp_path_factory.mktemp("home")))
        made: Flask = importlib.import_module(f"services.{request.param}.app").create_app(verifier=verifier)
    return made


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    """Yield method, address and query parameters of every operation."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                said = [each for each in item[method].get("parameters", ()) if each.get("in") == "query"]
                yield method, re.sub(r"\{\w+\}", "1", path), said


def documented(client: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").json
    return found


@pytest.mark.parametrize("app", SERVICES, indirect=True)
def test_every_route_refuses_a_parameter_that_it_does_not_document(app: Flask) -> None:
    """By name, with those that there are, and before anything is done."""
    client = app.test_client()
    taken = []
    for method, address, said in operations(documented(client)):
        answer = client.open(address, method=method, query_string={"surprise": "1"})
        known = all(each["name"] in answer.json.get("detail", "") for each in said)
        if answer.status_code != 400 or "surprise" not in answer.json["detail"] or not known:
            taken.append((method, address, answer.status_code))
    assert taken == []


@pytest.mark.parametrize("app", SERVICES, indirect=True)
def test_every_parameter_that_is_documented_is_known(app: Flask) -> None:
    """None of them is refused as one that there is not."""
    client = app.test_client()
    strange = [
        (method, address, each["name"])
        for method, address, said in operations(documented(client))
        for each in said
        if "no parameter" in str(client.open(address, method=method, query_string={each["name"]: "1"}).data)
    ]
    assert strange == []


@pytest.mark.parametrize("app", SERVICES, indirect=True)
def test_every_read_refuses_a_word_that_it_does_not_list(app: Flask, tokens: Callable[..., dict[str, str]]) -> None:
    """A state or a kind that there is not is no filter that finds nothing."""
    client, headers = app.test_client(), tokens(role="operator", scopes=ALL_SCOPES)
    listed = [
        (address, each["name"])
        for method, address, said in operations(documented(client))
        for each in said
        if method == "get" and ("enum" in each["schema"] or each["schema"].get("type") == "boolean")
    ]
    assert listed
    taken = [
        (address, name)
        for address, name in listed
        if client.get(address, query_string={name: "bogus"}, headers=headers).status_code not in (400, 422)
    ]
    assert taken == []


@pytest.mark.parametrize("app", SERVICES, indirect=True)
def test_a_parameter_stands_once_unless_it_is_a_list(app: Flask) -> None:
    """Of two limits one would be obeyed in silence."""
    client = app.test_client()
    paged = [
        address
        for method, address, said in operations(documented(client))
        if method == "get" and any(each["name"] == "cursor" for each in said)
    ]
    assert paged
    assert [each for each in paged if client.get(f"{each}?limit=1&limit=2").status_code != 400] == []


def test_the_gateways_own_routes_obey_the_same_rule(home: Path) -> None:
    """They stand on the same floor as the services'."""
    client = create_app().test_client()
    own = own_api(Flask("gateway", static_folder=None)).document()
    routes = {str(rule) for rule in client.application.url_map.iter_rules()}
    asked = [
        (method, address)
        for method, address, _ in operations(own)
        if any(route.startswith(address.split("/1")[0]) for route in routes)
    ]
    assert ("get", "/v1/clients") in asked
    taken = [
        each for each in asked if client.open(each[1], method=each[0], query_string="surprise=1").status_code != 400
    ]
    assert taken == []
