"""From a probability of default to points and a grade, and back.

Points follow the usual points-to-double-odds scale: 600 points at odds of 50 good to 1 bad, 40 more points
for twice the odds. Every performing grade but the two ends is 40 points wide: each step down doubles the odds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

ANCHOR_POINTS = 600.0
ANCHOR_ODDS = 50.0
POINTS_TO_DOUBLE_ODDS = 40.0
# Basel III final framework (d424), CRE32.4: the PD of a corporate exposure is never taken below 0.05 %.
PD_FLOOR = 0.0005

POINTS_PER_LOG_ODDS = POINTS_TO_DOUBLE_ODDS / float(np.log(2.0))
POINTS_AT_EVEN_ODDS = ANCHOR_POINTS - POINTS_PER_LOG_ODDS * float(np.log(ANCHOR_ODDS))


@dataclass(frozen=True, slots=True)
class Grade:
    """One step of the master scale: its name and the fewest points that reach it."""

    name: str
    from_points: float


# Ten performing grades, best first; the eleventh, "D" (in default), is observed and never predicted.
# A starts at odds 100:1 (PD 0.99 %), BBB at 50:1, and so on; version it when a boundary moves.
MASTER_SCALE_VERSION = "2025.1"
MASTER_SCALE: tuple[Grade, ...] = (
    Grade("AAA", 760.0),
    Grade("AA+", 720.0),
    Grade("AA", 680.0),
    Grade("A", 640.0),
    Grade("BBB", 600.0),
    Grade("BB", 560.0),
    Grade("B", 520.0),
    Grade("CCC", 480.0),
    Grade("CC", 440.0),
    Grade("C", float("-inf")),
)
IN_DEFAULT = "D"
# Ours: A up to 1 in 101 expected to default, B up to 1 in 26, C up to 1 in 7.2 (PD 0.99, 3.85 and 13.8 %), D beyond and
# in default. Each boundary is a grade's, so that class and grade never disagree.
SUPERVISION_CLASSES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("A", ("AAA", "AA+", "AA", "A")),
    ("B", ("BBB", "BB")),
    ("C", ("B", "CCC")),
    ("D", ("CC", "C", IN_DEFAULT)),
)

_BOUNDS = np.array([grade.from_points for grade in MASTER_SCALE[:-1]][::-1])
_NAMES = np.array([grade.name for grade in MASTER_SCALE][::-1])


def points_of(log_odds_of_default: ArrayLike) -> NDArray[np.float64]:
    """Return the points of a log-odds of default; affine, so contributions in log-odds stay additive in points."""
    return POINTS_AT_EVEN_ODDS - POINTS_PER_LOG_ODDS * np.asarray(log_odds_of_default, dtype=np.float64)


def pd_of(points: ArrayLike) -> NDArray[np.float64]:
    """Return the probability of default of points, before the floor; the inverse of `points_of` on log-odds."""
    log_odds = (POINTS_AT_EVEN_ODDS - np.asarray(points, dtype=np.float64)) / POINTS_PER_LOG_ODDS
    return sigmoid(log_odds)


def points_of_pd(pd: ArrayLike) -> NDArray[np.float64]:
    """Return the points of a probability of default strictly between 0 and 1; the inverse of `pd_of`."""
    values = np.asarray(pd, dtype=np.float64)
    return points_of(np.log(values) - np.log1p(-values))


def floored(pd: ArrayLike) -> NDArray[np.float64]:
    """Return the PD as it is shown and priced: never under the Basel floor. Points keep the unfloored value."""
    return np.maximum(np.asarray(pd, dtype=np.float64), PD_FLOOR)


def grades_of(points: ArrayLike) -> NDArray[np.str_]:
    """Return the grade names of an array of points."""
    return _NAMES[np.searchsorted(_BOUNDS, np.asarray(points, dtype=np.float64), side="right")]


def grade_of(points: float) -> str:
    """Return the grade name of one number of points."""
    return str(grades_of(points))


def supervision_class(grade: str) -> str:
    """Return the class A to D of classified supervision (分级分类监管) of a grade, default included."""
    return next(name for name, grades in SUPERVISION_CLASSES if grade in grades)


def pd_bounds(grade: str) -> tuple[float, float]:
    """Return the lowest (exclusive) and highest (inclusive) PD of a performing grade, before the floor."""
    position = [step.name for step in MASTER_SCALE].index(grade)
    best = MASTER_SCALE[position - 1].from_points if position else float("inf")
    return float(pd_of(best)), float(pd_of(MASTER_SCALE[position].from_points))


def sigmoid(x: ArrayLike) -> NDArray[np.float64]:
    """Return the logistic function without overflow at either end."""
    values = np.asarray(x, dtype=np.float64)
    small = np.exp(-np.abs(values))
    return np.where(values >= 0, 1.0, small) / (1.0 + small)
