"""Assign products to many firms at once, in a durable job: match each, then let deferred acceptance settle it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from chassis.data import jobs
from services.matching import store
from services.matching.context import Context
from services.matching.domain.assignment.market import NOWHERE, Assignment, Market
from services.matching.domain.assignment.stable import assign
from services.matching.domain.assignment.verify import check
from services.matching.domain.eligibility import Shelf
from services.matching.domain.errors import ProductNotFound
from services.matching.domain.facts import Facts, Need
from services.matching.domain.match import Match, Offer, match_all
from services.matching.tables import Plan
from services.matching.usecases import plans
from services.matching.usecases.gather import gather
from services.matching.usecases.match import today

KIND = "assignment"
NOTIONS = {
    True: ("pairwise-stable", "成对稳定：无阻塞对", "Pairwise stable: no firm and product would both rather change"),
    False: ("in-turn", "按序稳定：无合理嫉妒、无插队", "Stable in turn: no justified envy, and nobody is passed over"),
}


def run_assignment(context: Context, job: jobs.Job) -> None:
    """Make the assignment. Repeated after a crash it makes the same one."""
    with context.database.read() as session:
        row = session.get_one(Plan, job.payload["plan"])
        shelf = _shelf(store.products_in_force(session, today()), row.document["products"])
    requests = {request["enterprise"]: request for request in row.document["requests"]}
    facts = gather(context, list(requests), row.as_of, row.known_at, context.acting_for(row.client))
    job.progress(0, len(facts))
    matches = _matches(shelf, facts, requests)
    answer = _settled(matches, requests, row.document)
    plans.keep(context, row.id, {**answer, "model": facts.model, "as_of": facts.as_of.isoformat()})
    job.progress(len(facts), len(facts))


def _shelf(in_force: Sequence[Any], wanted: Sequence[Mapping[str, Any]]) -> Shelf:
    products = {product.id: product for product in in_force}
    missing = [item["product"] for item in wanted if item["product"] not in products]
    if missing:
        raise ProductNotFound(
            f"Product {missing[0]} is not in force today; GET /v1/products lists what is published.", product=missing[0]
        )
    return Shelf([products[item["product"]] for item in wanted], today(), kind_matters=False)


def _matches(shelf: Shelf, facts: Facts, requests: Mapping[str, Mapping[str, Any]]) -> list[Match]:
    """Match each firm with its own need; firms with one need are answered together."""
    alike: dict[tuple[int, int], list[str]] = defaultdict(list)
    for enterprise, request in requests.items():
        alike[request["amount_fen"], request["months"]].append(enterprise)
    found = []
    for (amount, months), enterprises in alike.items():
        some = replace(facts, frame=facts.frame.filter(pl.col("enterprise").is_in(enterprises)))
        if len(some):
            found += match_all(shelf, some, Need(amount, months))
    return sorted(found, key=lambda match: match.enterprise)


def _settled(
    matches: Sequence[Match], requests: Mapping[str, Mapping[str, Any]], order: Mapping[str, Any]
) -> dict[str, Any]:
    amounts = [int(requests[match.enterprise]["amount_fen"]) for match in matches]
    market = _market(matches, amounts, order)
    made = assign(market)
    verdict = check(market, made.product)
    notion, zh, en = NOTIONS[made.stable]
    return {
        "notion": notion,
        "title": {"zh": zh, "en": en},
        "blocking_pairs": verdict.blocking if made.stable else verdict.envy + verdict.next,
        "overtaking_pairs": verdict.blocking,
        "violations": list(verdict.violations),
        "assigned": sum(product != NOWHERE for product in made.product),
        "products": _used(market, made, order),
        "lines": [_line(match, order, got) for match, got in zip(matches, made.product, strict=True)],
    }


def _market(matches: Sequence[Match], amounts: Sequence[int], order: Mapping[str, Any]) -> Market:
    """Firms rank their offers as a match does, by total cost; products rank firms as the order says."""
    place = {item["product"]: j for j, item in enumerate(order["products"])}
    most = [item["most_fen"] for item in order["products"]]
    wishes = [
        tuple(
            place[offer.product.id]
            for offer in match.offers
            if most[place[offer.product.id]] is None or amount <= most[place[offer.product.id]]
        )
        for match, amount in zip(matches, amounts, strict=True)
    ]
    return Market(
        tuple(amounts),
        tuple(wishes),
        np.array([_ranks(matches, item) for item in order["products"]], dtype=np.int64),
        tuple(item["budget_fen"] for item in order["products"]),
        tuple(len(amounts) if item["quota"] is None else item["quota"] for item in order["products"]),
    )


def _ranks(matches: Sequence[Match], item: Mapping[str, Any]) -> list[int]:
    """Return each firm's place in a product's order of priority; the enterprise's id breaks ties."""

    def key(i: int) -> tuple[float, float, str]:
        pd = matches[i].facts.get("pd")
        fit = _offer(matches[i], item["product"]) if item["priority"] == "fit" else None
        risk = float(pd) if pd is not None else 1.0
        return (-fit.fit if fit else 0.0, risk, matches[i].enterprise)

    ranks = [0] * len(matches)
    for rank, i in enumerate(sorted(range(len(matches)), key=key)):
        ranks[i] = rank
    return ranks


def _offer(match: Match, product: str) -> Offer | None:
    return next((offer for offer in match.offers if offer.product.id == product), None)


def _used(market: Market, made: Assignment, order: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "product": item["product"],
            "budget_fen": item["budget_fen"],
            "lent_fen": sum(market.amounts[i] for i, got in enumerate(made.product) if got == j),
            "firms": sum(got == j for got in made.product),
            "quota": item["quota"],
        }
        for j, item in enumerate(order["products"])
    ]


def _line(match: Match, order: Mapping[str, Any], got: int) -> dict[str, Any]:
    product = None if got == NOWHERE else order["products"][got]["product"]
    offer = _offer(match, product) if product else None
    return {
        "enterprise": match.enterprise,
        "product": product,
        "choice": offer.rank if offer else None,
        "offers": len(match.offers),
        "rate": float(offer.price.rate) if offer else None,
        "total_cost_fen": offer.schedule.cost_fen if offer else None,
    }
