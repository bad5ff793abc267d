"""Who gets in where: every documented route, asked by everybody who may knock.

The scopes come from the OpenAPI document, which also says what reads a firm's file, and the roles from the table of
roles; what is written here is who passes where the document cannot say it. A route that lets in others than these fails
the test of those whom it lets in.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from documented import document, operations, tells, why
from knocks import address
from town import Town

from chassis.web.openapi import Shows
from gateway.door.routes import route_of
from gateway.identity.roles import DEFAULT_SCOPES

ROLES = {
    "owner": "enterprise",
    "another enterprise": "enterprise",
    "bank with consent": "bank",
    "bank without consent": "bank",
    "bank with expired": "bank",
    "bank with revoked": "bank",
    "bank for another purpose": "bank",
    "platform": "platform",
    "buyer": "buyer",
    "data source": "source",
    "operator": "operator",
}
# What a proxy might say of its caller, and what nobody here believes.
CLAIMS = {"X-Forwarded-User": "operator-demo", "X-Client": "operator-demo", "X-Role": "operator", "X-Scope": "all"}
NOBODY = ("no token", "expired token", "wrong audience", "alg none")
IN, UNKNOWN, FORBIDDEN, ELSEWHERE = "in", 401, 403, 404

# Who passes where the document cannot say it; a route that is named here is asked of things that there are.
BY_HAND = {
    # Everybody whose scope it is may ask; what each sees is what the firms let it see; or make, under its own name.
    "scope": """
        GET /v1/alerts
        GET /v1/classes
        GET /v1/rings
        PUT /v1/connectors/{name}
    """,
    # What the bank made about the firm: that bank and the firm itself; nobody else learns that it is there.
    "made": """
        GET /v1/matches/{match_id}
        GET /v1/matches/{match_id}/trace
        GET /v1/scores/{score_id}
        GET /v1/scores/{score_id}/ledger-proof
        GET /v1/scores/{score_id}/receipt
        POST /v1/receipt-verifications
        POST /v1/scores/{score_id}/override
        POST /v1/scores/{score_id}/recourse
    """,
    # What the bank ordered about many firms: that bank alone.
    "ordered": """
        GET /v1/allocations/{allocation_id}
        GET /v1/assignments/{assignment_id}
        GET /v1/match-batches/{batch_id}
        GET /v1/match-batches/{batch_id}/results
        GET /v1/products/{product_id}/dry-runs/{run_id}
        GET /v1/score-batches/{batch_id}
        GET /v1/score-batches/{batch_id}/results
    """,
    # What the bank tries on a product of its own; another's products are public, and so is whose they are.
    "product": """
        POST /v1/products/{product_id}/dry-runs
    """,
    # A price for a seller and a payer: whoever may read the file of one gets in, and learns nothing of the other.
    "quote": """
        POST /v1/receivable-quotes
    """,
    # Whether a model serves: its trainer's and the operator's to decide.
    "trained": """
        DELETE /v1/models/{version}/shadow
        GET /v1/models/{version}/comparison
        POST /v1/models/{version}/promote
        POST /v1/models/{version}/rollback
        POST /v1/models/{version}/shadow
    """,
    # The version in the address is a model's, and no expert rules have it.
    "absent": """
        POST /v1/overlay-rules/{version}/confirm
        POST /v1/overlay-rules/{version}/withdraw
    """,
    # What is said of a firm: by the firm itself, and by those whose work it is to bring data.
    "records": """
        POST /v1/enterprises/{enterprise}/deliveries
        POST /v1/enterprises/{enterprise}/invoices
        POST /v1/enterprises/{enterprise}/orders
        POST /v1/enterprises/{enterprise}/payments
        POST /v1/enterprises/{enterprise}/relations
    """,
    # What authorities say of a firm, which the firm itself cannot state.
    "registers": """
        POST /v1/enterprises/{enterprise}/public-records
        POST /v1/enterprises/{enterprise}/tax-filings
    """,
    # The firm that gave it, and whoever holds it.
    "consent": """
        GET /v1/consents/{consent_id}
    """,
    # What the firm disputes, and the operator decides.
    "dispute": """
        GET /v1/disputes/{dispute_id}
    """,
    # A file that was handed in: whoever did, and the operator.
    "import": """
        GET /v1/imports/{import_id}
        GET /v1/imports/{import_id}/rejects
        POST /v1/imports/{import_id}/withdraw
    """,
    # Whoever buys, or watches over buying; a bidder without a consent is screened by what they state alone.
    "screen": """
        POST /v1/bidder-screens
    """,
    # What a shock does to firms that are named: who may read one of their files.
    "shock": """
        POST /v1/shocks
    """,
    # How a supplier has kept its word: the firm itself, and a buyer to whom it consents.
    "supplier": """
        GET /v1/enterprises/{enterprise}/supplier-record
    """,
    # What is asked to find financing: the firm, its bank, and the platform that it lets look for it.
    "financing": """
        POST /v1/matches
        POST /v1/score-sets
    """,
    # The list of what was made of a firm opens no file, and is nobody's without its consent.
    "file": """
        GET /v1/enterprises/{enterprise}/scores
    """,
}
GUARD_OF = {line.strip(): guard for guard, lines in BY_HAND.items() for line in lines.strip().splitlines()}
# Who passes each guard, once the scope is there, and what the others are told.
PASSES: dict[str, tuple[frozenset[str], Any]] = {
    "open": (frozenset({*ROLES, *NOBODY}), None),
    "scope": (frozenset(ROLES), None),
    "absent": (frozenset(), ELSEWHERE),
    "file": (frozenset({"owner", "bank with consent"}), FORBIDDEN),
    "screen": (frozenset({"buyer", "operator"}), FORBIDDEN),
    "supplier": (frozenset({"owner", "buyer"}), FORBIDDEN),
    "financing": (frozenset({"owner", "bank with consent", "platform"}), FORBIDDEN),
    "made": (frozenset({"owner", "bank with consent"}), ELSEWHERE),
    "ordered": (frozenset({"bank with consent"}), ELSEWHERE),
    "product": (frozenset({"bank with consent"}), FORBIDDEN),
    "quote": (frozenset({"owner", "another enterprise", "bank with consent", "platform"}), FORBIDDEN),
    "shock": (frozenset({"owner", "another enterprise", "bank with consent"}), FORBIDDEN),
    "trained": (frozenset({"bank with consent", "operator"}), FORBIDDEN),
    "records": (frozenset({"owner", "data source", "operator"}), FORBIDDEN),
    "registers": (frozenset({"data source", "operator"}), FORBIDDEN),
    "consent": (frozenset({"owner", "bank for another purpose"}), ELSEWHERE),
    "own": (frozenset({"owner"}), ELSEWHERE),
    "dispute": (frozenset({"owner", "operator"}), ELSEWHERE),
    "import": (frozenset({"data source", "operator"}), ELSEWHERE),
}
PURPOSES = {
    "GET /v1/alerts": "credit-monitoring",
    "POST /v1/score-sets": "financing-match",
    "POST /v1/bidder-screens": "procurement",
    "GET /v1/enterprises/{enterprise}/supplier-record": "procurement",
}
ROUTES = {f"{method} {path}": operation for method, path, operation in operations()}


def guard_of(route: str, operation: dict[str, Any], places: dict[str, Any]) -> str:
    """Return how a route guards what lies behind it, once the scope is there: by the document, or by the table above.

    It is open without a token; it is of a thing that nobody here has; it reads a file; it is the firm's own; or the
    scope alone decides, as with what makes or lists the caller's own things, or tells nothing of any firm.
    """
    named = set(re.findall(r"{(\w+)}", route))
    if not operation["security"]:
        return "open"
    if route in GUARD_OF:
        return GUARD_OF[route]
    if not named <= places.keys():
        return "absent"
    if why(operation) is None and tells(route.split()[1], operation, document()):
        return "file"
    return "own" if why(operation) == Shows.OWN and named else "scope"


def scopes_of(operation: dict[str, Any]) -> set[str]:
    return {scope for entry in operation["security"] for scopes in entry.values() for scope in scopes}


def expected(guard: str, operation: dict[str, Any], who: str) -> Any:
    """Return what the guard says: a status of refusal, or `in`."""
    passing, others = PASSES[guard]
    if guard != "open" and who in NOBODY:
        return UNKNOWN
    if who in ROLES and not scopes_of(operation) <= DEFAULT_SCOPES[ROLES[who]]:
        return FORBIDDEN
    return IN if who in passing else others


def verdict(status: int) -> Any:
    """Return a status of refusal, or `in` for whatever comes from behind the door."""
    return status if status in {UNKNOWN, FORBIDDEN, ELSEWHERE} else IN


def test_the_table_names_routes_that_there_are() -> None:
    """Whoever takes one out takes it out of the table."""
    assert set(GUARD_OF) <= set(ROUTES)


@pytest.mark.parametrize("who", [*ROLES, *NOBODY])
def test_everybody_gets_in_where_the_table_says_and_nowhere_else(town: Town, who: str) -> None:
    """All routes as one of those who knock; what differs from the table is named."""
    wrong = []
    for route, operation in ROUTES.items():
        wanted = expected(guard_of(route, operation, town.places(route)), operation, who)
        answer = town.knock(who, route, operation, Purpose=PURPOSES.get(route, "credit-assessment"))
        if verdict(answer.status) != wanted:
            wrong.append(f"{route}: {answer.status}, not {wanted} {answer.data[:200]!r}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("who", NOBODY)
def test_a_service_that_is_asked_past_the_gateway_trusts_nobody_either(town: Town, who: str) -> None:
    """It verifies the token itself, and no header that a gateway might set makes up for one."""
    wrong = []
    for route, operation in ROUTES.items():
        method, asked = route.split()[0], address(route, town.places(route))
        behind = route_of(asked.partition("?")[0])
        if behind is None or not operation["security"]:
            continue
        body = None if method == "GET" else {}
        answer = town.ask(who, method, asked, body, service=behind.service, **CLAIMS)
        if answer.status != UNKNOWN:
            wrong.append(f"{route}: {answer.status} {answer.data[:200]!r}")
    assert not wrong, "\n".join(wrong)
