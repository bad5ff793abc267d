"""Credit repair (信用修复): an authority's decision takes a public record out of every answer."""

from __future__ import annotations

from typing import Any

from flask import Response
from sqlalchemy import select

from chassis.web import idempotency, paging
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.openapi import Blueprint, Shows, refuses, shows
from services.profile.book.api import shown as book_shown
from services.profile.book.api.current import context
from services.profile.book.domain.public_record import DATASET
from services.profile.rights import tables
from services.profile.rights.api import shown
from services.profile.rights.api.dispute_schemas import RepairOrderSchema, RepairPageSchema, RepairSchema
from services.profile.rights.usecases import repair as repairs
from services.profile.rights.usecases.dispute import item_of, record_numbered

blueprint = Blueprint("repairs", __name__, url_prefix="/v1/repairs", description="Public records that were repaired")


@blueprint.post("")
@refuses(blueprint, 400, 404, 409, 422)
@requires("repairs:write")
@blueprint.arguments(RepairOrderSchema())
@blueprint.response(201, RepairSchema())
@idempotency.documented
@shows(Shows.OFFICE)
def post_repair(order: dict[str, Any]) -> Response:
    """Repair a public record: it leaves display, sharing and use at once, as of whatever day.

    The record is named by its document's `number`, or by `record` as GET …/evidence names it.

    A tier's least time of display must be over (minor none, general 3 months, serious a year). Everybody who read the
    file in the last twelve months is told that a record was repaired.
    """
    answer = idempotency.replayed()
    if answer is None:
        number = order.pop("number")
        if number is not None:
            order["record"] = record_numbered(context(), caller(), order["enterprise"], DATASET.name, number)
        decided = repairs.Decided(**order)
        item = item_of(context(), decided.enterprise, DATASET.name, decided.record, None)
        with context().database.begin() as session:
            answer = idempotency.once(
                session,
                lambda: book_shown.plain(shown.repair(repairs.repair(context(), session, caller(), decided, item))),
            )
    return json_answer(answer, 201)


@blueprint.get("")
@refuses(blueprint, 400)
@requires("repairs:read")
@blueprint.response(200, RepairPageSchema())
@blueprint.doc(parameters=paging.PARAMETERS)
@shows(Shows.OFFICE)
def list_repairs() -> Response:
    """List repairs, newest first: an enterprise its own, a source those that it sent, an operator all."""
    by, table = caller(), tables.Repair
    query = select(table)
    if by.role == "enterprise":
        query = query.where(table.enterprise == by.enterprise)
    elif by.role != "operator":
        query = query.where(table.client == by.client)
    with context().database.read() as session:
        return json_answer(paging.page(session, query, [table.id], shown.repair, newest_first=True))


@blueprint.get("/<repair_id>")
@refuses(blueprint, 404)
@requires("repairs:read")
@blueprint.response(200, RepairSchema())
@shows(Shows.OFFICE)
def get_repair(repair_id: str) -> Response:
    """Read a repair."""
    with context().database.read() as session:
        return json_answer(shown.repair(repairs.find(session, caller(), repair_id)))
