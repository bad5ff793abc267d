"""The answer for one enterprise: every product offered at a price, or refused with rule, found and needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from services.matching.domain.approval import Approval
from services.matching.domain.eligibility import Check, Shelf, Shelved, checks, score_missing
from services.matching.domain.facts import Fact, Facts, Need
from services.matching.domain.price import Price
from services.matching.domain.product import Product, Rule
from services.matching.domain.recourse import Lever, recourse
from services.matching.domain.repayment import Schedule, schedule
from services.matching.domain.statute import statute

# The yearly sales that lighten the capital charge of a small firm, in fen.
SALES = "sales_12m"
# What a match keeps of the enterprise beside the facts that rules ask for.
ALWAYS = ("enterprise", "depth", "features_sha256", "score", "grade", "pd", "pd_low", "pd_high", SALES)


# An unknown probability of approval ranks as an even chance: neither for nor against the bank.
EVEN = 0.5
LEARNT = {"zh": "根据该银行以往的审批决定估计", "en": "Estimated from the bank's own past decisions"}
NOT_KNOWN = {
    "zh": "未知：该银行提供的以往审批决定不足，或企业暂无评分",
    "en": "Unknown: too few past decisions of the bank are at hand, or the firm has no score",
}


@dataclass(frozen=True, slots=True)
class Guide:
    """What a match is told beside facts and products: what a firm can move, and how each bank has decided."""

    levers: Mapping[str, Lever] = field(default_factory=dict)
    approvals: Mapping[str, Approval] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Offer:
    """A product that the enterprise may have, with its terms. `fit` from 0 (just passed) to 1, see `fit_of`."""

    product: Product
    price: Price
    schedule: Schedule
    fit: float
    reasons: tuple[Check, ...]
    approval: float | None = None
    decisions: int = 0
    rank: int = 0

    def as_json(self) -> dict[str, Any]:
        """The offer as it is shown."""
        product = self.product
        return {
            "rank": self.rank,
            "product": product.id,
            "version": product.version,
            "title": dict(product.title),
            "bank": product.bank,
            "kind": product.kind,
            "sandbox": product.sandbox,
            "amount_fen": self.schedule.amount_fen,
            "months": len(self.schedule.payments),
            "repayment": product.repayment,
            "rate": float(self.price.rate),
            "rate_lines": [line.as_json() for line in self.price.lines],
            "total_cost_fen": self.schedule.cost_fen,
            "monthly_payment_fen": self.schedule.payments[0],
            "last_payment_fen": self.schedule.payments[-1],
            "security": list(product.security),
            "documents": list(product.documents),
            "approval_probability": self.approval,
            "approval_decisions": self.decisions,
            "approval_note": dict(LEARNT if self.approval is not None else NOT_KNOWN),
            "fit": self.fit,
            "reasons": [line.as_json() for line in self.reasons],
        }


@dataclass(frozen=True, slots=True)
class Refusal:
    """A product that the enterprise may not have, and every rule that stands against it, the first one named."""

    product: Product
    failed: tuple[Check, ...]
    way: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The refusal as it is shown."""
        first, product = self.failed[0], self.product
        return {
            "product": product.id,
            "version": product.version,
            "title": dict(product.title),
            "bank": product.bank,
            "kind": product.kind,
            "sandbox": product.sandbox,
            "eligible": False,
            "rule": first.rule.expression,
            "rule_title": dict(first.rule.title),
            "found": first.found,
            "needed": first.needed,
            "since": first.rule.since.isoformat(),
            "failed": [line.as_json() for line in self.failed],
            "recourse": dict(self.way),
        }


@dataclass(frozen=True, slots=True)
class Match:
    """All products answered for one enterprise; `facts` is what was known of it and used."""

    enterprise: str
    facts: Mapping[str, Fact]
    offers: tuple[Offer, ...]
    refusals: tuple[Refusal, ...]

    @property
    def products(self) -> list[Product]:
        """Every product that was asked, offered or not."""
        return [*(offer.product for offer in self.offers), *(refusal.product for refusal in self.refusals)]


def match_all(shelf: Shelf, facts: Facts, need: Need, guide: Guide | None = None) -> list[Match]:
    """Answer every product for every enterprise of `facts`, one or many."""
    truths = shelf.truths(facts, need)
    rows = facts.rows(dict.fromkeys((*ALWAYS, *shelf.names)))
    asked, guide = need.facts(), guide or Guide()
    return [
        _match(shelf, [bool(truth if isinstance(truth, bool) else truth[i]) for truth in truths], row | asked, guide)
        for i, row in enumerate(rows)
    ]


def _match(shelf: Shelf, passed: Sequence[bool], facts: Mapping[str, Fact], guide: Guide) -> Match:
    offers, refusals = [], []
    for item in shelf.items:
        failed = checks(item, passed, facts, wanted=False)
        if failed:
            way = _way(shelf, item, failed, facts, guide)
            first = score_missing(failed)
            refusals.append(Refusal(item.product, (first, *failed) if first else failed, way))
        else:
            offers.append(_offer(item.product, checks(item, passed, facts, wanted=True), facts, guide, shelf.on))
    return Match(str(facts["enterprise"]), facts, rank(offers), tuple(refusals))


def _way(
    shelf: Shelf, item: Shelved, failed: Sequence[Check], facts: Mapping[str, Fact], guide: Guide
) -> Mapping[str, Any]:
    def broken(moved: Mapping[str, Fact], names: Iterable[str]) -> list[Rule]:
        return shelf.broken(item, moved, set(names))

    return recourse([line.rule for line in failed], facts, guide.levers, broken).as_json(facts, guide.levers)


def rank(offers: Sequence[Offer]) -> tuple[Offer, ...]:
    """Order offers by what they cost the enterprise in total, then by probability of approval, then by fit.

    The product's id breaks ties; an unknown probability counts as an even chance.

    Nothing a bank pays or is enters the order.
    """
    ordered = sorted(offers, key=_place)
    return tuple(replace(offer, rank=place) for place, offer in enumerate(ordered, start=1))


def _place(offer: Offer) -> tuple[int, float, float, str]:
    likely = EVEN if offer.approval is None else offer.approval
    return offer.schedule.cost_fen, -likely, -offer.fit, offer.product.id


def fit_of(reasons: Sequence[Check]) -> float:
    """How far above the product's own thresholds the enterprise stands, from 0 (on every threshold) to 1.

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
    pd, score = facts.get("pd"), facts.get("score")
    sales, law = facts.get(SALES), statute(on)
    amount, months = int(facts["amount_fen"] or 0), int(facts["months"] or 0)
    price = product.rate.price(
        None if pd is None else float(pd),
        sales_fen=None if sales is None else int(sales),
        legal_cap=law.rate if law else None,
    )
    payments = schedule(amount, months, price.rate, product.repayment)
    learnt = guide.approvals.get(product.owner)
    likely = None if learnt is None or score is None else learnt.probability(float(score), amount, months)
    told = 0 if learnt is None else learnt.decisions
    return Offer(product, price, payments, fit_of(reasons), reasons, likely, told)
