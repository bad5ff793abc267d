"""Notices: what happened to a file that you read, decide about, sent data to, or that is your own."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.core.identity import Caller
from chassis.web import idempotency, paging
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.openapi import Blueprint, Shows, refuses, shows
from services.profile.book.api import shown as book_shown
from services.profile.book.api.current import context
from services.profile.rights import tables
from services.profile.rights.api import shown
from services.profile.rights.api.dispute_schemas import NoticePageSchema, NoticeSchema
from services.profile.rights.domain.notice import NoticeNotFound, of_enterprise, of_role

blueprint = Blueprint("notices", __name__, url_prefix="/v1/notices", description="What you have to be told")
OPEN = {
    "in": "query",
    "name": "open",
    "schema": {"type": "boolean"},
    "description": "Only those that nobody has acknowledged yet",
}


@blueprint.get("")
@refuses(blueprint, 400)
@requires("notices:read")
@blueprint.response(200, NoticePageSchema())
@blueprint.doc(parameters=[OPEN, *paging.PARAMETERS])
@shows(Shows.OWN_WORDS)
def list_notices() -> Response:
    """List your notices, newest first.

    A bank finds here each correction and repair in a file that it read in the last twelve months, an operator the terms
    of disputes, an enterprise the answers.
    """
    table = tables.Notice
    query = select(table).where(table.recipient.in_(_names(caller())))
    if request.args.get("open") == "true":
        query = query.where(table.acknowledged_at.is_(None))
    with context().database.read() as session:
        return json_answer(paging.page(session, query, [table.id], shown.notice, newest_first=True))


@blueprint.post("/<notice_id>/acknowledge")
@refuses(blueprint, 404)
@requires("notices:read")
@blueprint.response(200, NoticeSchema())
@idempotency.repeatable
@shows(Shows.OWN_WORDS)
def post_acknowledgement(session: Session, notice_id: str) -> dict[str, Any]:
    """Acknowledge a notice: it stays on file with the moment at which you did."""
    row = session.get(tables.Notice, notice_id, with_for_update=True)
    if row is None or row.recipient not in _names(caller()):
        raise NoticeNotFound("There is no such notice for you.", notice=notice_id)
    row.acknowledged_at = row.acknowledged_at or context().now()
    return book_shown.plain(shown.notice(row))


def _names(by: Caller) -> list[str]:
    """Return the names under which a caller is written to: as itself, by its role, as an enterprise."""
    own = [of_enterprise(by.enterprise)] if by.role == "enterprise" and by.enterprise else []
    return [by.client, of_role(by.role), *own]
