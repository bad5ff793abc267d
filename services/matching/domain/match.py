"""The answer for one enterprise: every product offered at a price, or refused with rule, found and needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from services.matching.domain.all_in import Loan
from services.matching.domain.approval import Approval
from services.matching.domain.cost import MOVABLE, SALES, Costing, cost_refused, costed
from services.matching.domain.counting import Counts
from services.matching.domain.eligibility import Check, Shelf, Shelved, checks, score_missing
from services.matching.domain.facts import Fact, Facts, Need
from services.matching.domain.fee import of_firm
from services.matching.domain.levers import Lever
from services.matching.domain.need_region import NeedBounds
from services.matching.domain.price import Price
from services.matching.domain.pricing_budget import Budget
from services.matching.domain.product import Product, Rule
from services.matching.domain.recourse import Recourse, recourse

# What a match keeps of the enterprise beside the facts that rules ask for.
ALWAYS = ("enterprise", "depth", "features_sha256", "score", "grade", "pd", "pd_low", "pd_high", SALES)


# An unknown probability of approval ranks as an even chance: neither for nor against the bank.
EVEN = 0.5
# By what offers are ranked, the first that differs deciding; `-` is from high to low.
RANKING = ("all_in_rate", "-approval_probability", "-fit", "product")


@dataclass(frozen=True, slots=True)
class Guide:
    """What a match needs beside facts and products: what a firm can move, and how each bank has decided."""

    levers: Mapping[str, Lever] = field(default_factory=dict)
    approvals: Mapping[str, Approval] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Offer:
    """A product that the enterprise may have, with its terms. `fit` from 0 (just passed) to 1, see `fit_of`."""

    product: Product
    price: Price
    loan: Loan
    fit: float
    reasons: tuple[Check, ...]
    approval: float | None = None
    decisions: int = 0
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """A product that the enterprise may not have, and every rule that stands against it, the first one named.

    `if_confirmed` tells that what only the enterprise states would meet all of them, were it confirmed.
    """

    product: Product
    failed: tuple[Check, ...]
    recourse: Recourse
    if_confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """All products answered for one enterprise; `facts` is what was known of it and used.

    These are confirmed; `whole` are those with everything, the same where nothing is set aside.
    """

    enterprise: str
    facts: Mapping[str, Fact]
    offers: tuple[Offer, ...]
    refusals: tuple[Refusal, ...]
    whole: Mapping[str, Fact] = field(default_factory=dict)

    @property
    def products(self) -> list[Product]:
        """Every product that was asked, offered or not."""
        return [*(offer.product for offer in self.offers), *(refusal.product for refusal in self.refusals)]


@dataclass(frozen=True, slots=True)
class _View:
    """What counts of one enterprise under a policy, and whether each condition of the shelf holds on it."""

    facts: Mapping[str, Fact]
    passed: Sequence[bool]


def match_all(shelf: Shelf, facts: Facts, need: Need, guide: Guide | None = None) -> list[Match]:
    """Answer every product for every enterprise of `facts`, one or many, by what counts for the product."""
    confirmed = _views(shelf, facts, need)
    whole = confirmed if facts.whole is None else _views(shelf, facts.under(Counts.EVERYTHING), need)
    guide = guide or Guide()
    return [
        _match(shelf, {Counts.CONFIRMED: one, Counts.EVERYTHING: other}, guide)
        for one, other in zip(confirmed, whole, strict=True)
    ]


def _views(shelf: Shelf, facts: Facts, need: Need) -> list[_View]:
    truths = shelf.truths(facts, need)
    rows = facts.rows(dict.fromkeys((*ALWAYS, *shelf.names)))
    asked = need.facts()
    return [
        _View(row | asked, [bool(truth if isinstance(truth, bool) else truth[i]) for truth in truths])
        for i, row in enumerate(rows)
    ]


def _match(shelf: Shelf, views: Mapping[Counts, _View], guide: Guide) -> Match:
    offers, refusals = [], []
    whole = views[Counts.EVERYTHING]
    found = [(item, view := views[item.product.counts], _failed(item, view, shelf.on)) for item in shelf.items]
    # Only a refused product with fees searches by price: what is offered takes nothing of the others' shares.
    searching = sum(bool(failed and of_firm(item.product.fees)) for item, _, failed in found)
    budget = Budget()
    for item, view, failed in found:
        facts = view.facts
        if failed:
            part = budget.share(searching)
            way = _recourse(shelf, item, failed, facts, guide, part)
            budget.put_back(part)
            searching -= bool(of_firm(item.product.fees))
            first = score_missing(failed)
            opens = view is not whole and not _failed(item, whole, shelf.on)
            refusals.append(Refusal(item.product, (first, *failed) if first else failed, way, opens))
        else:
            offers.append(_offer(item.product, checks(item, view.passed, facts, wanted=True), facts, guide, shelf.on))
    known = views[Counts.CONFIRMED].facts
    return Match(str(known["enterprise"]), known, rank(offers), tuple(refusals), whole.facts)


def _failed(item: Shelved, view: _View, on: date) -> tuple[Check, ...]:
    """Return every condition that does not hold, what the product would cost with them."""
    cost = cost_refused(item.product, view.facts, on)
    return (*checks(item, view.passed, view.facts, wanted=False), *([cost] if cost else ()))


def _recourse(
    shelf: Shelf, item: Shelved, failed: Sequence[Check], facts: Mapping[str, Fact], guide: Guide, budget: Budget
) -> Recourse:
    def broken(moved: Mapping[str, Fact], names: Iterable[str]) -> list[Rule]:
        touched = set(names)
        cost = None if touched.isdisjoint(MOVABLE) else cost_refused(item.product, moved, shelf.on)
        return [*shelf.broken(item, moved, touched), *([cost.rule] if cost else ())]

    against = [check.rule for check in failed]
    product, known = item.product, _known(against)
    bounds, costing = NeedBounds(product.amount_fen, product.months, product.kind), Costing(product, shelf.on, budget)
    facts = {**facts, **known} if known else facts
    return recourse(item.rules, against, facts, guide.levers, broken, bounds, costing)


def _known(rules: Sequence[Rule]) -> dict[str, Fact]:
    """Return what the rules themselves know, such as how many places are left."""
    return {name: value for rule in rules for name, value in rule.known.items()}


def rank(offers: Sequence[Offer]) -> tuple[Offer, ...]:
    """Order offers by all-in yearly rate, as it is shown, then by probability of approval, then by fit (`RANKING`).

    The product's id breaks ties; an unknown probability counts as an even chance.

    Nothing a bank pays or is enters the order.
    """
    ordered = sorted(offers, key=_place)
    return tuple(replace(offer, rank=place) for place, offer in enumerate(ordered, start=1))


def _place(offer: Offer) -> tuple[Decimal, float, float, str]:
    likely = EVEN if offer.approval is None else offer.approval
    return offer.loan.all_in.rate, -likely, -offer.fit, offer.product.id


def fit_of(reasons: Sequence[Check]) -> float:
    """Return how far above the product's own thresholds the enterprise stands, from 0 (on every threshold) to 1.

    The mean over the bank's numeric rules of |found − needed| / (|found| + |needed|): each says what part of the two
    together separates them, whatever their unit. 1 where a product asks nothing in numbers.
    """
    gaps = [
        abs(line.found - line.needed) / (abs(line.found) + abs(line.needed) or 1)
        for line in reasons
        if not line.rule.id.startswith("terms.") and _is_number(line.found) and _is_number(line.needed)
    ]
    return round(sum(gaps) / len(gaps), 4) if gaps else 1.0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _offer(product: Product, reasons: tuple[Check, ...], facts: Mapping[str, Fact], guide: Guide, on: date) -> Offer:
    found, score = costed(product, facts, on), facts.get("score")
    learnt = guide.approvals.get(product.owner)
    amount, months = found.loan.schedule.amount_fen, len(found.loan.schedule.payments)
    likely = None if learnt is None or score is None else learnt.probability(float(score), amount, months)
    decisions = 0 if learnt is None else learnt.decisions
    return Offer(product, found.price, found.loan, fit_of(reasons), reasons, likely, decisions)
