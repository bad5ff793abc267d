"""Close links: two parties of which one owns a fifth of the other, or a third owns a fifth of both.

Guideline (EU) 2015/510 of the European Central Bank, Art. 138(2), owning directly or indirectly through other firms; as
defined for company graphs by Atzeni, Bellomarini, Iezzi, Sallinger and Vlad 2020, Weaving enterprise knowledge graphs
(EDBT). Indirect owning is integrated ownership, so that rings are counted once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from services.profile.graph.domain.control.integrated import Holdings, owned, owners
from services.profile.graph.domain.control.ties import is_enterprise

LEAST = 0.2
# What is a fifth but for the last digits of a number counts as one.
ROUNDING = 1e-9


class Case(StrEnum):
    """Which way a close link runs, seen from the firm that is asked about."""

    OWNED_BY = "owned-by"
    OWNS = "owns"
    THIRD = "third-party"


@dataclass(frozen=True, slots=True)
class Link:
    """A close link of a firm to another party: by which case, and with which shares.

    `share` is what one owns of the other; by a third party it is what `third` owns of the firm, `other_share` of the
    other.
    """

    party: str
    case: Case
    share: float
    third: str | None = None
    other_share: float | None = None


def close_links(held: Holdings, firm: str) -> list[Link]:
    """Return the close links of a firm to parties and firms, by case and then by name."""
    return sorted(_links(held, firm), key=lambda link: (link.case, link.party, link.third or ""))


def _links(held: Holdings, firm: str) -> Iterator[Link]:
    at = held.place.get(firm)
    if at is None:
        return
    over = {held.names[i]: float(share) for i, share in zip(*owners(held, at), strict=True) if held.names[i] != firm}
    thirds = {party: share for party, share in over.items() if share >= LEAST - ROUNDING}
    for party, share in thirds.items():
        yield Link(party, Case.OWNED_BY, share)
        for other, theirs in _fifths(held, party):
            if other not in {firm, party}:
                yield Link(other, Case.THIRD, share, party, theirs)
    for other, share in _fifths(held, firm):
        if other != firm:
            yield Link(other, Case.OWNS, share)


def _fifths(held: Holdings, party: str) -> Iterator[tuple[str, float]]:
    """Give the firms of which a party owns a fifth."""
    for i, share in zip(*owned(held, held.place[party]), strict=True):
        if share >= LEAST - ROUNDING and is_enterprise(held.names[i]):
            yield held.names[i], float(share)
