"""Who trades with whom inside the economy: a supply network grown by preferential attachment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sandbox.firms import Firms

# A newcomer follows an existing link with this chance, which makes well-linked firms better linked (a power law
# with exponent 2 + (1 - p) / p: the copying model of Kleinberg et al. 1999).
FOLLOW = 0.7
LINKS_PER_NEWCOMER = 3
# At most this share of a firm's sales stays inside the economy: the rest of the world buys too.
INSIDE_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class Network:
    """Links between firms: `seller` and `buyer` are positions of firms, `value` is yuan a month."""

    seller: NDArray[np.int64]
    buyer: NDArray[np.int64]
    value: NDArray[np.float64]

    def exposure(self, firms: Firms) -> NDArray[np.float64]:
        """Return per link the share of the seller's sales that this buyer takes."""
        return self.value / firms.sales[self.seller]


def draw_network(rng: np.random.Generator, firms: Firms) -> Network:
    """Grow the network: each firm, oldest first, links to a few earlier ones, buying or selling."""
    newcomer, target = _attach(rng, len(firms))
    buys = rng.random(len(newcomer)) < 0.5
    seller, buyer = np.where(buys, target, newcomer), np.where(buys, newcomer, target)
    pair = np.unique(seller * len(firms) + buyer)
    seller, buyer = pair // len(firms), pair % len(firms)
    budget = firms.sales[buyer] * (1 - firms.margin[buyer])
    wanted = budget * rng.beta(1.2, 6.0, len(seller))
    wanted *= _cap(wanted, buyer, 0.7 * firms.sales * (1 - firms.margin))
    wanted *= _cap(wanted, seller, INSIDE_SHARE * firms.sales)
    return Network(seller, buyer, wanted)


def _attach(rng: np.random.Generator, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pair newcomers with earlier firms by the copying model, resolved without a loop over links."""
    newcomer = np.repeat(np.arange(1, count), LINKS_PER_NEWCOMER)
    links = len(newcomer)
    target = (rng.random(links) * newcomer).astype(np.int64)
    earlier_links = np.maximum((newcomer - 1) * LINKS_PER_NEWCOMER, 0)
    copies = (rng.random(links) < FOLLOW) & (earlier_links > 0)
    # A copying link points to an earlier link; pointer jumping halves every chain until it ends at an original.
    source = np.where(copies, (rng.random(links) * earlier_links).astype(np.int64), np.arange(links))
    while True:
        further = source[source]
        if np.array_equal(further, source):
            return newcomer, target[source]
        source = further


def _cap(value: NDArray[np.float64], owner: NDArray[np.int64], limit: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return per link the factor that keeps each owner's total within its limit."""
    total = np.bincount(owner, value, minlength=len(limit))
    factor = np.minimum(1.0, np.divide(limit, total, out=np.ones_like(total), where=total > 0))
    return np.asarray(factor[owner])
