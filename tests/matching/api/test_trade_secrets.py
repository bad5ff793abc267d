"""How a bank makes its rates is told to it and the operator; how likely it approves, to no rival of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from bank_products import a_product
from documented import document, operations
from flask.testing import FlaskClient

from chassis.data.worker import Worker
from services.matching.context import Context
from services.matching.domain.trade_secret import Audience
from services.matching.jobs import handlers

Headers = dict[str, str]
SCOPES = "products:read matches:write matches:read"
NEED = {"amount_fen": 20_000_000, "months": 12}
ORDER = {"enterprise": "local:E1", "need": NEED}
RATE = {**a_product()["rate"], "capital_ratio": 0.105, "hurdle": 0.11}
COSTS = {"funding", "lgd", "operating", "margin", "capital_ratio", "hurdle", "rate_lines"}
CHANCES = {"approval_probability", "approval_decisions"}
READERS = {
    "owner": ("bank", "bank-1", None),
    "rival": ("bank", "bank-2", None),
    "platform": ("platform", "platform-1", None),
    "firm": ("enterprise", "firm-1", "local:E1"),
    "operator": ("operator", "operator-1", None),
}
# Who is told what of the product of bank-1.
TOLD = {
    "owner": COSTS | CHANCES,
    "operator": COSTS | CHANCES,
    "firm": CHANCES,
    "platform": CHANCES,
    "rival": set[str](),
}


def told_in(answer: Any) -> set[str]:
    """Return which secrets an answer tells, wherever they stand: an empty list or null tells nothing."""
    return {name for name, value in members(answer) if name in COSTS | CHANCES and value not in (None, [])}


def members(answer: Any) -> Iterator[tuple[str, Any]]:
    for each in answer if isinstance(answer, list) else ():
        yield from members(each)
    for name, value in answer.items() if isinstance(answer, Mapping) else ():
        yield name, value
        yield from members(value)


@pytest.fixture
def published(client: FlaskClient, bank: Headers) -> None:
    """One product of bank-1, which has decided often enough for a chance to be told."""
    product = a_product(rate=RATE)
    assert client.put("/v1/products/credit", json=product, headers=bank).status_code == 201
    rng = np.random.default_rng(5)
    case = {**NEED, "decided_on": "2025-03-01"}
    items = [
        {**case, "reference": f"case-{number}", "score": int(score), "approved": bool(score > 600)}
        for number, score in enumerate(rng.integers(450, 750, 200))
    ]
    assert client.post("/v1/decisions", json={"items": items}, headers=bank).status_code == 201


class Reader:
    """One of those who read, at every route that shows products, offers or what is made from them."""

    def __init__(self, client: FlaskClient, here: Context, headers: Headers) -> None:
        self.client, self.here, self.headers = client, here, headers

    def get(self, path: str) -> Any:
        answer = self.client.get(path, headers=self.headers)
        assert answer.status_code == 200, answer.json
        return [json.loads(line) for line in answer.data.splitlines()]

    def post(self, path: str, body: Any) -> Any:
        answer = self.client.post(path, json=body, headers=self.headers | {"Idempotency-Key": f"{path} once"})
        assert answer.status_code in (201, 202), answer.json
        return answer.json

    def made(self, path: str, body: Any) -> str:
        """Order what a worker makes; return where it is."""
        place = f"{path}/{self.post(path, body)['id']}"
        Worker(self.here.database, handlers(self.here)).run_once()
        return place

    def products(self) -> Any:
        places = ("", "/credit", "/credit?version=1")
        return [self.get(f"/v1/products{place}") for place in places]

    def matched(self) -> Any:
        """Match, ask for the same again under the same key, and read both stored answer and trace."""
        first, again = (self.post("/v1/matches", ORDER) for _ in range(2))
        assert first["offers"] == again["offers"] != []
        return [first, again, self.get(f"/v1/matches/{first['id']}"), self.get(f"/v1/matches/{first['id']}/trace")]

    def batch(self) -> Any:
        place = self.made("/v1/match-batches", {"enterprises": ["local:E1"], "need": NEED})
        lines = self.get(f"{place}/results")
        assert lines[0]["offers"]
        return [self.get(place), lines]

    def assignment(self) -> Any:
        order = {
            "requests": [{"enterprise": "local:E1", **NEED}],
            "products": [{"product": "credit", "budget_fen": 10**9}],
        }
        made = self.get(self.made("/v1/assignments", order))
        assert made[0]["result"]["assigned"] == 1
        return made


@pytest.fixture
def reader(request: pytest.FixtureRequest, client: FlaskClient, here: Context, tokens: Any) -> Reader:
    role, name, enterprise = READERS[request.param]
    return Reader(client, here, tokens(role=role, client=name, enterprise=enterprise, scopes=SCOPES))


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize(("reader", "who"), [(who, who) for who in READERS], indirect=["reader"])
def test_a_products_costs_are_told_to_its_bank_and_the_operator(reader: Reader, who: str) -> None:
    """Everybody is told floor, cap and subsidy."""
    shown = reader.products()
    assert told_in(shown) == TOLD[who] & COSTS - {"rate_lines"}
    assert {"subsidy", "floor", "cap"} <= {name for name, _ in members(shown)}


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize(("reader", "who"), [(who, who) for who in READERS], indirect=["reader"])
def test_an_offers_costs_and_chances_are_told_to_whom_they_concern(reader: Reader, who: str) -> None:
    """At once, under the same key again, read again, and as a line of a batch; the rate and its cost to everybody."""
    for shown in (reader.matched(), reader.batch()):
        assert told_in(shown) == TOLD[who] & (CHANCES | {"rate_lines"})
        assert {"rate", "total_cost_fen"} <= {name for name, _ in members(shown)}


@pytest.mark.parametrize(("reader", "who"), [(who, who) for who in READERS], indirect=["reader"])
def test_what_a_refused_loan_would_have_cost_is_told_to_whom_it_concerns(
    client: FlaskClient, bank: Headers, reader: Reader, who: str
) -> None:
    """At once, read again, and as a line of a batch; rule, cap and whether it holds to everybody."""
    dear = a_product(rate={**RATE, "floor": 0.01, "cap": 0.011})
    assert client.put("/v1/products/credit", json=dear, headers=bank).status_code == 201
    made = reader.post("/v1/matches", ORDER)
    place = reader.made("/v1/match-batches", {"enterprises": ["local:E1"], "need": NEED})
    for answer in (made, reader.get(f"/v1/matches/{made['id']}")[0], reader.get(f"{place}/results")[0]):
        (refusal,) = answer["refusals"]
        (check,) = refusal["failed"]
        assert (check["rule"], check["needed"], check["passed"]) == ("rate <= 0.011", 0.011, False)
        told = who != "rival"
        assert (check["found"] is not None, refusal["found"] is not None) == (told, told)


def test_what_else_refuses_is_told_to_everybody() -> None:
    """A rival reads every other rule with what was found, also where the cost stands beside it."""
    cost, rule = ({"rule_id": name, "found": 0.3} for name in ("terms.cost", "terms.months-most"))
    refusal = {"product": "credit", "found": 0.3, "failed": [rule, cost]}
    (told,) = Audience().match({"offers": [], "refusals": [refusal]})["refusals"]
    assert (told["found"], [each["found"] for each in told["failed"]]) == (0.3, [0.3, None])


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize("reader", ["platform", "rival"], indirect=True)
def test_an_assignment_tells_no_secret_of_its_products(reader: Reader) -> None:
    """Only what each firm pays."""
    assert told_in(reader.assignment()) == set()


def test_no_other_route_of_products_and_matches_can_tell_a_secret() -> None:
    """Every answer whose documented shape has a place for one is asked above, or is of the reader's own words.

    A dry run's order is the product that its reader proposes, a quote is priced from terms that its reader gives, and
    exposures are what it has lent itself.
    """
    asked = {
        *("GET /v1/products", "GET /v1/products/{product_id}", "POST /v1/matches", "GET /v1/matches/{match_id}"),
        *("POST /v1/products", "PUT /v1/products/{product_id}"),
        *("POST /v1/receivable-quotes", "GET /v1/exposures", "PUT /v1/exposures"),
    }
    secrets = COSTS | CHANCES
    can = {f"{method} {path}" for method, path, said in operations() if names(said.get("responses")) & secrets}
    assert can == asked


def names(schema: Any, seen: frozenset[str] = frozenset()) -> set[str]:
    """Return the names of all members that a part of the document describes."""
    if isinstance(schema, list):
        return set().union(*(names(each, seen) for each in schema))
    if not isinstance(schema, dict):
        return set()
    found = set(schema.get("properties", ()))
    if (ref := schema.get("$ref")) and ref not in seen and ref.startswith("#/components/schemas/"):
        found |= names(document()["components"]["schemas"][ref.rsplit("/", 1)[1]], seen | {ref})
    return found.union(*(names(each, seen) for each in schema.values()))
