"""What a plan must keep to, put on the firms that can be lent to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from services.matching.domain.allocation.order import OrderedGroup
from services.matching.domain.allocation.problem import MILLIONTHS, AllocationProblem, Candidate, Group
from services.matching.domain.allocation.terms import Firm

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a plan must keep to, beside each firm's bounds; `sector_fen` is the most for any section of GB/T 4754.

    With `counts_drawn` all of it is about what is expected to be drawn, else about what is offered.
    """

    budget_fen: int
    limits: tuple[OrderedGroup, ...] = ()
    floors: tuple[OrderedGroup, ...] = ()
    sector_fen: int | None = None
    loss_fen: int | None = None
    loss_share: Decimal | None = None
    counts_drawn: bool = False

    def problem(self, offered: Sequence[tuple[Firm, Candidate]]) -> AllocationProblem:
        """Return the conditions on these candidates."""
        firms = [firm for firm, _ in offered]
        limits = [self._members(ordered, firms) for ordered in self.limits]
        if self.sector_fen is not None:
            # A colon has no place in a name that is ordered: these keep their prices apart from those.
            limits += [Group(f"sector:{s}", tuple(i), self.sector_fen) for s, i in sorted(_sectors(firms).items())]
        return AllocationProblem(
            tuple(candidate for _, candidate in offered),
            self.budget_fen,
            tuple(limits),
            tuple(self._members(ordered, firms) for ordered in self.floors),
            self.loss_fen,
            None if self.loss_share is None else int(self.loss_share * MILLIONTHS),
            self.counts_drawn,
        )

    def _members(self, ordered: OrderedGroup, firms: Sequence[Firm]) -> Group:
        members = tuple(i for i, firm in enumerate(firms) if ordered.of.picks(firm))
        return Group(ordered.name, members, ordered.fen_of(self.budget_fen))


def section(firm: Firm) -> str:
    """Return the section of GB/T 4754 (its letter); what is not known is one sector too, and bears its limit."""
    return firm.industry[0] if firm.industry else UNKNOWN


def _sectors(firms: Sequence[Firm]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = defaultdict(list)
    for i, firm in enumerate(firms):
        places[section(firm)].append(i)
    return places
