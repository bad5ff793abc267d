"""Learning who defaults: boosted forests bound to the catalogue's directions, tuned inside the training rows.

Every round grows several trees on random parts of the rows and columns and adds their mean: the steps of single trees
become slopes, and related features share what one of them would take by luck (figures: docs/adr/0009).

This module imports xgboost, which takes seconds: only the training job and the evaluation import it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import polars as pl
import xgboost

from services.scoring.domain.scale import sigmoid
from services.scoring.ml.calibration import Calibration, calibrate
from services.scoring.ml.encoding import Encoding, learn_encoding
from services.scoring.ml.folds import stratified_folds
from services.scoring.ml.selection import informative
from services.scoring.ml.trees import Forest, forest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is tried: every depth with every number of rounds, judged by log-loss on held-out training rows.

    A round grows `forest` trees, each on `rows_share` of the rows and, at each split, `columns_share` of the columns.
    `false_share` bounds the lucky ones among the features that are kept; None keeps all.
    """

    depths: tuple[int, ...]
    rounds: tuple[int, ...]
    learning_rate: float
    forest: int
    rows_share: float
    columns_share: float
    penalty: float
    false_share: float | None
    folds: int
    repeats: int


# Some dozens of defaults: shallow, many trees a round, and judged three times over, because one split says little.
FEW_ROWS = Plan(
    depths=(2, 3),
    rounds=(8, 12, 16, 24),
    learning_rate=0.2,
    forest=10,
    rows_share=0.8,
    columns_share=0.7,
    penalty=0.5,
    false_share=0.02,
    folds=5,
    repeats=3,
)
MANY_ROWS = Plan(
    depths=(3, 5),
    rounds=(50, 75, 100, 150),
    learning_rate=0.1,
    forest=4,
    rows_share=0.7,
    columns_share=0.5,
    penalty=1.0,
    false_share=None,
    folds=3,
    repeats=2,
)
_MANY = 1_000


@dataclass(frozen=True, slots=True)
class Learned:
    """A learned model: booster as JSON bytes, how to encode rows, how to calibrate margins, and how it was chosen."""

    booster: bytes
    forest: Forest
    encoding: Encoding
    calibration: Calibration
    parameters: dict[str, Any]
    trials: tuple[dict[str, Any], ...]
    held_out_margins: NDArray[np.float64]

    def pd(self, frame: pl.DataFrame) -> NDArray[np.float64]:
        """Return the calibrated PD of every row of a frame, before the floor."""
        margins = self.forest.margins(self.encoding.rows(frame))
        return sigmoid(self.calibration.log_odds(margins))


def learn(
    frame: pl.DataFrame,
    defaulted: NDArray[np.bool_],
    catalogue: Sequence[dict[str, Any]] | None = None,
    *,
    seed: int = 0,
) -> Learned:
    """Learn from a frame without its label; with a catalogue, from its `model` features under its directions.

    Features, depth, rounds and calibration are chosen by repeated stratified cross-validation inside the frame.
    Same inputs, same bytes. Classes are never reweighted: that would destroy the calibration.
    """
    offered = None if catalogue is None else [entry for entry in catalogue if entry.get("model", True)]
    encoding = learn_encoding(frame, None if offered is None else [entry["name"] for entry in offered])
    rows = encoding.rows(frame)
    plan = FEW_ROWS if len(rows) < _MANY else MANY_ROWS
    settings = _settings(plan, seed, encoding, offered)
    trials, margins = _try_all(rows, defaulted, plan, settings, seed)
    best = min(range(len(trials)), key=lambda trial: trials[trial]["log_loss"])
    parameters = {**settings, "max_depth": trials[best]["depth"]}
    kept = _kept(rows, defaulted, plan, parameters)
    booster = _fit(rows, defaulted, kept, parameters, trials[best]["rounds"])
    raw = _plain(bytes(booster.save_raw("json")))
    return Learned(
        booster=raw,
        forest=forest_of(raw),
        encoding=encoding,
        calibration=calibrate(margins[best], defaulted, _depths(frame, offered), folds=plan.folds),
        parameters={
            **parameters,
            "rounds": trials[best]["rounds"],
            "false_share": plan.false_share,
            "kept": [column.name for column, stays in zip(encoding.columns, kept, strict=True) if stays],
        },
        trials=tuple(trials),
        held_out_margins=margins[best],
    )


def _depths(frame: pl.DataFrame, catalogue: Sequence[dict[str, Any]] | None) -> list[str | None] | None:
    """Return the data depth of each firm of a book; in a bank's own table a column of that name may be anything."""
    known = catalogue is not None and "depth" in frame.columns and frame.schema["depth"] == pl.String
    return frame["depth"].to_list() if known else None


def constraints(encoding: Encoding, catalogue: Sequence[dict[str, Any]] | None) -> tuple[int, ...]:
    """Return for each learner's column the sign of the PD's change as it rises; 0 where nothing is claimed."""
    direction = {entry["name"]: int(entry["direction"]) for entry in catalogue or ()}
    return tuple(direction.get(column.name, 0) for column in encoding.columns)


def _settings(plan: Plan, seed: int, encoding: Encoding, catalogue: Sequence[dict[str, Any]] | None) -> dict[str, Any]:
    return {
        "objective": "binary:logistic",
        "tree_method": "hist",
        "eta": plan.learning_rate,
        "num_parallel_tree": plan.forest,
        "subsample": plan.rows_share,
        "colsample_bynode": plan.columns_share,
        "reg_lambda": plan.penalty,
        "monotone_constraints": constraints(encoding, catalogue),
        "seed": seed,
        # More threads may add in another order: one keeps the bytes equal on every machine.
        "nthread": 1,
    }


def _kept(
    rows: NDArray[np.float32], defaulted: NDArray[np.bool_], plan: Plan, parameters: dict[str, Any]
) -> NDArray[np.bool_]:
    """Return for each column whether these training rows may teach it."""
    if plan.false_share is None:
        return np.ones(rows.shape[1], dtype=np.bool_)
    return informative(rows, defaulted, parameters["monotone_constraints"], plan.false_share)


def _fit(
    rows: NDArray[np.float32],
    defaulted: NDArray[np.bool_],
    kept: NDArray[np.bool_],
    parameters: dict[str, Any],
    rounds: int,
) -> xgboost.Booster:
    """Train on the kept columns; the others become constant, so that no tree can split on them."""
    shown = np.where(kept, rows, np.float32(0))
    return xgboost.train(parameters, xgboost.DMatrix(shown, label=defaulted, nthread=1), rounds)


def _plain(raw: bytes) -> bytes:
    """Return the same trees written as one a round: leaves carry their share already, and shap reads only this form."""
    document = orjson.loads(raw)
    model = document["learner"]["gradient_booster"]["model"]
    model["gbtree_model_param"]["num_parallel_tree"] = "1"
    model["iteration_indptr"] = list(range(len(model["trees"]) + 1))
    return orjson.dumps(document)


def _try_all(
    rows: NDArray[np.float32],
    defaulted: NDArray[np.bool_],
    plan: Plan,
    settings: dict[str, Any],
    seed: int,
) -> tuple[list[dict[str, Any]], NDArray[np.float64]]:
    """Return every candidate with its held-out log-loss, and held-out margins (candidates, repeats, rows).

    One training per depth and fold serves all numbers of rounds: its first trees are the smaller model.
    """
    candidates = [(depth, rounds) for depth in plan.depths for rounds in plan.rounds]
    margins = np.zeros((len(candidates), plan.repeats, len(rows)))
    for repeat in range(plan.repeats):
        for train_rows, test_rows in stratified_folds(defaulted, plan.folds, seed + repeat):
            test = xgboost.DMatrix(rows[test_rows], nthread=1)
            kept = _kept(rows[train_rows], defaulted[train_rows], plan, settings)
            for place, depth in enumerate(plan.depths):
                parameters = {**settings, "max_depth": depth}
                booster = _fit(rows[train_rows], defaulted[train_rows], kept, parameters, plan.rounds[-1])
                for offset, rounds in enumerate(plan.rounds):
                    held_out = booster.predict(test, output_margin=True, iteration_range=(0, rounds))
                    margins[place * len(plan.rounds) + offset, repeat, test_rows] = held_out
    losses = (np.logaddexp(0.0, margins) - defaulted * margins).mean(axis=(1, 2))
    trials = [
        {"depth": depth, "rounds": rounds, "log_loss": float(loss)}
        for (depth, rounds), loss in zip(candidates, losses, strict=True)
    ]
    return trials, margins
