"""The sandbox's trade graph beside what is known of national ones (ADR 44): how links last, how heavy its tails are.

Measured on the invoices, as a tax office would see them. The peer's column is the figure that was published.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandbox.economy import Economy, Plan, simulate

FIRMS, MONTHS, SEED = 3_000, 36, 7
HALF_LIFE, GONE = 13, 0.55  # months; of a year's links (Reisch, Borsos, Thurner 2025: the VAT register of Hungary)
WEIGHTS = 1.1  # exponent of the cumulative distribution of links' yearly values
AHEAD = 24  # months over which the life of a link is followed
Whole = NDArray[np.int64]


def run() -> dict[str, Any]:
    """Measure link life and tails of an economy with large firms, then of one like the demonstration's."""
    rows = []
    for large in (True, False):
        economy = simulate(Plan(FIRMS, MONTHS, SEED, large=large))
        rows += [*lives(economy), *tails(economy)]
    return {"name": "graph_sandbox", "title": "The sandbox's trade graph; peer: national ones", "rows": rows}


def lives(economy: Economy) -> list[dict[str, Any]]:
    """Measure the half-life of links, and the part of a year's links that the next year does not have."""
    pairs, month, _ = _trade(economy)
    link, place = np.unique(pairs, return_inverse=True)
    seen = np.zeros((len(link), MONTHS), dtype=bool)
    seen[place, month] = True
    years = [seen[:, start : start + 12].any(axis=1) for start in range(0, MONTHS, 12)]
    gone = [1 - (now & then).sum() / now.sum() for now, then in pairwise(years)]
    name = _kind(economy)
    return [
        _row(f"{name}half of the links of a month never seen again after", half_life(seen), HALF_LIFE, "months"),
        _row(f"{name}links of a year that the next year does not have", float(np.mean(gone)), GONE, "share"),
    ]


def half_life(seen: NDArray[np.bool_]) -> float:
    """Return after how many months half of the links that are seen in a month of the first year were seen last."""
    last = seen.shape[1] - 1 - seen[:, ::-1].argmax(axis=1)
    starts = range(seen.shape[1] - AHEAD)
    left = [np.sum([(last[seen[:, start]] >= start + ahead).sum() for start in starts]) for ahead in range(AHEAD + 1)]
    return float(np.interp(-0.5, -np.array(left) / left[0], np.arange(AHEAD + 1)))


def tails(economy: Economy) -> list[dict[str, Any]]:
    """Measure the tail exponents of the last year's links: their values, firms' totals, firms' partners."""
    pairs, month, net = _trade(economy)
    latest = month >= MONTHS - 12
    link, place = np.unique(pairs[latest], return_inverse=True)
    value = np.bincount(place, net[latest])
    count, parties = len(economy.firms), _parties(economy)
    seller, buyer = np.divmod(link, parties)
    measured = {
        "value of a link": (value, WEIGHTS, False),
        "sales of a firm": (np.bincount(seller, value, minlength=parties)[:count], None, False),
        "purchases of a firm": (np.bincount(buyer, value, minlength=parties)[:count], None, False),
        "customers of a party": (np.bincount(seller), None, True),
        "suppliers of a party": (np.bincount(buyer), None, True),
    }
    rows = []
    for what, (sizes, target, whole) in measured.items():
        exponent, half = exponent_of(sizes, whole=whole)
        words = f"{_kind(economy)}{what}, cumulative exponent (± {half:.2f})"
        rows.append(_row(words, exponent, target, "exponent"))
    return rows


def exponent_of(sizes: NDArray[Any], *, whole: bool) -> tuple[float, float]:
    """Return the tail's exponent by maximum likelihood (Hill) and half of its 95 % interval.

    The tail begins where the power law fits best by the distance of Kolmogorov and Smirnov (Clauset, Shalizi, Newman
    2009), with 50 values in it at least and a quarter of all at most. Whole numbers are taken from half below.
    """
    values = np.sort(sizes[sizes > 0].astype(float))[::-1]
    found = []
    for wanted in np.unique(np.geomspace(50, max(51, len(values) // 4), 40).astype(int)):
        least = values[min(wanted, len(values)) - 1]
        tail = values[values >= least]
        logs = np.log(tail / (least - 0.5 if whole else least))
        exponent = len(tail) / logs.sum()
        steps = np.arange(1, len(tail) + 1) / len(tail)
        distance = float(np.abs(1 - np.exp(-exponent * logs[::-1]) - steps).max())
        found.append((distance, float(exponent), float(1.96 * exponent / np.sqrt(len(tail)))))
    return min(found)[1:]


def _trade(economy: Economy) -> tuple[Whole, Whole, Whole]:
    """Return seller and buyer as one number, month and net of all valid blue invoices."""
    invoices = economy.invoices
    valid = ~invoices.void & (invoices.net > 0)
    month = np.searchsorted(economy.calendar.edges, invoices.day[valid], side="right") - 1
    pairs = invoices.seller[valid] * _parties(economy) + invoices.buyer[valid]
    return pairs, month, invoices.net[valid]


def _kind(economy: Economy) -> str:
    return "with large firms: " if economy.plan.large else "small firms: "


def _parties(economy: Economy) -> int:
    return int(max(economy.invoices.seller.max(), economy.invoices.buyer.max())) + 1


def _row(what: str, ours: float, peer: float | None, unit: str) -> dict[str, Any]:
    ratio = None if peer is None else round(ours / peer, 2)
    return {"what": what, "ours": round(ours, 3), "peer": peer, "unit": unit, "ratio": ratio}
