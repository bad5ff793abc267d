"""A product's quota and budget are reserved by an offer and kept by its acceptance: nobody is promised what is gone."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from bank_products import a_product
from flask import Flask
from sqlalchemy import update

from chassis.core.moments import today
from chassis.data.worker import Worker
from services.matching.context import Context
from services.matching.jobs import handlers
from services.matching.problems import KINDS
from services.matching.tables import Application

SCOPES = "applications:write applications:read products:write products:read matches:write matches:read"
NEED = {"amount_fen": 50_000_000, "months": 12}
TERMS = {"amount_fen": 50_000_000, "months": 12, "rate": 0.05}


class Shop:
    """A bank with one product of which there is little, and firms that want it."""

    def __init__(self, app: Flask, tokens: Callable[..., dict[str, str]]) -> None:
        self.app, self.tokens = app, tokens
        self.bank = tokens(role="bank", client="bank-1", scopes=SCOPES)

    def publish(self, **scope: int) -> None:
        product = a_product(id="few", rules=[], **scope)
        assert self.app.test_client().put("/v1/products/few", json=product, headers=self.bank).status_code in (200, 201)

    def firm(self, number: int) -> dict[str, str]:
        return self.tokens(role="enterprise", client=f"firm-{number}", enterprise=f"local:E{number}", scopes=SCOPES)

    def post(self, who: dict[str, str], path: str, body: Any) -> Any:
        return self.app.test_client().post(path, json=body, headers=who | {"Idempotency-Key": str(uuid4())})

    def wish(self, number: int) -> str:
        order = {"enterprise": f"local:E{number}", "products": ["few"], "need": NEED}
        answer = self.post(self.firm(number), "/v1/applications", order)
        return "/v1/applications/" + str(answer.json["applications"][0]["id"])

    def offer(self, place: str, **terms: Any) -> Any:
        return self.post(self.bank, f"{place}/offer", {"terms": TERMS | terms})

    def match(self, number: int) -> Any:
        return self.post(self.firm(number), "/v1/matches", {"enterprise": f"local:E{number}", "need": NEED}).json


@pytest.fixture
def shop(app: Flask, tokens: Callable[..., dict[str, str]]) -> Shop:
    return Shop(app, tokens)


def told(answer: Any) -> tuple[int, str, int, int]:
    return answer.status_code, answer.json["type"], answer.json["found"], answer.json["needed"]


def test_an_offer_reserves_the_place_that_it_promises(shop: Shop) -> None:
    """The next one is refused with what is left; a newer offer to the same firm takes no second place."""
    shop.publish(quota=1, budget_fen=60_000_000)
    first, second = shop.wish(1), shop.wish(2)
    assert shop.offer(first).status_code == 200
    assert told(shop.offer(second)) == (409, "/problems/product-used-up", 0, 1)
    assert shop.offer(first, rate=0.04).status_code == 200


def test_money_is_reserved_to_the_fen(shop: Shop) -> None:
    """What is left can be offered, and one fen more cannot."""
    shop.publish(budget_fen=60_000_000)
    first, second = shop.wish(1), shop.wish(2)
    shop.offer(first)
    assert told(shop.offer(second, amount_fen=10_000_001)) == (409, "/problems/product-used-up", 10_000_000, 10_000_001)
    assert shop.offer(second, amount_fen=10_000_000).status_code == 200


@pytest.mark.parametrize("how", ["decline", "withdraw", "expiry", "drawn less"])
def test_what_is_not_taken_is_free_again(shop: Shop, here: Context, how: str) -> None:
    """By refusal, withdrawal or the offer's last day; and what was agreed but not drawn."""
    shop.publish(budget_fen=60_000_000)
    first, second = shop.wish(1), shop.wish(2)
    shop.offer(first)
    assert shop.offer(second).status_code == 409
    if how == "decline":
        shop.post(shop.bank, f"{first}/decline", {"reason": "because"})
    elif how == "withdraw":
        shop.post(shop.firm(1), f"{first}/withdraw", {})
    elif how == "expiry":
        with here.database.begin() as session:
            session.execute(update(Application).values(expires_on=today() - timedelta(days=1)))
    else:
        shop.post(shop.firm(1), f"{first}/accept", {"offer": 1})
        shop.post(shop.bank, f"{first}/disburse", {"drawn_fen": 10_000_000})
    assert shop.offer(second).status_code == 200


def test_what_was_accepted_is_kept(shop: Shop) -> None:
    """An acceptance needs nothing more than its offer reserved, and frees nothing."""
    shop.publish(quota=1)
    first, second = shop.wish(1), shop.wish(2)
    shop.offer(first)
    assert shop.post(shop.firm(1), f"{first}/accept", {"offer": 1}).status_code == 200
    assert shop.offer(second).status_code == 409


def test_offers_at_once_reserve_one_place_once(shop: Shop) -> None:
    """On both databases: one bank's two officers, three firms, one place."""
    shop.publish(quota=1)
    places = [shop.wish(number) for number in (1, 2, 3)]
    with ThreadPoolExecutor(len(places)) as threads:
        codes = sorted(answer.status_code for answer in threads.map(shop.offer, places))
    assert codes == [200, 409, 409]


def test_matches_and_assignments_see_what_is_reserved(shop: Shop, here: Context) -> None:
    """A match refuses with what is left, an assignment gives no more than that."""
    shop.publish(quota=1)
    order = {"requests": [{"enterprise": "local:E2", **NEED}], "products": [{"product": "few", "budget_fen": 10**9}]}

    def assigned() -> list[Any]:
        place = shop.post(shop.bank, "/v1/assignments", order).headers["Location"]
        Worker(here.database, handlers(here), KINDS).run_once()
        lines = shop.app.test_client().get(place, headers=shop.bank).json["result"]["lines"]
        return [line["product"] for line in lines]

    assert (assigned(), shop.match(2)["refusals"]) == (["few"], [])
    shop.offer(shop.wish(1))
    assert assigned() == [None]
    (refusal,) = shop.match(2)["refusals"]
    assert (refusal["failed"][0]["rule_id"], refusal["found"]) == ("terms.quota", 0)


def test_an_assignment_gives_no_more_firms_than_places_are_left(shop: Shop, here: Context) -> None:
    """Whatever quota the order says."""
    shop.publish(quota=1)
    requests = [{"enterprise": f"local:E{n}", **NEED} for n in (1, 2)]
    order = {"requests": requests, "products": [{"product": "few", "budget_fen": 10**9, "quota": 2}]}
    place = shop.post(shop.bank, "/v1/assignments", order).headers["Location"]
    Worker(here.database, handlers(here), KINDS).run_once()
    result = shop.app.test_client().get(place, headers=shop.bank).json["result"]
    assert (result["assigned"], result["products"][0]["quota"]) == (1, 1)
