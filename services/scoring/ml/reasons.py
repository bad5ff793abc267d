"""Exact reasons: interventional Shapley values of a forest against one reference row.

A leaf with value v is reached by a mix of row x and reference r (features in S from x, the rest from r) when every
feature on its path is satisfied by the side it comes from. Let P be the path's features that x satisfies and r does
not, N those that r satisfies and x does not. If some feature is satisfied by neither, the leaf is never reached;
else it is reached exactly when P is in S and N is not, and its Shapley values are, with p = |P| and n = |N|,

    + v (p-1)! n! / (p+n)!  for each feature in P,     - v p! (n-1)! / (p+n)!  for each feature in N.

(Lundberg et al. 2020, "From local explanations to global understanding with explainable AI for trees", supplementary
algorithm for the interventional distribution.) r is fixed, so the values of a leaf depend on the row only through the
few yes-or-no answers at the nodes above it. Trees are therefore cut into blocks of at most eight nodes, each block's
values are tabulated for every combination of answers, and explaining a row is one look-up per block.

A missing value follows the way its node learned, in the row and in the reference alike, and it has no place in the
order of values: monotonicity is claimed between present values of a feature, whatever else is missing. It then holds
exactly: XGBoost bounds both subtrees of a constrained split, so every path difference has the constrained sign.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from math import factorial
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from services.scoring.domain.errors import ModelUnreadable, ReasonsDoNotAddUp
from services.scoring.ml.trees import Forest, is_leaf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

# Eight answers make 256 codes: one byte, and a table column of 2 KB that stays in the first-level cache.
_BLOCK_NODES = 8
_DEEPEST = 16
# Rows explained at once: large enough to hide numpy's call cost, small enough for the second-level cache.
_CHUNK = 8192
# A margin is off by float rounding only; this is 1e-6 points on the 57.7-points-per-log-odds scale.
_TOLERANCE = 1e-6 / 57.7


# The answers on the way to a leaf: a node, and whether it was left to the left.
_Path: TypeAlias = list[tuple[int, bool]]


@dataclass(frozen=True, slots=True)
class _Block:
    """Some nodes of a tree, and what each leaf under them adds for every combination of answers at these nodes."""

    nodes: list[int]
    features: list[int]
    shares: NDArray[np.float64]  # (features, codes): Shapley values
    reached: NDArray[np.float64]  # (codes,): value of the leaf that the row itself reaches, if it is in this block


class Explainer:
    """Shapley values of every row against one reference row of the same forest.

    `reference` is a row (features,), NaN where missing. Building takes about a millisecond per tree of depth four.
    """

    def __init__(self, forest: Forest, reference: NDArray[np.float32]) -> None:
        if forest.depth > _DEEPEST:
            raise ModelUnreadable(f"trees of depth {forest.depth} are not explained: at most {_DEEPEST}")
        self.forest = forest
        self.base = forest.margin(reference)
        reference_left = forest.goes_left(reference)
        blocks = [block for root in forest.roots for block in _blocks(forest, reference_left, int(root), [])]
        self._blocks = blocks
        self._lay_out(blocks)

    def _lay_out(self, blocks: list[_Block]) -> None:
        """Flatten the blocks for the one-row pass: one gather for the codes, one for the shares."""
        widest = max((len(block.nodes) for block in blocks), default=0)
        nodes = np.zeros((len(blocks), widest), dtype=np.int64)
        powers = np.zeros((len(blocks), widest), dtype=np.int64)
        starts, sizes, features, owner, tables = [], [], [], [], []
        filled = 0
        for number, block in enumerate(blocks):
            nodes[number, : len(block.nodes)] = block.nodes
            powers[number, : len(block.nodes)] = 1 << np.arange(len(block.nodes))
            codes = len(block.reached)
            for slot, feature in enumerate(block.features):
                starts.append(filled + slot * codes)
                features.append(feature)
                owner.append(number)
            sizes.append(codes)
            tables.append(block.shares.ravel())
            filled += block.shares.size
        self._nodes, self._powers = nodes, powers
        self._starts = np.array(starts, dtype=np.int64)
        self._owner = np.array(owner, dtype=np.int64)
        self._slot_feature = np.array(features, dtype=np.int64)
        self._table = np.concatenate(tables) if tables else np.zeros(0)

    def explain(self, row: NDArray[np.float32]) -> tuple[float, NDArray[np.float64]]:
        """Return margin and contributions (features,) of a row, in log-odds; raise `ReasonsDoNotAddUp`."""
        margins, contributions = self.explain_few(row[None, :])
        return float(margins[0]), contributions[0]

    def explain_few(self, rows: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return margins (n,) and contributions (n, features) of a few rows, bit for bit as `explain` has them.

        One look-up for all blocks of all rows; every row's shares are added in the order of the blocks, as for one.
        """
        count, features = len(rows), self.forest.features
        answers = self.forest.goes_left(rows)
        codes = (answers[:, self._nodes] * self._powers).sum(axis=2)
        shares = self._table[self._starts + codes[:, self._owner]]
        places = self._slot_feature + features * np.arange(count)[:, None]
        summed = np.bincount(places.ravel(), weights=shares.ravel(), minlength=features * count)
        contributions = np.asarray(summed, dtype=np.float64).reshape(count, features)
        margins = self.forest.margins(rows)
        gaps = np.abs(self.base + contributions.sum(axis=1) - margins)
        if not (gaps <= _TOLERANCE).all():  # not `>`: a NaN must fail too
            row = int(gaps.argmax())
            raise ReasonsDoNotAddUp(
                f"base {self.base!r} + contributions {contributions[row].sum()!r} differ from the margin "
                f"{margins[row]!r}"
            )
        return margins, contributions

    def explain_many(
        self, rows: NDArray[np.float32], *, threads: int = 1
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the margins (n,) and contributions (n, features) of many rows; the sums are checked for every row.

        The margin of a row comes from the leaves it reaches; every thousandth row is walked from the roots as well.
        """
        chunks = [rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK)]
        if threads > 1 and len(chunks) > 1:
            with ThreadPoolExecutor(threads) as pool:
                parts = list(pool.map(self._explain_chunk, chunks))
        else:
            parts = [self._explain_chunk(chunk) for chunk in chunks]
        if not parts:
            return np.zeros(0), np.zeros((0, self.forest.features))
        margins = np.concatenate([margin for margin, _ in parts])
        contributions = np.concatenate([contribution for _, contribution in parts], axis=1).T
        self._check(rows, margins, contributions)
        return margins, contributions

    def margins_many(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the margins (n,) that `explain_many` returns, bit for bit, and no contributions."""
        margins = np.full(len(rows), self.forest.base)
        for start in range(0, len(rows), _CHUNK):
            part = margins[start : start + _CHUNK]
            for block, index in self._codes(rows[start : start + _CHUNK]):
                part += np.take(block.reached, index, mode="clip")
        return margins

    def _explain_chunk(self, rows: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        count = len(rows)
        margins, term = np.full(count, self.forest.base), np.empty(count)
        contributions = np.zeros((self.forest.features, count))
        for block, index in self._codes(rows):
            for feature, shares in zip(block.features, block.shares, strict=True):
                np.take(shares, index, out=term, mode="clip")
                contributions[feature] += term
            np.take(block.reached, index, out=term, mode="clip")
            margins += term
        return margins, contributions

    def _codes(self, rows: NDArray[np.float32]) -> Iterator[tuple[_Block, NDArray[np.intp]]]:
        """Give each block with what each of the rows answers at its nodes; the array is the same one each time."""
        columns = np.ascontiguousarray(rows.T)
        missing = list(np.isnan(columns))
        has_missing = [bool(column.any()) for column in missing]
        forest, count = self.forest, len(rows)
        code, answer, index = np.empty(count, np.uint16), np.empty(count, np.bool_), np.empty(count, np.intp)
        for block in self._blocks:
            code.fill(0)
            for bit, node in enumerate(block.nodes):
                feature = forest.feature[node]
                np.less(columns[feature], forest.threshold[node], out=answer)
                if has_missing[feature] and forest.missing_left[node]:
                    np.logical_or(answer, missing[feature], out=answer)
                code |= answer.astype(np.uint16) << np.uint16(bit)
            index[:] = code
            yield block, index

    def _check(
        self, rows: NDArray[np.float32], margins: NDArray[np.float64], contributions: NDArray[np.float64]
    ) -> None:
        gap = np.abs(self.base + contributions.sum(axis=1) - margins)
        walked = np.abs(self.forest.margins(rows[::1000]) - margins[::1000])
        worst = max(float(gap.max()), float(walked.max()))
        if not worst <= _TOLERANCE:
            row = int(gap.argmax())
            raise ReasonsDoNotAddUp(f"contributions miss the margin by {worst!r} log-odds (row {row})")


def _blocks(forest: Forest, reference_left: NDArray[np.bool_], root: int, above: list[int]) -> list[_Block]:
    """Cut a tree into blocks: the nodes above a subtree with all its nodes, or each child's subtree if too many."""
    inner = _inner_nodes(forest, root)
    if len(above) + len(inner) <= _BLOCK_NODES or not inner:
        return [_block(forest, reference_left, root, above, above + inner)]
    path = [*above, root]
    return [
        block
        for child in (int(forest.left[root]), int(forest.right[root]))
        for block in _blocks(forest, reference_left, child, path)
    ]


def _inner_nodes(forest: Forest, node: int) -> list[int]:
    if is_leaf(forest, node):
        return []
    return [
        node,
        *_inner_nodes(forest, int(forest.left[node])),
        *_inner_nodes(forest, int(forest.right[node])),
    ]


def _leaves(forest: Forest, node: int, path: _Path) -> list[tuple[float, _Path]]:
    """Return the leaves under a node with the answers that lead to each."""
    if is_leaf(forest, node):
        return [(float(forest.value[node]), path)]
    left = _leaves(forest, int(forest.left[node]), [*path, (node, True)])
    return left + _leaves(forest, int(forest.right[node]), [*path, (node, False)])


def _path_to(forest: Forest, above: list[int], root: int) -> _Path:
    steps = [*above, root]
    return [(node, int(forest.left[node]) == after) for node, after in pairwise(steps)]


def _block(forest: Forest, reference_left: NDArray[np.bool_], root: int, above: list[int], nodes: list[int]) -> _Block:
    codes = np.arange(1 << len(nodes))
    answers = {node: (codes >> bit) & 1 == 1 for bit, node in enumerate(nodes)}
    features = sorted({int(forest.feature[node]) for node in nodes})
    shares = np.zeros((len(features), len(codes)))
    reached = np.zeros(len(codes))
    for value, path in _leaves(forest, root, _path_to(forest, above, root)):
        satisfied: dict[int, NDArray[np.bool_]] = {}
        by_reference: dict[int, bool] = {}
        for node, goes_left in path:
            feature = int(forest.feature[node])
            fits = answers[node] == goes_left
            satisfied[feature] = satisfied[feature] & fits if feature in satisfied else fits
            by_reference[feature] = by_reference.get(feature, True) and bool(reference_left[node]) == goes_left
        _add_leaf(value, satisfied, by_reference, features, shares)
        reached += value * np.logical_and.reduce(list(satisfied.values()), axis=0) if satisfied else value
    return _Block(nodes, features, shares, reached)


def _add_leaf(
    value: float,
    satisfied: dict[int, NDArray[np.bool_]],
    by_reference: dict[int, bool],
    features: list[int],
    shares: NDArray[np.float64],
) -> None:
    """Add one leaf's Shapley values, for all codes at once, to the shares of its features.

    A feature that the reference fails must be satisfied by the row, so p is the same for every code that counts.
    """
    needed = [feature for feature in satisfied if not by_reference[feature]]
    optional = [feature for feature in satisfied if by_reference[feature]]
    alive = np.ones(shares.shape[1], dtype=np.bool_)
    for feature in needed:
        alive &= satisfied[feature]
    against = np.zeros(shares.shape[1], dtype=np.int64)
    for feature in optional:
        against += ~satisfied[feature]
    p = len(needed)
    plus = np.array([_weight(p - 1, n, p + n) for n in range(len(optional) + 1)])[against]
    minus = np.array([_weight(p, n - 1, p + n) for n in range(len(optional) + 1)])[against]
    for feature in needed:
        shares[features.index(feature)] += value * np.where(alive, plus, 0.0)
    for feature in optional:
        shares[features.index(feature)] -= value * np.where(alive & ~satisfied[feature], minus, 0.0)


def _weight(first: int, second: int, all_: int) -> float:
    """Return first! second! / all!, the weight of a leaf in a Shapley value; 0 if `first` or `second` is negative.

    A feature of P asks for (p-1)! n! / (p+n)!, one of N for p! (n-1)! / (p+n)!; with p or n 0 there is no such feature.
    """
    return factorial(first) * factorial(second) / factorial(all_) if first >= 0 and second >= 0 else 0.0
