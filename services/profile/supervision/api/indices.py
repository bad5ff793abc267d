"""The integrity index of industries and regions (诚信指数) over HTTP: read by all, ordered by the operator."""

from __future__ import annotations

from typing import Any

from flask import Response

from chassis.web import idempotency, paging
from chassis.web.answers import json_answer, stream
from chassis.web.caller import caller, requires
from chassis.web.openapi import WORK_WAITS, Blueprint, Shows, refuses, shows
from services.profile.book.api.current import context
from services.profile.supervision import index_store
from services.profile.supervision.api import index_shown
from services.profile.supervision.api.index_schemas import (
    IndexOrderBodySchema,
    IndexOrderSchema,
    IndexPageSchema,
    IndexQuerySchema,
)
from services.profile.supervision.domain.cells import Level
from services.profile.supervision.usecases.publish_index import order_index
from services.profile.supervision.usecases.read_index import Asked, cells_asked, order_state

blueprint = Blueprint("indices", __name__, url_prefix="/v1/indices", description="The integrity index")

_EITHER = {"application/json": {"schema": IndexPageSchema()}, "text/csv": {"schema": {"type": "string"}}}


@blueprint.get("")
@refuses(blueprint, 400, 422)
@requires("indices:read")
@blueprint.arguments(IndexQuerySchema(), location="query")
@blueprint.response(200, IndexPageSchema())
@blueprint.doc(parameters=paging.PARAMETERS, responses={"200": {"description": "OK", "content": _EITHER}})
@shows(Shows.COUNTS)
def list_indices(query: dict[str, Any]) -> Response:
    """Read the published index by month, region and industry, with what each component adds and what moved it.

    It tells of no firm: cells of fewer than ten firms are hidden, and others beside them, so that none can be computed
    back. `format=csv` gives all cells asked for as one table.
    """
    level = Level(query["level"]) if query["level"] else None
    asked = Asked(level, query["region"], query["industry"], query["first"], query["last"])
    found = cells_asked(asked)
    with context().database.read() as session:
        months = index_store.months(session, asked.first, asked.last)
        if query["form"] == "csv":
            rows = list(session.scalars(found.order_by(*index_store.KEY)))
            return stream((line.encode() for line in index_shown.table(rows, months)), "text/csv")
        page = paging.page(session, found, index_store.KEY, index_shown.cell)
        return json_answer(index_shown.head(months) | page)


@blueprint.post("")
@refuses(blueprint, 400, 409, 422, *WORK_WAITS)
@requires("indices:write")
@blueprint.arguments(IndexOrderBodySchema())
@blueprint.response(202, IndexOrderSchema())
@idempotency.documented
@shows(Shows.OWN_WORDS)
def post_order(wanted: dict[str, Any]) -> Response:
    """Order months to be published, once each and in their order; a worker computes them from what is known then."""
    with context().database.begin() as session:

        def made() -> dict[str, Any]:
            order = order_index(context(), session, caller(), wanted["first"], wanted["last"])
            return index_shown.order(order.id, *order_state(session, order.id))

        answer = idempotency.once(session, made)
    return json_answer(answer, 202)


@blueprint.get("/orders/<order_id>")
@refuses(blueprint, 404)
@requires("indices:write")
@blueprint.response(200, IndexOrderSchema())
@shows(Shows.OWN_WORDS)
def get_order(order_id: str) -> Response:
    """Tell how far an order of months is."""
    with context().database.read() as session:
        return json_answer(index_shown.order(order_id, *order_state(session, order_id)))
