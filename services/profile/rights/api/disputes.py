"""Disputes (异议): opened by an enterprise about its own file, decided and answered within twenty days."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from sqlalchemy import select
from werkzeug.exceptions import BadRequest

from chassis.web import idempotency, paging
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.openapi import Blueprint, Shows, refuses, shows
from services.profile.book.api import shown as book_shown
from services.profile.book.api.current import context
from services.profile.rights import tables
from services.profile.rights.api import shown
from services.profile.rights.api.dispute_schemas import (
    DecisionSchema,
    DisputeOrderSchema,
    DisputePageSchema,
    DisputeSchema,
)
from services.profile.rights.domain.dispute import Correction, RecordNotFound, State
from services.profile.rights.usecases import dispute as disputes

blueprint = Blueprint("disputes", __name__, url_prefix="/v1/disputes", description="What a firm holds to be wrong")
STATE = {"in": "query", "name": "state", "schema": {"type": "string", "enum": list(State)}}


@blueprint.post("")
@refuses(blueprint, 400, 404, 409, 422)
@requires("disputes:write")
@blueprint.arguments(DisputeOrderSchema())
@blueprint.response(201, DisputeSchema())
@idempotency.documented
@shows(Shows.OWN)
def post_dispute(order: dict[str, Any]) -> Response:
    """Dispute an item of your own file: from the answer on, every read of it is marked.

    A record is named as GET …/evidence lists it. While the dispute is open, scores are given with and without the item.
    """
    answer = idempotency.replayed()
    if answer is None:
        wish = disputes.Wish(reason=order["reason"], statement=order["statement"], **order["item"])
        by = caller()
        item = disputes.item_of(context(), by.enterprise or "", wish.kind, wish.record, wish.field)
        with context().database.begin() as session:
            answer = idempotency.once(
                session, lambda: _plain(disputes.open_dispute(context(), session, by, wish, item))
            )
    return json_answer(answer, 201)


@blueprint.get("")
@refuses(blueprint, 400)
@requires("disputes:read")
@blueprint.response(200, DisputePageSchema())
@blueprint.doc(parameters=[STATE, *paging.PARAMETERS])
@shows(Shows.OFFICE)
def list_disputes() -> Response:
    """List disputes, newest first: an enterprise its own, an operator all."""
    by, table = caller(), tables.Dispute
    query = select(table)
    if by.role != "operator":
        query = query.where(table.enterprise == by.enterprise)
    if wanted := request.args.get("state"):
        if wanted not in list(State):
            raise BadRequest(f"state must be one of: {', '.join(State)}.")
        query = query.where(table.state == wanted)
    with context().database.read() as session:
        return json_answer(paging.page(session, query, [table.id], _shown, newest_first=True))


@blueprint.get("/<dispute_id>")
@refuses(blueprint, 404)
@requires("disputes:read")
@blueprint.response(200, DisputeSchema())
@shows(Shows.OFFICE)
def get_dispute(dispute_id: str) -> Response:
    """Read a dispute: the item as it stood, the term, the written answer."""
    with context().database.read() as session:
        return json_answer(_shown(disputes.find(session, caller(), dispute_id)))


@blueprint.post("/<dispute_id>/withdraw")
@refuses(blueprint, 400, 404, 409)
@requires("disputes:write")
@blueprint.response(200, DisputeSchema())
@idempotency.documented
@shows(Shows.OWN)
def post_withdrawal(dispute_id: str) -> Response:
    """Take a dispute back; the marks go with it."""
    with context().database.begin() as session:
        answer = idempotency.once(session, lambda: _plain(disputes.withdraw(context(), session, caller(), dispute_id)))
    return json_answer(answer)


@blueprint.post("/<dispute_id>/decision")
@refuses(blueprint, 400, 404, 409, 422)
@requires("disputes:decide")
@blueprint.arguments(DecisionSchema())
@blueprint.response(200, DisputeSchema())
@idempotency.documented
@shows(Shows.OFFICE)
def post_decision(said: dict[str, Any], dispute_id: str) -> Response:
    """Decide a dispute and answer it in writing.

    `corrected`: the item was wrong; with `removed` it leaves the book now, with `restated` its source has stated it
    anew already. `confirmed`: it was right. `unresolved`: neither can be shown, and both views stay on record. A
    correction is told to everybody who read the file in the last twelve months.
    """
    answer = idempotency.replayed()
    if answer is None:
        correction = Correction(said["correction"]) if said["correction"] else None
        finding = disputes.Finding(said["decision"], said["reply"], correction)
        item = _item(dispute_id)
        with context().database.begin() as session:
            answer = idempotency.once(
                session, lambda: _plain(disputes.decide(context(), session, caller(), dispute_id, finding, item))
            )
    return json_answer(answer)


def _item(dispute_id: str) -> disputes.Item | None:
    """Return the disputed item as it stands now, None where it is gone; read before the transaction."""
    with context().database.read() as session:
        row = disputes.find(session, caller(), dispute_id)
    try:
        return disputes.item_of(context(), row.enterprise, row.kind, row.record, row.field)
    except RecordNotFound:
        return None


def _shown(row: tables.Dispute) -> dict[str, Any]:
    return shown.dispute(row, context().now())


def _plain(row: tables.Dispute) -> dict[str, Any]:
    return book_shown.plain(_shown(row))
