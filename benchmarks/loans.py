"""Two banks' own tables: American loans to small firms, without what was written after their outcome.

The tables are the SBA case set and the part of the national set, where the real data is at hand (`../shared/data` or
`SMECREDIT_REAL_DATA`). Two things are measured on the same held-out folds:

- *ours beside the peers*, each with its defaults; CatBoost also with the words as they are, which is its strength;
- *the price of what keeps withholding from helping* (docs/adr/0026): the same forests with every column bound of which
  a credit officer would say which way risk goes, and its missing values beyond the worst, against those without.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import xgboost
from threadpoolctl import threadpool_limits

from benchmarks import peers
from benchmarks.peers import DATA, Table
from services.scoring.domain import metrics
from services.scoring.domain.scale import floored, sigmoid
from services.scoring.ml.encoding import BEYOND, learn_encoding
from services.scoring.ml.folds import stratified_folds
from services.scoring.ml.lesson import settings
from services.scoring.ml.plan import MANY_ROWS
from services.scoring.ml.rates import learned_rates, places_of, told, told_by_others, with_codes

FOLDS = 5
# Each table with how often all of its rows are held out once.
TABLES = {"sba_case": 3, "sba_national_part": 1}
PEERS: dict[str, peers.Model] = {
    "catboost defaults": peers.catboost_defaults,
    "catboost, words as they are": peers.catboost_words,
    "lightgbm defaults": peers.lightgbm_defaults,
    "xgboost defaults": peers.xgboost_defaults,
}
FIGURES = {"AUC": metrics.auc, "Brier": metrics.brier, "log-loss": metrics.log_loss}


def run() -> dict[str, Any]:
    """Measure AUC, Brier and log-loss of held-out PDs, and the seconds of one training with all its choices."""
    rows = []
    for name, repeats in TABLES.items():
        if not (DATA / "sba" / f"{name}.parquet").exists():
            continue
        table = peers.loans(name)
        models = {"ours": peers.ours, **PEERS, "bound": declared, "unbound": unbound}
        with threadpool_limits(1):
            figures = _measured(table, models, repeats)
        rows += [row for peer in PEERS for row in _beside(table.title, figures, "ours", peer)]
        rows += _beside(f"{table.title}, price", figures, "bound", "unbound")
    return {"name": "loans", "title": f"Banks' own tables, {FOLDS}-fold", "rows": rows}


def declared(table: Table, inside: peers.Rows, outside: peers.Rows) -> peers.Rows:
    """Bind what a credit officer would declare; there, what is missing is beyond the worst."""
    return _as_planned(table, inside, outside, peers.DECLARED)


def unbound(table: Table, inside: peers.Rows, outside: peers.Rows) -> peers.Rows:
    """Grow the same forests, free to go either way and to send what is missing where they like."""
    return _as_planned(table, inside, outside, {})


def _as_planned(table: Table, inside: peers.Rows, outside: peers.Rows, directions: Mapping[str, int]) -> peers.Rows:
    """Return what the forests of a large table say, not calibrated: ranking is all that is asked."""
    encoding = with_codes(learn_encoding(table.frame[inside], None))
    places, defaulted = places_of(encoding), table.defaulted[inside]
    known, other = (encoding.rows(table.frame[rows]) for rows in (inside, outside))
    signs = [directions.get(column.name, 0) for column in encoding.columns]
    asked = _filled(told(other, places, learned_rates(known, defaulted, places)), signs)
    plan = settings(MANY_ROWS, 0, encoding, None) | {"max_depth": MANY_ROWS.depths[0]}
    plan["monotone_constraints"] = tuple(signs)
    margins = np.zeros(len(outside))
    for seed in range(MANY_ROWS.stretched):
        shown = _filled(told_by_others(known, defaulted, places, seed), signs)
        data = xgboost.DMatrix(shown, label=defaulted, nthread=1)
        forest = xgboost.train(plan | {"seed": seed}, data, MANY_ROWS.rounds[0])
        margins += forest.predict(xgboost.DMatrix(asked, nthread=1), output_margin=True) / MANY_ROWS.stretched
    return floored(sigmoid(margins))


def _filled(rows: np.ndarray, signs: list[int]) -> np.ndarray:
    worst = np.where(np.array(signs) != 0, BEYOND * np.array(signs), np.nan)
    return np.where(np.isnan(rows), worst, rows).astype(np.float32)


def _measured(table: Table, models: dict[str, peers.Model], repeats: int) -> dict[str, dict[str, float]]:
    """Return each model's figures, means over the repeats, and the seconds of one training."""
    pds = {name: np.zeros((repeats, len(table.defaulted))) for name in models}
    seconds = dict.fromkeys(models, 0.0)
    for repeat in range(repeats):
        for fold, (inside, outside) in enumerate(stratified_folds(table.defaulted, FOLDS, 1_000 * repeat), start=1):
            for name, model in models.items():
                start = time.perf_counter()
                pds[name][repeat, outside] = model(table, inside, outside)
                took = time.perf_counter() - start
                seconds[name] += took / FOLDS / repeats
                where = f"{table.title}: round {repeat + 1} of {repeats}, fold {fold} of {FOLDS}"
                print(f"{where}, {name}: {took:.0f} s", file=sys.stderr, flush=True)
    return {
        name: {
            **{figure: float(np.mean([of(table.defaulted, pd) for pd in pds[name]])) for figure, of in FIGURES.items()},
            "one training": seconds[name],
        }
        for name in models
    }


def _beside(title: str, figures: dict[str, dict[str, float]], ours: str, peer: str) -> list[dict[str, Any]]:
    return [
        {
            "what": f"{title}: {figure}, {ours} against {peer}",
            "ours": round(figures[ours][figure], 4),
            "peer": round(figures[peer][figure], 4),
            "unit": "s" if figure == "one training" else "",
            "ratio": round(figures[ours][figure] / figures[peer][figure], 3),
        }
        for figure in figures[ours]
    ]
