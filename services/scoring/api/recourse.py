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
    """Find the plan of least effort that reaches a target, simulated on the firm's own invoices.

    Twelve months at most, at most at the firm's own pace of growth, with partners it has had. The same catalogue and
    model give each month's figures and score: the invoices of the plan, written and imported, give the certified score.
    "Not reachable" is an answer, with the nearest within reach. The look at the file is recorded as a read of the score
    and uses up none; nothing is stored. The enterprise itself may ask, and the bank while it holds a consent.
    """
    with timed("way-up"):
        answer = find_way_up(context(), caller(), score_id, _target(**order["target"]))
    return json_answer({**answer, "target": order["target"]})


def _target(rules: Sequence[Mapping[str, Any]] = (), **named: Any) -> Target:
    return Target(**named, rules=tuple(TargetRule(**rule) for rule in rules))
