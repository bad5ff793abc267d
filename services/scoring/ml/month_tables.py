"""A forest as one firm meets it: small tables over whole months.

Only nodes on features that the firm can move remain, and a node's threshold becomes the month in which it is crossed.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from services.scoring.domain.recourse import MOST_MONTHS
from services.scoring.ml.trees import Forest, is_leaf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

# The values of a lever after 0, 1, … months.
Levels: TypeAlias = "tuple[float, ...]"
# Levers, for each the row of every month, and the values in log-odds of default.
Table: TypeAlias = "tuple[list[int], list[NDArray[np.int64]], Numbers]"
# A reduced tree: the value of a leaf, or (lever, first month in which the changed side is taken, before, after).
_Tree: TypeAlias = "float | tuple[int, int, _Tree, _Tree]"
_LARGEST_TABLE = 4096
MONTHS = np.arange(MOST_MONTHS + 1)


def tabulate(
    forest: Forest, row: NDArray[np.float32], levels: Sequence[Levels], place: Mapping[int, int]
) -> tuple[float, list[Table]]:
    """Return what no move of this firm changes, and the rest as tables: together the forest's log-odds of default.

    `row` (features,) is the firm's; `place` gives the place in `levels` of each of the forest's columns that has one.
    """
    trees = [_reduced(forest, row, levels, place, int(root)) for root in forest.roots]
    constant = forest.base + sum(tree for tree in trees if isinstance(tree, float))
    tables = [_tabulated(part) for tree in trees if not isinstance(tree, float) for part in _parts(tree)]
    return float(constant), tables


def add_up(tables: Sequence[Table]) -> list[Table]:
    """Return the same sum in fewer tables: those on the same one or two levers become one; this tightens the bounds."""
    small: dict[tuple[int, ...], Numbers] = {}
    kept: list[Table] = []
    for places, bins, values in tables:
        if len(places) > 2:
            kept.append((places, bins, values))
            continue
        spread = values[np.ix_(*bins)]
        key = tuple(places)
        small[key] = small[key] + spread if key in small else spread
    return [(list(key), [MONTHS] * len(key), np.ascontiguousarray(values)) for key, values in small.items()] + kept


def _reduced(
    forest: Forest, row: NDArray[np.float32], levels: Sequence[Levels], place: Mapping[int, int], node: int
) -> _Tree:
    """Return the tree as this firm meets it: nodes that none of its moves can turn are gone."""
    if is_leaf(forest, node):
        return float(forest.value[node])
    feature, threshold = int(forest.feature[node]), forest.threshold[node]
    left, right = int(forest.left[node]), int(forest.right[node])
    value = row[feature]
    goes_left = bool(forest.missing_left[node]) if np.isnan(value) else bool(value < threshold)
    before, after = (left, right) if goes_left else (right, left)
    at = place.get(feature)
    turned = None if at is None else _turned(levels[at], threshold, goes_left=goes_left)
    below = _reduced(forest, row, levels, place, before)
    if at is None or turned is None:
        return below
    other = _reduced(forest, row, levels, place, after)
    return below if below == other else (at, turned, below, other)


def _turned(values: Levels, threshold: np.float32, *, goes_left: bool) -> int | None:
    """Return the first month in which a lever takes the other side of a node."""
    for months, value in enumerate(values):
        if bool(np.float32(value) < threshold) != goes_left:
            return months
    return None


def _tabulated(tree: _Tree) -> Table:
    """Return a reduced tree as a table: its levers, for each the row of every month, and the values."""
    cuts: dict[int, set[int]] = {}
    _collect(tree, cuts)
    places = sorted(cuts)
    starts = {at: np.array([0, *sorted(cuts[at])]) for at in places}
    bins = [np.searchsorted(starts[at], MONTHS, side="right") - 1 for at in places]
    grid = np.meshgrid(*(starts[at] for at in places), indexing="ij")
    values = _looked_up(tree, dict(zip(places, grid, strict=True)))
    return places, bins, np.ascontiguousarray(np.broadcast_to(values, grid[0].shape))


def _collect(tree: _Tree, cuts: dict[int, set[int]]) -> None:
    if isinstance(tree, float):
        return
    at, months, before, after = tree
    cuts.setdefault(at, set()).add(months)
    _collect(before, cuts)
    _collect(after, cuts)


def _parts(tree: _Tree) -> list[_Tree]:
    """Return a tree as a sum of trees whose tables are small: its two sides apart where its table would be large."""
    cuts: dict[int, set[int]] = {}
    _collect(tree, cuts)
    if isinstance(tree, float) or prod(len(months) + 1 for months in cuts.values()) <= _LARGEST_TABLE:
        return [tree]
    at, turned, before, after = tree
    first: list[_Tree] = [(at, turned, part, 0.0) for part in _parts(before)]
    return first + [(at, turned, 0.0, part) for part in _parts(after)]


def _looked_up(tree: _Tree, months: Mapping[int, NDArray[np.int64]]) -> Numbers:
    if isinstance(tree, float):
        return np.array(tree)
    at, turned, before, after = tree
    return np.where(months[at] >= turned, _looked_up(after, months), _looked_up(before, months))
