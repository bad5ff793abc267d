"""How far a score hangs on what it should not: on what is left out, on 2 % of one figure, on the seed of its training.

All are measured on the training firms with the model that will serve. Figures are of many firms (`domain.disclosure`):
a feature whose strongest adverse reasons are fewer than ten is not told apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from services.scoring.domain import scale
from services.scoring.domain.disclosure import LEAST_FIRMS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.scoring.ml.learner import Learned
    from services.scoring.ml.scorer import Scorer

    Numbers = NDArray[np.float64]

CHANGE = 0.02
# A notch of the master scale is some twenty points and more: what moves a firm by less is noise to a reader.
MOST_POINTS = 20.0
SEEDS = 4
_MOST_ROWS = 500
_LEFT_OUT = 3
_OF_INVOICES = {
    "zh": "隐瞒发票（任一方向、客户、月份、历史前后段、任意子集）不会提高评分：由指标的单调性保证，并在整本账上测量。"
    "税务导出已标明红冲状态的，隐瞒红字亦无益；未标明的，隐瞒超过销售额一成的红字为已知余项。",
    "en": "Hidden invoices (a side, a customer, months, either end of a history, any part) raise no score: the figures "
    "rise with every blue invoice, by construction and as measured on whole books. Of "
    "red letters, hiding those of what the tax office tells as cancelled gains nothing; those of more than a tenth of "
    "the sales, where it tells nothing, are the rest.",
}
# Firms graded worse are those who are refused, and owed their reasons.
_SOUND = "BB"
_STEPS = tuple(step.name for step in scale.MASTER_SCALE)


def sensitivity(rows: pl.DataFrame, scorer: Scorer) -> dict[str, Any]:
    """Return how far scores move when one number of a firm is 2 % larger or smaller, all others as they are.

    `within` is the share of firms that no such change moves by 20 points or more, `other_grade` the share that one
    takes to another grade; `features` those that move anybody by as much, the most often first.
    """
    some = rows[:: max(1, -(-rows.height // _MOST_ROWS))]
    numbers = [name for name in scorer.features if some[name].dtype.is_numeric()]
    shown = scorer.score_many(some)
    largest, other = np.zeros(some.height), np.zeros(some.height, dtype=np.bool_)
    by_feature = []
    for name in numbers:
        moved = np.zeros(some.height)
        for factor in (1 - CHANGE, 1 + CHANGE):
            changed = scorer.score_many(some.with_columns(pl.col(name).cast(pl.Float64) * factor))
            moved = np.maximum(moved, np.abs(changed.score_exact - shown.score_exact))
            other |= changed.grade != shown.grade
        largest = np.maximum(largest, moved)
        by_feature.append({"feature": name, "over": float((moved >= MOST_POINTS).mean())})
    return {
        "change": CHANGE,
        "points": MOST_POINTS,
        "firms": some.height,
        "within": float((largest < MOST_POINTS).mean()),
        "p95_points": round(float(np.percentile(largest, 95))),
        "other_grade": float(other.mean()),
        "features": sorted((each for each in by_feature if each["over"]), key=lambda each: -each["over"]),
    }


def withholding(rows: pl.DataFrame, scorer: Scorer, *, of_catalogue: bool) -> dict[str, Any]:
    """Return what firms gain by leaving figures out: the one that helps each most, and three one after the other.

    `of_catalogue` says that the figures are those of the feature catalogue. `gaining` counts the firms that gain a
    point. What hidden invoices do is a law of the catalogue's figures of evidence, and is measured on whole books
    (`make bench ARGS=withholding`).
    """
    some = rows[:: max(1, -(-rows.height // _MOST_ROWS))]
    shown = best = scorer.score_many(some).score_exact
    now, steps = some, {}
    for step in range(1, _LEFT_OUT + 1):
        tried = np.stack(
            [scorer.score_many(now.with_columns(_unknown(now, name))).score_exact for name in scorer.features]
        )
        chosen, better = tried.argmax(axis=0), tried.max(axis=0) > best
        hidden = [pl.Series(better & (chosen == place)) for place in range(len(scorer.features))]
        now = now.with_columns(
            pl.when(~hide).then(pl.col(name)).alias(name) for name, hide in zip(scorer.features, hidden, strict=True)
        )
        best = np.maximum(best, tried.max(axis=0))
        steps[step] = best - shown
    return {
        "firms": some.height,
        **{
            f"figures_{step}": {"gaining": int((gain >= 1).sum()), "largest_points": round(float(gain.max()), 3)}
            for step, gain in steps.items()
            if step in {1, _LEFT_OUT}
        },
        **({"note": _OF_INVOICES} if of_catalogue else {}),
    }


def _unknown(rows: pl.DataFrame, name: str) -> pl.Series:
    return pl.Series(name, [None], dtype=rows.schema[name]).extend_constant(None, rows.height - 1)


def seeds(
    rows: pl.DataFrame,
    scorer: Scorer,
    again: Callable[[int], Learned],
    scorer_of: Callable[[Learned], Scorer],
    seed: int,
) -> dict[str, Any]:
    """Return how far scores, grades and reasons agree when only the seed of the training is another.

    `again` trains under a seed and `scorer_of` makes it score against the same reference enterprise; `seed` is that of
    `scorer`, which is the first of the four. A reason is the strongest adverse contribution of a firm graded under BB.
    """
    others = [seed + number for number in range(1, SEEDS)]
    with threadpool_limits(1), ThreadPoolExecutor(2) as pool:
        models = [scorer, *(scorer_of(learned) for learned in pool.map(again, others))]
    scored = [model.score_many(rows) for model in models]
    exact = np.array([each.score_exact for each in scored])
    grades = np.array([each.grade for each in scored])
    spread = exact.max(axis=0) - exact.min(axis=0)
    return {
        "seeds": [seed, *others],
        "firms": rows.height,
        "same_grade": float((grades == grades[0]).all(axis=0).mean()),
        "median_range_points": round(float(np.median(spread))),
        "p90_range_points": round(float(np.percentile(spread, 90))),
        **_reasons([each.points for each in scored], _refused(grades[0]), scorer.features),
    }


def _refused(grades: NDArray[np.str_]) -> NDArray[np.bool_]:
    place = {name: number for number, name in enumerate(_STEPS)}
    return np.array([place[grade] > place[_SOUND] for grade in grades.tolist()], dtype=np.bool_)


def _reasons(points: Sequence[Numbers], refused: NDArray[np.bool_], features: Sequence[str]) -> dict[str, Any]:
    """Return how often the strongest adverse reason is the same under every seed, over all refused and by reason."""
    if refused.sum() < LEAST_FIRMS:
        return {"refused": None, "same_reason": None, "reasons": []}
    strongest = np.array([each[refused].argmin(axis=1) for each in points])
    same = (strongest == strongest[0]).all(axis=0)
    places, counts = np.unique(strongest[0], return_counts=True)
    told = [
        {"feature": features[place], "firms": count, "same": float(same[strongest[0] == place].mean())}
        for place, count in zip(places.tolist(), counts.tolist(), strict=True)
        if count >= LEAST_FIRMS
    ]
    return {
        "refused": int(refused.sum()),
        "same_reason": float(same.mean()),
        "reasons": sorted(told, key=lambda each: -each["firms"]),
    }
