"""An auction of sealed bids as a buyer states it: who bid how much, who won, and the buyer's own estimate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from chassis.core.errors import Invalid


class ImpossibleAuction(Invalid):
    """The bids of an auction contradict each other."""


@dataclass(frozen=True, slots=True)
class Bid:
    """What a bidder offered, in fen."""

    bidder: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Auction:
    """One auction, its bids in order of amount; `winner` is None where nobody says and two bids are the lowest."""

    name: str
    bids: tuple[Bid, ...]
    day: date | None = None
    winner: str | None = None
    reserve_fen: int | None = None

    @property
    def bidders(self) -> tuple[str, ...]:
        """Who bid, from the lowest bid up."""
        return tuple(bid.bidder for bid in self.bids)

    @property
    def amounts(self) -> tuple[int, ...]:
        """The bids in fen, from the lowest up."""
        return tuple(bid.amount_fen for bid in self.bids)


def auction(
    name: str,
    bids: Sequence[Bid],
    *,
    day: date | None = None,
    winner: str | None = None,
    reserve_fen: int | None = None,
) -> Auction:
    """Return an auction whose bids fit together; where no winner is named, the one lowest bid has won.

    Raises `ImpossibleAuction` where a bidder bids twice, a sum is not above zero, or the winner has not bid.
    """
    ordered = tuple(sorted(bids, key=lambda bid: (bid.amount_fen, bid.bidder)))
    bidders = {bid.bidder for bid in ordered}
    if len(bidders) < len(ordered):
        twice = min(name for name in bidders if sum(bid.bidder == name for bid in ordered) > 1)
        raise ImpossibleAuction(f"Auction {name}: {twice} bids twice; leave one bid, or make it two auctions.")
    if ordered and ordered[0].amount_fen <= 0:
        raise ImpossibleAuction(f"Auction {name}: a bid of {ordered[0].amount_fen} fen; a bid is above zero.")
    if winner is not None and winner not in bidders:
        raise ImpossibleAuction(f"Auction {name}: the winner {winner} has not bid there.")
    if winner is None and ordered and (len(ordered) == 1 or ordered[0].amount_fen < ordered[1].amount_fen):
        winner = ordered[0].bidder
    return Auction(name, ordered, day, winner, reserve_fen)


def in_order(auctions: Sequence[Auction]) -> tuple[Auction, ...]:
    """Return auctions in order of their days, those without one first; raise where two bear one name."""
    names = [each.name for each in auctions]
    if len(set(names)) < len(names):
        twice = min(name for name in set(names) if names.count(name) > 1)
        raise ImpossibleAuction(f"Two past auctions are called {twice}; give each its own name.")
    return tuple(sorted(auctions, key=lambda each: (each.day or date.min, each.name)))
