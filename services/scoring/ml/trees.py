"""An XGBoost model read once into plain arrays, so that serving needs numpy and nothing else.

Importing xgboost takes seconds; a web worker that only scores should never pay for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from services.scoring.domain.errors import ModelUnreadable

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_LEAF = -1


@dataclass(frozen=True, slots=True)
class Forest:
    """All nodes of all trees in a row of arrays; `left` and `right` are absolute positions; a leaf is its own child.

    A row goes left where its value, as a 32-bit float, is below the threshold; a missing value (NaN) goes the way
    that the node learned. These are XGBoost's own rules, kept bit for bit.
    """

    base: float
    feature: NDArray[np.int64]
    threshold: NDArray[np.float32]
    missing_left: NDArray[np.bool_]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    value: NDArray[np.float64]
    roots: NDArray[np.int64]
    depth: int
    features: int

    def goes_left(self, rows: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Tell of a row (features,), or rows (n, features), whether it would go left at each node, visited or not."""
        values = rows[..., self.feature]
        return (values < self.threshold) | (np.isnan(values) & self.missing_left)

    def margins(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the log-odds of each of the rows (n, features), by walking every tree from its root."""
        line = np.arange(len(rows))[:, None]
        at = np.broadcast_to(self.roots, (len(rows), len(self.roots)))
        for _ in range(self.depth):
            values = rows[line, self.feature[at]]
            goes_left = (values < self.threshold[at]) | (np.isnan(values) & self.missing_left[at])
            at = np.where(goes_left, self.left[at], self.right[at])
        margins: NDArray[np.float64] = self.base + self.value[at].sum(axis=1)
        return margins

    def margin(self, row: NDArray[np.float32]) -> float:
        """Return the log-odds of one row (features,)."""
        return float(self.margins(row[None, :])[0])


def as_rows(values: ArrayLike) -> NDArray[np.float32]:
    """Return values as XGBoost sees them: 32-bit floats, NaN where missing, rows contiguous."""
    return np.ascontiguousarray(values, dtype=np.float32)


def forest_of(booster: bytes) -> Forest:
    """Return the forest in a booster saved as JSON (XGBoost 1.6 to 3.x, `gbtree`, logistic objective).

    Raises `ModelUnreadable` for what the reader does not reproduce exactly: other boosters, categorical splits,
    vector leaves.
    """
    learner = orjson.loads(booster)["learner"]
    _check(learner)
    trees = learner["gradient_booster"]["model"]["trees"]
    sizes = [len(tree["left_children"]) for tree in trees]
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64) if trees else np.zeros(0, np.int64)
    left, right = (_children(trees, roots, side) for side in ("left_children", "right_children"))
    leaf = left == np.arange(len(left))
    conditions = _joined(trees, "split_conditions", np.float32)
    return Forest(
        base=base_margin(learner),
        feature=np.where(leaf, 0, _joined(trees, "split_indices", np.int64)),
        threshold=np.where(leaf, np.float32(0), conditions).astype(np.float32),
        missing_left=_joined(trees, "default_left", np.bool_) & ~leaf,
        left=left,
        right=right,
        value=np.where(leaf, conditions, 0).astype(np.float64),
        roots=roots,
        depth=_depth(left, right, roots),
        features=int(learner["learner_model_param"]["num_feature"]),
    )


def is_leaf(forest: Forest, node: int) -> bool:
    """Tell whether a node is a leaf: leaves are their own children, so that a walk may pass their depth."""
    return int(forest.left[node]) == node


def _check(learner: dict[str, Any]) -> None:
    booster = learner["gradient_booster"]
    if booster["name"] != "gbtree":
        raise ModelUnreadable(f"a model of kind {booster['name']!r} cannot be explained here: train with gbtree")
    if not learner["objective"]["name"].startswith("binary:logi"):
        raise ModelUnreadable(
            f"a model with objective {learner['objective']['name']!r} has no log-odds: train with binary:logistic"
        )
    for tree in booster["model"]["trees"]:
        if any(tree.get("split_type", ())) or int(tree["tree_param"]["size_leaf_vector"]) > 1:
            raise ModelUnreadable(
                "the model has categorical splits or vector leaves: encode categories before training"
            )


def base_margin(learner: dict[str, Any]) -> float:
    """Return the log-odds before any tree, from `base_score` as a probability ("5E-1", since 3.1 "[5E-1]")."""
    written = str(learner["learner_model_param"]["base_score"]).strip("[]")
    probability = np.float32(written)
    if not 0 < probability < 1:
        raise ModelUnreadable(f"base_score {written} is not a probability between 0 and 1")
    return float(-np.log(np.float32(1) / probability - np.float32(1)))


def _joined(trees: list[dict[str, Any]], key: str, dtype: type[np.generic]) -> NDArray[Any]:
    return np.concatenate([np.asarray(tree[key], dtype=dtype) for tree in trees] or [np.zeros(0, dtype)])


def _children(trees: list[dict[str, Any]], roots: NDArray[np.int64], key: str) -> NDArray[np.int64]:
    """Return the children as absolute positions; a leaf points at itself, so a walk of fixed depth rests there."""
    moved = []
    for root, tree in zip(roots, trees, strict=True):
        own = np.asarray(tree[key], dtype=np.int64)
        moved.append(np.where(own == _LEAF, np.arange(len(own)), own) + root)
    return np.concatenate(moved or [np.zeros(0, np.int64)])


def _depth(left: NDArray[np.int64], right: NDArray[np.int64], roots: NDArray[np.int64]) -> int:
    depth, level = 0, roots
    while True:
        level = level[left[level] != level]
        if not level.size:
            return depth
        depth, level = depth + 1, np.concatenate([left[level], right[level]])
