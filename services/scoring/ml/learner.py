"""Learning who defaults: boosted trees bound to the catalogue's directions, tuned inside the training rows.

On the catalogue's features the model is the mean of many small forests. Each learns from the same firms with every
feature stretched by a factor of its own, and all are asked with the true values: their steps lie side by side, so that
a step of the mean is a slope, and a change of 2 % moves hardly a firm by twenty points (docs/adr/0026). Beside them may
stand a scorecard under the same laws, with half the weight: held-out rows decide (`scorecard`).

On a bank's own table every round grows several trees on random parts of the rows and columns and adds their mean; of a
thousand rows or more, columns of many words are told by their default rates too (docs/adr/0009).

This module imports xgboost, which takes seconds: only the training job and the evaluation import it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import xgboost

from services.scoring.domain.scale import sigmoid
from services.scoring.ml.calibration import Calibration, calibrate
from services.scoring.ml.encoding import Encoding, learn_encoding
from services.scoring.ml.folds import stratified_folds
from services.scoring.ml.joining import joined
from services.scoring.ml.lesson import Lesson, lesson_of
from services.scoring.ml.plan import plan_for
from services.scoring.ml.rates import learned_rates, told, with_codes, with_rates
from services.scoring.ml.trees import Forest, forest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Progress = Callable[[int, int], None]


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
    plan = plan_for(frame.height, int(defaulted.sum()), of_the_book=offered is not None)
    encoding = _encoding(frame, offered)
    encoding = with_codes(encoding) if plan.rates else encoding
    rows, lesson = encoding.rows(frame), lesson_of(plan, encoding, offered, seed)
    trials, margins = _try_all(rows, defaulted, lesson, seed)
    best = min(range(len(trials)), key=lambda trial: trials[trial]["log_loss"])
    parameters = {**lesson.settings, "max_depth": trials[best]["depth"]}
    kept = lesson.kept(rows, defaulted)
    forests = lesson.grow(rows, defaulted, kept, parameters, trials[best]["rounds"], plan.stretched)
    share = trials[best].get("scorecard", 0.0)
    beside = lesson.scorecard(rows, defaulted) if share else None
    raw = joined([bytes(forest.save_raw("json")) for forest in forests], beside, share)
    return Learned(
        booster=raw,
        forest=forest_of(raw),
        encoding=with_rates(encoding, lesson.places, learned_rates(rows, defaulted, lesson.places)),
        calibration=calibrate(margins[best], defaulted, _depths(frame, offered), folds=plan.folds),
        parameters={
            **parameters,
            "rounds": trials[best]["rounds"],
            "false_share": plan.false_share,
            "stretched": plan.stretched,
            "scorecard": share,
            "kept": [column.name for column, stays in zip(encoding.columns, kept, strict=True) if stays],
        },
        trials=tuple(trials),
        held_out_margins=margins[best],
    )


def _depths(frame: pl.DataFrame, catalogue: Sequence[dict[str, Any]] | None) -> list[str | None] | None:
    """Return the data depth of each firm of a book; in a bank's own table a column of that name may be anything."""
    known = catalogue is not None and "depth" in frame.columns and frame.schema["depth"] == pl.String
    return frame["depth"].to_list() if known else None


def _encoding(frame: pl.DataFrame, catalogue: Sequence[dict[str, Any]] | None) -> Encoding:
    if catalogue is None:
        return learn_encoding(frame, None)
    directions = {entry["name"]: int(entry["direction"]) for entry in catalogue}
    return learn_encoding(frame, list(directions), directions)


def _try_all(
    rows: NDArray[np.float32], defaulted: NDArray[np.bool_], lesson: Lesson, seed: int
) -> tuple[list[dict[str, Any]], NDArray[np.float64]]:
    """Return every candidate with its held-out log-loss, and held-out margins (candidates, repeats, rows).

    Where some fold can learn no scorecard, none is tried.
    """
    plan = lesson.plan
    forests = [(depth, rounds) for depth in plan.depths for rounds in plan.rounds]
    grown = np.zeros((len(forests), plan.repeats, len(rows)))
    carded = np.zeros((plan.repeats, len(rows)))
    shares = plan.scorecards
    for repeat in range(plan.repeats):
        for train_rows, test_rows in stratified_folds(defaulted, plan.folds, seed + repeat):
            inside, outcomes = rows[train_rows], defaulted[train_rows]
            grown[:, repeat, test_rows] = _held_out(inside, outcomes, rows[test_rows], lesson)
            card = lesson.scorecard(inside, outcomes)
            if card is None:
                shares = (0.0,)
            else:
                carded[repeat, test_rows] = card.margins(rows[test_rows])
    margins = np.concatenate([(1 - share) * grown + share * carded for share in shares])
    losses = (np.logaddexp(0.0, margins) - defaulted * margins).mean(axis=(1, 2))
    candidates = [(*forest, share) for share in shares for forest in forests]
    trials = [
        {"depth": depth, "rounds": rounds, **({"scorecard": share} if any(shares) else {}), "log_loss": float(loss)}
        for (depth, rounds, share), loss in zip(candidates, losses, strict=True)
    ]
    return trials, margins


def _held_out(
    inside: NDArray[np.float32], outcomes: NDArray[np.bool_], others: NDArray[np.float32], lesson: Lesson
) -> NDArray[np.float64]:
    """Return the margins of the other rows by forests that these rows grow (depths by rounds, other rows).

    One training per depth serves all numbers of rounds: its first trees are the smaller model.
    """
    plan, lesson = lesson.plan, lesson.narrow()
    rates = learned_rates(inside, outcomes, lesson.places)
    kept = lesson.kept(inside, outcomes)
    test = xgboost.DMatrix(told(others, lesson.places, rates)[:, lesson.seen(kept)], nthread=1)
    margins = []
    for depth in plan.depths:
        parameters = {**lesson.settings, "max_depth": depth}
        boosters = lesson.grow(inside, outcomes, kept, parameters, plan.rounds[-1], plan.tried)
        for rounds in plan.rounds:
            each = [booster.predict(test, output_margin=True, iteration_range=(0, rounds)) for booster in boosters]
            margins.append(np.mean(each, axis=0))
    return np.stack(margins)
