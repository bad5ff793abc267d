"""Products for many firms: ours next to `matching` (PyPI), the library for the hospital-resident game.

The peer knows places, not amounts; so both sides are first given the case that it can play, all firms asking for the
same amount, and must answer alike: there is one firm-optimal stable assignment. The cases with amounts are ours alone;
what comes out is counted by our verifier, which shares nothing with the search.
"""

from __future__ import annotations

from importlib.metadata import version
from time import perf_counter
from typing import Any

import matching.games
import numpy as np

from services.matching.domain.assignment.market import Market
from services.matching.domain.assignment.stable import assign
from services.matching.domain.assignment.verify import check


def run() -> dict[str, Any]:
    """Measure the seconds to a stable assignment, and count what the verifier counts."""
    alike = [_beside(firms, products) for firms, products in ((300, 20), (1_000, 50))]
    own = [
        _alone("5,000 firms × 200 products, same amount, ranked apart", market(5_000, 200, amounts=False)),
        _alone("5,000 firms × 200 products, amounts, ranked alike", market(5_000, 200, apart=False)),
        _alone("5,000 firms × 200 products, amounts, ranked apart", market(5_000, 200)),
    ]
    title = f"Assignment of products to firms, peer: matching {version('matching')}"
    return {"name": "stable", "title": title, "rows": [*alike, *own]}


def market(firms: int, products: int, *, amounts: bool = True, apart: bool = True, seed: int = 0) -> Market:
    """Draw firms that want from five products on, budgets for seven tenths of them, priorities at random."""
    random = np.random.default_rng(seed)
    asked = random.integers(100, 5_000, firms) * 1_000_000 if amounts else np.ones(firms, dtype=np.int64)
    most = min(products, 60)
    wishes = tuple(tuple(random.permutation(products)[: random.integers(5, most)].tolist()) for _ in range(firms))
    ranks = [random.permutation(firms) for _ in range(products if apart else 1)]
    priority = np.array(ranks if apart else ranks * products)
    budget = int(asked.sum()) * 7 // 10 // products
    return Market(tuple(asked.tolist()), wishes, priority, (budget,) * products, (firms,) * products)


def _beside(firms: int, products: int) -> dict[str, Any]:
    case = market(firms, products, amounts=False)
    start = perf_counter()
    found = assign(case)
    ours = perf_counter() - start
    start = perf_counter()
    theirs = _peer(case)
    his = perf_counter() - start
    if tuple(found.product) != theirs:
        raise AssertionError("the two sides answer differently")
    return {
        "what": f"{firms:,} firms × {products} products, same amount",
        "ours": ours,
        "peer": his,
        "unit": "s",
        "ratio": ours / his,
    }


def _peer(case: Market) -> tuple[int, ...]:
    """Return the firm-optimal assignment by the peer, from dictionaries of preferences as it wants them."""
    wanted: dict[int, list[int]] = {j: [] for j in range(len(case.budgets))}
    for firm, wishes in enumerate(case.wishes):
        for j in wishes:
            wanted[j].append(firm)
    order = {j: sorted(who, key=case.priority[j].__getitem__) for j, who in wanted.items() if who}
    game = matching.games.HospitalResident.create_from_dictionaries(
        {firm: list(wishes) for firm, wishes in enumerate(case.wishes)}, order, {j: case.budgets[j] for j in order}
    )
    got = [-1] * len(case.amounts)
    for hospital, residents in game.solve(optimal="resident").items():
        for resident in residents:
            got[resident.name] = hospital.name
    return tuple(got)


def _alone(what: str, case: Market) -> dict[str, Any]:
    start = perf_counter()
    found = assign(case)
    ours = perf_counter() - start
    verdict = check(case, found.product)
    notion, count = ("pairwise", verdict.blocking) if found.stable else ("in turn", verdict.envy + verdict.next)
    return {"what": f"{what}: {notion}, {count} blocking", "ours": ours, "peer": None, "unit": "s", "ratio": None}
