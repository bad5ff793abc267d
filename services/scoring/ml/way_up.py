"""From a score to the cheapest plan that reaches a target, each answer certified by scoring its values again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from services.scoring.domain import scale
from services.scoring.domain.errors import PlanNotCertified
from services.scoring.domain.recourse import MOST_MONTHS, Lever, TargetRule, change_sentence, hindrance, lever
from services.scoring.ml.recourse import Ladder, Move, Search, ladder, search

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.scoring.ml.scorer import Scored, Scorer

    Values = dict[str, float | None]

ASSUMPTIONS = {
    "zh": (
        "各项改变同时进行；未提及的项目保持现状；同源指标随之改善的部分未计入，因此是保守估计；"
        "最少成本按“月数×权重＋1”计，自主可控项权重 1，需客户或供应商配合项权重 2。"
    ),
    "en": (
        "All changes run side by side and what is not named stays as it is; what improves along with a change, being "
        "measured on the same thing, is not counted, so the score is a cautious one. Cost is months times a weight, "
        "plus one a change: weight 1 where the firm decides alone, 2 where customers or suppliers must come along."
    ),
}


@dataclass(frozen=True, slots=True)
class Goal:
    """What is to be reached: at least so many shown points, a PD of at most `pd`, and every rule on a feature."""

    points: float | None = None
    pd: float | None = None
    rules: tuple[TargetRule, ...] = ()

    def met(self, scored: Scored, values: Mapping[str, float | None]) -> bool:
        """Tell whether a score and the values behind it are what was asked for."""
        enough = self.points is None or scored.score >= self.points
        safe = self.pd is None or scored.pd <= self.pd
        return enough and safe and all(rule.holds(values.get(rule.feature)) for rule in self.rules)

    def exact_points(self) -> float:
        """Return the points before rounding from which on points and PD are as asked."""
        wanted = -np.inf if self.points is None else self.points - 0.5 + 1e-6
        if self.pd is None:
            return float(wanted)
        log_odds = np.log(self.pd) - np.log1p(-self.pd)
        return float(max(wanted, float(scale.points_of(log_odds)) + 1e-6))


def way_up(scorer: Scorer, values: Values, goal: Goal) -> dict[str, Any]:
    """Return the cheapest plan for `goal` from a firm's `values` by feature, or why none is and what is nearest."""
    at_hand = _levers(scorer, values)
    blocked = _blocked(goal, at_hand, values)
    if not blocked:
        moves = _plan(scorer, values, goal, _search(scorer, values, goal, at_hand))
        if moves is not None:
            return {"reachable": True, **_shown(scorer, values, goal, moves), "blocked": [], "nearest": None}
    nearest = _nearest(scorer, values, goal, at_hand)
    nothing: dict[str, Any] = {"changes": [], "months": None, "cost": None, "certified": None}
    return {"reachable": False, **nothing, "blocked": blocked, "nearest": nearest}


def _levers(scorer: Scorer, values: Values) -> dict[str, Lever]:
    found = {}
    for meaning in scorer.legend.features:
        value, action = values[meaning.name], scorer.actions.get(meaning.name)
        if value is not None and action is not None:
            made = lever(meaning.name, action, meaning.unit, meaning.dimension, value, meaning.reference)
            if made is not None:
                found[meaning.name] = made
    return found


def _blocked(goal: Goal, levers: Mapping[str, Lever], values: Values) -> list[dict[str, Any]]:
    return [
        {"rule": str(rule), "found": values.get(rule.feature), "needed": rule.value, "why": why}
        for rule in goal.rules
        if not rule.holds(values.get(rule.feature))
        and (why := hindrance(rule, levers.get(rule.feature), values.get(rule.feature))) is not None
    ]


def _plan(scorer: Scorer, values: Values, goal: Goal, found: Search) -> list[Move] | None:
    """Return the cheapest moves, each then made as small as the target allows; None where nothing reaches it."""
    target = goal.exact_points()
    wanted = -1e9 if not np.isfinite(target) else -scorer.margin_of(target)
    if found.margin(found.highest(wanted)) < wanted:
        return None
    moves = found.cheapest(wanted)
    return None if moves is None else _least(scorer, values, goal, moves)


def _search(scorer: Scorer, values: Values, goal: Goal, levers: Mapping[str, Lever]) -> Search:
    demanded = {rule.feature: rule for rule in goal.rules if not rule.holds(values.get(rule.feature))}
    ladders = [_ladder(each, values[name], demanded.get(name)) for name, each in levers.items()]
    row = scorer.encoding.row(values)
    columns = {column.source: place for place, column in enumerate(scorer.encoding.columns)}
    return search(scorer.forest, row, ladders, columns, _rest(scorer, values, ladders))


def _ladder(each: Lever, value: float | None, rule: TargetRule | None) -> Ladder:
    assert value is not None  # a lever is made of a known value only
    if rule is None:
        return ladder(each, value)
    wanted = each.towards(rule.value, outward=True)
    return ladder(each, value, each.months_to(value, wanted) or 1, wanted)


def _rest(scorer: Scorer, values: Values, ladders: Sequence[Ladder]) -> np.ndarray | None:
    """Return what the margin holds beside the trees, by lever and month, less its value now."""
    rows = [values]
    for each in ladders:
        rows += [{**values, each.lever.feature: value} for value in each.values]
    table = np.array([[row[name] for name in scorer.features] for row in rows], dtype=np.float64)
    beside = scorer.beside_trees(table)
    if beside is None:
        return None
    moved: np.ndarray = beside[1:] - beside[0]
    return moved.reshape(len(ladders), MOST_MONTHS + 1)


def _least(scorer: Scorer, values: Values, goal: Goal, moves: list[Move]) -> list[Move]:
    """Make each move as small as the target allows, the dearest first: less to do in the same months."""
    kept = {move.lever.feature: move for move in moves}
    for move in sorted(moves, key=lambda each: -each.cost):
        others = {name: each.value for name, each in kept.items() if name != move.lever.feature}
        value = _smallest(scorer, {**values, **others}, goal, move)
        kept[move.lever.feature] = Move(move.lever, value, move.months)
    return list(kept.values())


def _smallest(scorer: Scorer, values: Values, goal: Goal, move: Move) -> float:
    """Return the value nearest to where the firm stands that still reaches the goal, by bisection: more never hurts."""
    name, each = move.lever.feature, move.lever
    start = values[name]
    assert start is not None
    near, far = 0, max(1, round(abs(move.value - start) / each.grain))
    best = move.value
    while near < far:
        middle = (near + far) // 2
        value = each.towards(start + each.sign * middle * each.grain, outward=True)
        tried = {**values, name: value}
        if (move.value - value) * each.sign >= 0 and goal.met(_scored(scorer, tried), tried):
            far, best = middle, value
        else:
            near = middle + 1
    return best


def _nearest(scorer: Scorer, values: Values, goal: Goal, levers: Mapping[str, Lever]) -> dict[str, Any] | None:
    """Return the best grade within reach, with its cheapest plan; None where only rules on features were asked for."""
    if not np.isfinite(goal.exact_points()):
        return None
    found = _search(scorer, values, Goal(), levers)
    best = {**values, **{move.lever.feature: move.value for move in found.highest()}}
    name = _scored(scorer, best).grade
    goal = Goal(points=next(step.from_points for step in scale.MASTER_SCALE if step.name == name))
    moves = found.cheapest(-scorer.margin_of(goal.exact_points())) or []
    moves = _least(scorer, values, goal, moves)
    return {"grade": name, **_shown(scorer, values, goal, moves)}


def _shown(scorer: Scorer, values: Values, goal: Goal, moves: Sequence[Move]) -> dict[str, Any]:
    reached = {**values, **{move.lever.feature: move.value for move in moves}}
    scored = _scored(scorer, reached)
    if not goal.met(scored, reached) or any(move.months > MOST_MONTHS for move in moves):
        raise PlanNotCertified(
            f"The plan of {len(moves)} changes gives {scored.score} points (PD {scored.pd:.6f}) when it is scored "
            "again, and that is not what was asked for. Nothing is proposed."
        )
    certified = {"score": scored.score, "grade": scored.grade, "pd": scored.pd}
    return {
        "changes": [_change(scorer, values, move) for move in moves],
        "months": max((move.months for move in moves), default=0),
        "cost": sum(move.cost for move in moves),
        "certified": certified,
    }


def _change(scorer: Scorer, values: Values, move: Move) -> dict[str, Any]:
    meaning = next(each for each in scorer.legend.features if each.name == move.lever.feature)
    start = values[meaning.name]
    assert start is not None
    return {
        "feature": meaning.name,
        "title": meaning.title,
        "unit": meaning.unit,
        "from": start,
        "to": move.value,
        "months": move.months,
        "pace_per_month": move.lever.pace,
        "pace_declared": move.lever.declared,
        "sentence": change_sentence(move.lever, meaning.title, start, move.value, move.months),
    }


def _scored(scorer: Scorer, values: Mapping[str, float | None]) -> Scored:
    return scorer.score([values[name] for name in scorer.features])
