"""From the plans of a firm to the one that reaches a target with the least effort, as the model scores each month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.scoring.domain.recourse import Continuations, Point, TargetRule, change_sentence, never, showing_more

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.scoring.ml.scorer import Scored, Scorer


@dataclass(frozen=True, slots=True)
class Goal:
    """What is to be reached: at least so many shown points, a PD of at most `pd`, and every rule on a feature."""

    points: float | None = None
    pd: float | None = None
    rules: tuple[TargetRule, ...] = ()


class Ways:
    """The plans of a firm, scored: `points` and `scored` go together, the first of each plan is today."""

    def __init__(self, scorer: Scorer, found: Continuations, goal: Goal) -> None:
        self.scorer = scorer
        self.found = found
        self.goal = goal
        self.points = found.points
        # What a month gives is what `Scorer.score` will say of it, bit for bit.
        self.scored = scorer.score_few([each.values for each in found.points], depths=[None] * len(found.points))
        self._place = {name: place for place, name in enumerate(scorer.features)}

    def document(self) -> dict[str, Any]:
        """Return the plan of the least effort that reaches the goal, or why none does and what is nearest."""
        places = range(len(self.points))
        reached = min(filter(self._reaches, places), key=self._effort, default=None)
        beside = {
            "now": _certified(self.scored[0]),
            "pace": dict(self.found.pace),
            "carrying_on": self._carrying_on(),
            "showing_more": showing_more(self.found.since, self.points[0].day),
        }
        if reached is not None:
            return {"reachable": True, **self._plan(reached), "blocked": [], "nearest": None, **beside}
        nothing: dict[str, Any] = {"plan": None, "months": None, "path": [], "changes": [], "certified": None}
        near = min(places, key=self._short_of)
        nearest = {"grade": self.scored[near].grade, **self._plan(near)}
        return {"reachable": False, **nothing, "blocked": self._blocked(), "nearest": nearest, **beside}

    def _reaches(self, place: int) -> bool:
        scored, goal = self.scored[place], self.goal
        enough = goal.points is None or scored.score >= goal.points
        safe = goal.pd is None or scored.pd <= goal.pd
        return enough and safe and all(rule.holds(self._value(place, rule.feature)) for rule in goal.rules)

    def _effort(self, place: int) -> tuple[float, ...]:
        point = self.points[place]
        return point.month, *self.found.courses[point.plan].effort

    def _short_of(self, place: int) -> tuple[float, ...]:
        broken = sum(not rule.holds(self._value(place, rule.feature)) for rule in self.goal.rules)
        return broken, -self.scored[place].score, *self._effort(place)

    def _value(self, place: int, feature: str) -> float | None:
        return self.points[place].values[self._place[feature]]

    def _plan(self, place: int) -> dict[str, Any]:
        """Return the plan of a point up to its month; today's has no months."""
        end = self.points[place]
        course = self.found.courses[end.plan]
        steps = [at for at, point in enumerate(self.points) if point.plan == end.plan and 0 < point.month <= end.month]
        plan = {
            "step": course.step,
            "growth_per_month": course.growth,
            "share_of_pace": course.share,
            "carries_on": course.carries_on,
            "sentence": course.sentence(),
        }
        return {
            "plan": plan if end.month else None,
            "months": end.month,
            "path": [self._month(at) for at in steps],
            "changes": self._changes(place),
            "certified": _certified(self.scored[place]),
        }

    def _month(self, place: int) -> dict[str, Any]:
        point = self.points[place]
        trade = self.found.trade[point.plan, point.month]
        return {
            "month": point.month,
            "as_of": point.day.isoformat(),
            "sales_fen": trade["sales"],
            "buyers": trade["buyers"],
            "purchases_fen": trade["purchases"],
            "suppliers": trade["suppliers"],
            **_certified(self.scored[place]),
            "values": {name: self._value(place, name) for name, _ in self._moved(place)},
        }

    def _moved(self, place: int) -> list[tuple[str, float]]:
        """Return the features that a plan moves and what becomes of their points, the most first.

        Of the figures that bring none only those that a rule asks for. Where two figures act together in the model a
        part of the gain may be told with one that stays; such are not among them.
        """
        asked = {rule.feature for rule in self.goal.rules}
        gains = [now - before for now, before in zip(self.scored[place].points, self.scored[0].points, strict=True)]
        moved = [
            (name, gain)
            for name, gain in zip(self.scorer.features, gains, strict=True)
            if (gain or name in asked) and self._value(place, name) != self._value(0, name)
        ]
        return sorted(moved, key=lambda each: -each[1])

    def _changes(self, place: int) -> list[dict[str, Any]]:
        meanings = {each.name: each for each in self.scorer.legend.features}
        changes = []
        for name, points in self._moved(place):
            start, end = self._value(0, name), self._value(place, name)
            title, unit = dict(meanings[name].title), meanings[name].unit
            said = change_sentence(title, unit, start, end, points)
            changes.append(
                {"feature": name, "title": title, "unit": unit, "from": start, "to": end, "points": points}
                | {"sentence": said}
            )
        return changes

    def _carrying_on(self) -> list[dict[str, Any]]:
        """Return the scores of the plan that changes nothing, by month."""
        return [
            {"month": point.month, "as_of": point.day.isoformat(), **_certified(scored)}
            for point, scored in self._after_today()
            if self.found.courses[point.plan].carries_on
        ]

    def _after_today(self) -> Sequence[tuple[Point, Scored]]:
        return [pair for pair in zip(self.points, self.scored, strict=True) if pair[0].month]

    def _blocked(self) -> list[dict[str, Any]]:
        """Return the rules that hold in no month of any plan, with the best that is reached."""
        blocked = []
        for rule in self.goal.rules:
            values = [self._value(place, rule.feature) for place in range(len(self.points))]
            known = [value for value in values if value is not None]
            if not any(map(rule.holds, values)):
                best = (max if rule.op == ">=" else min)(known, default=None)
                blocked.append(never(rule, values[0], best))
        return blocked


def way_up(scorer: Scorer, found: Continuations, goal: Goal) -> dict[str, Any]:
    """Return the least plan for `goal` among a firm's continuations, whose values are those of `scorer.features`.

    Fewest months first, then the least growth, then the fewest additions; or why there is none, and the nearest.
    """
    return Ways(scorer, found, goal).document()


def _certified(scored: Scored) -> dict[str, Any]:
    return {"score": scored.score, "grade": scored.grade, "pd": scored.pd}
