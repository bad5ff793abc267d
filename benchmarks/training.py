"""Training: our learner beside those that a bank would else take, each with its defaults.

All are judged on the same held-out folds. The tables are the SBA case set without its leaks and the book of 83 firms
where the real data is at hand (`../shared/data` or `SMECREDIT_REAL_DATA`), else a synthetic book.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import polars as pl

from benchmarks import peers
from benchmarks.peers import DATA, Table
from services.scoring.domain import metrics
from services.scoring.ml.folds import stratified_folds

FOLDS = 5
MODELS: dict[str, peers.Model] = {
    "ours": peers.ours,
    "optbinning": peers.optbinning,
    "xgboost defaults": peers.xgboost_defaults,
    "lightgbm defaults": peers.lightgbm_defaults,
    "catboost defaults": peers.catboost_defaults,
    "logistic": peers.logistic,
}


def run() -> dict[str, Any]:
    """Measure AUC, Brier and ECE of held-out PDs, and the seconds of one training with all its choices."""
    rows = [row for table, repeats in _tables() for row in _compared(table, repeats)]
    return {"name": "training", "title": f"Training, {FOLDS}-fold", "rows": rows}


def _compared(table: Table, repeats: int) -> list[dict[str, Any]]:
    pds = {name: np.zeros((repeats, len(table.defaulted))) for name in MODELS}
    seconds = dict.fromkeys(MODELS, 0.0)
    for repeat in range(repeats):
        for inside, outside in stratified_folds(table.defaulted, FOLDS, 1_000 * repeat):
            for name, model in MODELS.items():
                start = time.perf_counter()
                pds[name][repeat, outside] = model(table, inside, outside)
                seconds[name] += (time.perf_counter() - start) / FOLDS / repeats
    figures = {"AUC": metrics.auc, "Brier": metrics.brier, "ECE": metrics.ece}
    rows = []
    for peer in list(MODELS)[1:]:
        for figure, measure in figures.items():
            ours, theirs = (np.mean([measure(table.defaulted, pd) for pd in pds[who]]) for who in ("ours", peer))
            rows.append(_row(f"{table.title}: {figure} against {peer}", float(ours), float(theirs), ""))
        rows.append(_row(f"{table.title}: one training against {peer}", seconds["ours"], seconds[peer], "s"))
    return rows


def _tables() -> list[tuple[Table, int]]:
    """Return each table with how often all of its rows are held out once."""
    tables = []
    if (DATA / "sba" / "sba_case.parquet").exists():
        tables.append((peers.loans(), 3))
    if (DATA / "cumcm2020c").is_dir():
        tables.append((peers.book(), 4))
    return tables or [(_synthetic(), 1)]


def _synthetic() -> Table:
    random = np.random.default_rng(0)
    values = random.normal(size=(400, 30))
    risk = values[:, :5].sum(axis=1) - 2.5 + random.normal(size=400)
    frame = pl.DataFrame(values, schema=[f"feature_{number}" for number in range(30)])
    return Table("a synthetic book (400 firms)", frame, risk > 0, None)


def _row(what: str, ours: float, peer: float, unit: str) -> dict[str, Any]:
    return {"what": what, "ours": round(ours, 4), "peer": round(peer, 4), "unit": unit, "ratio": round(ours / peer, 3)}
