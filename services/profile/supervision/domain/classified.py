"""From values to points to a class: each indicator's contribution adds up, to the last digit, to the points.

Points are whole hundredths, so that sums are exact. A value that is not known has the points of the worst one: nobody
gains by hiding, and what is missing can be told from what is bad.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from services.profile.supervision.domain.pack import FULL, Class, Pack, Rule

Points = NDArray[np.int64]
WHOLE_UNITS = frozenset({"count", "grade", "month"})
SLACK = 1e-9  # what a float may lack of a whole number


@dataclass(frozen=True, slots=True)
class Share:
    """What one indicator adds: hundredths of a point of `most`; `value` None is not known, and counts as the worst."""

    rule: Rule
    value: float | None
    points: int

    @property
    def most(self) -> int:
        """The hundredths that the best value brings."""
        return self.rule.weight * FULL


@dataclass(frozen=True, slots=True)
class Step:
    """What would raise the points by one indicator alone: to which value, by how many hundredths, and how.

    `enough` tells that this alone reaches the better class of `Classified.next`.
    """

    rule: Rule
    found: float | None
    needed: float
    points: int
    how: str
    enough: bool


def contributions(pack: Pack, values: pl.DataFrame) -> Points:
    """Return the hundredths of a point of each indicator, firms × rules, in the order of the rows of `values`.

    `values` has a column for each rule's key, null where it is not known.
    """
    columns = [_points(rule, values[rule.key]) for rule in pack.rules]
    return np.stack(columns, axis=1) if columns else np.zeros((values.height, 0), np.int64)


def _points(rule: Rule, values: pl.Series) -> Points:
    found = values.cast(pl.Float64).fill_null(np.nan).to_numpy()
    points = np.where(np.isnan(found), rule.least, rule.scale.points(found))
    rounded: Points = np.rint(points * rule.weight).astype(np.int64)
    return rounded


def known_weight(pack: Pack, values: pl.DataFrame) -> Points:
    """Return the weight, 0–100, of the indicators of which a value is known, per firm."""
    weights = [rule.weight * values[rule.key].is_not_null().cast(pl.Int64).to_numpy() for rule in pack.rules]
    total: Points = np.array(weights, np.int64).reshape(len(weights), values.height).sum(axis=0)
    return total


def classes(pack: Pack, added: Points, capped: Sequence[NDArray[np.bool_]]) -> list[Class]:
    """Return the class of each firm: by its points, and no better than the caps that it meets allow."""
    found = [pack.by_points(int(total)) for total in added.sum(axis=1)]
    for cap, hit in zip(pack.caps, capped, strict=True):
        found = [max(each, cap.at_most) if met else each for each, met in zip(found, hit, strict=True)]
    return found


def shares(pack: Pack, values: Mapping[str, float | None], added: Points) -> tuple[Share, ...]:
    """Return the indicators of one firm with what each adds, the least of what it could first."""
    found = [Share(rule, values.get(rule.key), int(points)) for rule, points in zip(pack.rules, added, strict=True)]
    return tuple(sorted(found, key=lambda each: (each.points - each.most, each.rule.key)))


def steps(pack: Pack, found: Sequence[Share]) -> tuple[Step, ...]:
    """Return what would raise the points, what brings most first; what nobody can move is left out.

    Of each the least change is told that reaches the next better class alone; where none does, the best value.
    """
    gap = to_next(pack, sum(each.points for each in found))
    made = [_step(each, gap) for each in found if each.points < each.most and _movable(each)]
    return tuple(sorted(made, key=lambda step: (-step.points, step.rule.key)))


def to_next(pack: Pack, points: int) -> int:
    """Return how many hundredths are missing to the next better class by points; 0 in the best one."""
    better = [least for least in pack.least.values() if least > points]
    return min(better) - points if better else 0


def _movable(share: Share) -> bool:
    return share.value is None or share.rule.actionable != "immutable"


def _step(share: Share, gap: int) -> Step:
    rule, most = share.rule, share.most - share.points
    enough = 0 < gap <= most
    wanted = (share.points + gap) / rule.weight if enough else float(FULL)
    how = "show" if share.value is None else "repair" if _of_records(rule) else rule.actionable
    return Step(rule, share.value, _value_of(rule, wanted), gap if enough else most, how, enough)


def _of_records(rule: Rule) -> bool:
    return rule.dimension == "compliance" and rule.direction > 0 and rule.unit == "count"


def _value_of(rule: Rule, points: float) -> float:
    """Return the value nearest to the worst one that brings these points, rounded to the safe side; counts whole."""
    anchors = sorted(rule.scale.anchors, key=lambda anchor: (anchor[1], -rule.direction * anchor[0]))
    values, reached = np.array(anchors, np.float64).T
    value, digits = float(np.interp(points, reached, values)), 1.0 if rule.unit in WHOLE_UNITS else 1e4
    scaled = value * digits
    return float(np.floor(scaled + SLACK) if rule.direction > 0 else np.ceil(scaled - SLACK)) / digits
