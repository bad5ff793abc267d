"""Connectors: the layouts of sources that are understood as they are, shipped ones and a sender's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import orjson
from flask import Response

from chassis.core.identity import Caller
from chassis.web import paging, preconditions
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.openapi import Blueprint, Shows, refuses, shows
from services.profile.book import connector_store
from services.profile.book.api.connector_schemas import (
    ConnectorDetailSchema,
    ConnectorListSchema,
    ConnectorVersionsSchema,
    DeclarationSchema,
    OwnerSchema,
)
from services.profile.book.api.current import context
from services.profile.book.domain.connector import Connector
from services.profile.book.readers.forms import connectors, declarations
from services.profile.book.tables import SavedConnector
from services.profile.book.usecases import connect

blueprint = Blueprint("connectors", __name__, url_prefix="/v1/connectors", description="Layouts of sources, as data")
SHIPPED: dict[str, Any] = {"owner": None, "version": None, "saved_at": None, "retired_at": None}


@blueprint.get("")
@refuses(blueprint, 400)
@blueprint.response(200, ConnectorListSchema())
@blueprint.doc(parameters=paging.PARAMETERS)
@shows(Shows.OWN_WORDS)
def list_connectors() -> Response:
    """List the connectors: which source's columns, values and units are understood as they are.

    Those that come with the service, then your own, each in its newest version; an operator sees everybody's.
    """
    reader = caller()
    with context().database.read() as session:
        own = connector_store.live(session, None if reader.role == "operator" else reader.client)
    every: list[Connector | SavedConnector] = [*connectors().values(), *own]
    return json_answer(paging.sliced(every, _all_shown))


@blueprint.get("/<name>")
@refuses(blueprint, 404)
@blueprint.arguments(OwnerSchema(), location="query")
@blueprint.response(200, ConnectorDetailSchema())
@shows(Shows.OWN_WORDS)
def get_connector(asked: dict[str, Any], name: str) -> Response:
    """Read a connector with its declaration: a shipped one, or the newest version of your own."""
    reader = caller()
    with context().database.read() as session:
        found = connector_store.newest(session, _owner(reader, asked), name)
        if found is None and name in connectors():
            return json_answer({**_shown(connectors()[name]), "declaration": declarations()[name]})
        return _tagged(connect.newest(session, _owner(reader, asked), name))


@blueprint.get("/<name>/versions")
@refuses(blueprint, 404)
@blueprint.arguments(OwnerSchema(), location="query")
@blueprint.response(200, ConnectorVersionsSchema())
@shows(Shows.OWN_WORDS)
def list_connector_versions(asked: dict[str, Any], name: str) -> Response:
    """List the versions of a connector of your own, newest first: none is ever changed."""
    with context().database.read() as session:
        rows = connect.versions(session, _owner(caller(), asked), name)
    return json_answer({"items": [_detailed(row) for row in rows]})


@blueprint.put("/<name>")
@refuses(blueprint, 400, 409, 412, 422)
@requires("imports:write")
@blueprint.arguments(DeclarationSchema())
@blueprint.response(200, ConnectorDetailSchema())
@blueprint.alt_response(201, schema=ConnectorDetailSchema(), description="The first version", success=True)
@preconditions.documented
@shows(Shows.OWN_WORDS)
def put_connector(document: dict[str, Any], name: str) -> Response:
    """Save a connector of your own, or its next version: imports can name it from now on, as `?connector=`.

    It is declared with the words of the shipped ones (GET one of them), most easily as `POST /v1/import-previews`
    proposes it. The same again changes nothing. An import keeps the version that was the newest when it was received.
    """
    document.setdefault("title", {"zh": name, "en": name})
    with context().database.begin() as session:
        row, is_new = connect.save(context(), session, caller(), name, document, _version_meant())
    return _tagged(row, 201 if is_new else 200)


@blueprint.delete("/<name>")
@refuses(blueprint, 400, 404, 412)
@requires("imports:write")
@blueprint.response(204)
@preconditions.documented
def delete_connector(name: str) -> Response:
    """End a connector of your own for new imports; its versions stay readable."""
    with context().database.begin() as session:
        connect.retire(context(), session, caller(), name, _version_meant())
    return Response(status=204)


def _version_meant() -> int | None:
    return preconditions.version_meant(may_be_none=True)


def _owner(reader: Caller, asked: dict[str, Any]) -> str:
    return asked["owner"] if asked["owner"] and reader.role == "operator" else reader.client


def _tagged(row: SavedConnector, status: int = 200) -> Response:
    answer = json_answer(_detailed(row), status)
    answer.set_etag(str(row.version))
    return answer


def _all_shown(found: Sequence[Connector | SavedConnector]) -> list[dict[str, Any]]:
    return [_shown(each) if isinstance(each, Connector) else _own(each) for each in found]


def _detailed(row: SavedConnector) -> dict[str, Any]:
    return {**_own(row), "declaration": orjson.loads(row.declared)}


def _own(row: SavedConnector) -> dict[str, Any]:
    """Show a saved version; of one that does not fit this release only what it is called and for."""
    saved = {"version": row.version, "saved_at": row.saved_at, "retired_at": row.retired_at}
    try:
        found = _shown(connect.built(row))
    except connect.ConnectorRefused:
        declared = orjson.loads(row.declared)
        found = {"name": row.name, **{key: declared[key] for key in ("kind", "title") if key in declared}}
    return {**found, "owner": row.client, **saved}


def _shown(one: Connector) -> dict[str, Any]:
    """Show what a source calls its columns, and how they are read."""
    form = one.form
    return {
        "name": one.name,
        "kind": form.kind,
        "title": dict(one.title),
        "about": one.about,
        "reference": one.reference,
        "columns": dict(one.columns),
        "units": dict(one.units),
        "values": {column.name: dict(column.choices) for column in form.columns if column.choices and column.titles},
        "split": asdict(form.split) if form.split else None,
        "constants": dict(form.constants),
        "ignored": sorted(form.ignored or ()),
        "open": form.ignored is None,
        "made": sorted(form.made),
        **SHIPPED,
    }
