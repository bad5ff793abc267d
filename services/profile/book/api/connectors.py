"""Connectors: the layouts of sources that are understood as they are."""

from __future__ import annotations

from flask import Response

from chassis.web.answers import json_answer
from chassis.web.caller import caller
from chassis.web.openapi import Blueprint
from services.profile.book.api import shown
from services.profile.book.api.import_schemas import ConnectorListSchema
from services.profile.book.readers.forms import connectors

blueprint = Blueprint("connectors", __name__, url_prefix="/v1/connectors", description="Layouts of sources, as data")


@blueprint.get("")
@blueprint.response(200, ConnectorListSchema())
def list_connectors() -> Response:
    """List the connectors: which source's columns, values and units are understood as they are."""
    caller()
    return json_answer({"items": [shown.connector(one) for one in connectors().values()]})
