"""The members of the index: firms come, go and move in blocks, so that no month tells of the one that came (ADR 43).

Two months that differ by one firm would tell its points to whoever takes one from the other. So firms join the cell of
their prefecture and industry when ten wait for it; those for whom too few wait join the rest of their province when ten
wait there, else that of the country. Ten in a rest whose cell is the same move to it. Firms leave their cell when ten
of it have fallen silent and ten or none stay; until then they wait, or stay with the points that they have.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from services.profile.supervision.domain.cells import ANYWHERE, UNKNOWN, province_of

LEAST = 10
Atom: TypeAlias = tuple[str, str]  # prefecture, industry
REST: Atom = (ANYWHERE, UNKNOWN)


@dataclass(frozen=True, slots=True)
class Panel:
    """The members with their cells; who came, went and moved with this month, and how many wait to come."""

    members: Mapping[str, Atom]
    joined: frozenset[str]
    left: frozenset[str]
    moved: frozenset[str]
    waiting: int


def moved_on(before: Mapping[str, Atom] | None, active: Mapping[str, Atom]) -> Panel:
    """Return the panel of a month from that of the month before (None: the first) and the firms that are active now."""
    if before is None:
        return Panel(dict(active), frozenset(active), frozenset(), frozenset(), 0)
    coming = {name: atom for name, atom in active.items() if name not in before}
    silent = {name: atom for name, atom in before.items() if name not in active}
    at, gone = (Counter(each.values()) for each in (before, silent))
    left = frozenset(name for name, atom in silent.items() if gone[atom] >= LEAST and _rest(at[atom] - gone[atom]))
    stay = {name: atom for name, atom in before.items() if name not in left}
    moving, joining = _home(stay, active), _joining(coming)
    members = stay | moving | joining
    return Panel(members, frozenset(joining), left, frozenset(moving), len(coming) - len(joining))


def of_province(atom: Atom) -> Atom:
    """Return the rest of a cell's province: firms of several prefectures and industries."""
    return province_of(atom[0]), UNKNOWN


def _joining(coming: Mapping[str, Atom]) -> dict[str, Atom]:
    """Return those that come with the cell that they join: their own, the rest of the province, that of the country."""
    found, wider = dict[str, Atom](), list[Callable[[Atom], Atom]]([lambda atom: atom, of_province, lambda _: REST])
    for widened in wider:
        waiting = {name: widened(atom) for name, atom in coming.items() if name not in found}
        at = Counter(waiting.values())
        found |= {name: atom for name, atom in waiting.items() if at[atom] >= LEAST}
    return found


def _home(stay: Mapping[str, Atom], active: Mapping[str, Atom]) -> dict[str, Atom]:
    """Return those that move from a rest to the cell of their own: ten or more together, and ten or none stay."""
    ways: dict[tuple[Atom, Atom], list[str]] = {}
    for name, atom in stay.items():
        own = active.get(name, atom)
        if own != atom and atom in (of_province(own), REST):
            ways.setdefault((atom, own), []).append(name)
    at, found = Counter(stay.values()), dict[str, Atom]()
    for (rest, own), names in sorted(ways.items()):
        if len(names) >= LEAST and _rest(at[rest] - len(names)):
            at[rest] -= len(names)
            found |= dict.fromkeys(names, own)
    return found


def _rest(count: int) -> bool:
    return count == 0 or count >= LEAST
