"""Enterprises: who they are, what their invoices say, and who looked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, request
from sqlalchemy import select

from chassis.core.errors import Forbidden
from chassis.web import paging
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.openapi import Blueprint, Shows, refuses, shows
from services.profile.book.api import shown as book_shown
from services.profile.book.api.current import context
from services.profile.book.api.imports import CHANNEL
from services.profile.book.domain.attributes import warnings
from services.profile.book.domain.channel import Channel, channel_of
from services.profile.book.domain.source_grant import Asked
from services.profile.book.tables import Enterprise
from services.profile.book.usecases.enrol import enrol
from services.profile.book.usecases.grant_source import require
from services.profile.rights import tables
from services.profile.rights.api import shown
from services.profile.rights.api.consent_schemas import AccessPageSchema
from services.profile.rights.api.reading import PURPOSE, marked, marks, reading
from services.profile.rights.api.schemas import EnterpriseBodySchema, EnterprisePageSchema, EnterpriseSchema
from services.profile.rights.domain.resource import Resource
from services.profile.rights.usecases.list_enterprises import listed
from services.profile.rights.usecases.open_file import open_file
from services.profile.rights.usecases.read_enterprise import read_enterprise
from services.profile.standards.codes import NotAnEnterpriseId, enterprise_id

blueprint = Blueprint("enterprises", __name__, url_prefix="/v1/enterprises", description="Enterprises and their files")
ONE = {
    "in": "query",
    "name": "id",
    "schema": {"type": "string"},
    "description": "Only this enterprise, if it is in your list: tells who it is without opening its file",
}
FOR = {
    "in": "query",
    "name": "purpose",
    "schema": {"type": "string"},
    "description": "For banks and platforms: only enterprises whose consent covers this purpose",
}
NAME = {
    "in": "query",
    "name": "name",
    "schema": {"type": "string", "minLength": 2, "maxLength": 128},
    "description": "Only the firm of this name as far as names tell, however it is written; or those that it may be",
}
LONGEST_NAME = 128
KIND = "enterprises"


@blueprint.put("/<enterprise>")
@refuses(blueprint, 409, 422)
@requires("enterprises:write")
@blueprint.arguments(EnterpriseBodySchema())
@blueprint.response(200, EnterpriseSchema())
@blueprint.alt_response(201, schema=EnterpriseSchema(), description="It is new in the book", success=True)
@blueprint.doc(parameters=[CHANNEL])
@shows(Shows.OWN_WORDS)
def put_enterprise(said: dict[str, Any], enterprise: str) -> Response:
    """Name an enterprise, or say more of it; what is left out stays as it was.

    The answer shows who it is and what was said here; what others said of it is part of its file.
    """
    name = enterprise_id(enterprise)
    if said.pop("id", name) != name:
        raise NotAnEnterpriseId("The id in the body is not the one in the path; leave it out.")
    if caller().role == "enterprise" and not caller().owns(name):
        raise Forbidden("An enterprise describes itself only.")
    channel = Channel.SUBJECT
    if caller().role != "enterprise":
        channel = channel_of(request.args.get("channel"), caller().role, KIND)
        require(context(), caller(), Asked(KIND, channel, name))
    with context().database.begin() as session:
        firm, is_new = enrol(context(), session, name, said, channel)
    told = list(warnings(name, said))
    return json_answer(book_shown.stated(firm, said) | ({"warnings": told} if told else {}), 201 if is_new else 200)


@blueprint.get("")
@refuses(blueprint, 400, 422)
@requires("enterprises:read")
@blueprint.response(200, EnterprisePageSchema())
@blueprint.doc(parameters=[ONE, FOR, NAME, *paging.PARAMETERS])
@shows(Shows.ROSTER)
def list_enterprises() -> Response:
    """List enterprises: all for operators and sources, those that gave you a consent for banks and platforms.

    It opens no file: what a firm disputes is told in its own list alone, to others by what they read of it.
    """
    wanted = enterprise_id(request.args["id"]) if request.args.get("id") else None
    name = request.args.get("name", "")[:LONGEST_NAME]
    with context().database.read() as session:
        query = listed(context(), session, caller(), wanted, request.args.get("purpose"), name or None)
        page = paging.page(session, query, [Enterprise.id], book_shown.listed)
    page["items"] = [{**item, "disputes": _own_marks(item["id"])} for item in page["items"]]
    return json_answer(page)


@blueprint.get("/<enterprise>")
@refuses(blueprint, 404, 422)
@requires("enterprises:read")
@blueprint.response(200, EnterpriseSchema())
@blueprint.doc(parameters=[PURPOSE])
def get_enterprise(enterprise: str) -> Response:
    """Read who an enterprise is."""
    permit, firm = read_enterprise(context(), reading(Resource.ENTERPRISE), enterprise_id(enterprise))
    return json_answer(marked(permit, book_shown.enterprise(firm)))


@blueprint.get("/<enterprise>/accesses")
@refuses(blueprint, 400, 422)
@requires("accesses:read")
@blueprint.response(200, AccessPageSchema())
@blueprint.doc(parameters=paging.PARAMETERS)
@shows(Shows.OWN_WORDS)
def list_accesses(enterprise: str) -> Response:
    """List who read an enterprise's file, when, why and under which consent, newest first.

    The enterprise sees every read; another reader sees its own reads only.
    """
    name = enterprise_id(enterprise)
    query = select(tables.Access).where(tables.Access.enterprise == name)
    if not caller().owns(name):
        query = query.where(tables.Access.client == caller().client)
    with context().database.read() as session:
        return json_answer(paging.page(session, query, [tables.Access.id], shown.access, newest_first=True))


def _own_marks(enterprise: str) -> list[Mapping[str, Any]]:
    """Return what the caller disputes in its own file; what others dispute is part of a file, and of no list."""
    if not caller().owns(enterprise):
        return []
    with context().database.connection() as connection:
        permit = open_file(context(), connection, reading(Resource.ENTERPRISE), enterprise)
    return marks(permit).get(enterprise, [])
