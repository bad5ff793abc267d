"""What sources may send: granted and ended by the operator, readable to the source itself."""

from __future__ import annotations

from typing import Any

from flask import Response

from chassis.core.moments import written
from chassis.web import idempotency, paging
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.openapi import Blueprint, Shows, refuses, shows
from services.profile.book import source_grant_store, tables
from services.profile.book.api.current import context
from services.profile.book.api.source_grant_schemas import (
    SourceGrantEndSchema,
    SourceGrantOrderSchema,
    SourceGrantPageSchema,
    SourceGrantsAskedSchema,
    SourceGrantSchema,
)
from services.profile.book.domain.source_grant import state_on
from services.profile.book.usecases import grant_source

blueprint = Blueprint("source-grants", __name__, url_prefix="/v1/source-grants", description="What sources may send")
SAME = ("id", "client", "kinds", "channels", "enterprises", "document", "granted_by", "ended_by", "ended_reason")
TIMES = ("expires_on", "granted_at", "ended_at")


@blueprint.post("")
@refuses(blueprint, 400, 422)
@requires("clients:write")
@blueprint.arguments(SourceGrantOrderSchema())
@blueprint.response(201, SourceGrantSchema())
@idempotency.documented
@shows(Shows.OWN_WORDS)
def post_source_grant(wish: dict[str, Any]) -> Response:
    """Grant a client kinds of data by lawful channels, of any firm or of those that are named; as the operator.

    A source sends nothing without a live grant: no file, record, name, connector or look at a file (403, which names
    what is granted and what was asked). Rows of firms beyond the grant are rejected. `invoices` covers both
    directions, and `workbook` what its sheets hold; a file of `enterprises` states outcomes only where `outcomes` are
    granted by its channel.
    """
    terms = grant_source.Terms(**wish)
    with context().database.begin() as session:
        answer = idempotency.once(
            session, lambda: shown(grant_source.grant(context(), session, caller().client, terms))
        )
    return json_answer(answer, 201)


@blueprint.get("")
@refuses(blueprint, 400)
@requires("imports:read")
@blueprint.arguments(SourceGrantsAskedSchema(), location="query")
@blueprint.response(200, SourceGrantPageSchema())
@blueprint.doc(parameters=paging.PARAMETERS)
@shows(Shows.OWN_WORDS)
def list_source_grants(asked: dict[str, Any]) -> Response:
    """List grants, newest first, those that are over too: one's own, or all (or one client's) for an operator."""
    by = caller()
    query = source_grant_store.of(asked["client"] if by.role == "operator" else by.client)
    with context().database.read() as session:
        return json_answer(paging.page(session, query, [tables.SourceGrant.id], shown, newest_first=True))


@blueprint.post("/<grant_id>/end")
@refuses(blueprint, 400, 404, 409, 422)
@requires("clients:write")
@blueprint.arguments(SourceGrantEndSchema())
@blueprint.response(200, SourceGrantSchema())
@idempotency.documented
@shows(Shows.OWN_WORDS)
def post_source_grant_end(said: dict[str, Any], grant_id: str) -> Response:
    """End a grant at once, with the reason: what was received stays, and nothing more is taken under it."""
    with context().database.begin() as session:
        answer = idempotency.once(
            session, lambda: shown(grant_source.end(context(), session, caller().client, grant_id, said["reason"]))
        )
    return json_answer(answer)


def shown(row: tables.SourceGrant) -> dict[str, Any]:
    """Show a grant as it stands today."""
    told = {name: getattr(row, name) for name in SAME}
    times = {name: written(getattr(row, name)) for name in TIMES}
    return {**told, **times, "state": state_on(row.ended_at, row.expires_on, context().today())}
