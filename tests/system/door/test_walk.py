"""Every documented route whose answer tells something of an enterprise, asked by a bank that may.

Which routes these are, the document says: a route either says why it leaves no record (`x-shows`), or it is asked here
and each enterprise that its answer speaks of finds the read in its record.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from documented import NAMES, document, operations, tells, why
from town import Answer, Town

from chassis.web.openapi import Shows

ARCHITECTURE = Path(__file__).parents[3] / "docs" / "architecture.md"
BANK = "bank with consent"
ROUTES = {f"{method} {path}": operation for method, path, operation in operations()}
FILE_READS = [
    route
    for route, operation in ROUTES.items()
    if not why(operation) and tells(route.split()[1], operation, document())
]
MARKED = [route for route, operation in ROUTES.items() if why(operation)]
OWN = [route for route in MARKED if why(ROUTES[route]) == Shows.OWN]
PURPOSES = ("credit-assessment", "financing-match", "credit-monitoring")


def test_every_reason_to_leave_no_record_is_one_that_the_architecture_lists() -> None:
    """A reason that nobody can look up is none."""
    listed = set(re.findall(r"`([a-z-]+)`", ARCHITECTURE.read_text(encoding="utf-8")))
    assert {why(ROUTES[route]) for route in MARKED} == set(Shows)
    assert set(Shows) <= listed


@pytest.mark.parametrize("route", FILE_READS)
def test_what_tells_of_an_enterprise_leaves_a_record_with_it(town: Town, route: str) -> None:
    """Also where the answer is a file: then with the town's enterprise, which was asked for."""
    request_id, answer = _asked_for_some_purpose(town, route)
    assert 200 <= answer.status < 300, answer.data
    firms = {"owner": town.enterprise, "another enterprise": town.other}
    spoken_of = _spoken_of(answer) or {town.enterprise}
    assert spoken_of <= set(firms.values()), "ask of firms that can be asked for their records"
    left = {firm for who, firm in firms.items() if request_id in _recorded(town, who, firm)}
    assert spoken_of <= left


@pytest.mark.parametrize("route", MARKED)
def test_what_says_that_it_opens_no_file_leaves_no_record(town: Town, route: str) -> None:
    """A reason never hides a read."""
    request_id = f"walk-{uuid4()}"
    town.knock(BANK, route, ROUTES[route], **{"X-Request-Id": request_id})
    for who, firm in (("owner", town.enterprise), ("another enterprise", town.other)):
        assert request_id not in _recorded(town, who, firm)


@pytest.mark.parametrize("route", OWN)
def test_what_is_the_firms_own_is_refused_to_a_bank_that_may_read_its_file(town: Town, route: str) -> None:
    assert town.knock(BANK, route, ROUTES[route]).status in {403, 404}


def _asked_for_some_purpose(town: Town, route: str) -> tuple[str, Answer]:
    for purpose in PURPOSES:
        request_id = f"walk-{uuid4()}"
        answer = town.knock(BANK, route, ROUTES[route], Purpose=purpose, **{"X-Request-Id": request_id})
        if answer.status != 403:
            break
    return request_id, answer


def _recorded(town: Town, who: str, firm: str) -> set[str]:
    page = town.ask(who, "GET", f"/v1/enterprises/{firm}/accesses")
    assert page.status == 200, page.data
    return {each["request_id"] for each in page.json["items"]}


def _spoken_of(answer: Answer) -> set[str]:
    """Return the enterprises that an answer names, in JSON or in lines of it; of another file, none."""
    kind = answer.headers.get("Content-Type", "").partition(";")[0]
    documents = {"application/json": [answer.data], "application/jsonl": answer.data.splitlines()}.get(kind, [])
    return {name for each in documents for name in _named(json.loads(each))}


def _named(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _named(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            if name in NAMES:
                yield from (one for one in (each if isinstance(each, list) else [each]) if _is_enterprise(one))
            yield from _named(each)


def _is_enterprise(value: Any) -> bool:
    return isinstance(value, str) and re.match(r"(uscc|local):", value) is not None
