"""Every documented route whose answer tells something of an enterprise, asked by a bank that may.

Which routes these are, the document says: a route either says why it leaves no record (`x-shows`), or it is asked here
and each enterprise that its answer speaks of finds the read in its record.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from documented import NAMES, document, operations, tells, why
from town import Answer, Town

from chassis.web.openapi import Shows

ARCHITECTURE = Path(__file__).parents[3] / "docs" / "architecture.md"
BANK = "bank with consent"
# Who asks where it is not the bank.
ASKED_BY = {
    "POST /v1/bidder-screens": "buyer",
    "GET /v1/enterprises/{enterprise}/supplier-record": "buyer",
}
ROUTES = {f"{method} {path}": operation for method, path, operation in operations()}
FILE_READS = [
    route
    for route, operation in ROUTES.items()
    if not why(operation) and tells(route.split()[1], operation, document())
]
MARKED = [route for route, operation in ROUTES.items() if why(operation)]
OWN = [route for route in MARKED if why(ROUTES[route]) == Shows.OWN]
ASKERS = (BANK, "owner", "operator", "data source")
# What is asked of nothing, or with nothing, since it would change what other tests of the town need: who may ask, and
# how it is refused. What would end something is asked by another firm.
NOTHING_SAID = {
    "owner": ("POST /v1/applications", "POST /v1/consents", "POST /v1/disputes"),
    "data source": ("POST /v1/imports", "PUT /v1/connectors/{name}"),
    "operator": ("POST /v1/measures", "POST /v1/repairs", "POST /v1/source-grants"),
    BANK: ("POST /v1/outcomes",),
}
NOTHING_THERE = {
    "owner": (
        "GET /v1/applications/{application_id}",
        "POST /v1/applications/{application_id}/{event}",
        "POST /v1/notices/{notice_id}/acknowledge",
    ),
    "operator": (
        "POST /v1/measures/{measure_id}/end",
        "POST /v1/source-grants/{grant_id}/end",
        "GET /v1/repairs/{repair_id}",
        "GET /v1/indices/orders/{order_id}",
    ),
    "data source": ("GET /v1/connectors/{name}", "GET /v1/connectors/{name}/versions"),
    BANK: (
        "GET /v1/evaluations/{evaluation_id}",
        "GET /v1/models/{version}/plots/{name}",
        "GET /v1/shocks/{order_id}",
        "POST /v1/subscriptions/{subscription_id}/end",
        "POST /v1/webhooks/deliveries/{delivery_id}/replay",
        "POST /v1/webhooks/{endpoint_id}/test",
    ),
    "another enterprise": (
        "POST /v1/consents/{consent_id}/revoke",
        "POST /v1/disputes/{dispute_id}/withdraw",
        "POST /v1/imports/{import_id}/withdraw",
    ),
}
NOT_TOLD = {
    **{route: (who, 422) for who, routes in NOTHING_SAID.items() for route in routes},
    **{route: (who, 404) for who, routes in NOTHING_THERE.items() for route in routes},
    "POST /v1/disputes/{dispute_id}/decision": ("another enterprise", 403),
    # The book is synthetic, the one model serves and no other has.
    "PUT /v1/enterprises/{enterprise}": ("data source", 409),
    "POST /v1/models/{version}/rollback": (BANK, 409),
    "POST /v1/models/{version}/shadow": (BANK, 409),
}
PURPOSES = ("credit-assessment", "financing-match", "credit-monitoring", "procurement")


def test_every_reason_to_leave_no_record_is_one_that_the_architecture_lists() -> None:
    """A reason that nobody can look up is none."""
    listed = set(re.findall(r"`([a-z-]+)`", ARCHITECTURE.read_text(encoding="utf-8")))
    assert {why(ROUTES[route]) for route in MARKED} == set(Shows)
    assert set(Shows) <= listed


LINES = (200, {"Content-Type": "application/jsonl"}, b'{"enterprise":"local:E1"}\n{"of":[{"seller":"local:E2"}]}\n')
TABLE = (200, {"Content-Type": "application/vnd.apache.parquet"}, b"PAR1")


@pytest.mark.parametrize(
    ("answered", "recorded", "left_out"),
    [
        (LINES, {"local:E1": {"req-1"}, "local:E2": {"req-1"}}, set()),
        (LINES, {"local:E1": {"req-1"}, "local:E2": {"req-0"}}, {"local:E2"}),
        (LINES, {"local:E1": {"req-1"}}, {"local:E2"}),
        (TABLE, {"local:E1": {"req-0"}, "local:E2": {"req-1"}}, {"local:E1"}),
        (TABLE, {"local:E1": {"req-1"}}, set()),
    ],
)
def test_a_read_without_a_record_is_found(
    answered: tuple[int, dict[str, str], bytes], recorded: dict[str, set[str]], left_out: set[str]
) -> None:
    """Of each enterprise that is spoken of, by this very request; a table speaks of the one that was asked for."""
    assert unrecorded(Answer(*answered), "req-1", recorded, "local:E1") == left_out


@pytest.mark.parametrize("route", FILE_READS)
def test_what_tells_of_an_enterprise_leaves_a_record_with_it(town: Town, route: str) -> None:
    """Also where the answer is a file: then with the town's enterprise, which was asked for."""
    answer = _asked_for_some_purpose(town, ASKED_BY.get(route, BANK), route)
    assert 200 <= answer.status < 300, answer.data
    assert not unrecorded(answer, _request_id(answer), _recorded(town), town.enterprise)


@pytest.mark.parametrize("route", MARKED)
def test_what_says_that_it_opens_no_file_leaves_no_record(town: Town, route: str) -> None:
    """A reason never hides a read: asked by somebody who may, of what there is."""
    asked = list(_asked_until_told(town, route))
    status = asked[-1].status
    assert status == NOT_TOLD[route][1] if route in NOT_TOLD else status < 400, asked[-1].data
    assert not {_request_id(answer) for answer in asked} & set().union(*_recorded(town).values())


@pytest.mark.parametrize("route", OWN)
def test_what_is_the_firms_own_is_refused_to_a_bank_that_may_read_its_file(town: Town, route: str) -> None:
    assert town.knock(BANK, route, ROUTES[route]).status in {403, 404}


def unrecorded(answer: Answer, request_id: str, recorded: Mapping[str, set[str]], asked_for: str) -> set[str]:
    """Return the enterprises that an answer speaks of and that have no record of the request."""
    return {firm for firm in spoken_of(answer) or {asked_for} if request_id not in recorded.get(firm, ())}


def _asked_for_some_purpose(town: Town, who: str, route: str) -> Answer:
    for purpose in PURPOSES:
        answer = town.knock(who, route, ROUTES[route], Purpose=purpose)
        if answer.status != 403:
            break
    return answer


def _asked_until_told(town: Town, route: str) -> Iterator[Answer]:
    """Yield what one after the other was answered, up to the first who was told."""
    for who in (NOT_TOLD[route][0],) if route in NOT_TOLD else ASKERS:
        answer = _asked_for_some_purpose(town, who, route)
        yield answer
        if answer.status < 400:
            return


def _request_id(answer: Answer) -> str:
    """Return the id that the door gave the request: its record is found by it."""
    return answer.headers["X-Request-Id"]


def _recorded(town: Town) -> dict[str, set[str]]:
    """Return the newest reads that each firm of the town finds in its record, by the request that they came with."""
    found: dict[str, set[str]] = {}
    for who, firm in (("owner", town.enterprise), ("another enterprise", town.other)):
        page = town.ask(who, "GET", f"/v1/enterprises/{firm}/accesses")
        assert page.status == 200, page.data
        found[firm] = {each["request_id"] for each in page.json["items"]}
    return found


def spoken_of(answer: Answer) -> set[str]:
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
