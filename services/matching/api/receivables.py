"""Quotes of advances on invoices."""

from __future__ import annotations

from flask import Response

from chassis.web.answers import json_answer
from chassis.web.caller import requires
from chassis.web.openapi import Blueprint, refuses
from services.matching.api import shown
from services.matching.api.current import context
from services.matching.api.receivable_schemas import QuoteOrderSchema, QuoteSchema
from services.matching.usecases.quote_advance import AdvanceOrder, quote_advance

blueprint = Blueprint(
    "receivable-quotes", __name__, url_prefix="/v1/receivable-quotes", description="Advances on invoices"
)


@blueprint.post("")
@refuses(blueprint, 400, 404, 422, 503)
@requires("matches:write")
@blueprint.arguments(QuoteOrderSchema())
@blueprint.response(200, QuoteSchema())
def post_quote(order: AdvanceOrder) -> Response:
    """Quote an advance on an invoice.

    Priced from the payer's PD, the seller's dilution (its red-letter history), the tenor and recourse, line by line. A
    soft check: it leaves no credit query, only a record of the read, and stores nothing.
    """
    return json_answer(shown.quote(quote_advance(context(), order)))
