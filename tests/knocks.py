"""What is sent to each documented route so that it answers of the things that there are in a town."""

from __future__ import annotations

from typing import Any

from documented import ENTERPRISE, document

from smecredit.running.demo import sandbox_products

FEATURE = "sales_active_months_36m"
NEED = {"amount_fen": 50_000_000, "months": 12}
FIRMS = ["{enterprise}", "{other}"]
PRODUCT = sandbox_products()[0]
# In braces: what stands for the place of this name in a town. Every other route is asked with an empty object.
BODIES: dict[str, Any] = {
    "POST /v1/scores": {"enterprise": "{enterprise}"},
    "POST /v1/score-sets": {"enterprises": ["{enterprise}"]},
    "POST /v1/score-batches": {"enterprises": FIRMS},
    "POST /v1/scores/{score_id}/recourse": {"target": {"grade": "B"}},
    "POST /v1/scores/{score_id}/override": {"grade": "{another_grade}", "reason": "other", "note": "seen in person"},
    "POST /v1/receipt-verifications": "{receipt}",
    "PUT /v1/exposures": {"threshold_fen": 100_000_000, "exposures": []},
    "POST /v1/bidder-screens": {"bidders": [{"enterprise": "{enterprise}"}, {"enterprise": "{other}"}]},
    "POST /v1/shocks": {
        "shock": {"enterprises": ["{enterprise}"]},
        "exposures": [{"enterprise": firm, "exposure_fen": 100_000_000, "lgd": 0.4, "pd": 0.02} for firm in FIRMS],
    },
    "POST /v1/feature-sets": {"enterprises": ["{enterprise}"]},
    "POST /v1/subscriptions": {"enterprises": FIRMS},
    "POST /v1/matches": {"enterprise": "{enterprise}", "need": NEED},
    "POST /v1/match-batches": {"enterprises": FIRMS, "need": NEED},
    "POST /v1/products/{product_id}/dry-runs": {"product": {**PRODUCT, "rules": []}, "enterprises": FIRMS},
    "POST /v1/assignments": {
        "requests": [{"enterprise": firm, **NEED} for firm in FIRMS],
        "products": [{"product": PRODUCT["id"], "budget_fen": 90_000_000}],
    },
    "POST /v1/churn-curves": {"curves": [{"grades": ["{grade}"], "points": [{"rate": 0.06, "churn": 0.2}]}]},
    "POST /v1/allocations": {
        "enterprises": FIRMS,
        "budget_fen": 100_000_000,
        "least_fen": 10_000_000,
        "most_fen": 80_000_000,
        "rates": {"low": 0.04, "high": 0.15},
        "lgd": 0.5,
        "funding": 0.02,
    },
    "POST /v1/receivable-quotes": {
        "seller": "{enterprise}",
        "payer": "{other}",
        "amount_fen": 10_000_000,
        "due_days": 90,
        "terms": {"funding": 0.02, "operating": 0.005, "margin": 0.01, "lgd": 0.4, "advance": 0.9, "recourse": True},
    },
    "PUT /v1/connectors/{name}": {"kind": "orders", "columns": {"单号": "number"}},
    "PUT /v1/webhooks/{endpoint_id}/events": {"events": None},
    "POST /v1/source-grants/{grant_id}/end": {"reason": "the agreement is over"},
    "POST /v1/measures/{measure_id}/end": {"reason": "set by mistake"},
    "POST /v1/disputes/{dispute_id}/decision": {"decision": "confirmed", "reply": "It is as the tax office has it."},
}
QUERIES = {
    "GET /v1/enterprises/{enterprise}/evidence": f"?feature={FEATURE}",
    "GET /v1/alerts": "?enterprise={enterprise}",
    "GET /v1/classes": "?limit=1",
}


class Places(dict[str, Any]):
    """What there is, by the names that routes and bodies have for it; what nobody has is called `nobody`."""

    def __missing__(self, name: str) -> str:
        """Return a name that is in use nowhere."""
        return "nobody"


def address(route: str, places: dict[str, Any]) -> str:
    """Return a route's path and query with what there is in their places."""
    return (route.split()[1] + QUERIES.get(route, "")).format_map(Places(places))


def body_of(route: str, operation: dict[str, Any], places: dict[str, Any]) -> Any:
    """Return what to send to a route: for a firm's records the least that the document asks for."""
    if route.startswith(("GET", "DELETE")):
        return None
    if route.startswith(f"POST {ENTERPRISE}"):
        return example(operation["requestBody"]["content"]["application/json"]["schema"])
    return _filled(BODIES.get(route, {}), places)


def example(schema: dict[str, Any]) -> Any:
    """Return the least that a schema asks for."""
    if "$ref" in schema:
        return example(document()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            return {name: example(schema["properties"][name]) for name in schema.get("required", ())}
        case "array":
            return [example(schema["items"])]
        case "integer":
            return max(1, schema.get("minimum", 1))
        case _:
            return {"date": "2024-01-05", "date-time": "2024-01-05T00:00:00Z"}.get(schema.get("format", ""), "x1")


def _filled(said: Any, places: dict[str, Any]) -> Any:
    match said:
        case str() if said.startswith("{"):
            return places.get(said.strip("{}"), "nobody")
        case dict():
            return {name: _filled(each, places) for name, each in said.items()}
        case list():
            return [_filled(each, places) for each in said]
        case _:
            return said
