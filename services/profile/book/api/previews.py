"""Looks at files before they are sent: nothing of them is stored."""

from __future__ import annotations

from flask import Response, request

from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.openapi import Blueprint, Shows, refuses, shows
from services.profile.book.api import preview_shown
from services.profile.book.api.current import context
from services.profile.book.api.preview_schemas import PreviewSchema
from services.profile.book.api.upload import BODY, upload
from services.profile.book.domain.columns import KINDS
from services.profile.book.usecases.preview import Wish, preview
from services.profile.standards.codes import enterprise_id

blueprint = Blueprint(
    "import-previews", __name__, url_prefix="/v1/import-previews", description="What a file is, before it is sent"
)
PARAMETERS = [
    {
        "in": "query",
        "name": "kind",
        "schema": {"type": "string", "enum": list(KINDS)},
        "description": "Proposed unless given",
    },
    {"in": "query", "name": "filename", "schema": {"type": "string"}, "description": "Its name, for a raw body"},
    {
        "in": "query",
        "name": "connector",
        "schema": {"type": "string"},
        "description": "Look at the file by this one: of GET /v1/connectors",
    },
    {
        "in": "query",
        "name": "enterprise",
        "schema": {"type": "string"},
        "description": "The one that all rows are about, where the file does not say",
    },
]


@blueprint.post("")
@refuses(blueprint, 400, 413, 422)
@requires("imports:write")
@blueprint.response(200, PreviewSchema())
@blueprint.doc(parameters=PARAMETERS, requestBody=BODY)
@shows(Shows.OWN_WORDS)
def post_import_preview() -> Response:
    """Look at a file: its kind, a mapping of its columns with reasons, its first rows as they would be booked.

    Nothing is stored. Only the head of the file is read, so that a large one is answered at once. Where the kind or a
    connector fits, import with that; else correct the `declaration`, save it (`PUT /v1/connectors/{name}`) and import
    with it. Rows that would be rejected are named with line, column, value and reason.
    """
    about = request.args.get("enterprise")
    wish = Wish(
        request.args.get("kind") or None,
        request.args.get("connector") or None,
        enterprise_id(about) if about else None,
    )
    name, stream = upload()
    file = (name or request.args.get("filename", ""))[:200]
    return json_answer(preview_shown.shown(preview(context(), caller(), wish, stream), file))
