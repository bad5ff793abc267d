"""The whole report of an assignment: who gets what, and which notion of stability holds: pairwise-stable or in-turn.

Members are named and nested as the answer's: a report is stored as JSON, as it stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.matching.domain.assignment.market import NOWHERE, Assignment, Market
from services.matching.domain.assignment.order import AssignmentOrder, Supply
from services.matching.domain.assignment.stable import assign
from services.matching.domain.assignment.verify import check
from services.matching.domain.match import RANKING, Match, Offer
from services.matching.domain.product import Title

NOTIONS = {
    True: ("pairwise-stable", "成对稳定：无阻塞对", "Pairwise stable: no firm and product would both rather change"),
    False: ("in-turn", "按序稳定：无合理嫉妒、无插队", "Stable in turn: no justified envy, and nobody is passed over"),
}


@dataclass(frozen=True, slots=True)
class SupplyUsed:
    """What became of a product's budget."""

    product: str
    budget_fen: int
    lent_fen: int
    firms: int
    quota: int | None


@dataclass(frozen=True, slots=True)
class AssignedLine:
    """What one firm gets: its `choice` (1: its best offer) of so many `offers`; None: nothing."""

    enterprise: str
    product: str | None
    choice: int | None
    offers: int
    rate: float | None
    all_in_rate: float | None
    total_cost_fen: int | None


@dataclass(frozen=True, slots=True)
class AssignmentReport:
    """An assignment and its notion of stability, pairwise-stable or in-turn.

    `blocking_pairs` counts what breaks this notion: firm and product would both rather change (pairwise-stable), or a
    firm envies justly or is passed over (in-turn). `overtaking_pairs` counts the former under either notion. `ranking`
    is by what each firm's offers are ranked.
    """

    notion: str
    title: Title
    blocking_pairs: int
    overtaking_pairs: int
    violations: tuple[str, ...]
    assigned: int
    products: tuple[SupplyUsed, ...]
    lines: tuple[AssignedLine, ...]
    ranking: tuple[str, ...] = RANKING


def settle(matches: Sequence[Match], order: AssignmentOrder) -> AssignmentReport:
    """Assign the ordered products to the firms of these matches, and count anew what is wrong with it."""
    asked = {request.enterprise: request.amount_fen for request in order.requests}
    market = _market(matches, [asked[match.enterprise] for match in matches], order.products)
    made = assign(market)
    verdict = check(market, made.product)
    notion, zh, en = NOTIONS[made.stable]
    return AssignmentReport(
        notion=notion,
        title={"zh": zh, "en": en},
        blocking_pairs=verdict.blocking if made.stable else verdict.envy + verdict.next,
        overtaking_pairs=verdict.blocking,
        violations=verdict.violations,
        assigned=sum(product != NOWHERE for product in made.product),
        products=tuple(_used(market, made, j, supply) for j, supply in enumerate(order.products)),
        lines=tuple(_line(match, order.products, got) for match, got in zip(matches, made.product, strict=True)),
    )


def _market(matches: Sequence[Match], amounts: Sequence[int], supplies: Sequence[Supply]) -> Market:
    """Return the market: firms rank offers as a match does, by all-in rate; products rank firms as the order says."""
    place = {supply.product: j for j, supply in enumerate(supplies)}
    most = [supply.most_fen for supply in supplies]
    wishes = [
        tuple(j for offer in match.offers if _lends(most[j := place[offer.product.id]], amount))
        for match, amount in zip(matches, amounts, strict=True)
    ]
    return Market(
        tuple(amounts),
        tuple(wishes),
        np.array([_ranks(matches, supply) for supply in supplies], dtype=np.int64),
        tuple(supply.budget_fen for supply in supplies),
        tuple(len(amounts) if supply.quota is None else supply.quota for supply in supplies),
    )


def _lends(most_fen: int | None, amount_fen: int) -> bool:
    return most_fen is None or amount_fen <= most_fen


def _ranks(matches: Sequence[Match], supply: Supply) -> list[int]:
    """Return each firm's place in a product's order of priority; the enterprise's id breaks ties."""

    def key(i: int) -> tuple[float, float, str]:
        pd = matches[i].facts.get("pd")
        offer = _offer(matches[i], supply.product) if supply.priority == "fit" else None
        risk = float(pd) if pd is not None else 1.0
        return (-offer.fit if offer else 0.0, risk, matches[i].enterprise)

    ranks = [0] * len(matches)
    for rank, i in enumerate(sorted(range(len(matches)), key=key)):
        ranks[i] = rank
    return ranks


def _offer(match: Match, product: str) -> Offer | None:
    return next((offer for offer in match.offers if offer.product.id == product), None)


def _used(market: Market, made: Assignment, j: int, supply: Supply) -> SupplyUsed:
    firms = [i for i, got in enumerate(made.product) if got == j]
    lent = sum(market.amounts[i] for i in firms)
    return SupplyUsed(supply.product, supply.budget_fen, lent, len(firms), supply.quota)


def _line(match: Match, supplies: Sequence[Supply], got: int) -> AssignedLine:
    product = None if got == NOWHERE else supplies[got].product
    offer = _offer(match, product) if product else None
    return AssignedLine(
        enterprise=match.enterprise,
        product=product,
        choice=offer.rank if offer else None,
        offers=len(match.offers),
        rate=float(offer.price.rate) if offer else None,
        all_in_rate=float(offer.loan.all_in.rate) if offer else None,
        total_cost_fen=offer.loan.all_in.cost_fen if offer else None,
    )
