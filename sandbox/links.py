"""Trading relations as they come and go: inside the economy and with the world outside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sandbox.firms import Firms
from sandbox.network import Network, haste, tenures

OUTSIDE_PER_FIRM = 4  # outside parties for each firm; a few of them trade with very many
POPULAR = 1.3  # exponent of the cumulative distribution of how often outside parties are found
MOST_PLACES = 400


@dataclass(frozen=True, slots=True)
class Links:
    """Trading relations as arrays: parties below `len(firms)` are firms, the others stand outside.

    `value` is yuan and `rate` invoices a month at the start of the book; the relation holds from `first` to
    `last`, in months from the book's start.
    """

    seller: NDArray[np.int64]
    buyer: NDArray[np.int64]
    value: NDArray[np.float64]
    rate: NDArray[np.float64]
    first: NDArray[np.float64]
    last: NDArray[np.float64]

    def __len__(self) -> int:
        """Return how many relations there are."""
        return len(self.seller)


def draw_links(rng: np.random.Generator, firms: Firms, network: Network, months: int) -> Links:
    """Draw all relations of the book: the network's own, and outside customers and suppliers for the rest."""
    usual = network.value * network.presence(months)
    sold = np.bincount(network.seller, usual, minlength=len(firms))
    bought = np.bincount(network.buyer, usual, minlength=len(firms))
    customers = _outside(rng, firms, np.maximum(firms.sales - sold, 0), firms.pace, months)
    spending = np.maximum(firms.sales * (1 - firms.margin) - bought, 0)
    suppliers = _outside(rng, firms, spending, 0.8 * firms.pace, months)
    share = network.value / firms.sales[network.seller]
    inside_rate = np.maximum(firms.pace[network.seller] * share, 0.1)
    return Links(
        seller=np.concatenate((network.seller, customers.firm, suppliers.party)),
        buyer=np.concatenate((network.buyer, customers.party, suppliers.firm)),
        value=np.concatenate((network.value, customers.value, suppliers.value)),
        rate=np.concatenate((inside_rate, customers.rate, suppliers.rate)),
        first=np.concatenate((np.clip(network.first, 0, months), customers.first, suppliers.first)),
        last=np.concatenate((np.clip(network.last, 0, months), customers.last, suppliers.last)),
    )


@dataclass(frozen=True, slots=True)
class _Outside:
    """Relations of firms with outside parties on one side of their business."""

    firm: NDArray[np.int64]
    party: NDArray[np.int64]
    value: NDArray[np.float64]
    rate: NDArray[np.float64]
    first: NDArray[np.float64]
    last: NDArray[np.float64]


def _outside(
    rng: np.random.Generator,
    firms: Firms,
    budget: NDArray[np.float64],
    pace: NDArray[np.float64],
    months: int,
) -> _Outside:
    """Divide each firm's budget among a few places, each held by one partner after another."""
    places = 3 + rng.poisson(np.clip(0.7 * pace * firms.reach / firms.pace, 1, MOST_PLACES))
    firm = np.repeat(np.arange(len(firms)), places)
    weight = rng.gamma(0.6, size=len(firm)) + 0.02
    share = weight / np.bincount(firm, weight, minlength=len(firms))[firm]
    place, first, last = tenures(rng, firms.churn[firm] * haste(rng, len(firm)), months)
    firm, share = firm[place], share[place]
    pool = OUTSIDE_PER_FIRM * len(firms)
    found = np.cumsum((np.arange(pool) + 0.5) ** (-1 / POPULAR))
    party = len(firms) + np.searchsorted(found, rng.random(len(firm)) * found[-1])
    return _Outside(firm, party, budget[firm] * share, np.maximum(pace[firm] * share, 0.02), first, last)
