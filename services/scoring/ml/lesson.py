"""How forests are grown: from which columns, under which laws, each with a stretch and folds of its own.

This module imports xgboost, which takes seconds: only the training job and the evaluation import it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import xgboost

from services.scoring.ml.plan import MANY, Plan
from services.scoring.ml.rates import places_of, told_by_others
from services.scoring.ml.scorecard import Scorecard, learn_scorecard
from services.scoring.ml.selection import best_of_families, chances_of, informative

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from services.scoring.ml.encoding import Encoding

# How far a feature is stretched at most, as a logarithm: amounts and counts by half, times by a fifth. Amounts differ
# by orders of magnitude between firms, months and days by a few times (measured: docs/adr/0026).
_STRETCH = {"fen": 0.4, "count": 0.4, "times": 0.4}
_STRETCH_ELSE = 0.2


@dataclass(frozen=True, slots=True)
class Lesson:
    """How forests are grown: the plan, XGBoost's settings, each column's family and stretch, and which are of rates."""

    plan: Plan
    settings: dict[str, Any]
    families: Sequence[str] | None
    stretch: NDArray[np.float64]
    places: Sequence[int] = ()
    narrowed: bool = False

    def kept(self, rows: NDArray[np.float32], defaulted: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return for each column whether these training rows may teach it."""
        kept = np.ones(rows.shape[1], dtype=np.bool_)
        one_a_family = self.families is not None and len(rows) < MANY
        if not one_a_family and self.plan.false_share is None:
            return kept
        chances = chances_of(rows, defaulted, self.settings["monotone_constraints"])
        if self.families is not None and one_a_family:
            kept = best_of_families(chances, self.families)
        if self.plan.false_share is not None:
            kept[kept] = informative(chances[kept], self.plan.false_share)
        return kept

    def grow(
        self,
        rows: NDArray[np.float32],
        defaulted: NDArray[np.bool_],
        kept: NDArray[np.bool_],
        parameters: dict[str, Any],
        rounds: int,
        forests: int,
    ) -> list[xgboost.Booster]:
        """Train so many forests on the kept columns; the others become constant, so that no tree can split on them.

        Each has its own stretch of every column, spread evenly, in an order that the seed decides, and its own folds
        and draws. A narrow lesson's forests know the `seen` columns only.
        """
        seen = self.seen(kept)
        bound = np.array(parameters["monotone_constraints"])[seen].tolist()
        grown = []
        for number, factors in enumerate(self._factors(forests, parameters["seed"])):
            seed = parameters["seed"] + 1_000 * number
            shown = np.where(kept, told_by_others(rows, defaulted, self.places, seed), np.float32(0))
            data = xgboost.DMatrix((shown * factors)[:, seen], label=defaulted, nthread=1)
            booster = xgboost.Booster({**parameters, "seed": seed, "monotone_constraints": tuple(bound)}, [data])
            # What `xgboost.train` does, without the callbacks that take as long as trees of some dozen firms.
            for step in range(rounds):
                booster.update(data, step)
            # What it keeps of the rows goes; of few rows, in a forest that is only tried, it goes with it, far sooner.
            grown.append(booster if self.narrowed and len(rows) < MANY else booster.reset())
        return grown

    def narrow(self) -> Lesson:
        """Return the lesson of forests that are grown to be tried, on kept columns alone: the same trees, sooner.

        Where splits draw their columns by lot, a constant column is among those drawn: there it remains.
        """
        return replace(self, narrowed=self.plan.columns_share == 1)

    def seen(self, kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which columns the forests know, where these are kept."""
        return kept if self.narrowed else np.ones_like(kept)

    def scorecard(self, rows: NDArray[np.float32], defaulted: NDArray[np.bool_]) -> Scorecard | None:
        """Return a scorecard of these rows; None where the plan tries none, or no column has a direction."""
        if not any(self.plan.scorecards):
            return None
        return learn_scorecard(rows, defaulted, self.settings["monotone_constraints"])

    def _factors(self, forests: int, seed: int) -> NDArray[np.float32]:
        """Return the factors (forests, columns) by which columns are stretched; of one forest they are 1."""
        even = (2 * np.arange(forests) + 1) / forests - 1
        random = np.random.default_rng(seed)
        places = np.stack([random.permutation(even) for _ in self.stretch], axis=1)
        return np.exp(places * self.stretch).astype(np.float32)


def lesson_of(plan: Plan, encoding: Encoding, catalogue: Sequence[dict[str, Any]] | None, seed: int) -> Lesson:
    """Return how forests are grown by a plan on encoded rows; with a catalogue, under its directions and families."""
    told = settings(plan, seed, encoding, catalogue)
    return Lesson(plan, told, _families(catalogue), _stretch(encoding, catalogue), places_of(encoding))


def settings(plan: Plan, seed: int, encoding: Encoding, catalogue: Sequence[dict[str, Any]] | None) -> dict[str, Any]:
    """Return what XGBoost is told but for depth and rounds."""
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


def constraints(encoding: Encoding, catalogue: Sequence[dict[str, Any]] | None) -> tuple[int, ...]:
    """Return for each learner's column the sign of the PD's change as it rises; 0 where nothing is claimed."""
    direction = {entry["name"]: int(entry["direction"]) for entry in catalogue or ()}
    return tuple(direction.get(column.name, 0) for column in encoding.columns)


def _families(catalogue: Sequence[dict[str, Any]] | None) -> list[str] | None:
    """Return the family of each feature; one that names none is one of its own."""
    return None if catalogue is None else [entry.get("family") or entry["name"] for entry in catalogue]


def _stretch(encoding: Encoding, catalogue: Sequence[dict[str, Any]] | None) -> NDArray[np.float64]:
    if catalogue is None:  # what a bank's numbers are nobody said: a day stretched by a fifth is another century
        return np.zeros(len(encoding.columns))
    units = {entry["name"]: entry.get("unit") for entry in catalogue}
    return np.array([_STRETCH.get(units.get(column.name) or "", _STRETCH_ELSE) for column in encoding.columns])
