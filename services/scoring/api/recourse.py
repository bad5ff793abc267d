"""The way up from a score: what to change to reach a grade or a product's rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response

from chassis.core.call import timed
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.openapi import Blueprint, refuses
from services.scoring.api.current import context
from services.scoring.api.recourse_schemas import RecourseOrderSchema, RecourseSchema
from services.scoring.domain.recourse import Target, TargetRule
from services.scoring.usecases.find_way_up import find_way_up

blueprint = Blueprint("recourse", __name__, url_prefix="/v1/scores", description="What to change to score better")


@blueprint.post("/<score_id>/recourse")
@requires("scores:read")
@refuses(blueprint, 400, 404, 422, 503)
@blueprint.arguments(RecourseOrderSchema())
@blueprint.response(200, RecourseSchema())
def post_recourse(order: dict[str, Any], score_id: str) -> Response:
    """Find the cheapest feasible changes that reach a target, certified by re-scoring.

    At most five changes, none of an immutable feature, each within its pace for at most twelve months. "Not reachable"
    is an answer, with the nearest reachable grade. It is worked out from the stored score: nothing is read anew or
    stored, so it is no credit query. The enterprise itself may ask, and the bank while it holds a consent.
    """
    with timed("way-up"):
        answer = find_way_up(context(), caller(), score_id, _target(**order["target"]))
    return json_answer({**answer, "target": order["target"]})


def _target(rules: Sequence[Mapping[str, Any]] = (), **named: Any) -> Target:
    return Target(**named, rules=tuple(TargetRule(**rule) for rule in rules))
