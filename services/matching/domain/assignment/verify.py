"""Count what is wrong with an assignment, by the definitions and nothing else."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from services.matching.domain.assignment.market import NOWHERE, Market


@dataclass(frozen=True, slots=True)
class AssignmentVerdict:
    """What was counted: limits broken, in words, and pairs of a firm and a product that it would rather have.

    `blocking`: the product has or can make room for the firm. `envy`: a firm of lower priority has it. `next`: the firm
    is the first that waits for it, and it has or can make room.
    Pairwise stable: no limit broken and no pair blocks. In turn: no limit broken, no envy, and none next.
    """

    violations: tuple[str, ...]
    blocking: int
    envy: int
    next: int

    @property
    def in_turn(self) -> bool:
        """Whether it is an assignment in turn."""
        return not self.violations and self.envy == self.next == 0

    @property
    def stable(self) -> bool:
        """Whether it is pairwise stable."""
        return not self.violations and self.blocking == 0


def check(market: Market, product: Sequence[int]) -> AssignmentVerdict:
    """Count anew from the assignment alone."""
    members = [_Members(market, j, product) for j in range(len(market.budgets))]
    blocking = envy = 0
    first: dict[int, tuple[int, bool]] = {}
    for firm, j in _preferred(market, product):
        room = members[j]
        place = bisect_left(room.priorities, int(market.priority[j, firm]))
        fits = room.spent[place] + market.amounts[firm] <= market.budgets[j] and place < market.quotas[j]
        blocking += fits
        envy += place < len(room.priorities)
        waiting = (int(market.priority[j, firm]), bool(fits))
        first[j] = min(first.get(j, waiting), waiting)
    following = sum(fits for _, fits in first.values())
    return AssignmentVerdict(tuple(_violations(market, product)), int(blocking), envy, following)


class _Members:
    """Who has a product: priorities in order, and what those before each place got together."""

    def __init__(self, market: Market, product: int, got: Sequence[int]) -> None:
        inside = sorted((int(market.priority[product, i]), i) for i, held in enumerate(got) if held == product)
        self.priorities = [priority for priority, _ in inside]
        self.spent = [0, *accumulate(market.amounts[i] for _, i in inside)]


def _preferred(market: Market, got: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Return every pair of a firm and a product that it would rather have than what it got."""
    for firm, wishes in enumerate(market.wishes):
        for j in wishes:
            if j == got[firm]:
                break
            yield firm, j


def _violations(market: Market, got: Sequence[int]) -> Iterator[str]:
    for firm, held in enumerate(got):
        if held not in (NOWHERE, *market.wishes[firm]):
            yield f"firm {firm} gets product {held}, which it may not have"
    for j, (budget, quota) in enumerate(zip(market.budgets, market.quotas, strict=True)):
        inside = [i for i, held in enumerate(got) if held == j]
        if (spent := sum(market.amounts[i] for i in inside)) > budget:
            yield f"product {j} lends {spent} of {budget}"
        if len(inside) > quota:
            yield f"product {j} serves {len(inside)} of {quota}"
