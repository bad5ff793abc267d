"""Trading relations as they come and go: inside the economy and with the world outside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sandbox.firms import Firms
from sandbox.network import Network

OUTSIDE_PER_FIRM = 4  # outside parties for each firm; a few of them trade with very many


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
    sold = np.bincount(network.seller, network.value, minlength=len(firms))
    bought = np.bincount(network.buyer, network.value, minlength=len(firms))
    customers = _outside(rng, firms, np.maximum(firms.sales - sold, 0), firms.pace, months)
    spending = np.maximum(firms.sales * (1 - firms.margin) - bought, 0)
    suppliers = _outside(rng, firms, spending, 0.8 * firms.pace, months)
    share = network.value / firms.sales[network.seller]
    inside_rate = np.maximum(firms.pace[network.seller] * share, 0.1)
    count = len(network.seller)
    return Links(
        seller=np.concatenate((network.seller, customers.firm, suppliers.party)),
        buyer=np.concatenate((network.buyer, customers.party, suppliers.firm)),
        value=np.concatenate((network.value, customers.value, suppliers.value)),
        rate=np.concatenate((inside_rate, customers.rate, suppliers.rate)),
        first=np.concatenate((np.zeros(count), customers.first, suppliers.first)),
        last=np.concatenate((np.full(count, float(months)), customers.last, suppliers.last)),
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
    places = 3 + rng.poisson(np.clip(pace * 0.7, 1, 40))
    firm = np.repeat(np.arange(len(firms)), places)
    weight = rng.gamma(0.6, size=len(firm)) + 0.02
    share = weight / np.bincount(firm, weight, minlength=len(firms))[firm]
    place, first, last = _tenures(rng, firms.churn[firm], months)
    firm, share = firm[place], share[place]
    # The square makes low numbers popular: a handful of outside parties trade with very many firms.
    pool = OUTSIDE_PER_FIRM * len(firms)
    party = len(firms) + (pool * rng.random(len(firm)) ** 2).astype(np.int64)
    return _Outside(firm, party, budget[firm] * share, np.maximum(pace[firm] * share, 0.02), first, last)


def _tenures(
    rng: np.random.Generator, churn: NDArray[np.float64], months: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Cut the book of each place into tenures at Poisson times: (place, first, last) per tenure."""
    changes = rng.poisson(churn * months)
    place = np.repeat(np.arange(len(churn)), changes + 1)
    owner = np.repeat(np.arange(len(churn)), changes)
    moment = rng.uniform(0, months, len(owner))
    moment = moment[np.lexsort((moment, owner))]
    ends = np.cumsum(changes + 1) - 1
    first, last = np.zeros(len(place)), np.full(len(place), float(months))
    inner = np.ones(len(place), dtype=bool)
    inner[ends] = False
    last[inner] = moment
    first[1:][inner[:-1]] = moment
    return place, first, last
