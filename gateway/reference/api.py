"""`/openapi.json` and `/docs`: the reference of all public routes, for machines and for people."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import orjson
from flask import Blueprint, Response, current_app, render_template, request

from chassis.core import dictionary
from chassis.core.errors import UpstreamUnavailable
from gateway.context import context
from gateway.door.backends import Upstream
from gateway.reference.dictionary import Terms, merged_dictionary
from gateway.reference.openapi import OWN, merged_spec
from gateway.reference.sections import marked, sections

Document = dict[str, Any]
# A release of a service changes its document; while one is missing the others are shown without it.
FRESH_SECONDS, FRESH_WHILE_MISSING_SECONDS = 60.0, 2.0
PATIENCE_SECONDS = 5.0
# The page needs no script at all.
POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

blueprint = Blueprint(
    "reference", __name__, template_folder="templates", static_folder="static", static_url_path="/docs/static"
)


class Reference:
    """The merged document, asked from the services when it is first needed and once a minute after."""

    def __init__(self, upstreams: Mapping[str, Upstream], own: Callable[[], Document]) -> None:
        self._upstreams = upstreams
        self._own = own
        self._lock = threading.Lock()
        self._until = float("-inf")
        self._document: Document = {}
        self._body = b""
        self._dictionary = b""

    def document(self) -> Document:
        """Return the merged document; `x-missing` names services that did not answer."""
        with self._lock:
            if time.monotonic() > self._until:
                self._renew()
            return self._document

    def body(self) -> bytes:
        """Return the merged document as JSON."""
        self.document()
        return self._body

    def dictionary(self) -> bytes:
        """Return the merged data dictionary as JSON; `missing_services` names those that did not answer."""
        self.document()
        return self._dictionary

    def _renew(self) -> None:
        specs, missing = {OWN: self._own()}, []
        tables: dict[str, Terms] = {OWN: own_terms()}
        for name, upstream in self._upstreams.items():
            try:
                specs[name] = _asked(upstream, "/openapi.json")
                tables[name] = _asked(upstream, "/dictionary")
            except (UpstreamUnavailable, orjson.JSONDecodeError):
                missing.append(name)
        document = merged_spec(specs)
        self._dictionary = orjson.dumps(
            {"fields": merged_dictionary(document, tables).entries, "missing_services": missing}
        )
        if missing:
            document["x-missing"] = missing
        self._document, self._body = document, orjson.dumps(document)
        self._until = time.monotonic() + (FRESH_WHILE_MISSING_SECONDS if missing else FRESH_SECONDS)


def own_terms() -> Document:
    """Return the words of the gateway's own answers."""
    return {key: asdict(term) for key, term in dictionary.terms("gateway").items()}


def _asked(upstream: Upstream, path: str) -> Document:
    """Ask a service for a document of its own; one that has no such document has nothing to say."""
    reply = upstream.exchange("GET", path, headers={}, patience=PATIENCE_SECONDS, repeatable=True)
    document: Document = orjson.loads(reply.body) if reply.status == 200 else {}
    return document


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """Return the OpenAPI 3.1 document of all public routes."""
    context().admission.count_address()
    response = Response(_reference().body(), content_type="application/json")
    response.set_etag(hashlib.sha256(_reference().body()).hexdigest()[:32])
    return response.make_conditional(request)  # type: ignore[return-value]


@blueprint.get("/dictionary")
@blueprint.get("/v1/dictionary", endpoint="dictionary_v1")
def data_dictionary() -> Response:
    """Return every field of every answer: its title in Chinese and English, unit and source."""
    context().admission.count_address()
    body = _reference().dictionary()
    response = Response(body, content_type="application/json")
    response.set_etag(hashlib.sha256(body).hexdigest()[:32])
    return response.make_conditional(request)  # type: ignore[return-value]


@blueprint.get("/docs")
def page() -> Response:
    """Return the reference as a page."""
    context().admission.count_address()
    document = _reference().document()
    html = render_template("reference.html", document=document, sections=sections(document), marked=marked)
    response = Response(html, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _reference() -> Reference:
    reference: Reference = current_app.extensions["reference"]
    return reference
