"""Which features a small table may teach: those that, each alone, tell defaulters from the others beyond chance.

Forty columns and a score of defaults hold columns that look good by luck, and trees take them. Each is tested alone by
Mann and Whitney's statistic, in its declared direction where it has one, and Benjamini and Hochberg's (1995) rule keeps
the share of lucky ones among the kept near a bound. The test sees training rows only: in every fold it is made anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from services.scoring.domain import metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# Even where nothing is certain something must be learned from: the few best.
_LEAST_KEPT = 5


def best_of_families(
    rows: NDArray[np.float32],
    defaulted: NDArray[np.bool_],
    directions: Sequence[int] | NDArray[np.int64],
    families: Sequence[str],
) -> NDArray[np.bool_]:
    """Return for each column of rows (n, columns) whether it is the one of its family that ranks the outcomes best.

    Of several measures of one trait a small table picks by luck, and a tree then splits between them: one says it all.
    """
    chances = [_chance(rows[:, place], defaulted, int(sign)) for place, sign in enumerate(directions)]
    best: dict[str, int] = {}
    for place, family in enumerate(families):
        if family not in best or chances[place] < chances[best[family]]:
            best[family] = place
    kept = np.zeros(len(chances), dtype=np.bool_)
    kept[list(best.values())] = True
    return kept


def informative(
    rows: NDArray[np.float32],
    defaulted: NDArray[np.bool_],
    directions: Sequence[int] | NDArray[np.int64],
    false_share: float,
) -> NDArray[np.bool_]:
    """Return for each column of rows (n, columns) whether it is kept; `false_share` bounds the expected lucky share.

    `directions` are the signs of the PD's change as the column rises; 0 tests both. Missing values are left out.
    """
    chances = np.array([_chance(rows[:, place], defaulted, int(sign)) for place, sign in enumerate(directions)])
    order = np.argsort(chances, kind="stable")
    within = np.flatnonzero(chances[order] <= false_share * np.arange(1, len(order) + 1) / len(order))
    count = max(_LEAST_KEPT, int(within[-1]) + 1 if len(within) else 0)
    kept = np.zeros(len(order), dtype=np.bool_)
    kept[order[:count]] = True
    return kept


def _chance(values: NDArray[np.float32], defaulted: NDArray[np.bool_], direction: int) -> float:
    """Return the chance that a column without bearing on defaults would rank them this well (normal approximation)."""
    present = ~np.isnan(values)
    outcome = defaulted[present]
    bad = int(outcome.sum())
    good = len(outcome) - bad
    if not bad or not good:
        return 1.0
    above = metrics.auc(outcome, values[present].astype(np.float64)) - 0.5
    distance = above / np.sqrt((bad + good + 1) / (12 * bad * good))
    return float(ndtr(-direction * distance) if direction else 2 * ndtr(-abs(distance)))
