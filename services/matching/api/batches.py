"""Match batches: many enterprises with one need, as a durable job."""

from __future__ import annotations

from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from chassis.data import jobs
from chassis.web import idempotency, paging
from chassis.web.answers import json_answer, stream
from chassis.web.caller import caller, requires
from chassis.web.openapi import WORK_WAITS, Blueprint, Shows, refuses, shows
from services.matching import store
from services.matching.api import shown
from services.matching.api.batch_schemas import BatchOrderSchema, BatchPageSchema, BatchSchema
from services.matching.api.current import context
from services.matching.api.list_schemas import OrderFiltersSchema
from services.matching.tables import Batch
from services.matching.usecases import browse, match_many
from services.matching.usecases.match_many import BatchOrder

blueprint = Blueprint("match-batches", __name__, url_prefix="/v1/match-batches", description="Many matches at once")
JSON_LINES = "application/jsonl"


@blueprint.post("")
@refuses(blueprint, 400, 422, *WORK_WAITS)
@requires("matches:write")
@blueprint.arguments(BatchOrderSchema())
@blueprint.response(202, BatchSchema())
@idempotency.documented
@shows(Shows.OWN_WORDS)
def post_batch(order: BatchOrder) -> Response:
    """Order matches for many enterprises.

    Null for `enterprises` means every one that you may read. The work goes on when you leave; ask for its state.
    """
    with context().database.begin() as session:
        answer = idempotency.once(session, lambda: _ordered(session, order))
    response = json_answer(answer, 202)
    response.headers["Location"] = f"/v1/match-batches/{answer['id']}"
    return response


@blueprint.get("")
@refuses(blueprint, 422)
@requires("matches:read")
@blueprint.arguments(OrderFiltersSchema(), location="query")
@blueprint.response(200, BatchPageSchema())
@blueprint.doc(parameters=paging.PARAMETERS)
@shows(Shows.OWN_WORDS)
def list_batches(filters: dict[str, Any]) -> Response:
    """List your batches, newest first."""
    with context().database.read() as session:
        query = browse.batches(caller(), filters)
        page = paging.page(session, query, [Batch.id], lambda row: row, newest_first=True)
        return json_answer({**page, "items": shown.orders(session, page["items"], shown.batch)})


@blueprint.get("/<batch_id>")
@refuses(blueprint, 404)
@requires("matches:read")
@blueprint.response(200, BatchSchema())
@shows(Shows.OWN_WORDS)
def get_batch(batch_id: str) -> Response:
    """Read how far a batch is."""
    with context().database.read() as session:
        row = store.batch(session, batch_id, caller().client)
        return json_answer(shown.batch(row, jobs.state_of(session, row, row.job)))


@blueprint.get("/<batch_id>/results")
@refuses(blueprint, 404, 409, 503)
@requires("matches:read")
@blueprint.response(
    200, {"type": "string"}, content_type=JSON_LINES, description="One match a line, or `enterprise` and `problem`"
)
def get_results(batch_id: str) -> Response:
    """Read the results as JSON Lines, one enterprise a line.

    An enterprise whose consent has ended is withheld; the read of every other is recorded.
    """
    return stream(match_many.results(context(), caller(), batch_id), JSON_LINES)


def _ordered(session: Session, order: BatchOrder) -> dict[str, Any]:
    row = match_many.order_batch(session, caller(), order)
    return shown.batch(row, jobs.state_of(session, row, row.job))
