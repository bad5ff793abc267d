"""API9:2023, inventory: what is documented is there, and nothing else is."""

from __future__ import annotations

import json

import pytest
from documented import METHODS, document, operations
from town import Town

from gateway.door.routes import ROUTES

UNDOCUMENTED = (
    *("/v1", "/v2/scores", "/v0/scores", "/api/v1/scores", "/admin", "/debug", "/console", "/actuator", "/graphql"),
    *("/.env", "/.git/config", "/server-status", "/swagger.json", "/v1/internal", "/v1/feature-tables", "/v1/rereads"),
    *("/v1/notices-since", "/v1/continuations", "/v1/test", "/static/../gateway/app.py"),
)


def test_the_suite_serves_the_document_that_is_committed(town: Town) -> None:
    """Whoever reads the file in the repository reads of this very suite."""
    served = json.loads(town.http.request("GET", f"{town.url}/openapi.json").data)
    assert served["paths"].keys() == document()["paths"].keys()


def test_every_route_of_the_door_is_documented() -> None:
    """What the gateway sends on has a path in the document."""
    documented = {path.split("/")[2] for path in document()["paths"] if path.startswith("/v1/")}
    assert {route.partition("/")[0] for route in ROUTES} <= documented


@pytest.mark.parametrize("path", UNDOCUMENTED)
def test_what_is_not_documented_is_not_there(town: Town, path: str) -> None:
    """Also what services ask of each other."""
    for method in ("GET", "POST"):
        answer = town.http.request(method, town.url + path, headers=town.headers["operator"], redirect=False)
        assert answer.status in {404, 405}, method


def test_no_path_takes_a_method_that_its_document_does_not_name(town: Town) -> None:
    """404 or 405 for each other method, to the operator."""
    documented = {(method, path) for method, path, _ in operations()}
    taken = []
    for path in document()["paths"]:
        for method in (each.upper() for each in METHODS):
            if (method, path) not in documented:
                answer = town.ask("operator", method, path.replace("{", "").replace("}", ""), None)
                if answer.status not in {403, 404, 405, 415}:
                    taken.append(f"{method} {path}: {answer.status}")
    assert not taken, "\n".join(taken)


def test_every_operation_says_who_may_and_how_it_is_refused() -> None:
    """A scope or none, and what problems look like."""
    bare = [f"{m} {p}" for m, p, op in operations() if "security" not in op or "default" not in op["responses"]]
    assert bare == []
