"""Outcomes: what a bank saw happen to its borrowers."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from chassis.web.caller import caller, requires
from chassis.web.idempotency import idempotent
from chassis.web.openapi import Blueprint, Shows, refuses, shows
from services.scoring.api import shown
from services.scoring.api.schemas import OutcomeOrderSchema, OutcomeSchema
from services.scoring.domain.order import Observation
from services.scoring.usecases.record_outcome import record_outcome

blueprint = Blueprint("outcomes", __name__, url_prefix="/v1/outcomes", description="What happened to borrowers")


@blueprint.post("")
@requires("outcomes:write")
@refuses(blueprint, 400, 422)
@blueprint.arguments(OutcomeOrderSchema())
@blueprint.response(201, OutcomeSchema())
@idempotent
@shows(Shows.OWN_WORDS)
def post_outcome(session: Session, order: dict[str, Any]) -> dict[str, Any]:
    """Report what happened to a borrower; the bank's next training learns from it."""
    return shown.outcome(record_outcome(session, caller(), Observation(**order)))
