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

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import polars as pl
import xgboost

from services.scoring.domain.scale import sigmoid
from services.scoring.ml.calibration import Calibration, calibrate
from services.scoring.ml.encoding import Encoding, learn_encoding
from services.scoring.ml.folds import stratified_folds
from services.scoring.ml.rates import learned_rates, places_of, told, told_by_others, with_codes, with_rates
from services.scoring.ml.scorecard import Scorecard, learn_scorecard
from services.scoring.ml.selection import best_of_families, informative
from services.scoring.ml.trees import Forest, base_margin, forest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is tried: every depth with every number of rounds, judged by log-loss on held-out training rows.

    A round grows `forest` trees, each on `rows_share` of the rows and, at each split, `columns_share` of the columns.
    `false_share` bounds the lucky ones among the features that are kept; None keeps all. `stretched` forests are
    averaged, `tried` of them while the plan is judged: each has a stretch of its own of the catalogue's features, or,
    with `rates`, is told the default rates of words by other folds of the rows. `scorecards` are the
    shares that a scorecard is tried with.
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
    stretched: int = 1
    tried: int = 1
    scorecards: tuple[float, ...] = (0.0,)
    rates: bool = False


# The catalogue's features, of a few dozen defaults: no row or column is drawn by lot, so that two seeds mostly agree.
BOOK = Plan(
    depths=(2,),
    rounds=(6,),
    learning_rate=0.3,
    forest=1,
    rows_share=1.0,
    columns_share=1.0,
    penalty=0.5,
    false_share=0.02,
    folds=5,
    repeats=10,
    stretched=24,
    tried=5,
    scorecards=(0.0, 0.5),
)
LARGE_BOOK = Plan(
    depths=(3,),
    rounds=(10, 20, 40),
    learning_rate=0.2,
    forest=1,
    rows_share=1.0,
    columns_share=1.0,
    penalty=1.0,
    false_share=None,
    folds=3,
    repeats=2,
    stretched=10,
    tried=5,
)
# A table of a bank with some dozens of defaults: shallow, many trees a round, and judged three times over, because one
# split says little.
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
# Thousands of rows carry deep trees where each split sees one column of eight and sixteen trees are averaged, in four
# forests whose words are told by the rates of other folds each (measured: docs/adr/0009).
MANY_ROWS = Plan(
    depths=(12,),
    rounds=(50,),
    learning_rate=0.1,
    forest=4,
    rows_share=0.9,
    columns_share=0.12,
    penalty=1.0,
    false_share=None,
    folds=3,
    repeats=2,
    stretched=4,
    tried=4,
    rates=True,
)
_MANY = 1_000
# A scorecard has some ten weights: of fewer defaults it says little, and whether it helps is found by luck (measured on
# 18 defaults: docs/adr/0026).
_DEFAULTS_OF_A_SCORECARD = 25
_NO_CHILD = -1
# How far a feature is stretched at most, as a logarithm: amounts and counts by half, times by a fifth. Amounts differ
# by orders of magnitude between firms, months and days by a few times (measured: docs/adr/0026).
_STRETCH = {"fen": 0.4, "count": 0.4, "times": 0.4}
_STRETCH_ELSE = 0.2


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
    plan = _plan(frame.height, int(defaulted.sum()), offered)
    encoding = _encoding(frame, offered)
    encoding = with_codes(encoding) if plan.rates else encoding
    rows, places = encoding.rows(frame), places_of(encoding)
    lesson = Lesson(
        plan, settings(plan, seed, encoding, offered), _families(offered), _stretch(encoding, offered), places
    )
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
        encoding=with_rates(encoding, places, learned_rates(rows, defaulted, places)),
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


def constraints(encoding: Encoding, catalogue: Sequence[dict[str, Any]] | None) -> tuple[int, ...]:
    """Return for each learner's column the sign of the PD's change as it rises; 0 where nothing is claimed."""
    direction = {entry["name"]: int(entry["direction"]) for entry in catalogue or ()}
    return tuple(direction.get(column.name, 0) for column in encoding.columns)


def _plan(rows: int, defaults: int, catalogue: Sequence[dict[str, Any]] | None) -> Plan:
    few, many = (FEW_ROWS, MANY_ROWS) if catalogue is None else (BOOK, LARGE_BOOK)
    plan = few if rows < _MANY else many
    return plan if defaults >= _DEFAULTS_OF_A_SCORECARD else replace(plan, scorecards=(0.0,))


def _encoding(frame: pl.DataFrame, catalogue: Sequence[dict[str, Any]] | None) -> Encoding:
    if catalogue is None:
        return learn_encoding(frame, None)
    directions = {entry["name"]: int(entry["direction"]) for entry in catalogue}
    return learn_encoding(frame, list(directions), directions)


def _families(catalogue: Sequence[dict[str, Any]] | None) -> list[str] | None:
    """Return the family of each feature; one that names none is one of its own."""
    return None if catalogue is None else [entry.get("family") or entry["name"] for entry in catalogue]


def _stretch(encoding: Encoding, catalogue: Sequence[dict[str, Any]] | None) -> NDArray[np.float64]:
    if catalogue is None:  # what a bank's numbers are nobody said: a day stretched by a fifth is another century
        return np.zeros(len(encoding.columns))
    units = {entry["name"]: entry.get("unit") for entry in catalogue}
    return np.array([_STRETCH.get(units.get(column.name) or "", _STRETCH_ELSE) for column in encoding.columns])


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


@dataclass(frozen=True, slots=True)
class Lesson:
    """How forests are grown: the plan, XGBoost's settings, each column's family and stretch, and which are of rates."""

    plan: Plan
    settings: dict[str, Any]
    families: Sequence[str] | None
    stretch: NDArray[np.float64]
    places: Sequence[int] = ()

    def kept(self, rows: NDArray[np.float32], defaulted: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return for each column whether these training rows may teach it."""
        directions = np.array(self.settings["monotone_constraints"])
        kept = np.ones(rows.shape[1], dtype=np.bool_)
        if self.families is not None and len(rows) < _MANY:
            kept = best_of_families(rows, defaulted, directions, self.families)
        if self.plan.false_share is not None:
            kept[kept] = informative(rows[:, kept], defaulted, directions[kept], self.plan.false_share)
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
        and draws.
        """
        grown = []
        for number, factors in enumerate(self._factors(forests, parameters["seed"])):
            seed = parameters["seed"] + 1_000 * number
            shown = np.where(kept, told_by_others(rows, defaulted, self.places, seed), np.float32(0))
            data = xgboost.DMatrix(shown * factors, label=defaulted, nthread=1)
            grown.append(xgboost.train({**parameters, "seed": seed}, data, rounds))
        return grown

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


def joined(forests: Sequence[bytes], scorecard: Scorecard | None = None, share: float = 0.0) -> bytes:
    """Return the mean of forests, saved as JSON, as one: all trees, one a round, their leaves divided.

    With a scorecard its trees stand beside them: it has this `share` of the mean. shap reads only models of one tree a
    round; a tree of several a round carries its share already.
    """
    documents = [orjson.loads(forest) for forest in forests]
    trees = [tree for document in documents for tree in _trees(document)]
    for tree in trees:
        ends = zip(tree["left_children"], tree["split_conditions"], strict=True)
        tree["split_conditions"] = [
            value * (1 - share) / len(forests) if left == _NO_CHILD else value for left, value in ends
        ]
    whole = documents[0]
    if scorecard is not None:
        features = int(whole["learner"]["learner_model_param"]["num_feature"])
        trees += scorecard.trees(share, base_margin(whole["learner"]), features)
    for number, tree in enumerate(trees):
        tree["id"] = number
    model = whole["learner"]["gradient_booster"]["model"]
    model |= {"trees": trees, "tree_info": [0] * len(trees), "iteration_indptr": list(range(len(trees) + 1))}
    model["gbtree_model_param"] |= {"num_parallel_tree": "1", "num_trees": str(len(trees))}
    return orjson.dumps(whole)


def _trees(document: dict[str, Any]) -> list[dict[str, Any]]:
    trees: list[dict[str, Any]] = document["learner"]["gradient_booster"]["model"]["trees"]
    return trees


def _try_all(
    rows: NDArray[np.float32], defaulted: NDArray[np.bool_], lesson: Lesson, seed: int
) -> tuple[list[dict[str, Any]], NDArray[np.float64]]:
    """Return every candidate with its held-out log-loss, and held-out margins (candidates, repeats, rows).

    One training per depth and fold serves all numbers of rounds: its first trees are the smaller model.
    """
    plan = lesson.plan
    forests = [(depth, rounds) for depth in plan.depths for rounds in plan.rounds]
    grown = np.zeros((len(forests), plan.repeats, len(rows)))
    carded = np.zeros((plan.repeats, len(rows)))
    shares: tuple[float, ...] = (0.0,)
    for repeat in range(plan.repeats):
        for train_rows, test_rows in stratified_folds(defaulted, plan.folds, seed + repeat):
            inside, outcomes = rows[train_rows], defaulted[train_rows]
            rates = learned_rates(inside, outcomes, lesson.places)
            test = xgboost.DMatrix(told(rows[test_rows], lesson.places, rates), nthread=1)
            kept = lesson.kept(inside, outcomes)
            card = lesson.scorecard(inside, outcomes)
            if card is not None:
                carded[repeat, test_rows], shares = card.margins(rows[test_rows]), plan.scorecards
            for place, depth in enumerate(plan.depths):
                parameters = {**lesson.settings, "max_depth": depth}
                boosters = lesson.grow(inside, outcomes, kept, parameters, plan.rounds[-1], plan.tried)
                for offset, rounds in enumerate(plan.rounds):
                    held_out = [
                        booster.predict(test, output_margin=True, iteration_range=(0, rounds)) for booster in boosters
                    ]
                    grown[place * len(plan.rounds) + offset, repeat, test_rows] = np.mean(held_out, axis=0)
    margins = np.concatenate([(1 - share) * grown + share * carded for share in shares])
    losses = (np.logaddexp(0.0, margins) - defaulted * margins).mean(axis=(1, 2))
    candidates = [(*forest, share) for share in shares for forest in forests]
    trials = [
        {"depth": depth, "rounds": rounds, **({"scorecard": share} if any(shares) else {}), "log_loss": float(loss)}
        for (depth, rounds, share), loss in zip(candidates, losses, strict=True)
    ]
    return trials, margins
