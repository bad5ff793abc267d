"""Finding who owns and controls a firm, and the group that it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.profile.book.context import Context
from services.profile.book.domain.moment import Asked
from services.profile.graph.domain.control.chain import chains_to
from services.profile.graph.domain.control.close_links import Case, Link, close_links
from services.profile.graph.domain.control.group import Group, group
from services.profile.graph.domain.control.integrated import holdings, owners
from services.profile.graph.domain.control.ties import Tie, Ties, incoming, is_enterprise
from services.profile.graph.domain.control.ultimate import Top, top
from services.profile.graph.usecases.open_ties import Tied, ties_above, ties_around
from services.profile.rights.usecases.open_file import Reading


@dataclass(frozen=True, slots=True)
class Owner:
    """A party's integrated ownership of a firm, what of it others than the held firms say too, and what is direct."""

    party: str
    share: float
    confirmed: float
    direct: float | None
    path: tuple[Tie, ...]


@dataclass(frozen=True, slots=True)
class Accounted:
    """Whose a firm is in the end: of parties that are no firms, of firms beyond which is not looked, nobody's known."""

    opaque: float
    enterprises: float
    rest: float


@dataclass(frozen=True, slots=True)
class Controllers:
    """Who owns a firm, who controls it, and whose it is in the end."""

    tied: Tied
    owners: tuple[Owner, ...]
    top: Top
    accounted: Accounted


@dataclass(frozen=True, slots=True)
class Around:
    """The group of a firm, the parties at the top of it, and its close links: each, and those that others say too."""

    tied: Tied
    group: Group
    top: Top
    links: tuple[Link, ...]
    confirmed: frozenset[tuple[str, Case, str | None]]


def find_controllers(context: Context, reading: Reading, enterprise: str, asked: Asked) -> Controllers:
    """Return who owns and controls a firm, as far as the reader may look up from it."""
    tied = ties_above(context, reading, enterprise, asked)
    found = _owners(tied.ties, enterprise)
    return Controllers(tied, found, top(tied.ties, enterprise), _accounted(tied.ties, found))


def find_group(context: Context, reading: Reading, enterprise: str, asked: Asked) -> Around:
    """Return the group and the close links of a firm, as far as the reader may look."""
    tied = ties_around(context, reading, enterprise, asked)
    at_the_top = top(tied.ties, enterprise)
    links, sure = (
        close_links(holdings(some.stakes), enterprise) for some in (tied.ties, tied.ties.without_own_words())
    )
    confirmed = frozenset((link.party, link.case, link.third) for link in sure)
    return Around(tied, group(tied.ties, enterprise, at_the_top), at_the_top, tuple(links), confirmed)


def _owners(ties: Ties, firm: str) -> tuple[Owner, ...]:
    shares, sure = _shares(ties, firm), _shares(ties.without_own_words(), firm)
    direct = {tie.holder: tie.share for tie in ties.stakes if tie.held == firm}
    paths = chains_to(ties.stakes, firm)
    found = (
        Owner(party, share, sure.get(party, 0.0), direct.get(party), paths[party])
        for party, share in shares.items()
        if party != firm
    )
    return tuple(sorted(found, key=lambda one: (-one.share, one.party)))


def _shares(ties: Ties, firm: str) -> dict[str, float]:
    held = holdings(ties.stakes)
    if firm not in held.place:
        return {}
    return {held.names[i]: float(share) for i, share in zip(*owners(held, held.place[firm]), strict=True)}


def _accounted(ties: Ties, found: Sequence[Owner]) -> Accounted:
    into = incoming(ties.stakes)
    ends = [one for one in found if one.party not in into]
    opaque = sum(one.share for one in ends if not is_enterprise(one.party))
    firms = sum(one.share for one in ends if is_enterprise(one.party))
    return Accounted(opaque, firms, max(0.0, 1 - opaque - firms))
