"""Which features a small table may teach: those that, each alone, tell defaulters from the others beyond chance.

Forty columns and a score of defaults hold columns that look good by luck, and trees take them. Each is tested alone by
Mann and Whitney's statistic, in its declared direction where it has one, and Benjamini and Hochberg's (1995) rule keeps
the share of lucky ones among the kept near a bound. The test sees training rows only: in every fold it is made anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# Even where nothing is certain something must be learned from: the few best.
_LEAST_KEPT = 5


def best_of_families(chances: NDArray[np.float64], families: Sequence[str]) -> NDArray[np.bool_]:
    """Return for each column, by its chance (columns,), whether it is the one of its family that ranks outcomes best.

    Of several measures of one trait a small table picks by luck, and a tree then splits between them: one says it all.
    """
    best: dict[str, int] = {}
    for place, family in enumerate(families):
        if family not in best or chances[place] < chances[best[family]]:
            best[family] = place
    kept = np.zeros(len(chances), dtype=np.bool_)
    kept[list(best.values())] = True
    return kept


def informative(chances: NDArray[np.float64], false_share: float) -> NDArray[np.bool_]:
    """Return for each column, by its chance (columns,), whether it is kept.

    `false_share` bounds the expected share of lucky ones among the kept.
    """
    order = np.argsort(chances, kind="stable")
    within = np.flatnonzero(chances[order] <= false_share * np.arange(1, len(order) + 1) / len(order))
    count = max(_LEAST_KEPT, int(within[-1]) + 1 if len(within) else 0)
    kept = np.zeros(len(order), dtype=np.bool_)
    kept[order[:count]] = True
    return kept


def chances_of(
    rows: NDArray[np.float32], defaulted: NDArray[np.bool_], directions: Sequence[int] | NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return for each column of rows (n, columns) the chance that one without bearing on defaults ranks this well.

    `directions` are the signs of the PD's change as the column rises; 0 tests both. Missing values are left out.
    """
    signs = np.asarray(directions)
    chances = np.ones(len(signs))
    whole = ~np.isnan(rows).any(axis=0)
    chances[whole] = _chances(rows[:, whole], defaulted, signs[whole])
    for place in np.flatnonzero(~whole):
        present = ~np.isnan(rows[:, place])
        chances[place] = _chances(rows[present, place, None], defaulted[present], signs[place, None])[0]
    return chances


def _chances(
    values: NDArray[np.float32], defaulted: NDArray[np.bool_], signs: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the chance of each column of values (n, columns), none of them missing (normal approximation)."""
    bad = int(defaulted.sum())
    good = len(defaulted) - bad
    if not bad or not good:
        return np.ones(len(signs))
    above = (_rank_sums(values, defaulted) - bad * (bad + 1) / 2) / (bad * good) - 0.5
    distance = above / np.sqrt((bad + good + 1) / (12 * bad * good))
    chances: NDArray[np.float64] = np.where(signs, ndtr(-signs * distance), 2 * ndtr(-np.abs(distance)))
    return chances


def _rank_sums(values: NDArray[np.float32], chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return for each column of values (n, columns) the sum of the ranks of chosen rows, ties sharing their mean."""
    order = np.argsort(values, axis=0)
    ordered = np.take_along_axis(values, order, axis=0)
    changes = ordered[1:] != ordered[:-1]
    edge = np.ones((1, values.shape[1]), dtype=np.bool_)
    place = np.arange(1, len(values) + 1)[:, None]
    first = np.maximum.accumulate(np.where(np.concatenate([edge, changes]), place, 0), axis=0)
    last = np.where(np.concatenate([changes, edge]), place, len(values))
    last = np.minimum.accumulate(last[::-1], axis=0)[::-1]
    sums: NDArray[np.float64] = (chosen[order] * (first + last)).sum(axis=0) / 2
    return sums
