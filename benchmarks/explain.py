"""Exact reasons: our single-reference pass beside shap's interventional kernel and XGBoost's own `pred_contribs`.

The three get the same model and rows in the same run, on one thread each, and ours also on two. `pred_contribs` answers
another question (path-dependent values without a reference); it stands here because it is what most people call.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import shap
import xgboost

from services.scoring.ml.reasons import Explainer
from services.scoring.ml.trees import forest_of

if TYPE_CHECKING:
    from collections.abc import Callable

FEATURES = 40
MODELS = ((2, 60), (4, 300))  # depth and trees: what serves on the book, and the large case
ROWS = 40_000
PEER_ROWS = 4_000


def run() -> dict[str, Any]:
    """Measure rows per second for batches, microseconds for one row, and how far the values are apart."""
    rows: list[dict[str, Any]] = []
    for depth, trees in MODELS:
        rows += _measure(depth, trees)
    return {"name": "explain", "title": "Exact reasons against one reference enterprise", "rows": rows}


def _measure(depth: int, trees: int) -> list[dict[str, Any]]:
    booster, rows = _model(depth, trees)
    model = f"{trees} trees of depth {depth}"
    forest = forest_of(bytes(booster.save_raw("json")))
    explainer = Explainer(forest, rows[0])
    peer = shap.TreeExplainer(booster, data=rows[:1], feature_perturbation="interventional")
    few, one = rows[:PEER_ROWS], rows[1:2]
    kernel = PEER_ROWS / _best(lambda: peer.shap_values(few))
    contribs = PEER_ROWS / _best(lambda: booster.predict(xgboost.DMatrix(few, nthread=1), pred_contribs=True))
    ours = {threads: ROWS / _best(partial(explainer.explain_many, rows, threads=threads)) for threads in (1, 2)}
    single = 1e6 * _best(lambda: [explainer.explain(row) for row in rows[:200]]) / 200
    peer_single = 1e6 * _best(lambda: [peer.shap_values(one) for _ in range(20)]) / 20
    apart = float(np.abs(explainer.explain_many(few)[1] - peer.shap_values(few)).max())
    return [
        _row(f"{model}: batch, one thread, against shap's kernel", ours[1], kernel, "rows/s"),
        _row(f"{model}: batch, two threads, against shap's kernel", ours[2], kernel, "rows/s"),
        _row(f"{model}: batch, one thread, against pred_contribs", ours[1], contribs, "rows/s"),
        _row(f"{model}: one row, checked, against shap", single, peer_single, "µs"),
        {
            "what": f"{model}: largest difference from shap",
            "ours": apart,
            "peer": None,
            "unit": "log-odds",
            "ratio": None,
        },
    ]


def _model(depth: int, trees: int) -> tuple[xgboost.Booster, np.ndarray]:
    random = np.random.default_rng(0)
    rows = random.normal(size=(ROWS, FEATURES)).astype(np.float32)
    rows[random.random(rows.shape) < 0.03] = np.nan
    known = np.nan_to_num(rows)
    risk = known[:, :8].sum(axis=1) + known[:, 8] * known[:, 9] + random.normal(size=ROWS)
    parameters = {"objective": "binary:logistic", "max_depth": depth, "eta": 0.1, "nthread": 1, "seed": 0}
    booster = xgboost.train(parameters, xgboost.DMatrix(rows, label=risk > 2), trees)
    booster.set_param({"nthread": 1})
    return booster, rows


def _best(work: Callable[[], Any], times: int = 3) -> float:
    """Return seconds of the quickest of some runs: the others were disturbed."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def _row(what: str, ours: float, peer: float, unit: str) -> dict[str, Any]:
    return {"what": what, "ours": round(ours, 1), "peer": round(peer, 1), "unit": unit, "ratio": round(ours / peer, 2)}
