"""Owners: most firms belong to a few persons, some to groups of a known shape with one person at the top.

Shapes are those that the literature on ownership argues with: chains, pyramids, holdings both ways and in circles, and
a majority that two firms of a group have only together. Beside them stand minority holdings that make nobody a group.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sandbox.ties.tie import Registry, Tie

TOP: Final = -1  # the person at the top of a group
# Holdings within a group: owner, owned, least and largest share. More than half of each member is held from within.
SHAPES: Final = {
    "chain": ((TOP, 0, 0.6, 0.9), (0, 1, 0.52, 0.8), (1, 2, 0.52, 0.8), (2, 3, 0.52, 0.8)),
    "pyramid": ((TOP, 0, 0.55, 0.9), *((owner, owned, 0.52, 0.7) for owner, owned in ((0, 1), (0, 2), (1, 3), (2, 4)))),
    "crossing": ((TOP, 0, 0.52, 0.7), (0, 1, 0.52, 0.7), (1, 0, 0.1, 0.2)),
    "cycle": (
        *((TOP, each, 0.52, 0.6) for each in range(3)),
        *((each, (each + 1) % 3, 0.15, 0.25) for each in range(3)),
    ),
    "joint": ((TOP, 0, 0.6, 0.9), (0, 1, 0.52, 0.8), (0, 2, 0.28, 0.34), (1, 2, 0.24, 0.3)),
    "star": tuple((TOP, each, 0.52, 0.95) for each in range(3)),
}
FIRMS_PER_GROUP = 100  # of each shape
DECLARED = 0.5  # of the groups, those whose controller the register names
MINORITIES = 20  # one firm in so many has a firm among its small owners
TRANSFERS = 0.1  # of other firms, those whose largest holding changed hands within the book


@dataclass(frozen=True, slots=True)
class Group:
    """Firms under one person: `shares` is what that person owns of each, directly and through others."""

    name: str
    shape: str
    members: tuple[int, ...]
    person: str
    shares: tuple[float, ...]
    declared: bool


@dataclass(frozen=True, slots=True)
class Ownership:
    """All holdings, the planted groups, and the largest personal owner of every firm that is in none."""

    ties: list[Tie]
    groups: list[Group]
    owners: dict[int, str]


def draw_ownership(rng: np.random.Generator, firms: Registry) -> Ownership:
    """Draw the owners of all firms; on no day do the shares of a firm exceed the whole."""
    order = rng.permutation(len(firms)).tolist()
    ties, groups, place = list[Tie](), list[Group](), 0
    for shape in [shape for _ in range(max(len(firms) // FIRMS_PER_GROUP, 1)) for shape in SHAPES]:
        members = tuple(order[place : place + 1 + max(owned for _, owned, *_ in SHAPES[shape])])
        place += len(members)
        if place > len(order) // 2:  # a small economy has few groups
            break
        group, held = _group(rng, firms, f"G{len(groups)}", shape, members)
        groups.append(group)
        ties += held
    owners = {}
    for firm in order[sum(len(group.members) for group in groups) :]:
        owners[firm] = f"F{firm}a"
        ties += _alone(rng, firms, firm, order)
    return Ownership(ties, groups, owners)


def _group(
    rng: np.random.Generator, firms: Registry, name: str, shape: str, members: tuple[int, ...]
) -> tuple[Group, list[Tie]]:
    """Draw the holdings of a group, what is left of each member for others, and what the register says of control."""
    person, size = f"{name}p", len(members)
    held, direct = np.zeros((size, size)), np.zeros(size)
    for owner, owned, least, most in SHAPES[shape]:
        share = round(float(rng.uniform(least, most)), 4)
        if owner == TOP:
            direct[owned] = share
        else:
            held[owner, owned] = share
    ties = list(_held(firms, members, person, held, direct))
    for place, firm in enumerate(members):
        ties += _rest(rng, firms, firm, 1 - direct[place] - held[:, place].sum())
    declared = bool(rng.random() < DECLARED)
    if declared:
        ties += [Tie(firms.codes[firm], "controller", person, since=firms.since(*members)) for firm in members]
    # Integrated ownership v = d + v W, so v (I - W) = d (Brioschi, Buzzacchi, Colombo 1989).
    shares = np.linalg.solve((np.eye(size) - held).T, direct)
    return Group(name, shape, members, person, tuple(shares.tolist()), declared), ties


def _held(
    firms: Registry, members: tuple[int, ...], person: str, held: NDArray[np.float64], direct: NDArray[np.float64]
) -> Iterator[Tie]:
    """Give the holdings of a group as ties, since all of its firms exist; before that one person held them."""
    since = firms.since(*members)
    for place, firm in enumerate(members):
        if firms.founded[firm] < since:
            whole = round(float(direct[place] + held[:, place].sum()), 4)
            yield replace(_holding(firms, firm, f"F{firm}z", whole), until=since - timedelta(days=1))
    for place in np.flatnonzero(direct).tolist():
        yield _holding(firms, members[place], person, direct[place], since=since)
    for owner, owned in np.argwhere(held).tolist():
        yield _holding(firms, members[owned], firms.codes[members[owner]], held[owner, owned], since=since)


def _rest(rng: np.random.Generator, firms: Registry, firm: int, left: float) -> Iterator[Tie]:
    """Divide what is left of a firm among up to two persons, each with less than half; a part may stay untold."""
    count = int(rng.integers(0, 3))
    parts = rng.dirichlet(np.ones(count + 1))[:count] * left if count else ()
    for place, part in enumerate(parts):
        share = np.floor(min(part, 0.45) * 1e4) / 1e4
        if share > 0:
            yield _holding(firms, firm, f"F{firm}r{place}", share)


def _alone(rng: np.random.Generator, firms: Registry, firm: int, order: list[int]) -> Iterator[Tie]:
    """Draw the owners of a firm of no group: one to three persons, at times a firm with a small part."""
    left = 1.0
    if rng.random() < 1 / MINORITIES and len(order) > 1:
        owner = order[int(rng.integers(len(order)))]
        if owner != firm:
            share = round(float(rng.uniform(0.05, 0.2)), 4)
            left -= share
            yield _holding(firms, firm, firms.codes[owner], share, since=firms.since(firm, owner))
    others = int(rng.choice(3, p=[0.5, 0.3, 0.2]))
    parts = np.floor(np.sort(rng.dirichlet(np.ones(others + 1) * 2))[::-1] * left * 1e4) / 1e4
    yield from _largest(rng, firms, firm, float(parts[0]))
    for place, part in enumerate(parts[1:].tolist()):
        if part > 0:
            yield _holding(firms, firm, f"F{firm}{'bc'[place]}", part)


def _largest(rng: np.random.Generator, firms: Registry, firm: int, share: float) -> Iterator[Tie]:
    """Give the largest holding of a firm, or the two of which the later one followed the earlier."""
    day = firms.within(rng, firm) if rng.random() < TRANSFERS else None
    if day is None:
        yield _holding(firms, firm, f"F{firm}a", share)
        return
    yield replace(_holding(firms, firm, f"F{firm}z", share), until=day - timedelta(days=1))
    yield _holding(firms, firm, f"F{firm}a", share, since=day)


def _holding(firms: Registry, firm: int, party: str, share: float, *, since: date | None = None) -> Tie:
    """Return a holding and its contribution to the capital, since the founding unless told otherwise."""
    share = float(share)
    day = firms.founded[firm] if since is None else since
    return Tie(firms.codes[firm], "shareholder", party, share, round(share * firms.capital_fen[firm]), day)
