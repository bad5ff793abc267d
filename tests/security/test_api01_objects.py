"""API1:2023, object level: a thing of another is refused in the words in which a thing that nobody has is refused.

Which routes have a thing in their path, the OpenAPI says; the things are those that the owner and its bank have made.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from documented import operations
from knocks import address, body_of
from town import Answer, Town

STRANGERS = ("bank without consent", "bank with revoked", "another enterprise", "platform", "buyer")
REFUSED = {401, 403, 404}
# What anybody with the scope may read: whose they are is public, and nothing of a firm is in them.
PUBLIC = ("models", "products", "catalogue", "connectors", "overlay-rules", "evaluations")
# What a firm's alert is refused with names the consent that is missing: its id proves that there was one to read.
ALERTS = "alerts"
# A place of these names says which part, not which thing.
PARTS = {"dimension", "rule", "event", "n", "name", "enterprise", "record"}
ID = re.compile(r"[a-z]{1,5}_[0-9A-Z]{26}|\bnobody\b")
NOBODY_HAS = "x_00000000000000000000000000"


def _things() -> list[tuple[str, dict[str, Any]]]:
    found = []
    for method, path, operation in operations():
        named = set(re.findall(r"{(\w+)}", path)) - PARTS
        if named and path.split("/")[2] not in (*PUBLIC, ALERTS):
            found.append((f"{method} {path}", operation))
    return found


def _knocked(town: Town, who: str, route: str, operation: dict[str, Any], places: dict[str, Any]) -> Answer:
    return town.ask(who, route.split(maxsplit=1)[0], address(route, places), body_of(route, operation, places))


@pytest.mark.parametrize("who", STRANGERS)
def test_a_thing_of_another_is_refused_as_one_that_there_is_not(town: Town, who: str) -> None:
    """Status, type and words are the same but for the id that was asked for: nobody learns that it is there."""
    told = []
    for route, operation in _things():
        places = town.places(route)
        missing = places | dict.fromkeys(set(re.findall(r"{(\w+)}", route)) - PARTS, NOBODY_HAS)
        there, nowhere = (_knocked(town, who, route, operation, each) for each in (places, missing))
        if (there.status, _words(there)) != (nowhere.status, _words(nowhere)):
            told.append(f"{route}: {there.status} {_words(there)}, not {nowhere.status} {_words(nowhere)}")
    assert not told, "\n".join(told)


@pytest.mark.parametrize("who", STRANGERS)
def test_no_thing_of_another_is_changed(town: Town, who: str) -> None:
    """Every write on a thing of another is refused before anything else is looked at."""
    let_in = [
        f"{route}: {answer.status}"
        for route, operation in _things()
        if not route.startswith("GET")
        and (answer := _knocked(town, who, route, operation, town.places(route))).status not in REFUSED
    ]
    assert not let_in, "\n".join(let_in)


def test_a_firm_s_own_key_opens_no_other_firm(town: Town) -> None:
    """Every route of a file, by the owner of another file."""
    opened = []
    for method, path, _ in operations():
        if method == "GET" and path.startswith("/v1/enterprises/{enterprise}"):
            answer = town.ask("another enterprise", "GET", address(f"GET {path}", town.places(f"GET {path}")))
            # Whoever asks for the record of reads finds its own, and it has read nothing.
            if answer.status not in REFUSED and not (path.endswith("/accesses") and answer.json["items"] == []):
                opened.append(f"{path}: {answer.status}")
    assert not opened, "\n".join(opened)


def _words(answer: Answer) -> tuple[Any, ...]:
    if "json" not in answer.headers.get("Content-Type", ""):
        return (answer.data,)
    told = answer.json
    return (told["type"], ID.sub("…", told["detail"])) if answer.status >= 400 else (told,)
