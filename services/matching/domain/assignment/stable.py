"""Deferred acceptance with amounts: in turn for every market, and pairwise stable where that is found.

With amounts and budgets a pairwise stable assignment need not exist, and to tell whether one does is NP-complete
(McDermid and Manlove 2010). Two notions are therefore told apart, and the answer says which one holds.

*In turn* (不插队): nobody envies rightly, and nobody is passed over. No firm prefers a product that a firm of lower
priority there got, and the first of those still waiting for a product does not fit into what is left of its budget and
quota. So each product is exactly stable at the budget that it spends, and leaves less than one firm's amount. Such
assignments exist under every budget and quota, and one is best for every firm at once among all fair ones (Kamada and
Kojima 2024, "Fair matching under constraints"; for near-feasible stability see Nguyen and Vohra 2018, Kawase and
Iwasaki 2017). Deferred acceptance finds it, where a product that has turned a firm down turns down all of lower
priority too. What it does not do is let a small firm overtake a larger one that waits before it.

*Pairwise stable*: moreover overtaking is used up. No firm prefers a product that has room for it, or could make room by
sending away firms of lower priority (priorities go firm by firm; cf. Abizada 2016). Where all products rank the firms
alike it is found at once, each firm choosing in its turn. Else the blocking pairs are satisfied one by one from the
assignment in turn, the firm of highest priority first; where that goes round in circles, the one in turn is kept.

Where all ask for the same amount, both are the firm-optimal stable assignment of Gale and Shapley.
"""

from __future__ import annotations

import heapq
from collections import deque

import numpy as np
from numpy.typing import NDArray

from services.matching.domain.assignment.market import NOWHERE, Assignment, Market

# After so many moves a firm (2 to 3 s for 5,000 firms and 200 products) the search is taken to go round in circles.
MOVES_A_FIRM = 1
Ints = NDArray[np.int64]


def assign(market: Market) -> Assignment:
    """Return a pairwise stable assignment, or the best one in turn where the search finds none."""
    if (market.priority == market.priority[:1]).all():
        return Assignment(tuple(_choosing(market)), stable=True)
    start = in_turn(market)
    settled = _Room(market, start).settle()
    return Assignment(tuple(start), stable=False) if settled is None else Assignment(tuple(settled), stable=True)


def _choosing(market: Market) -> list[int]:
    """Let each firm choose the best product that still has room, in the one order of priority that all have."""
    left, places = list(market.budgets), list(market.quotas)
    got = [NOWHERE] * len(market.amounts)
    order = np.argsort(market.priority[0]) if len(market.budgets) else ()
    for firm in map(int, order):
        amount = market.amounts[firm]
        fitting = (j for j in market.wishes[firm] if amount <= left[j] and places[j] > 0)
        got[firm] = product = next(fitting, NOWHERE)
        if product != NOWHERE:
            left[product] -= amount
            places[product] -= 1
    return got


def in_turn(market: Market) -> list[int]:
    """Return the assignment in turn that is best for every firm; in which order they ask is no matter.

    A product keeps the beginning, in priority, of all who ever asked: as many as fit before the first that does not.
    """
    held: list[list[tuple[int, int]]] = [[] for _ in market.budgets]  # heaps, lowest priority first
    left, places = list(market.budgets), list(market.quotas)
    closed = [np.iinfo(np.int64).max] * len(market.budgets)
    asked = [0] * len(market.amounts)
    got = [NOWHERE] * len(market.amounts)
    priority = market.priority.tolist()
    waiting = list(range(len(market.amounts)))
    while waiting:
        firm = waiting.pop()
        if asked[firm] == len(market.wishes[firm]):
            continue
        product = market.wishes[firm][asked[firm]]
        asked[firm] += 1
        if priority[product][firm] > closed[product]:
            waiting.append(firm)
            continue
        heapq.heappush(held[product], (-priority[product][firm], firm))
        got[firm] = product
        left[product] -= market.amounts[firm]
        places[product] -= 1
        while left[product] < 0 or places[product] < 0:
            turned, other = heapq.heappop(held[product])
            closed[product] = min(closed[product], -turned)
            got[other] = NOWHERE
            left[product] += market.amounts[other]
            places[product] += 1
            waiting.append(other)
    return got


class _Room:
    """An assignment in which blocking pairs are satisfied."""

    def __init__(self, market: Market, start: list[int]) -> None:
        self.market = market
        self.got = np.array(start, dtype=np.int64)
        self.amounts = np.array(market.amounts, dtype=np.int64)
        firms, products = len(market.amounts), len(market.budgets)
        # How far down its own list each firm finds each product; those that it cannot have come after being unmatched.
        self.wish = np.full((products + 1, firms), products + 1, dtype=np.int64)
        for firm, wishes in enumerate(market.wishes):
            self.wish[list(wishes), firm] = np.arange(len(wishes))
        self.wish[NOWHERE] = products
        listed = [np.flatnonzero(self.wish[j] < products) for j in range(products)]
        self.queue_of: list[Ints] = [who[np.argsort(market.priority[j, who])] for j, who in enumerate(listed)]

    def settle(self) -> list[int] | None:
        """Return a stable assignment, or None where too many moves lead to none."""
        products = range(len(self.market.budgets))
        todo, queued = deque(products), set(products)
        moves = MOVES_A_FIRM * len(self.amounts)
        while todo:
            product = todo.popleft()
            queued.discard(product)
            firm = self._first_blocking(product)
            if firm is None:
                continue
            if moves == 0:
                return None
            moves -= 1
            for other in self._move(firm, product):
                if other not in queued:
                    queued.add(other)
                    todo.append(other)
        return [int(product) for product in self.got]

    def _first_blocking(self, product: int) -> int | None:
        """Return the firm of highest priority that blocks with the product."""
        queue = self.queue_of[product]
        got = self.got[queue]
        inside = got == product
        amounts = self.amounts[queue]
        before = np.cumsum(np.where(inside, amounts, 0)) - np.where(inside, amounts, 0)
        count = np.cumsum(inside) - inside
        wants = self.wish[product, queue] < self.wish[got, queue]
        fits = (before + amounts <= self.market.budgets[product]) & (count < self.market.quotas[product])
        found = np.flatnonzero(wants & fits)
        return int(queue[found[0]]) if len(found) else None

    def _move(self, firm: int, product: int) -> set[int]:
        """Give the product to the firm, send away whom it must, and return the products to look at again."""
        again = {product} | ({int(self.got[firm])} - {NOWHERE})
        self.got[firm] = product
        members = [i for i in self.queue_of[product][::-1] if self.got[i] == product]
        spent, count = int(self.amounts[members].sum()), len(members)
        for member in members:
            if spent <= self.market.budgets[product] and count <= self.market.quotas[product]:
                break
            self.got[member] = NOWHERE
            spent, count = spent - int(self.amounts[member]), count - 1
            again |= set(self.market.wishes[member])
        return again
