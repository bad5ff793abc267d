"""The logistic challenger: what a careful analyst would fit, with every choice made inside the training rows.

Columns are put on a signed log scale where they are long-tailed, clipped to the training rows' 1st and 99th
percentile and standardised; missing values become the median; penalty and strength by cross-validated log-loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from services.scoring.domain.scale import sigmoid
from services.scoring.ml.encoding import Encoding, learn_encoding
from services.scoring.ml.folds import stratified_folds

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from numpy.typing import NDArray

_STRENGTHS = (0.01, 0.03, 0.1, 0.3, 1.0)
_LASSO_SHARES = (0.0, 1.0)
_FOLDS = 5
# The strength of a penalty is chosen on this many rows at most: more only cost time.
_CHOSEN_ON = 4_000
# Beyond this the median and the 99th percentile are orders of magnitude apart: amounts, not rates.
_LONG_TAIL = 20.0
# liblinear draws its rows from one generator of the whole process: two fits at once would each take of the other's.
_ONE_AT_A_TIME = Lock()


@dataclass(frozen=True, slots=True)
class _Standard:
    """What the training rows say about scale; the same for every later row."""

    median: NDArray[np.float64]
    logged: NDArray[np.bool_]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    mean: NDArray[np.float64]
    spread: NDArray[np.float64]

    def apply(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        filled = np.where(np.isnan(rows), self.median, rows)
        scaled = np.where(self.logged, np.sign(filled) * np.log1p(np.abs(filled)), filled)
        return (np.clip(scaled, self.low, self.high) - self.mean) / self.spread


@dataclass(frozen=True, slots=True)
class Challenger:
    """A fitted logistic regression with its encoding and scale."""

    encoding: Encoding
    standard: _Standard
    weights: NDArray[np.float64]
    intercept: float
    parameters: dict[str, Any]

    def pd(self, frame: pl.DataFrame) -> NDArray[np.float64]:
        """Return the PD of every row of a frame."""
        rows = self.standard.apply(self.encoding.rows(frame).astype(np.float64))
        return sigmoid(rows @ self.weights + self.intercept)


def train_challenger(
    frame: pl.DataFrame,
    defaulted: NDArray[np.bool_],
    catalogue: Sequence[dict[str, Any]] | None = None,
    *,
    seed: int = 0,
) -> Challenger:
    """Fit the challenger on the same rows and features as the model that it challenges."""
    names = None if catalogue is None else [entry["name"] for entry in catalogue if entry.get("model", True)]
    encoding = learn_encoding(frame, names)
    raw = encoding.rows(frame).astype(np.float64)
    some = np.sort(np.random.default_rng(seed).permutation(len(raw))[:_CHOSEN_ON])
    strength, lasso = _choose(raw[some], defaulted[some], seed)
    standard = _standard(raw)
    weights, intercept = _fit(standard.apply(raw), defaulted, strength, lasso)
    return Challenger(encoding, standard, weights, intercept, {"C": strength, "l1_ratio": lasso})


def _choose(raw: NDArray[np.float64], defaulted: NDArray[np.bool_], seed: int) -> tuple[float, float]:
    candidates = [(strength, lasso) for strength in _STRENGTHS for lasso in _LASSO_SHARES]
    losses = np.zeros(len(candidates))
    for train_rows, test_rows in stratified_folds(defaulted, _FOLDS, seed):
        standard = _standard(raw[train_rows])
        inside, outside = standard.apply(raw[train_rows]), standard.apply(raw[test_rows])
        for place, (strength, lasso) in enumerate(candidates):
            weights, intercept = _fit(inside, defaulted[train_rows], strength, lasso)
            margin = outside @ weights + intercept
            losses[place] += (np.logaddexp(0.0, margin) - defaulted[test_rows] * margin).sum()
    return candidates[int(losses.argmin())]


def _fit(
    rows: NDArray[np.float64], defaulted: NDArray[np.bool_], strength: float, lasso: float
) -> tuple[NDArray[np.float64], float]:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 -- seconds to import

    # liblinear also penalises the intercept; a large scaling makes that negligible.
    solver = {"solver": "liblinear", "intercept_scaling": 100.0} if lasso else {"solver": "lbfgs"}
    model = LogisticRegression(C=strength, l1_ratio=lasso, max_iter=1_000, random_state=0, **solver)
    with _ONE_AT_A_TIME:
        model.fit(rows, defaulted)
    return model.coef_[0], float(model.intercept_[0])


def _standard(rows: NDArray[np.float64]) -> _Standard:
    some = np.where(np.isnan(rows).all(axis=0), 0.0, rows)
    median = np.nanmedian(some, axis=0)
    filled = np.where(np.isnan(some), median, some)
    logged = np.percentile(np.abs(filled), 99, axis=0) > _LONG_TAIL * np.maximum(np.median(np.abs(filled), axis=0), 1.0)
    scaled = np.where(logged, np.sign(filled) * np.log1p(np.abs(filled)), filled)
    low, high = np.percentile(scaled, [1, 99], axis=0)
    clipped = np.clip(scaled, low, high)
    spread = clipped.std(axis=0)
    return _Standard(median, logged, low, high, clipped.mean(axis=0), np.where(spread > 0, spread, 1.0))
