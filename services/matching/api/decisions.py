"""Decisions: what a bank decided before, from which its probability of approval is learnt."""

from __future__ import annotations

from dataclasses import asdict

from flask import Response

from chassis.web import idempotency
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.openapi import Blueprint, refuses
from services.matching.api.current import context
from services.matching.api.decision_schemas import DecisionsOrderSchema, DecisionsSchema
from services.matching.domain.approval import PastDecision
from services.matching.usecases.import_decisions import import_decisions

blueprint = Blueprint("decisions", __name__, url_prefix="/v1/decisions", description="A bank's past decisions")


@blueprint.post("")
@refuses(blueprint, 400, 422)
@requires("products:write")
@blueprint.arguments(DecisionsOrderSchema())
@blueprint.response(201, DecisionsSchema())
@idempotency.documented
def post_decisions(decisions: list[PastDecision]) -> Response:
    """Import past decisions of your bank.

    Offers of your products then say how likely you approve them. No enterprise is named; a reference is taken once.
    """
    with context().database.begin() as session:
        answer = idempotency.once(session, lambda: asdict(import_decisions(session, caller(), decisions)))
    context().approvals.forget()
    return json_answer(answer, 201)
