"""Applications: an enterprise's wish for a product, and every move of it."""

from __future__ import annotations

from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from chassis.web import idempotency, paging, preconditions
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.openapi import Blueprint, Shows, refuses, shows
from services.matching.api import shown
from services.matching.api.application_schemas import (
    ApplicationHistorySchema,
    ApplicationPageSchema,
    ApplicationSchema,
    DossierOrderSchema,
    DossierSchema,
    MoveSchema,
)
from services.matching.api.current import context
from services.matching.api.list_schemas import ApplicationFiltersSchema
from services.matching.domain.application import Dossier, Statement
from services.matching.tables import Application
from services.matching.usecases import apply, browse, follow
from services.matching.usecases.advance import advance

blueprint = Blueprint("applications", __name__, url_prefix="/v1/applications", description="From a wish to a loan")


@blueprint.post("")
@refuses(blueprint, 400, 404, 409, 422, 503)
@requires("applications:write")
@blueprint.arguments(DossierOrderSchema())
@blueprint.response(201, DossierSchema())
@blueprint.alt_response(200, schema=DossierSchema(), description="All of them were under way already", success=True)
@idempotency.documented
@shows(Shows.OWN_WORDS)
def post_dossier(dossier: Dossier) -> Response:
    """Hand in one dossier to several banks: one application for each product.

    Each keeps the version of its product that is in force today. An enterprise has one application under way for a
    product: handing in the same again returns it (`existing`), another need or other papers are refused.
    """
    answer = idempotency.replayed()
    if answer is None:
        apply.may_apply(context(), caller(), dossier.enterprise)
        with context().database.begin() as session:
            answer = idempotency.once(session, lambda: _handed_in(session, dossier))
    return json_answer(answer, 200 if all(each.get("existing") for each in answer["applications"]) else 201)


@blueprint.get("")
@refuses(blueprint, 400)
@requires("applications:read")
@blueprint.arguments(ApplicationFiltersSchema(), location="query")
@blueprint.response(200, ApplicationPageSchema())
@blueprint.doc(parameters=paging.PARAMETERS)
@shows(Shows.OWN_WORDS)
def list_applications(filters: dict[str, Any]) -> Response:
    """List the applications that you are a party of, newest first."""
    me = caller()
    query = browse.applications(me, filters)
    with context().database.read() as session:
        page = paging.page(session, query, [Application.id], lambda row: shown.application(row, me), newest_first=True)
        return json_answer(page)


@blueprint.get("/<application_id>")
@refuses(blueprint, 404)
@requires("applications:read")
@blueprint.response(200, ApplicationHistorySchema())
@shows(Shows.OWN_WORDS)
def get_application(application_id: str) -> Response:
    """Read an application with its history: who moved it, when and why, and every offer with its payments."""
    with context().database.read() as session:
        row = follow.find(session, caller(), application_id)
        return json_answer(_with_history(session, row))


@blueprint.post("/<application_id>/<event>")
@refuses(blueprint, 400, 404, 409, 412, 422, 503)
@requires("applications:write")
@blueprint.arguments(MoveSchema())
@blueprint.response(200, ApplicationSchema())
@preconditions.documented
@idempotency.documented
@shows(Shows.OWN_WORDS)
def post_event(statement: Statement, application_id: str, event: str) -> Response:
    """Move an application: submit, review, offer, decline, accept, withdraw, disburse, repay, default.

    The applicant submits, accepts and withdraws, a platform with its live mandate for it; the bank does the rest. An
    offer has a number and a last day, a newer one voids it, and it reserves of the product's quota and budget; the firm
    accepts by the number, and what was agreed is entered in the agreement ledger. Each move is told to the parties'
    webhooks, and what becomes of a loan to the bank's outcomes in scoring.
    """

    def effect() -> dict[str, Any]:
        row = _expected(session, application_id, lock=True)
        moved = advance(context(), session, caller(), row, event, statement)
        return shown.application(moved, caller())

    answer = idempotency.replayed()
    if answer is None:
        _ask_leave(application_id, event, statement)
        with context().database.begin() as session:
            answer = idempotency.once(session, effect)
    return json_answer(answer)


def _handed_in(session: Session, dossier: Dossier) -> dict[str, Any]:
    return shown.dossier(apply.hand_in(session, caller(), dossier), caller())


def _ask_leave(application_id: str, event: str, statement: Statement) -> None:
    """Refuse a move that cannot be made as things stand; then ask for the mandate of who makes it for the enterprise.

    In this order, since the enterprise's record tells each time that a mandate was used; and the look is over by then,
    so that no connection is held while profile answers.
    """
    with context().database.read() as session:
        row = _expected(session, application_id)
    follow.require_move(row, caller(), event, statement)
    follow.may_move(context(), caller(), row, event)


def _expected(session: Session, application_id: str, *, lock: bool = False) -> Application:
    """Return an application to one of its parties, as it was when the caller read it."""
    row = follow.find(session, caller(), application_id, lock=lock)
    preconditions.expect(lambda: _with_history(session, row))
    return row


def _with_history(session: Session, row: Application) -> dict[str, Any]:
    return shown.application_with_history(row, follow.course(session, row), caller())
