"""The client has a method for every route of matching: none is left to be written by hand."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest
from documented import operations

from gateway.door.routes import route_of
from smecredit.client import Client
from smecredit.client.applications import Applications
from smecredit.client.decisions import Decisions
from smecredit.client.matches import Matches
from smecredit.client.plans import Plans
from smecredit.client.webhooks import Webhooks

SUBJECTS = (Applications, Decisions, Matches, Plans, Webhooks)
WORDS: dict[str, Any] = {
    "kind": "allocations",
    "order": {},
    "product": "x",
    "curves": [],
    "items": [],
    "offer": 1,
    "terms": {},
    "drawn_fen": 1,
    "event": "submit",
    "products": ["x"],
}


class Wire:
    """Notes what is asked, and answers so that every method goes on to its end."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def call(self, method: str, path: str, **_: Any) -> Wire:
        self.asked.add(f"{method} {path}")
        return self

    def json(self) -> dict[str, Any]:
        return {"id": "x", "state": "done", "progress": None, "result": {}, "items": [], "next": None}

    def lines(self) -> list[Any]:
        return []


def said(name: str, parameter: inspect.Parameter) -> Any:
    if name == "product" and "Mapping" in str(parameter.annotation):
        return {"id": "x"}
    if "int" in str(parameter.annotation):
        return 1
    return WORDS.get(name, "x")


def asked(subject: type) -> set[str]:
    """Return every route that the methods of a subject ask, each called with what it needs."""
    client, wire = Client(), Wire()
    client._wire = wire  # type: ignore[assignment]
    for name, method in inspect.getmembers(subject, inspect.isfunction):
        if name.startswith("_"):
            continue
        needed = list(inspect.signature(method).parameters.items())[1:]
        words = {
            key: said(key, each)
            for key, each in needed
            if each.default is inspect.Parameter.empty and each.kind is not inspect.Parameter.VAR_KEYWORD
        }
        answer = getattr(client, name)(**words)
        if inspect.isgenerator(answer):
            list(answer)
    return wire.asked


def documented() -> list[str]:
    """Return the routes of matching that a client calls, but for the ledger, which has commands of its own."""
    return sorted(
        f"{method} {path}"
        for method, path, _ in operations()
        if (route := route_of(path)) is not None and route.service == "matching" and "ledger" not in path
    )


@pytest.fixture(scope="module")
def reached() -> set[str]:
    found: set[str] = set()
    for subject in SUBJECTS:
        found |= asked(subject)
    return found


@pytest.mark.parametrize("route", documented())
def test_the_client_has_a_method_for_every_route_of_matching(route: str, reached: set[str]) -> None:
    """It asks this very method and path."""
    form = re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(route)))
    assert any(form.fullmatch(each) for each in reached)
