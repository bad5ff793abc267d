"""What is stored of an order is what was ordered, and reads back as the same value."""

from __future__ import annotations

from typing import Any

import pytest

from services.matching import documents
from services.matching.domain.allocation.order import read_allocation_order
from services.matching.domain.assignment.order import read_assignment_order
from services.matching.domain.dry_run import read_dry_run_order

PLAIN: dict[str, Any] = {
    "budget_fen": 100,
    "enterprises": None,
    "least_fen": 1,
    "most_fen": 2,
    "rates": {"low": 0.04, "high": 0.15},
    "lgd": 0.5,
    "funding": 0.03,
    "operating": 0.0,
    "paid": "offered",
    "bounds": [],
    "limits": [],
    "floors": [],
    "sector_share": None,
    "loss_fen": None,
    "loss_share": None,
    "stress": [],
}
FULL = PLAIN | {
    "enterprises": ["local:E2", "local:E1"],
    "bounds": [{"enterprise": "local:E1", "least_fen": 1}, {"enterprise": "local:E2", "most_fen": 2}],
    "limits": [{"name": "trade", "of": {"industry": "F"}, "share": 0.5}],
    "floors": [{"name": "first", "of": {"enterprises": ["local:E2", "local:E1"]}, "fen": 0}],
    "sector_share": 0.3,
    "counts": "everything",
    "stress": [{"name": "s", "shocks": [{"of": {"size_class": "micro"}, "factor": 2.0}]}],
}
ASSIGNMENT = {
    "requests": ({"enterprise": "local:E1", "amount_fen": 5, "months": 12},),
    "products": ({"product": "p", "budget_fen": 9, "quota": None, "most_fen": None, "priority": "risk"},),
}


@pytest.mark.parametrize("document", [PLAIN, FULL])
def test_an_allocation_is_stored_as_it_was_ordered(document: dict[str, Any]) -> None:
    """Nothing that was left out comes back as null, and no list in another order."""
    order = read_allocation_order(document, None)
    assert documents.plan_order(order) == document | {"enterprises": order.enterprises}


def test_an_assignment_is_stored_as_it_was_ordered() -> None:
    assert documents.plan_order(read_assignment_order(ASSIGNMENT, None)) == ASSIGNMENT


@pytest.mark.parametrize("need", [None, {"amount_fen": 5, "months": 12}])
def test_a_dry_run_is_stored_as_it_was_ordered(need: Any) -> None:
    document = {"product": {"id": "p"}, "enterprises": None, "limit": 10, "need": need}
    assert documents.plan_order(read_dry_run_order(document, None)) == document
