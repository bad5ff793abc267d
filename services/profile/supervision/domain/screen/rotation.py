"""Winners who take turns (轮流中标): fewer wins in a row than the same wins in random order would have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import comb, factorial, prod

from services.profile.supervision.domain.screen.auction import Auction

# The latest wins that are looked at: their chance is counted exactly, in whole numbers.
FEWEST_WINS, MOST_WINS = 5, 100


@dataclass(frozen=True, slots=True)
class Rotation:
    """The winners of auctions in which several of a group bid, in order, and how often one won twice in a row."""

    winners: tuple[str, ...]
    repeats: int
    expected: float
    p_value: float


def rotation(past: Sequence[Auction], group: Collection[str]) -> Rotation | None:
    """Return how a group's latest wins follow each other; None for fewer than five, or for one winner alone."""
    members = set(group)
    met = [each for each in past if len(members.intersection(each.bidders)) > 1]
    winners = tuple(each.winner for each in met if each.winner in members and each.winner is not None)
    winners = winners[-MOST_WINS:]
    counts = Counter(winners)
    if len(winners) < FEWEST_WINS or len(counts) < 2:
        return None
    repeats = sum(one == other for one, other in pairwise(winners))
    expected = sum(n * (n - 1) for n in counts.values()) / len(winners)
    return Rotation(winners, repeats, expected, at_most(repeats, list(counts.values())))


def at_most(repeats: int, counts: Sequence[int]) -> float:
    """Return the chance that a random order of things of these counts has at most so many equal neighbours, exactly.

    Arrangements in which j chosen pairs of equal neighbours are glued number (N−j)!·Σ Π C(n−1, i)/(n−i)! over the ways
    to glue; inclusion and exclusion gives those with exactly r.

    >>> round(at_most(0, [2, 2]), 6)  # ABAB and BABA of six
    0.333333
    """
    whole = sum(counts)
    glued = _glued(counts)
    total = factorial(whole) // prod(factorial(n) for n in counts)
    exactly = [
        sum((-1) ** (j - r) * comb(j, r) * glued[j] for j in range(r, len(glued)))
        for r in range(min(repeats, len(glued) - 1) + 1)
    ]
    return float(sum(exactly) / total)


def _glued(counts: Sequence[int]) -> list[int]:
    """Return, for each j, the sum over choices of j equal pairs to glue of the arrangements that keep them."""
    # Coefficients of the product over the sorts of Σ_i C(n−1, i)/(n−i)!·x^i, over a common denominator Π n!.
    product = [1]
    for n in counts:
        part = [comb(n - 1, i) * factorial(n) // factorial(n - i) for i in range(n)]
        product = [
            sum(product[k - i] * part[i] for i in range(len(part)) if 0 <= k - i < len(product))
            for k in range(len(product) + len(part) - 1)
        ]
    whole, denominator = sum(counts), prod(factorial(n) for n in counts)
    return [factorial(whole - j) * each // denominator for j, each in enumerate(product)]
