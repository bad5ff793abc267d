"""`/openapi.json` and `/docs`: the reference of all public routes, for machines and for people."""

from __future__ import annotations

import gzip
import hashlib
from functools import lru_cache
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
    response = _packed(html.encode(), "text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _json(body: bytes) -> Response:
    response = _packed(body, "application/json")
    packed = "-gzip" if response.headers.get("Content-Encoding") else ""
    response.set_etag(f"{hashlib.sha256(body).hexdigest()[:32]}{packed}")
    return response.make_conditional(request)  # type: ignore[return-value]


def _packed(body: bytes, kind: str) -> Response:
    """Answer with what is public and the same to all, packed for who takes that."""
    takes = request.accept_encodings.quality("gzip") > 0
    response = Response(_gzip(body) if takes else body, content_type=kind)
    response.vary.add("Accept-Encoding")
    if takes:
        response.headers["Content-Encoding"] = "gzip"
    return response


@lru_cache(maxsize=4)
def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, 6, mtime=0)


def _count() -> None:
    """Count one request of an address: nobody need be known here."""
    collaborators(Context).admission.count_address()


def _reference() -> Reference:
    return cast("Reference", current_app.extensions["reference"])
