"""Ranking on the real firms whose outcome is known: a distribution over random splits, never one lucky number.

Thirty random splits into 63 firms to learn from and 20 to rank, each with its share of defaults, and 5-fold
cross-validation ten times over. Every choice is made among the training firms. Differences are paired: both sides saw
the same firms of the same split. The standard deviation told is that of the differences between splits; the interval
is corrected for training firms that splits share (Nadeau & Bengio 2003).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from scipy.special import stdtrit
from sklearn.model_selection import StratifiedShuffleSplit
from threadpoolctl import threadpool_limits

from benchmarks import peers
from services.scoring.domain import metrics
from services.scoring.ml.folds import stratified_folds

SPLITS, HELD_OUT = 30, 20
FOLDS, REPEATS = 5, 10
MODELS: dict[str, peers.Model] = {
    "ours": peers.ours,
    "log sales, 12 months": peers.log_sales("sales_12m"),
    "log sales, 36 months": peers.log_sales("sales_36m"),
    "xgboost defaults": peers.xgboost_defaults,
    "lightgbm defaults": peers.lightgbm_defaults,
    "optbinning": peers.optbinning,
}
FIGURES = {"AUC": metrics.auc, "Brier": metrics.brier}
Split = tuple[np.ndarray, np.ndarray]


def run() -> dict[str, Any]:
    """Measure AUC and Brier of held-out PDs, ours beside each peer's on the same splits."""
    table = peers.book()
    plans = {
        f"{SPLITS} splits {len(table.defaulted) - HELD_OUT}/{HELD_OUT}": _splits(table),
        f"{FOLDS} folds, {REPEATS} times": _folds(table),
    }
    rows, distribution = [], {}
    for title, splits in plans.items():
        figures = _measured(table, splits)
        share = len(splits[0][1]) / len(table.defaulted)
        rows += [
            _row(title, figure, peer, of["ours"], of[peer], share)
            for figure, of in figures.items()
            for peer in list(MODELS)[1:]
        ]
        for figure, of in figures.items():
            distribution[f"{title}, {figure}"] = {model: _spread(values) for model, values in of.items()}
    return {"name": "ranking", "title": f"Ranking, {table.title}", "rows": rows, **distribution}


def _splits(table: peers.Table) -> list[Split]:
    drawn = StratifiedShuffleSplit(SPLITS, test_size=HELD_OUT, random_state=0)
    return list(drawn.split(np.zeros(len(table.defaulted)), table.defaulted))


def _folds(table: peers.Table) -> list[Split]:
    return [fold for repeat in range(REPEATS) for fold in stratified_folds(table.defaulted, FOLDS, 1_000 * repeat)]


def _measured(table: peers.Table, splits: list[Split]) -> dict[str, dict[str, np.ndarray]]:
    """Return for each figure and model its value on every split's held-out firms."""

    def told(split: Split) -> list[np.ndarray]:
        return [model(table, *split) for model in MODELS.values()]

    # xgboost leaves the interpreter lock while it learns; BLAS threads of their own would only be in the way.
    with threadpool_limits(1), ThreadPoolExecutor(2) as pool:
        pds = list(pool.map(told, splits))
    outcomes = [table.defaulted[outside] for _, outside in splits]
    return {
        figure: {
            model: np.array([measure(seen, pd[place]) for seen, pd in zip(outcomes, pds, strict=True)])
            for place, model in enumerate(MODELS)
        }
        for figure, measure in FIGURES.items()
    }


def _row(title: str, figure: str, peer: str, ours: np.ndarray, theirs: np.ndarray, share: float) -> dict[str, Any]:
    """Return a row of the table; `low` and `high` bound the mean difference with 95 %."""
    apart = ours - theirs
    deviation = float(apart.std(ddof=1))
    half = float(stdtrit(len(apart) - 1, 0.975)) * deviation * float(np.sqrt(1 / len(apart) + share / (1 - share)))
    return {
        "what": f"{title}: {figure} against {peer}",
        "ours": round(float(ours.mean()), 4),
        "peer": round(float(theirs.mean()), 4),
        "unit": f"{apart.mean():+.4f}, sd {deviation:.4f}",
        "ratio": round(float(ours.mean() / theirs.mean()), 3),
        "difference": float(apart.mean()),
        "paired_sd": deviation,
        "low": float(apart.mean()) - half,
        "high": float(apart.mean()) + half,
    }


def _spread(values: np.ndarray) -> str:
    low, middle, high = np.percentile(values, [10, 50, 90])
    return f"{values.mean():.4f} (p10 {low:.3f}, median {middle:.3f}, p90 {high:.3f})"
