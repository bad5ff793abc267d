"""Assignments: many firms and many products at once, so that nobody can rightly ask for another."""

from __future__ import annotations

from typing import Any

from flask import Response

from chassis.web import idempotency, paging
from chassis.web.answers import json_answer
from chassis.web.caller import requires
from chassis.web.openapi import WORK_WAITS, Blueprint, Shows, refuses, shows
from services.matching.api.assignment_schemas import AssignmentOrderSchema, AssignmentSchema
from services.matching.api.current import context
from services.matching.api.job_schemas import BookPlanPageSchema
from services.matching.api.list_schemas import OrderFiltersSchema
from services.matching.api.plans import listed, ordered, read
from services.matching.domain.assignment.order import AssignmentOrder

blueprint = Blueprint("assignments", __name__, url_prefix="/v1/assignments", description="Many firms, many products")


@blueprint.post("")
@refuses(blueprint, 400, 422, *WORK_WAITS)
@requires("matches:write")
@blueprint.arguments(AssignmentOrderSchema())
@blueprint.response(202, AssignmentSchema())
@idempotency.documented
@shows(Shows.OWN_WORDS)
def post_assignment(order: AssignmentOrder) -> Response:
    """Assign products to many firms at once.

    Each firm ranks its offers by what they cost it; each product ranks the firms by risk or by fit. The answer is
    pairwise stable where such an assignment was found, else stable in turn, and says which; pairs that block are
    counted by a check of its own.
    """
    with context().database.begin() as session:
        answer = idempotency.once(session, lambda: ordered(session, order))
    response = json_answer(answer, 202)
    response.headers["Location"] = f"/v1/assignments/{answer['id']}"
    return response


@blueprint.get("")
@refuses(blueprint, 422)
@requires("matches:read")
@blueprint.arguments(OrderFiltersSchema(), location="query")
@blueprint.response(200, BookPlanPageSchema())
@blueprint.doc(parameters=paging.PARAMETERS)
@shows(Shows.OWN_WORDS)
def list_assignments(filters: dict[str, Any]) -> Response:
    """List your assignments, newest first, without their results."""
    return json_answer(listed(AssignmentOrder.kind, filters))


@blueprint.get("/<assignment_id>")
@refuses(blueprint, 404, 503)
@requires("matches:read")
@blueprint.response(200, AssignmentSchema())
def get_assignment(assignment_id: str) -> Response:
    """Read how far an assignment is, and once it is done who gets what.

    An enterprise whose consent has ended is withheld, and so are figures that would tell of it: `withheld` says so. The
    read of every other is recorded.
    """
    return json_answer(read(AssignmentOrder.kind, assignment_id))
