"""What is ordered with an assignment: firms with their needs, and products with what they can give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Request:
    """What one firm asks for."""

    enterprise: str
    amount_fen: int
    months: int


@dataclass(frozen=True, slots=True)
class Supply:
    """What a product can give: a budget, to how many firms, how much to one; None sets no bound.

    `priority` is whom it takes first: by `risk` or by `fit`.
    """

    product: str
    budget_fen: int
    quota: int | None
    most_fen: int | None
    priority: str

    def within(self, firms: int | None, fen: int | None) -> Supply:
        """Return the same of no more firms and fen than are left of the product; None sets no bound."""
        quotas = [bound for bound in (self.quota, firms) if bound is not None]
        budget = self.budget_fen if fen is None else min(self.budget_fen, fen)
        return replace(self, budget_fen=budget, quota=min(quotas, default=None))


@dataclass(frozen=True, slots=True)
class AssignmentOrder:
    """Requests and supplies, each firm and each product once."""

    kind: ClassVar[str] = "assignment"

    requests: tuple[Request, ...]
    products: tuple[Supply, ...]
    as_of: date | None = None


def read_assignment_order(document: Mapping[str, Any], as_of: date | None) -> AssignmentOrder:
    """Return an order from its JSON form, which has passed the api's schema."""
    return AssignmentOrder(
        tuple(Request(**request) for request in document["requests"]),
        tuple(Supply(**supply) for supply in document["products"]),
        as_of,
    )
