"""Who trades with whom inside the economy: a supply network grown by preferential attachment; links come and go."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sandbox.firms import Firms

# A newcomer follows an existing link with this chance, which makes well-linked firms better linked (a power law
# with exponent 2 + (1 - p) / p: the copying model of Kleinberg et al. 1999).
FOLLOW = 0.7
LINKS_PER_NEWCOMER = 3
# At most this share of a firm's sales stays inside the economy: the rest of the world buys too.
INSIDE_SHARE = 0.6
# A place in a firm's trade is held by one partner after another. Of all places this part sees them change ten times as
# often: trade now and then. With it both are met that one rate of change cannot: the half-life of links, and the part
# of a year's links that the next year does not have (ADR 44).
SPOT = 0.2
HASTE = 10
# Of its budget, what a firm that takes another's place deals with the partner at most.
SUCCESSOR = 0.3


@dataclass(frozen=True, slots=True)
class Network:
    """Links between firms: `seller` and `buyer` are positions of firms, `value` is yuan a month.

    A link holds from `first` to `last`, in months from the book's start; it may begin before the book and end after it.
    """

    seller: NDArray[np.int64]
    buyer: NDArray[np.int64]
    value: NDArray[np.float64]
    first: NDArray[np.float64]
    last: NDArray[np.float64]

    def exposure(self, firms: Firms, month: int) -> NDArray[np.float64]:
        """Return per link the share of the seller's sales that this buyer takes in a month: none after its end."""
        held = (self.first <= month) & (month < self.last)
        return np.asarray(held * self.value / firms.sales[self.seller])

    def presence(self, months: int) -> NDArray[np.float64]:
        """Return per link the part of the book in which it holds."""
        return np.asarray(np.clip(np.minimum(self.last, months) - np.maximum(self.first, 0), 0, None) / months)


@dataclass(frozen=True, slots=True)
class Span:
    """The months that are simulated: before the book, the book's, and after it."""

    before: int
    book: int
    after: int


def draw_network(rng: np.random.Generator, turns: np.random.Generator, firms: Firms, span: Span) -> Network:
    """Grow the network, each firm, oldest first, linking to a few earlier ones, and let its links come and go."""
    seller, buyer, value = _grown(rng, firms)
    keeps = turns.random(len(seller)) < 0.5  # whose place it is: the seller's or the buyer's
    churn = firms.churn[np.where(keeps, seller, buyer)] * haste(turns, len(seller))
    place, first, last = tenures(turns, churn, span.before + span.book + span.after)
    seller, buyer, value, keeps = seller[place], buyer[place], value[place], keeps[place]
    follows = first > 0
    for new, own, here in ((buyer, seller, follows & keeps), (seller, buyer, follows & ~keeps)):
        new[here] = _successors(turns, new[~follows], own[here], len(firms))
    spending = firms.sales * (1 - firms.margin)
    value = np.minimum(value, np.where(follows, SUCCESSOR * np.minimum(spending[buyer], firms.sales[seller]), np.inf))
    found = Network(seller, buyer, value, first - span.before, last - span.before)
    weight = found.presence(span.book)
    value = value * _cap(value * weight, buyer, 0.7 * spending)
    value *= _cap(value * weight, seller, INSIDE_SHARE * firms.sales)
    return replace(found, value=value)


def haste(rng: np.random.Generator, count: int) -> NDArray[np.int64]:
    """Draw how many times as often as usual the partners of each place change."""
    return np.where(rng.random(count) < SPOT, HASTE, 1)


def tenures(
    rng: np.random.Generator, churn: NDArray[np.float64], months: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Cut the months of each place into tenures at Poisson times: (place, first, last) per tenure."""
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


def _successors(
    rng: np.random.Generator, linked: NDArray[np.int64], own: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """Draw who takes a place: mostly in proportion to the links on that side, else any firm; never the firm itself."""
    found = rng.choice(linked, len(own))
    anyone = rng.integers(count, size=len(own))
    found = np.where(rng.random(len(own)) < FOLLOW, found, anyone)
    return np.asarray(np.where(found == own, (found + 1) % count, found))


def _grown(rng: np.random.Generator, firms: Firms) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return sellers, buyers and values of the links with which the network begins."""
    newcomer, target = _attach(rng, len(firms))
    buys = rng.random(len(newcomer)) < 0.5
    seller, buyer = np.where(buys, target, newcomer), np.where(buys, newcomer, target)
    pair = np.unique(seller * len(firms) + buyer)
    seller, buyer = pair // len(firms), pair % len(firms)
    budget = firms.sales[buyer] * (1 - firms.margin[buyer])
    wanted = budget * rng.beta(1.2, 6.0, len(seller))
    wanted *= _cap(wanted, buyer, 0.7 * firms.sales * (1 - firms.margin))
    wanted *= _cap(wanted, seller, INSIDE_SHARE * firms.sales)
    return seller, buyer, wanted


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
