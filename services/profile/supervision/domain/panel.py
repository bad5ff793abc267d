"""The members of the index: firms come and go in blocks, so that no month tells of the one that came (ADR 43).

Two months that differ by one firm would tell its points to whoever takes one from the other. So firms join the cell of
their prefecture and industry when ten wait for it, and leave it when ten have fallen silent and ten or none stay; until
then they wait, or stay with the points that they have. A member keeps the cell that it joined.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

LEAST = 10
Atom: TypeAlias = tuple[str, str]  # prefecture, industry


@dataclass(frozen=True, slots=True)
class Panel:
    """The members with their cells, who came and went with this month, and how many wait to come."""

    members: Mapping[str, Atom]
    joined: frozenset[str]
    left: frozenset[str]
    waiting: int


def moved_on(before: Mapping[str, Atom] | None, active: Mapping[str, Atom]) -> Panel:
    """Return the panel of a month from that of the month before (None: the first) and the firms that are active now."""
    if before is None:
        return Panel(dict(active), frozenset(active), frozenset(), 0)
    coming = {name: atom for name, atom in active.items() if name not in before}
    silent = {name: atom for name, atom in before.items() if name not in active}
    at, fresh, gone = (Counter(each.values()) for each in (before, coming, silent))
    joined = frozenset(name for name, atom in coming.items() if fresh[atom] >= LEAST)
    left = frozenset(name for name, atom in silent.items() if gone[atom] >= LEAST and _rest(at[atom] - gone[atom]))
    stay = {name: atom for name, atom in before.items() if name not in left}
    return Panel(stay | {name: coming[name] for name in joined}, joined, left, len(coming) - len(joined))


def _rest(count: int) -> bool:
    return count == 0 or count >= LEAST
