"""What of a product is its bank's own business, and what of an offer.

How a rate is made (what money costs the bank, what it expects to lose, what it earns) is told to the bank and the
operator. Everybody else is told what a borrower has to know: floor, cap and subsidy of the product, the rate of the
offer and its whole cost. The rules stay public, because a refusal names rule, found and needed. How likely the bank
approves is told to the firm that asks and to the platform that asks for it, and to no rival; nor is what a refused loan
would have cost, which lies above every rate that is offered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# The rule of a refusal of which `found` is what the parts of a rate come to.
COST = "terms.cost"
# What everybody is told of how a product's rate is made.
PUBLIC_RATE = ("subsidy", "floor", "cap")
BANKS_OWN = {
    "zh": "该银行的审批概率仅告知企业、其平台与该银行本身",
    "en": "The bank's chance of approval is told to the firm, its platform and the bank itself",
}


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is told: the products that are its `own`, whether it hears of all as their banks do, and the `chances`."""

    own: frozenset[str] = frozenset()
    everything: bool = False
    chances: bool = False

    def product(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return a product as it is told."""
        if self._knows(document["id"]):
            return dict(document)
        return {**document, "rate": {name: document["rate"][name] for name in PUBLIC_RATE if name in document["rate"]}}

    def match(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        """Return an answered need as it is told."""
        return {
            **answer,
            "offers": [self._offer(offer) for offer in answer["offers"]],
            "refusals": [self._refusal(refusal) for refusal in answer["refusals"]],
        }

    def _refusal(self, refusal: Mapping[str, Any]) -> dict[str, Any]:
        if self.chances or self._knows(refusal["product"]):
            return dict(refusal)
        failed = [{**check, "found": None} if check["rule_id"] == COST else check for check in refusal["failed"]]
        return {**refusal, "found": failed[0]["found"], "failed": failed}

    def _offer(self, offer: Mapping[str, Any]) -> dict[str, Any]:
        if self._knows(offer["product"]):
            return dict(offer)
        told = {**offer, "rate_lines": []}
        if not self.chances:
            told |= {"approval_probability": None, "approval_decisions": None, "approval_note": dict(BANKS_OWN)}
        return told

    def _knows(self, product: str) -> bool:
        return self.everything or product in self.own
