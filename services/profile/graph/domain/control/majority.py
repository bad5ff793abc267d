"""Control: a party controls a firm of which it and those that it controls hold more than half together, or is said to.

The least fixed point of Banca d'Italia's definition (Bellomarini and others 2022, Reasoning on company takeovers: from
tactic to strategy, Data & Knowledge Engineering 141; Gulino, Ceri, Gottlob, Sallinger and Bellomarini 2021, Distributed
company control in company shareholding graphs, ICDE): whoever is controlled adds its stakes to those of the controller.
More than half is also the line of 公司法 2023 Art. 265. Who is declared to control a firm (实际控制人) does so by
agreement or other means, whatever its stake.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from services.profile.graph.domain.control.ties import WHOLE, Tie, Ties, outgoing


@dataclass(frozen=True)
class Votes:
    """The ties by holder, made once for many questions."""

    ties: Ties

    @cached_property
    def stakes(self) -> Mapping[str, list[Tie]]:
        """The stakes of each holder."""
        return outgoing(self.ties.stakes)

    @cached_property
    def declared(self) -> Mapping[str, list[Tie]]:
        """What each party is declared to control."""
        return outgoing(self.ties.declared)


@dataclass(frozen=True, slots=True)
class Held:
    """Why a firm is controlled: the share that the controller and those it controls hold together, a declaration."""

    share: float
    declared: bool


def controlled(votes: Votes, heads: Iterable[str]) -> dict[str, Held]:
    """Return all that parties control together, themselves left out; several heads act as one (一致行动)."""
    heads = tuple(heads)
    inside, parts, declared = set(heads), dict[str, int](), set[str]()
    waiting = deque(sorted(inside))
    while waiting:
        member = waiting.popleft()
        for tie in votes.stakes.get(member, ()):
            parts[tie.held] = parts.get(tie.held, 0) + (tie.parts or 0)
        named = {tie.held for tie in votes.declared.get(member, ())}
        declared |= named
        touched = sorted(named | {tie.held for tie in votes.stakes.get(member, ())})
        joining = [firm for firm in touched if firm not in inside and (firm in named or 2 * parts[firm] > WHOLE)]
        inside.update(joining)
        waiting.extend(joining)
    return {firm: Held(parts.get(firm, 0) / WHOLE, firm in declared) for firm in sorted(inside - set(heads))}
