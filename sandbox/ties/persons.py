"""Legal representatives: mostly the largest owner, in groups the person at the top; some sit in several firms."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import numpy as np

from sandbox.ties.ownership import Ownership
from sandbox.ties.tie import Registry, Tie

FIRMS_PER_SHARED: Final = 50  # one person in so many firms represents two or three that nothing else ties
IN_PERSON = 0.5  # of a group's members, those whose legal representative is the person at its top
CHANGED = 0.1  # of all firms, those with a former representative within the book

Labels = list[tuple[str, str, str]]


def draw_persons(rng: np.random.Generator, firms: Registry, owned: Ownership) -> tuple[list[Tie], Labels]:
    """Draw the legal representative of every firm; the labels say of shared ones who they are: (firm, person, why)."""
    sits, labels = dict(owned.owners), Labels()
    for group in owned.groups:
        own = rng.random(len(group.members)) < IN_PERSON
        sits |= {firm: group.person if here else f"F{firm}m" for firm, here in zip(group.members, own, strict=True)}
        labels += [(firms.codes[firm], group.person, "group") for firm in group.members if sits[firm] == group.person]
    for number, several in enumerate(_several(rng, sorted(owned.owners), len(firms))):
        sits |= dict.fromkeys(several, f"S{number}")
        labels += [(firms.codes[firm], f"S{number}", "shared") for firm in several]
    ties = [tie for firm in range(len(firms)) for tie in _seat(rng, firms, firm, sits[firm])]
    return ties, labels


def _several(rng: np.random.Generator, free: list[int], count: int) -> Iterator[list[int]]:
    """Give the firms of each person who represents several: two or three firms of no group."""
    order = [free[place] for place in rng.permutation(len(free))]
    for _ in range(count // FIRMS_PER_SHARED):
        size = int(rng.integers(2, 4))
        if len(order) < size:
            return
        several, order = order[:size], order[size:]
        yield several


def _seat(rng: np.random.Generator, firms: Registry, firm: int, person: str) -> Iterator[Tie]:
    """Give who represents a firm, and who did before where that changed within the book."""
    code, founded = firms.codes[firm], firms.founded[firm]
    day = firms.within(rng, firm) if rng.random() < CHANGED else None
    if day is not None:
        yield Tie(code, "person-in-charge", f"F{firm}y", since=founded, until=day - timedelta(days=1))
    yield Tie(code, "person-in-charge", person, since=day or founded)
