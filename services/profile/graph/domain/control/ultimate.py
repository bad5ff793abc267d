"""Who is at the top of a firm: its controllers, and of these the ultimate ones (实际控制人).

公司法 2023 Art. 265: an actual controller is who can in fact direct a company through investment, agreement or other
arrangements. Who is declared as such stands beside who is worked out from shares: each says whether the other agrees.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.profile.graph.domain.control.chain import chains
from services.profile.graph.domain.control.majority import Held, Votes, controlled
from services.profile.graph.domain.control.ties import Tie, Ties, above, is_enterprise

# Of so many parties above a firm it is asked whether they control it, the nearest first.
MOST_ASKED = 5_000


@dataclass(frozen=True, slots=True)
class Controller:
    """A party that controls a firm, and why.

    `ultimate`: nobody that is known of controls it in turn, or only firms that it controls as well (`circular`).
    `by_shares` tells whether its shares alone suffice, `confirmed` whether it controls the firm without what firms on
    the way say of themselves. `joint`: another is declared beside it.
    """

    party: str
    held: Held
    by_shares: bool
    ultimate: bool
    circular: bool
    joint: bool
    confirmed: bool
    path: tuple[Tie, ...]


@dataclass(frozen=True, slots=True)
class Top:
    """All controllers of a firm, the ultimate ones first; `unasked` parties were too many to be asked about."""

    controllers: tuple[Controller, ...]
    unasked: int = 0

    @property
    def heads(self) -> tuple[str, ...]:
        """The ultimate controllers."""
        return tuple(one.party for one in self.controllers if one.ultimate)


def top(ties: Ties, firm: str) -> Top:
    """Return who controls a firm."""
    every = list(above(ties, firm))
    asked = every[:MOST_ASKED]
    votes, others = Votes(ties), Votes(ties.without_own_words())
    by_shares = Votes(Ties(stakes=ties.stakes))
    under = {party: controlled(votes, [party]) for party in asked}
    over = {party: held[firm] for party, held in under.items() if firm in held}
    above_it = {party: {other for other in over if other != party and party in under[other]} for party in over}
    declared = [tie.holder for tie in ties.declared if tie.held == firm]
    found = [
        Controller(
            party,
            held,
            by_shares=firm in controlled(by_shares, [party]),
            ultimate=all(other in under[party] for other in above_it[party]),
            circular=bool(above_it[party] & under[party].keys()),
            joint=party in declared and len(declared) > 1,
            confirmed=firm in controlled(others, [party]),
            path=_path(ties, party, firm, {firm, *under[party]}),
        )
        for party, held in over.items()
    ]
    found.sort(key=lambda one: (not one.ultimate, is_enterprise(one.party), -one.held.share, one.party))
    return Top(tuple(found), len(every) - len(asked))


def _path(ties: Ties, party: str, firm: str, among: set[str]) -> tuple[Tie, ...]:
    return chains((*ties.declared, *ties.stakes), [party], among).get(firm, ())
