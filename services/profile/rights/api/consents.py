"""Consents: given by an enterprise about itself, seen by both sides, revoked at once."""

from __future__ import annotations

from typing import Any

from flask import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.web import idempotency, paging
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.openapi import Blueprint, Shows, refuses, shows
from services.profile.book.api.current import context
from services.profile.rights import tables
from services.profile.rights.api import shown
from services.profile.rights.api.consent_schemas import (
    ConsentDetailSchema,
    ConsentPageSchema,
    ConsentSchema,
    GrantSchema,
)
from services.profile.rights.domain.consent import kept_by_law
from services.profile.rights.usecases.grant import Grant, find, grant, revoke

blueprint = Blueprint("consents", __name__, url_prefix="/v1/consents", description="Who may read a file, and why")


@blueprint.post("")
@refuses(blueprint, 400, 422)
@requires("consents:write")
@blueprint.arguments(GrantSchema())
@blueprint.response(201, ConsentSchema())
@idempotency.documented
@shows(Shows.OWN)
def post_consent(given: dict[str, Any]) -> Response:
    """Consent that a client reads your file for these purposes until a day."""
    wish = Grant(**{**given, "purposes": tuple(given["purposes"]), "fields": tuple(given["fields"])})
    with context().database.begin() as session:
        answer = idempotency.once(session, lambda: shown.consent(grant(context(), session, caller(), wish)))
    return json_answer(answer, 201)


@blueprint.get("")
@refuses(blueprint, 400)
@requires("consents:read")
@blueprint.response(200, ConsentPageSchema())
@blueprint.doc(parameters=paging.PARAMETERS)
@shows(Shows.OWN_WORDS)
def list_consents() -> Response:
    """List consents, newest first: an enterprise those it gave, everybody else those they were given."""
    reader = caller()
    table = tables.Consent
    mine = table.enterprise == reader.enterprise if reader.role == "enterprise" else table.grantee == reader.client
    with context().database.read() as session:
        return json_answer(
            paging.page(session, select(table).where(mine), [table.id], shown.consent, newest_first=True)
        )


@blueprint.get("/<consent_id>")
@refuses(blueprint, 404)
@requires("consents:read")
@blueprint.response(200, ConsentDetailSchema())
@shows(Shows.OWN_WORDS)
def get_consent(consent_id: str) -> Response:
    """Read a consent, and what stays on file, by which law, when it ends."""
    with context().database.read() as session:
        row = find(session, caller(), consent_id)
    return json_answer({**shown.consent(row), "kept": [shown.kept(each) for each in kept_by_law()]})


@blueprint.post("/<consent_id>/revoke")
@refuses(blueprint, 404, 409)
@requires("consents:write")
@blueprint.response(200, ConsentSchema())
@idempotency.repeatable
@shows(Shows.OWN)
def post_revocation(session: Session, consent_id: str) -> dict[str, Any]:
    """Revoke a consent: it binds at once, for everything derived as well."""
    return shown.consent(revoke(context(), session, caller(), consent_id))
