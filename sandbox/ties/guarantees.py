"""Guarantees between firms: circles (互保圈), chains, mutual pairs, some who guarantee for many, and single ones.

A firm is part of one planted figure at most, and single guarantees close no circle: the labels tell all circles.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

import numpy as np

from sandbox.ties.tie import Registry, Tie

FIRMS_PER_FIGURE: Final = 100  # of each figure
SINGLE: Final = 0.15  # of the firms in no figure, those for which another guarantees
# Figures as least and most firms of each.
FIGURES: Final = {
    "circle": (3, 6),
    "chain": (3, 5),
    "mutual": (2, 2),
    "star": (4, 6),
    "broken": (3, 5),  # a circle of which one guarantee has ended
}

Labels = list[tuple[str, str, str, str]]


def draw_guarantees(rng: np.random.Generator, firms: Registry) -> tuple[list[Tie], Labels]:
    """Draw guarantees; the labels are (guarantor, beneficiary, figure's name, figure) of the planted ones."""
    order = rng.permutation(len(firms)).tolist()
    ties, labels = list[Tie](), Labels()
    for number, (figure, members) in enumerate(_figures(rng, order)):
        pairs = _pairs(figure, members)
        ended = 0 if figure == "broken" else -1
        for place, (guarantor, backed) in enumerate(pairs):
            ties.append(_guarantee(rng, firms, guarantor, backed, ended=place == ended))
            labels.append((firms.codes[guarantor], firms.codes[backed], f"U{number}", figure))
    for place in np.flatnonzero(rng.random(len(order)) < SINGLE).tolist():
        if place:  # who guarantees stands earlier in the order, so nothing comes back
            guarantor = order[int(rng.integers(place))]
            ties.append(_guarantee(rng, firms, guarantor, order[place], ended=bool(rng.random() < 0.2)))
    return ties, labels


def _figures(rng: np.random.Generator, order: list[int]) -> Iterator[tuple[str, list[int]]]:
    """Take the firms of each planted figure off the end of the order; at most half of all firms are in one."""
    whole = len(order)
    for figure in [figure for _ in range(max(whole // FIRMS_PER_FIGURE, 1)) for figure in FIGURES]:
        least, most = FIGURES[figure]
        size = int(rng.integers(least, most + 1))
        if len(order) - size < whole // 2:
            return
        members = order[-size:]
        del order[-size:]
        yield figure, members


def _pairs(figure: str, members: list[int]) -> list[tuple[int, int]]:
    """Return who guarantees for whom."""
    if figure == "star":
        return [(members[0], backed) for backed in members[1:]]
    follow = list(zip(members, [*members[1:], members[0]], strict=True))
    return follow[:-1] if figure == "chain" else follow


def _guarantee(rng: np.random.Generator, firms: Registry, guarantor: int, backed: int, *, ended: bool) -> Tie:
    """Draw sum and days of a guarantee: it ended within the book's last year, or runs beyond its end."""
    since = max(firms.since(guarantor, backed), firms.last - timedelta(days=int(rng.integers(400, 700))))
    running = firms.last + timedelta(days=int(rng.integers(60, 700)))
    over = max(firms.last - timedelta(days=int(rng.integers(40, 330))), since + timedelta(days=30))
    until = _month_end(over if ended else running)
    amount = int(rng.integers(5, 51)) * 10_000_000
    return Tie(firms.codes[backed], "guarantor", firms.codes[guarantor], None, amount, since, until)


def _month_end(day: date) -> date:
    """Return the last day of a day's month, as contracts have it."""
    following = day.replace(day=28) + timedelta(days=4)
    return following - timedelta(days=following.day)
