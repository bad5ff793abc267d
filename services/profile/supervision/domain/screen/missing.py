"""Missing bids: too few that lose or win by a hair, as if the places beside the lowest had been kept clear.

Chassang, Kawai, Nakabayashi and Ortner, Robust Screens for Noncompetitive Bidding in Procurement Auctions,
Econometrica 90(1), 2022. For a firm that competes, whatever it believes, raising all bids by a share ρ must not pay:
with D(ρ) the share of its auctions that it would still win, (1+ρ)·D(ρ) ≤ D(0), as a cost above zero only makes a lost
win cheaper. Where nobody bids just above the winner, D(ρ) = D(0), and the raise would have been free.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from services.profile.supervision.domain.screen.auction import Auction

# The raise, of the bid, and the width of the nearest strip of leads, of the reserve (ours, 2026-11).
RAISE, NEAR = 0.02, 0.003
FEWEST_WINS, FEWEST_NEAR = 10, 12


@dataclass(frozen=True, slots=True)
class Missing:
    """What the leads of the lowest bids over the next say where one of the two is of some bidders.

    Of `wins` theirs, `lost_by_raising` would be lost by bids higher by `raised`; competition loses at least
    `expected_lost` on average, and `raise_p` is the chance of so few, auctions taken as independent. `near` leads are
    at most `NEAR` of the reserve (else of the bid), `around` up to three times that: an even density has half as many
    near as around, and `near_p` is the chance of so few. None where there is too little to tell.
    """

    wins: int
    raised: float
    lost_by_raising: int
    expected_lost: float
    raise_p: float | None
    near: int
    around: int
    near_p: float | None


def missing(past: Sequence[Auction], bidders: Collection[str]) -> Missing | None:
    """Return what the leads say of these bidders; None where they won fewer than ten and few leads are short.

    A win is lost by a raise of ρ where the next bid is at most (1+ρ) times it; by competition at least ρ/(1+ρ) are.
    """
    from scipy.stats import binom  # noqa: PLC0415 -- half a second that only a screening needs

    wanted = frozenset(bidders)
    rivals = [each for each in past if len(each.bids) > 1]
    won = [each for each in rivals if each.bids[0].bidder in wanted]
    close = [each for each in rivals if wanted.intersection(each.bidders[:2])]
    leads = np.array([(each.amounts[1] - each.amounts[0]) / (each.reserve_fen or each.amounts[0]) for each in close])
    lost = sum(each.amounts[1] <= (1 + RAISE) * each.amounts[0] for each in won)
    near, around = int((leads <= NEAR).sum()), int(((leads > NEAR) & (leads <= 3 * NEAR)).sum())
    share = RAISE / (1 + RAISE)
    raise_p = float(binom.cdf(lost, len(won), share)) if len(won) >= FEWEST_WINS else None
    near_p = float(binom.cdf(near, near + around, 1 / 3)) if near + around >= FEWEST_NEAR else None
    if raise_p is None and near_p is None:
        return None
    return Missing(len(won), RAISE, lost, share * len(won), raise_p, near, around, near_p)
