"""Churn curves: how many customers a rate loses, as each bank has seen it."""

from __future__ import annotations

from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from chassis.web import idempotency
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.openapi import Blueprint, refuses
from services.matching.api import shown
from services.matching.api.churn_schemas import ChurnCurvesOrderSchema, ChurnCurvesSchema
from services.matching.api.current import context
from services.matching.domain.churn import ObservedCurve
from services.matching.usecases import import_churn

blueprint = Blueprint("churn-curves", __name__, url_prefix="/v1/churn-curves", description="Customers lost by rate")


@blueprint.post("")
@refuses(blueprint, 400, 422)
@requires("products:write")
@blueprint.arguments(ChurnCurvesOrderSchema())
@blueprint.response(201, ChurnCurvesSchema())
@idempotency.documented
def post_curves(curves: tuple[ObservedCurve, ...]) -> Response:
    """Import your bank's churn curves.

    They count for your own allocations from now on. Where the share lost falls as the rate rises, the closest curve
    that never falls is used (isotonic regression); both are shown.
    """
    with context().database.begin() as session:
        return json_answer(idempotency.once(session, lambda: _imported(session, curves)), 201)


@blueprint.get("")
@refuses(blueprint, 422)
@requires("products:read")
@blueprint.response(200, ChurnCurvesSchema())
def get_curves() -> Response:
    """Read your bank's churn curves that count now."""
    with context().database.read() as session:
        return json_answer(shown.churn_curves(import_churn.newest(session, caller().client)))


def _imported(session: Session, curves: tuple[ObservedCurve, ...]) -> dict[str, Any]:
    return shown.churn_curves(import_churn.import_churn(session, caller(), curves))
