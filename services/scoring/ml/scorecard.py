"""A scorecard under the laws of a model: bins of each figure, one weight a figure, bound to its direction.

Every figure is cut into fifteen bins of even width on a logarithmic scale, from the first to the last percentile of the
firms that teach; what is unknown falls into the worst. A logistic regression gives each figure one weight a bin, drawn
to zero, and none against the figure's direction. So it is a sum of small trees of one figure each: they stand in a
forest beside others, and explanation, recourse and the laws of withholding hold for it as for them (docs/adr/0026).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize

from services.scoring.domain.scale import sigmoid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

# Two trees of seven nodes a figure: each is one block of the explanation's kernel.
_LINES, _NODES = 14, 7
# How strongly weights are drawn to zero: 1, 3 and 10 rank alike on eight synthetic books (docs/adr/0026).
_PENALTY = 3.0
# What stands for unknown lies beyond any value.
_UNKNOWN = 1e29
_NO_PARENT = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Scorecard:
    """Which columns count, at which values their bins begin (columns, 14), and what each bin adds to the log-odds."""

    intercept: float
    columns: tuple[int, ...]
    lines: NDArray[np.float32]
    steps: Numbers  # (columns,)

    def margins(self, rows: NDArray[np.float32]) -> Numbers:
        """Return the log-odds of each of the rows (n, features)."""
        total = np.full(len(rows), self.intercept)
        for column, lines, step in zip(self.columns, self.lines, self.steps, strict=True):
            total += step * np.searchsorted(lines, rows[:, column], side="right")
        return total

    def trees(self, share: float, base: float, features: int) -> list[dict[str, Any]]:
        """Return trees, as XGBoost writes them, that add `share` of the log-odds beyond `base`."""
        trees = [
            _tree(column, lines[half::2], share * step, features)
            for column, lines, step in zip(self.columns, self.lines, self.steps, strict=True)
            for half in (0, 1)
        ]
        first = trees[0]["split_conditions"]
        first[_NODES:] = [leaf + float(share * (self.intercept - base)) for leaf in first[_NODES:]]
        return trees


def learn_scorecard(
    rows: NDArray[np.float32], defaulted: NDArray[np.bool_], directions: Sequence[int]
) -> Scorecard | None:
    """Fit bins and weights to rows (n, features); columns without a direction are left out, None where none is left.

    `directions` are the signs of the PD's change as a column rises.
    """
    signs = np.array(directions)
    found = {int(place): _lines(rows[:, place]) for place in np.flatnonzero(signs)}
    lines = {place: cuts for place, cuts in found.items() if cuts is not None}
    bound = list(lines)
    if not bound:
        return None
    bins = np.stack([np.searchsorted(lines[place], rows[:, place], side="right") for place in bound], axis=1)
    centre, spread = bins.mean(axis=0), np.maximum(bins.std(axis=0), 1e-9)
    weights, intercept = _weights((bins - centre) / spread, defaulted, signs[bound])
    counts = np.flatnonzero(weights) if weights.any() else np.zeros(1, dtype=np.int64)
    return Scorecard(
        intercept=float(intercept - (weights * centre / spread).sum()),
        columns=tuple(bound[place] for place in counts),
        lines=np.stack([lines[bound[place]] for place in counts]),
        steps=(weights / spread)[counts],
    )


def _lines(values: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Return where a column's bins begin; None where its known values do not differ."""
    known = values[np.abs(values) < _UNKNOWN].astype(np.float64)
    if not len(known):
        return None
    low, high = np.percentile(_level(known), [1, 99])
    if low >= high:
        return None
    at = np.linspace(low, high, _LINES + 2)[1:-1]
    return np.asarray(np.sign(at) * np.expm1(np.abs(at)), dtype=np.float32)


def _level(values: Numbers) -> Numbers:
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)))


def _weights(bins: Numbers, defaulted: NDArray[np.bool_], signs: NDArray[np.int64]) -> tuple[Numbers, float]:
    """Minimise the penalised log-loss, each weight held to its sign; a convex problem with one answer."""

    def loss(theta: Numbers) -> tuple[float, Numbers]:
        margin = bins @ theta[:-1] + theta[-1]
        apart = sigmoid(margin) - defaulted
        total = (np.logaddexp(0.0, margin) - defaulted * margin).sum() + _PENALTY / 2 * (theta[:-1] ** 2).sum()
        return float(total), np.append(bins.T @ apart + _PENALTY * theta[:-1], apart.sum())

    limits = [(0.0, None) if sign > 0 else (None, 0.0) for sign in signs]
    found = minimize(loss, np.zeros(len(signs) + 1), jac=True, bounds=[*limits, (None, None)], method="L-BFGS-B")
    return found.x[:-1], float(found.x[-1])


def _tree(column: int, lines: NDArray[np.float32], step: float, features: int) -> dict[str, Any]:
    """Return a tree of seven nodes that adds `step` for each of the seven lines that a value has reached."""
    # A node's children are 2n + 1 and 2n + 2, so the lines stand in the order of a search that halves.
    order, leaves = (3, 1, 5, 0, 2, 4, 6), _NODES + 1
    nodes = _NODES + leaves
    return {
        "base_weights": [0.0] * nodes,
        "categories": [],
        "categories_nodes": [],
        "categories_segments": [],
        "categories_sizes": [],
        "default_left": [0] * nodes,
        "id": 0,
        "left_children": [*range(1, nodes, 2), *[-1] * leaves],
        "loss_changes": [0.0] * nodes,
        "parents": [_NO_PARENT, *((node - 1) // 2 for node in range(1, nodes))],
        "right_children": [*range(2, nodes, 2), *[-1] * leaves],
        "split_conditions": [
            *(float(lines[place]) for place in order),
            *(float(step * reached) for reached in range(leaves)),
        ],
        "split_indices": [column] * _NODES + [0] * leaves,
        "split_type": [0] * nodes,
        "sum_hessian": [1.0] * nodes,
        "tree_param": {
            "num_deleted": "0",
            "num_feature": str(features),
            "num_nodes": str(nodes),
            "size_leaf_vector": "1",
        },
    }
