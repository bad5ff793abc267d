"""What an enterprise could change to reach a grade, a score or a product's rules: the way up from a stored score."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from chassis.core.identity import Caller
from chassis.core.problems import UpstreamProblem
from services.scoring.context import Context
from services.scoring.domain import scale
from services.scoring.domain.assessment import Assessment
from services.scoring.domain.counting import Counts
from services.scoring.domain.errors import ConsentEnded, TargetNotUnderstood
from services.scoring.domain.overlay import effective_grade, hindrances
from services.scoring.domain.recourse import ASSUMPTIONS, Continuations, Target, TargetRule
from services.scoring.ml.scorer import Scorer
from services.scoring.ml.way_up import Goal, way_up
from services.scoring.usecases.read_score import stored_score
from services.scoring.usecases.retell import ENDED, as_told


def find_way_up(context: Context, caller: Caller, score_id: str, target: Target) -> dict[str, Any]:
    """Return the least plan, from what the stored score was made of and by its model; nothing is stored.

    The look at the file leaves the record that a read of the score does. Raises `ConsentEnded` as that does.
    """
    assessment = as_told(context, caller, stored_score(context, caller, score_id))
    scorer = context.shelf[assessment.model]
    goal = goal_of(target, scorer)
    found = _continuations(context, assessment, scorer)
    return {
        "score": assessment.id,
        "enterprise": assessment.enterprise,
        "model": {"version": scorer.version, "reference": scorer.legend.reference},
        "needed": {"score": goal.points, "pd": goal.pd},
        **_under_rules(assessment, goal, way_up(scorer, found, goal)),
        "assumptions": ASSUMPTIONS,
    }


def _continuations(context: Context, assessment: Assessment, scorer: Scorer) -> Continuations:
    """Return how the firm could go on from the reading of its file that decided the score; its ties stay."""
    beside = assessment.beside
    confirmed = beside is not None and beside.counts is Counts.EVERYTHING
    moving = [name for name in scorer.features if name not in scorer.of_blocks]
    try:
        found = context.profile.continuations(assessment, moving, confirmed=confirmed)
    except UpstreamProblem as problem:
        if problem.document["status"] == HTTPStatus.FORBIDDEN:
            raise ConsentEnded(ENDED) from None
        raise
    then = dict(zip(scorer.features, assessment.values, strict=True))
    return found.beside(moving, scorer.features, then) if scorer.of_blocks else found


def _under_rules(assessment: Assessment, goal: Goal, found: dict[str, Any]) -> dict[str, Any]:
    """Return a way up as far as the expert rules let it lead: what they cap no change of figures lifts."""
    ruled = hindrances(assessment.overlay, goal.points, goal.pd)
    nearest = found["nearest"]
    if nearest is not None and effective_grade(nearest["grade"], assessment.overlay) != nearest["grade"]:
        nearest = None
    if not ruled:
        return {**found, "nearest": nearest}
    nothing: dict[str, Any] = {"plan": None, "months": None, "path": [], "changes": [], "certified": None}
    blocked = [*found["blocked"], *ruled]
    return {**found, **nothing, "reachable": False, "blocked": blocked, "nearest": nearest}


def goal_of(target: Target, scorer: Scorer) -> Goal:
    """Return what a target asks of score, PD and features; raise `TargetNotUnderstood` for what the model lacks."""
    rules = target.rules
    unknown = sorted({rule.feature for rule in rules} - {*scorer.features, "score", "pd"})
    if unknown:
        raise TargetNotUnderstood(
            f"Model {scorer.version} does not look at {', '.join(unknown)}, so no plan can be certified for it. Name "
            "features of the score's contributions, `score` or `pd`.",
            unknown=unknown,
        )
    points = [*_points(target), *(rule.value for rule in _on(rules, "score", ">="))]
    pds = [rule.value for rule in _on(rules, "pd", "<=")]
    return Goal(
        points=max(points, default=None),
        pd=min(pds, default=None),
        rules=tuple(rule for rule in rules if rule.feature not in {"score", "pd"}),
    )


def _points(target: Target) -> list[float]:
    points = [] if target.score is None else [float(target.score)]
    if target.grade is not None:
        points += [step.from_points for step in scale.MASTER_SCALE if step.name == target.grade]
    return [max(each, -1e6) for each in points]  # the lowest grade begins nowhere


def _on(rules: Sequence[TargetRule], name: str, op: str) -> list[TargetRule]:
    found = [rule for rule in rules if rule.feature == name]
    for rule in found:
        if rule.op != op or (name == "pd" and not scale.PD_FLOOR <= rule.value < 1):
            raise TargetNotUnderstood(
                f"{rule} cannot be asked for: use `score >= points`, or `pd <=` a value from {scale.PD_FLOOR} to 1.",
                rule=str(rule),
            )
    return found
