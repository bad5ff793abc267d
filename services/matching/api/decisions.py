"""Decisions: what a bank decided before, from which its probability of approval is learnt."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response

from chassis.web import idempotency, paging
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.openapi import Blueprint, refuses
from services.matching.api import shown
from services.matching.api.current import context
from services.matching.api.decision_schemas import (
    DecisionFiltersSchema,
    DecisionPageSchema,
    DecisionSchema,
    DecisionsOrderSchema,
    DecisionsSchema,
)
from services.matching.domain.approval import PastDecision
from services.matching.tables import Decision
from services.matching.usecases import browse
from services.matching.usecases.keep_decisions import find_decision, import_decisions

blueprint = Blueprint("decisions", __name__, url_prefix="/v1/decisions", description="A bank's past decisions")


@blueprint.post("")
@refuses(blueprint, 400, 422)
@requires("products:write")
@blueprint.arguments(DecisionsOrderSchema())
@blueprint.response(201, DecisionsSchema())
@idempotency.documented
def post_decisions(decisions: list[PastDecision]) -> Response:
    """Import past decisions of your bank, or correct them by their reference.

    Offers of your products then say how likely you approve them. No enterprise is named. What you decide of
    applications here is kept by itself, under the application's id.
    """
    with context().database.begin() as session:
        answer = idempotency.once(session, lambda: asdict(import_decisions(session, caller(), decisions)))
    context().approvals.forget()
    return json_answer(answer, 201)


@blueprint.get("")
@refuses(blueprint, 422)
@requires("products:write")
@blueprint.arguments(DecisionFiltersSchema(), location="query")
@blueprint.response(200, DecisionPageSchema())
@blueprint.doc(parameters=paging.PARAMETERS)
def list_decisions(filters: dict[str, Any]) -> Response:
    """List your bank's decisions, by their reference."""
    query = browse.decisions(caller(), **filters)
    with context().database.read() as session:
        return json_answer(paging.page(session, query, [Decision.reference], shown.decision))


@blueprint.get("/<path:reference>")
@refuses(blueprint, 404)
@requires("products:write")
@blueprint.response(200, DecisionSchema())
def get_decision(reference: str) -> Response:
    """Read one of your bank's decisions."""
    with context().database.read() as session:
        return json_answer(shown.decision(find_decision(session, caller(), reference)))


@blueprint.delete("/<path:reference>")
@refuses(blueprint, 404)
@requires("products:write")
@blueprint.response(204)
def delete_decision(reference: str) -> Response:
    """Take a decision back: nothing is learnt from it any more."""
    with context().database.begin() as session:
        session.delete(find_decision(session, caller(), reference))
    context().approvals.forget()
    return Response(status=204)
