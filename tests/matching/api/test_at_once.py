"""What several do at the same moment: on SQLite and on PostgreSQL one of them is first, and the others hear of it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from bank_products import a_product
from flask import Flask

SCOPES = "applications:write applications:read products:write products:read"
NEED = {"amount_fen": 50_000_000, "months": 12}
TERMS = {"amount_fen": 40_000_000, "months": 12, "rate": 0.0435}
MANY = 6


class Crowd:
    """Callers that all start at one moment, each with a client of its own."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.start = Barrier(MANY)

    def post(self, who: dict[str, str], path: str, body: Any, *, wait: bool = False) -> Any:
        if wait:
            self.start.wait(30)
        headers = who | {"Idempotency-Key": str(uuid4())}
        return self.app.test_client().post(path, json=body, headers=headers)

    def at_once(self, orders: list[tuple[dict[str, str], str, Any]]) -> list[Any]:
        with ThreadPoolExecutor(MANY) as threads:
            asked = [threads.submit(self.post, *order, wait=True) for order in orders]
            return [each.result() for each in asked]


@pytest.fixture
def crowd(app: Flask) -> Crowd:
    return Crowd(app)


@pytest.fixture
def firm(tokens: Callable[..., dict[str, str]]) -> dict[str, str]:
    return tokens(role="enterprise", client="firm-1", enterprise="local:E1", scopes=SCOPES)


@pytest.fixture
def lender(crowd: Crowd, tokens: Callable[..., dict[str, str]]) -> dict[str, str]:
    who = tokens(role="bank", client="bank-1", scopes=SCOPES)
    for product in ("one", "two"):
        assert crowd.post(who, "/v1/products", a_product(id=product)).status_code == 201
    return who


def test_hand_ins_at_once_are_one_application(crowd: Crowd, firm: dict[str, str], lender: dict[str, str]) -> None:
    """Also where each names the products in another order: one opens both, the others find them."""
    wish = {"enterprise": "local:E1", "need": NEED}
    orders = [(firm, "/v1/applications", {**wish, "products": ["one", "two"][:: (-1) ** i]}) for i in range(MANY)]
    answers = crowd.at_once(orders)
    assert sorted(answer.status_code for answer in answers) == [200] * (MANY - 1) + [201], [a.json for a in answers]
    found = {(each["product"], each["id"]) for answer in answers for each in answer.json["applications"]}
    assert len(found) == 2


def test_one_of_two_acceptances_and_a_re_offer_at_once_is_first(
    crowd: Crowd, firm: dict[str, str], lender: dict[str, str]
) -> None:
    """Either the firm has accepted the offer that it named, or the bank has voided it: never terms unseen."""
    wish = {"enterprise": "local:E1", "need": NEED, "products": ["one"]}
    place = "/v1/applications/" + crowd.post(firm, "/v1/applications", wish).json["applications"][0]["id"]
    assert crowd.post(lender, f"{place}/offer", {"terms": TERMS}).status_code == 200
    moves: list[tuple[dict[str, str], str, Any]] = [(firm, f"{place}/accept", {"offer": 1})] * (MANY // 2)
    moves += [(lender, f"{place}/offer", {"terms": {**TERMS, "rate": 0.09}})] * (MANY // 2)
    answers = crowd.at_once(moves)
    assert {answer.status_code for answer in answers} == {200, 409}
    stands = crowd.app.test_client().get(place, headers=firm).json
    if stands["state"] == "accepted":
        assert (stands["offer"], stands["terms"]) == (1, TERMS)
        assert [each["state"] for each in stands["offers"]] == ["accepted"]
    else:
        assert [each["state"] for each in stands["offers"]][:-1] == ["voided"] * (len(stands["offers"]) - 1)
