"""What past auctions say of pairs of bidders: together more often than chance, prices in one ratio, who gives way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from services.profile.supervision.domain.screen.auction import Auction

# Ratios that are compared: fewer joint auctions show no rule.
FEWEST_JOINT = 3
LEAST_P = 1e-300
# Past auctions in which nobody bid who is looked at: how many there were by the number of their bids.
Elsewhere = Mapping[int, int]
NOWHERE: Elsewhere = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Joint:
    """Two bidders in the past: their auctions, those of both, and how unlikely so many of both are by chance.

    `ratio_deviation` is the standard deviation of the logarithm of the ratio of their bids over joint auctions, None
    where there are fewer than three; `one_won` and `other_won` count joint auctions that each won.
    """

    one: str
    other: str
    auctions: int
    one_bids: int
    other_bids: int
    together: int
    p_value: float
    ratio_deviation: float | None
    one_won: int
    other_won: int


def joints(past: Sequence[Auction], bidders: Sequence[str], elsewhere: Elsewhere = NOWHERE) -> list[Joint]:
    """Return every pair of these bidders that met in a past auction, in order of their names.

    Of auctions in which none of them bid the sizes alone matter, so that `elsewhere` may tell them.

    `p_value` bounds P(X ≥ together). Were all auctions of one size, X would be hypergeometric: one's auctions drawn at
    random, the other's marked among them. Auctions of many bidders bring strangers together too, so a bidder is taken
    to come to each in proportion to its size; X is then a sum of unequal chances, whose tail is at most the binomial's
    of the same mean from one above it on (Hoeffding, Annals of Mathematical Statistics 27, 1956). The larger of the two
    counts. The universe is what is stated: auctions of one trade and region say more.
    """
    place = {name: at for at, name in enumerate(sorted(set(bidders)))}
    amounts = np.full((len(past), len(place)), np.nan)
    for row, held in enumerate(past):
        for bid in held.bids:
            if bid.bidder in place:
                amounts[row, place[bid.bidder]] = bid.amount_fen
    there = ~np.isnan(amounts)
    counts, both = there.sum(axis=0), there.T.astype(np.int64) @ there.astype(np.int64)
    one, other = np.nonzero(np.triu(both, 1))
    sizes = Counter(len(each.bids) for each in past) + Counter(elsewhere)
    chances = _chances(sizes, counts, both[one, other], one, other)
    winners = np.array([place.get(held.winner or "", -1) for held in past])
    logs, names = np.log(amounts), list(place)
    found = []
    for i, j, chance in zip(one.tolist(), other.tolist(), np.maximum(chances, LEAST_P).tolist(), strict=True):
        met = there[:, i] & there[:, j]
        ratios = (logs[:, i] - logs[:, j])[met]
        spread = float(ratios.std(ddof=1)) if len(ratios) >= FEWEST_JOINT else None
        won = [int((winners[met] == at).sum()) for at in (i, j)]
        bids = (int(counts[i]), int(counts[j]))
        found.append(Joint(names[i], names[j], sizes.total(), *bids, len(ratios), chance, spread, *won))
    return found


def _chances(
    auctions: Counter[int], counts: np.ndarray, met: np.ndarray, one: np.ndarray, other: np.ndarray
) -> np.ndarray:
    """Return for pairs of bidders (places `one`, `other`) that met so often the chance of as often, as a bound.

    `auctions` tells by number of bids how many auctions there were.
    """
    from scipy.stats import binom, hypergeom  # noqa: PLC0415 -- half a second that only a screening needs

    sizes, of_size = np.array(sorted(auctions.items()), dtype=np.int64).reshape(-1, 2).T
    whole = auctions.total()
    comes = np.minimum(1.0, np.outer(counts, sizes) / max(1, int(sizes @ of_size)))
    mean = ((comes * of_size) @ comes.T)[one, other]
    exact = hypergeom.sf(met - 1, whole, counts[one], counts[other])
    bound = np.where(met >= mean + 1, binom.sf(met - 1, whole, mean / max(1, whole)), 1.0)
    return np.asarray(np.maximum(exact, bound), dtype=np.float64)


def gives_way(joint: Joint) -> tuple[str, float] | None:
    """Return who of the two never wins where both bid though it does win elsewhere at chance, and how unlikely that is.

    Of `together` joint auctions that one of the two won, each would win half; P is that of none for one side.
    """
    won = joint.one_won + joint.other_won
    if won < FEWEST_JOINT or min(joint.one_won, joint.other_won) > 0:
        return None
    loser = joint.one if joint.one_won == 0 else joint.other
    return loser, min(1.0, 2 * 0.5**won)
