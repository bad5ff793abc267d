"""Allocations: one budget over many firms, as a durable job, with a proof."""

from __future__ import annotations

from typing import Any

from flask import Response

from chassis.web import idempotency, paging
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.openapi import WORK_WAITS, Blueprint, Shows, refuses, shows
from services.matching.api.allocation_schemas import AllocationOrderSchema, AllocationSchema
from services.matching.api.current import context
from services.matching.api.job_schemas import BookPlanPageSchema
from services.matching.api.list_schemas import OrderFiltersSchema
from services.matching.api.plans import listed, ordered, read
from services.matching.domain.allocation.order import AllocationOrder
from services.matching.usecases.import_churn import newest

blueprint = Blueprint("allocations", __name__, url_prefix="/v1/allocations", description="A budget over many firms")


@blueprint.post("")
@refuses(blueprint, 400, 422, *WORK_WAITS)
@requires("matches:write")
@blueprint.arguments(AllocationOrderSchema())
@blueprint.response(202, AllocationSchema())
@idempotency.documented
@shows(Shows.OWN_WORDS)
def post_allocation(order: AllocationOrder) -> Response:
    """Divide a budget over enterprises.

    Null for `enterprises` means every one that you may read. The plan says for each firm the amount and the rate, what
    the whole earns, and the most that any other plan could earn. Floors that cannot be met are proved and named.
    """
    with context().database.begin() as session:
        newest(session, caller().client)
        answer = idempotency.once(session, lambda: ordered(session, order))
    response = json_answer(answer, 202)
    response.headers["Location"] = f"/v1/allocations/{answer['id']}"
    return response


@blueprint.get("")
@refuses(blueprint, 422)
@requires("matches:read")
@blueprint.arguments(OrderFiltersSchema(), location="query")
@blueprint.response(200, BookPlanPageSchema())
@blueprint.doc(parameters=paging.PARAMETERS)
@shows(Shows.OWN_WORDS)
def list_allocations(filters: dict[str, Any]) -> Response:
    """List your allocations, newest first, without their results."""
    return json_answer(listed(AllocationOrder.kind, filters))


@blueprint.get("/<allocation_id>")
@refuses(blueprint, 404, 503)
@requires("matches:read")
@blueprint.response(200, AllocationSchema())
def get_allocation(allocation_id: str) -> Response:
    """Read how far an allocation is, and once it is done its plan.

    An enterprise whose consent has ended is withheld, and so are figures that would tell of it: `withheld` says so. The
    read of every other is recorded.
    """
    return json_answer(read(AllocationOrder.kind, allocation_id))
