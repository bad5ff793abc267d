"""Who gets in where: every documented route, asked by everybody who may knock.

The scopes come from the OpenAPI document and the roles from the table of roles; what is written here is how a route
guards what lies behind it. A route that is in no list fails the first test: whoever adds one says how it is guarded.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from town import Town

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
    "data source": "source",
    "operator": "operator",
}
# What a proxy might say of its caller, and what nobody here believes.
CLAIMS = {"X-Forwarded-User": "operator-demo", "X-Client": "operator-demo", "X-Role": "operator", "X-Scope": "all"}
NOBODY = ("no token", "expired token", "wrong audience", "alg none")
IN, UNKNOWN, FORBIDDEN, ELSEWHERE = "in", 401, 403, 404

# How a route guards what lies behind it, once the scope is there.
GUARDS = {
    # Nothing of anybody: it is open to all.
    "open": """
        GET /.well-known/jwks.json
        GET /v1/dictionary
        POST /oauth/token
    """,
    # The scope alone decides: it makes or lists the caller's own things, or tells nothing of any firm.
    "scope": """
        DELETE /v1/models/{version}/shadow
        GET /v1/alerts
        GET /v1/allocations
        GET /v1/applications
        GET /v1/book
        GET /v1/catalogue
        GET /v1/churn-curves
        GET /v1/clients
        GET /v1/connectors
        GET /v1/consents
        GET /v1/disputes
        GET /v1/drift
        GET /v1/enterprises
        GET /v1/enterprises/{enterprise}/accesses
        GET /v1/imports
        GET /v1/ledger/checkpoint
        GET /v1/ledger/entries
        GET /v1/ledger/entries/{n}
        GET /v1/ledger/keys
        GET /v1/ledger/proofs/consistency
        GET /v1/ledger/proofs/inclusion
        GET /v1/measure-bases
        GET /v1/measures
        GET /v1/models
        GET /v1/models/{version}
        GET /v1/models/{version}/comparison
        GET /v1/models/{version}/plots
        GET /v1/notices
        GET /v1/products
        GET /v1/products/{product_id}
        GET /v1/receipt-keys
        GET /v1/repairs
        GET /v1/retention
        GET /v1/score-ledger/checkpoint
        GET /v1/score-ledger/entries
        GET /v1/score-ledger/entries/{n}
        GET /v1/score-ledger/keys
        GET /v1/score-ledger/proofs/consistency
        GET /v1/score-ledger/proofs/inclusion
        GET /v1/subscriptions
        GET /v1/webhooks
        GET /v1/webhooks/deliveries
        POST /v1/allocations
        POST /v1/applications
        POST /v1/assignments
        POST /v1/churn-curves
        POST /v1/clients
        POST /v1/consents
        POST /v1/decisions
        POST /v1/disputes
        POST /v1/disputes/{dispute_id}/decision
        POST /v1/evaluations
        POST /v1/imports
        POST /v1/match-batches
        POST /v1/measures
        POST /v1/models
        POST /v1/models/{version}/approve
        POST /v1/models/{version}/promote
        POST /v1/models/{version}/rollback
        POST /v1/models/{version}/shadow
        POST /v1/outcomes
        POST /v1/products
        POST /v1/products/{product_id}/dry-runs
        POST /v1/receipt-verifications
        POST /v1/receivable-quotes
        POST /v1/repairs
        POST /v1/score-batches
        POST /v1/subscriptions
        POST /v1/webhooks
        PUT /v1/enterprises/{enterprise}
        PUT /v1/products/{product_id}
    """,
    # Somebody's own thing that nobody here has: nobody finds it, and nobody learns whether it is there.
    "absent": """
        DELETE /v1/clients/{client}/keys/{key}
        DELETE /v1/webhooks/{endpoint_id}
        GET /v1/alerts/{alert_id}/records
        GET /v1/allocations/{allocation_id}
        GET /v1/applications/{application_id}
        GET /v1/assignments/{assignment_id}
        GET /v1/evaluations/{evaluation_id}
        GET /v1/match-batches/{batch_id}
        GET /v1/match-batches/{batch_id}/results
        GET /v1/models/{version}/plots/{name}
        GET /v1/products/{product_id}/dry-runs/{run_id}
        GET /v1/repairs/{repair_id}
        GET /v1/score-batches/{batch_id}
        GET /v1/score-batches/{batch_id}/results
        POST /v1/alerts/{alert_id}/acknowledge
        POST /v1/applications/{application_id}/{event}
        POST /v1/clients/{client}/disable
        POST /v1/clients/{client}/keys
        POST /v1/measures/{measure_id}/end
        POST /v1/notices/{notice_id}/acknowledge
        POST /v1/subscriptions/{subscription_id}/end
        POST /v1/webhooks/deliveries/{delivery_id}/replay
    """,
    # A firm's file: its owner, and a bank with a live consent for this purpose.
    "file": """
        GET /v1/enterprises/{enterprise}
        GET /v1/enterprises/{enterprise}/cross-checks
        GET /v1/enterprises/{enterprise}/cross-checks/{rule}
        GET /v1/enterprises/{enterprise}/evidence
        GET /v1/enterprises/{enterprise}/features
        GET /v1/enterprises/{enterprise}/late-payments
        GET /v1/enterprises/{enterprise}/measures
        GET /v1/enterprises/{enterprise}/portrait
        GET /v1/enterprises/{enterprise}/portrait/{dimension}
        GET /v1/enterprises/{enterprise}/scores
        GET /v1/enterprises/{enterprise}/signals
        POST /v1/feature-sets
        POST /v1/matches
        POST /v1/score-sets
        POST /v1/scores
    """,
    # What the bank made about the firm: that bank and the firm itself; nobody else learns that it is there.
    "made": """
        GET /v1/matches/{match_id}
        GET /v1/matches/{match_id}/trace
        GET /v1/scores/{score_id}
        GET /v1/scores/{score_id}/ledger-proof
        GET /v1/scores/{score_id}/receipt
        POST /v1/scores/{score_id}/recourse
        POST /v1/scores/{score_id}/override
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
    # The firm's alone.
    "own": """
        POST /v1/consents/{consent_id}/revoke
        POST /v1/disputes/{dispute_id}/withdraw
    """,
    # What the firm disputes, and the operator decides.
    "dispute": """
        GET /v1/disputes/{dispute_id}
    """,
    # A file that was handed in: whoever did, and the operator.
    "import": """
        GET /v1/imports/{import_id}
        GET /v1/imports/{import_id}/rejects
    """,
}
# Who passes each guard, and what the others are told.
PASSES: dict[str, tuple[frozenset[str], Any]] = {
    "open": (frozenset({*ROLES, *NOBODY}), None),
    "scope": (frozenset(ROLES), None),
    "absent": (frozenset(), ELSEWHERE),
    "file": (frozenset({"owner", "bank with consent"}), FORBIDDEN),
    "made": (frozenset({"owner", "bank with consent"}), ELSEWHERE),
    "records": (frozenset({"owner", "data source", "operator"}), FORBIDDEN),
    "registers": (frozenset({"data source", "operator"}), FORBIDDEN),
    "consent": (frozenset({"owner", "bank for another purpose"}), ELSEWHERE),
    "own": (frozenset({"owner"}), ELSEWHERE),
    "dispute": (frozenset({"owner", "operator"}), ELSEWHERE),
    "import": (frozenset({"data source", "operator"}), ELSEWHERE),
}
GUARD_OF = {line.strip(): guard for guard, lines in GUARDS.items() for line in lines.strip().splitlines()}
# What must be said for the guard to be reached; every other route is asked with an empty object.
NEED = {"amount_fen": 50_000_000, "months": 12}
BODIES: dict[str, dict[str, Any]] = {
    "POST /v1/scores": {},
    "POST /v1/matches": {"need": NEED},
    "POST /v1/score-sets": {"enterprises": ["{enterprise}"]},
    "POST /v1/feature-sets": {"enterprises": ["{enterprise}"]},
    "POST /v1/scores/{score_id}/recourse": {"target": {"grade": "B"}},
    "POST /v1/scores/{score_id}/override": {"grade": "B", "reason": "other", "note": "seen in person"},
    "POST /v1/measures/{measure_id}/end": {"reason": "set by mistake"},
    "POST /v1/disputes/{dispute_id}/decision": {"decision": "confirmed", "reply": "It is as the tax office has it."},
}
PURPOSES = {
    "GET /v1/alerts": "credit-monitoring",
    "POST /v1/matches": "financing-match",
    "POST /v1/score-sets": "financing-match",
}
QUERIES = {"GET /v1/enterprises/{enterprise}/evidence": "?feature=sales_active_months_36m"}


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in ("get", "post", "put", "delete", "patch"):
            if method in item:
                yield f"{method.upper()} {path}", item[method]


def scopes_of(operation: dict[str, Any]) -> set[str]:
    return {scope for entry in operation["security"] for scopes in entry.values() for scope in scopes}


def expected(route: str, operation: dict[str, Any], who: str) -> Any:
    """Return what the table says: a status of refusal, or `in`."""
    passing, others = PASSES[GUARD_OF[route]]
    if GUARD_OF[route] != "open" and who in NOBODY:
        return UNKNOWN
    if who in ROLES and not scopes_of(operation) <= DEFAULT_SCOPES[ROLES[who]]:
        return FORBIDDEN
    return IN if who in passing else others


def verdict(status: int) -> Any:
    """Return a status of refusal, or `in` for whatever comes from behind the door."""
    return status if status in {UNKNOWN, FORBIDDEN, ELSEWHERE} else IN


def body_of(route: str, operation: dict[str, Any], document: dict[str, Any], enterprise: str) -> Any:
    if route.startswith("GET"):
        return None
    if GUARD_OF[route] in {"records", "registers"}:
        content = operation["requestBody"]["content"]["application/json"]
        return example(content["schema"], document)
    said = BODIES.get(route)
    if said is None:
        return {}
    many = "enterprises" in said
    return said | ({"enterprises": [enterprise]} if many else {} if "_id}" in route else {"enterprise": enterprise})


def example(schema: dict[str, Any], document: dict[str, Any]) -> Any:
    """Return the least that a schema asks for."""
    if "$ref" in schema:
        return example(document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], document)
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            return {name: example(schema["properties"][name], document) for name in schema.get("required", ())}
        case "array":
            return [example(schema["items"], document)]
        case "integer":
            return max(1, schema.get("minimum", 1))
        case _:
            return {"date": "2024-01-05", "date-time": "2024-01-05T00:00:00Z"}.get(schema.get("format", ""), "x1")


@pytest.fixture(scope="module")
def routes(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return dict(operations(document))


def test_every_route_says_how_it_is_guarded(routes: dict[str, dict[str, Any]]) -> None:
    """Whoever adds a route adds it to the table above, and whoever takes one out takes it out there."""
    assert set(routes) == set(GUARD_OF)


@pytest.mark.parametrize("who", [*ROLES, *NOBODY])
def test_everybody_gets_in_where_the_table_says_and_nowhere_else(
    town: Town, routes: dict[str, dict[str, Any]], document: dict[str, Any], who: str
) -> None:
    """All routes as one of those who knock; what differs from the table is named."""
    wrong = []
    for route, operation in routes.items():
        method, path = route.split()
        asked = path.format_map(Places(town.places())) + QUERIES.get(route, "")
        body = body_of(route, operation, document, town.enterprise)
        answer = town.ask(who, method, asked, body, Purpose=PURPOSES.get(route, "credit-assessment"))
        if verdict(answer.status) != expected(route, operation, who):
            wrong.append(f"{route}: {answer.status}, not {expected(route, operation, who)} {answer.data[:200]!r}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("who", NOBODY)
def test_a_service_that_is_asked_past_the_gateway_trusts_nobody_either(
    town: Town, routes: dict[str, dict[str, Any]], who: str
) -> None:
    """It verifies the token itself, and no header that a gateway might set makes up for one."""
    wrong = []
    for route, operation in routes.items():
        method, path = route.split()
        asked = path.format_map(Places(town.places()))
        behind = route_of(asked)
        if behind is None or not operation["security"]:
            continue
        body = None if method == "GET" else {}
        answer = town.ask(who, method, asked, body, service=behind.service, **CLAIMS)
        if answer.status != UNKNOWN:
            wrong.append(f"{route}: {answer.status} {answer.data[:200]!r}")
    assert not wrong, "\n".join(wrong)


class Places(dict[str, str]):
    """What stands in a path; what nobody has is called `nobody`."""

    def __missing__(self, name: str) -> str:
        """Return a name that is in use nowhere."""
        return "nobody"
