"""Dry runs: a product's proposed version over the book, before anybody is told of it."""

from __future__ import annotations

from typing import Any

from flask import Response

from chassis.web import idempotency, paging
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.openapi import WORK_WAITS, Blueprint, Shows, refuses, shows
from services.matching.api.current import context
from services.matching.api.dry_run_schemas import DryRunOrderSchema, DryRunSchema
from services.matching.api.job_schemas import BookPlanPageSchema
from services.matching.api.list_schemas import OrderFiltersSchema
from services.matching.api.plans import listed, ordered, read
from services.matching.api.products import checked, draft_of
from services.matching.domain.dry_run import DryRunOrder
from services.matching.usecases import publish

blueprint = Blueprint("dry-runs", __name__, url_prefix="/v1/products", description="New versions tried on the book")


@blueprint.post("/<product_id>/dry-runs")
@refuses(blueprint, 400, 403, 422, *WORK_WAITS)
@requires("products:write")
@blueprint.arguments(DryRunOrderSchema())
@blueprint.response(202, DryRunSchema())
@idempotency.documented
@shows(Shows.OWN_WORDS)
def post_dry_run(order: dict[str, Any], product_id: str) -> Response:
    """Try a proposed version on the enterprises that you may read.

    It tells who would gain and who would lose the product against the version published now, and by which rule.
    Nothing is published, and no credit query is left: scores are read softly.
    """
    enterprises = order["enterprises"]
    trial = DryRunOrder(
        product=checked(draft_of(order["product"], product_id, field="product.id")),
        enterprises=None if enterprises is None else tuple(enterprises),
        limit=order["limit"],
        need=order["need"],
        as_of=order["as_of"],
    )
    with context().database.begin() as session:
        publish.may_revise(session, caller(), product_id)
        answer = idempotency.once(session, lambda: ordered(session, trial))
    response = json_answer(answer, 202)
    response.headers["Location"] = f"/v1/products/{product_id}/dry-runs/{answer['id']}"
    return response


@blueprint.get("/<product_id>/dry-runs")
@refuses(blueprint, 422)
@requires("products:write")
@blueprint.arguments(OrderFiltersSchema(), location="query")
@blueprint.response(200, BookPlanPageSchema())
@blueprint.doc(parameters=paging.PARAMETERS)
@shows(Shows.OWN_WORDS)
def list_dry_runs(filters: dict[str, Any], product_id: str) -> Response:
    """List your dry runs of a product, newest first, without their results."""
    return json_answer(listed(DryRunOrder.kind, filters, product_id))


@blueprint.get("/<product_id>/dry-runs/<run_id>")
@refuses(blueprint, 404, 503)
@requires("products:write")
@blueprint.response(200, DryRunSchema())
def get_dry_run(product_id: str, run_id: str) -> Response:
    """Read how far a dry run is, and once it is done who gains and loses.

    An enterprise whose consent has ended is withheld, and so are figures that would tell of it: `withheld` says so. The
    read of every other is recorded.
    """
    return json_answer(read(DryRunOrder.kind, run_id))
