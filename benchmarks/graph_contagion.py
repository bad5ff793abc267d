"""Systemic risk of all firms of a network, and one shock on a large one, beside loops in plain Python.

The network is made up but not kind: partners are chosen by size (a few firms have thousands of links), values are
log-normal, 97 divisions of industry, a third of each firm's sales leave the network. The peer is the paper's algorithm
written as one would by hand: dictionaries and loops over firms and links. It runs on a smaller network and for a sample
of firms, and is compared by firms shocked in a second; both must find the same index.
"""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import numpy as np

from services.profile.graph.domain.contagion.default import Credit, Ties, propagate
from services.profile.graph.domain.contagion.esri import esri, produce
from services.profile.graph.domain.contagion.needs import need_of, rules_on
from services.profile.graph.domain.contagion.supply import Links, Need, supply_of
from services.profile.standards.industries import industries

FIRMS, LINKS = 10_000, 100_000
MANY_FIRMS, MANY_LINKS = 100_000, 1_000_000
SMALL_FIRMS, SMALL_LINKS, SAMPLE = 1_000, 10_000, 40
# What changes less than a millionth of a firm's production in a step is at rest.
TOLERANCE = 1e-6
THREADS = 2


def run() -> dict[str, Any]:
    """Measure seconds for the index of all firms, one shock on many, and the speed beside plain loops."""
    links, industry, outside = network(FIRMS, LINKS, seed=1)
    whole, _ = timed(lambda: all_firms(links, industry, outside))
    many = network(MANY_FIRMS, MANY_LINKS, seed=2)
    one, _ = timed(lambda: one_shock(*many))
    losses, _ = timed(lambda: one_default(many[0], MANY_FIRMS))
    ours, theirs, apart = beside_loops()
    rows = [
        {"what": f"index of all {FIRMS:,} firms, {LINKS:,} links", **_alone(whole, "s (bar 60)")},
        {"what": f"one shock on {MANY_FIRMS:,} firms, {MANY_LINKS:,} links", **_alone(one, "s (bar 2)")},
        {"what": f"one default on {MANY_FIRMS:,} firms, {MANY_LINKS:,} debts", **_alone(losses, "s")},
        {
            "what": f"firms shocked, {SMALL_FIRMS:,} firms, {SMALL_LINKS:,} links (loops: {SAMPLE} of them)",
            "ours": round(ours, 1),
            "peer": round(theirs, 1),
            "unit": "firms/s",
            "ratio": round(ours / theirs, 1),
        },
        {"what": "largest difference of an index from the loops'", **_alone(apart, "share of all sales")},
    ]
    title = "Contagion: systemic risk (ESRI) and defaults, beside plain loops"
    return {"name": "graph_contagion", "title": title, "rows": rows, "tolerance": TOLERANCE}


def network(firms: int, links: int, seed: int) -> tuple[Links, np.ndarray, np.ndarray]:
    """Return links, the place of each firm's industry, and what it sells outside."""
    rng = np.random.default_rng(seed)
    divisions = [each for each in industries() if each.division]
    industry = rng.integers(len(divisions), size=firms)
    size = rng.pareto(1.1, firms) + 1
    supplier = rng.choice(firms, links, p=size / size.sum())
    customer = rng.integers(firms, size=links)
    apart = supplier != customer
    supplier, customer = supplier[apart], customer[apart]
    value = rng.lognormal(11, 1.8, len(supplier))
    counting = rules_on(date(2026, 11, 1))
    table = np.array([[need_of(s.section, c.section, counting) for c in divisions] for s in divisions])
    sold = np.bincount(supplier, value, firms)
    outside = np.where(sold > 0, sold / 2, 1e5)
    return Links(supplier, customer, value, table[industry[supplier], industry[customer]]), industry, outside


def all_firms(links: Links, industry: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """Return the index of every firm, the network made afresh."""
    supply = supply_of(links, industry, outside)
    return esri(supply, np.arange(supply.firms), tolerance=TOLERANCE, threads=THREADS)


def one_shock(links: Links, industry: np.ndarray, outside: np.ndarray) -> float:
    """Return the index of the largest firm, the network made afresh."""
    supply = supply_of(links, industry, outside)
    shock = np.zeros((supply.firms, 1))
    shock[int(supply.sales.argmax())] = 1.0
    return float(produce(supply, shock, tolerance=TOLERANCE).index[0])


def one_default(links: Links, firms: int) -> float:
    """Return the loss of all creditors where the largest customer defaults on a quarter of its purchases."""
    bought = np.bincount(links.customer, links.value, firms)
    equity = np.maximum(np.bincount(links.supplier, links.value, firms), 1e5) * 0.3
    credit = Credit(links.supplier, links.customer, links.value / 4)
    shock = np.zeros(firms)
    shock[int(bought.argmax())] = 1.0
    return float(propagate(Ties(credit, equity, loss_given_default=0.75), shock).loss.sum())


def beside_loops() -> tuple[float, float, float]:
    """Return the firms shocked in a second by us and by loops, and how far the two are apart at most."""
    links, industry, outside = network(SMALL_FIRMS, SMALL_LINKS, seed=3)
    supply = supply_of(links, industry, outside)
    mine, found = timed(lambda: esri(supply, np.arange(SMALL_FIRMS), tolerance=TOLERANCE, threads=1))
    chosen = list(range(0, SMALL_FIRMS, SMALL_FIRMS // SAMPLE))
    theirs, said = timed(lambda: [by_loops(links, industry, outside, firm) for firm in chosen])
    apart = max(abs(found[firm] - other) for firm, other in zip(chosen, said, strict=True))
    return SMALL_FIRMS / mine, len(chosen) / theirs, float(apart)


def by_loops(links: Links, industry: np.ndarray, outside: np.ndarray, failed: int) -> float:
    """Return a firm's index as the paper's equations read, firm by firm and link by link."""
    firms = len(industry)
    inputs: list[list[tuple[int, float, int]]] = [[] for _ in range(firms)]
    outputs: list[list[tuple[int, float]]] = [[] for _ in range(firms)]
    sales = outside.tolist()
    for s, c, value, need in zip(*(column.tolist() for column in _columns(links)), strict=True):
        inputs[c].append((s, value, need))
        outputs[s].append((c, value))
        sales[s] += value
    down, up = [1.0] * firms, [1.0] * firms
    down[failed] = up[failed] = 0.0
    kind = industry.tolist()
    moving = True
    while moving:
        left: dict[int, float] = {}
        for firm in range(firms):
            left[kind[firm]] = left.get(kind[firm], 0.0) + sales[firm] * down[firm]
        after = [
            min(down[firm], _made(firm, inputs[firm], down, sales, left, kind)) if inputs[firm] else down[firm]
            for firm in range(firms)
        ]
        moving = max(b - a for b, a in zip(down, after, strict=True)) > TOLERANCE
        down = after
    moving = True
    while moving:
        after = [
            min(up[firm], (outside[firm] + sum(v * up[c] for c, v in outputs[firm])) / sales[firm])
            for firm in range(firms)
        ]
        moving = max(b - a for b, a in zip(up, after, strict=True)) > TOLERANCE
        up = after
    lost = sum(sales[firm] * (1 - min(down[firm], up[firm])) for firm in range(firms))
    return float(lost / sum(sales))


def _columns(links: Links) -> tuple[np.ndarray, ...]:
    return links.supplier, links.customer, links.value, links.need


def _made(
    firm: int,
    inputs: list[tuple[int, float, int]],
    down: list[float],
    sales: list[float],
    left: dict[int, float],
    kind: list[int],
) -> float:
    """Return what a firm can make of what its suppliers make: of each essential input, and of the others together."""
    whole, part = sum(value for _, value, _ in inputs), 0.0
    had: dict[int, float] = {}
    lost: dict[int, float] = {}
    for supplier, value, need in inputs:
        rest = left[kind[supplier]]
        share = min(1.0, sales[supplier] / rest) if rest > 0 else 1.0
        gone = value * share * (1 - down[supplier])
        if need == Need.ESSENTIAL:
            had[kind[supplier]] = had.get(kind[supplier], 0.0) + value
            lost[kind[supplier]] = lost.get(kind[supplier], 0.0) + gone
        elif need == Need.PART:
            part += gone
    return min([1 - part / whole, *(1 - lost[each] / had[each] for each in had)])


def timed(work: Any) -> tuple[float, Any]:
    """Return the seconds that a piece of work takes, and what it gives."""
    start = time.perf_counter()
    done = work()
    return time.perf_counter() - start, done


def _alone(value: float, unit: str) -> dict[str, Any]:
    return {"ours": float(f"{value:.3g}"), "peer": None, "unit": unit, "ratio": None}
