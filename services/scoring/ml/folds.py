"""Stratified folds: each holds its share of the defaults, and the seed alone decides which."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Split = tuple[NDArray[np.int64], NDArray[np.int64]]


def feasible(folds: int, defaulted: NDArray[np.bool_]) -> int:
    """Return how many folds there can be: no more than the rarer class has rows, and two at least."""
    return max(2, min(folds, int(defaulted.sum()), int((~defaulted).sum())))


def stratified_folds(defaulted: NDArray[np.bool_], folds: int, seed: int) -> Iterator[Split]:
    """Yield (training rows, held-out rows), every row held out once; no more folds than the rarer class has rows."""
    random = np.random.default_rng(seed)
    folds = feasible(folds, defaulted)
    fold = np.empty(len(defaulted), dtype=np.int64)
    start = 0
    for members in (np.flatnonzero(defaulted), np.flatnonzero(~defaulted)):
        # Dealt like cards, the second class going on where the first ended: sizes differ by one at most.
        fold[random.permutation(members)] = (start + np.arange(len(members))) % folds
        start += len(members)
    for number in range(folds):
        yield np.flatnonzero(fold != number), np.flatnonzero(fold == number)
