"""`/openapi.json` and `/docs`: the reference of all public routes, for machines and for people."""

from __future__ import annotations

import hashlib
from typing import cast

from flask import Blueprint, Response, current_app, render_template, request

from chassis.web.app import collaborators
from gateway.context import Context
from gateway.reference.documents import Reference
from gateway.reference.sections import marked, sections

# The page needs no script at all.
POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

blueprint = Blueprint(
    "reference", __name__, template_folder="templates", static_folder="static", static_url_path="/docs/static"
)


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """Return the OpenAPI 3.1 document of all public routes."""
    _count()
    return _json(_reference().body())


@blueprint.get("/dictionary")
@blueprint.get("/v1/dictionary", endpoint="dictionary_v1")
def data_dictionary() -> Response:
    """Return every field of every answer: its title in Chinese and English, unit and source."""
    _count()
    return _json(_reference().dictionary())


@blueprint.get("/docs")
def page() -> Response:
    """Return the reference as a page."""
    _count()
    document = _reference().document()
    html = render_template("reference.html", document=document, sections=sections(document), marked=marked)
    response = Response(html, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _json(body: bytes) -> Response:
    response = Response(body, content_type="application/json")
    response.set_etag(hashlib.sha256(body).hexdigest()[:32])
    return response.make_conditional(request)  # type: ignore[return-value]


def _count() -> None:
    """Count one request of an address: nobody need be known here."""
    collaborators(Context).admission.count_address()


def _reference() -> Reference:
    return cast("Reference", current_app.extensions["reference"])
