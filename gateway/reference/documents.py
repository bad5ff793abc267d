"""The merged document and data dictionary, asked from the services and kept for a minute."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import orjson

from chassis.core import dictionary
from chassis.core.errors import UpstreamUnavailable
from gateway.door.backends import Backend
from gateway.reference.dictionary import Terms, merged_dictionary
from gateway.reference.openapi import OWN, merged_spec

Document = dict[str, Any]
# A release of a service changes its document; while one is missing the others are shown without it.
FRESH_SECONDS, FRESH_WHILE_MISSING_SECONDS = 60.0, 2.0
PATIENCE_SECONDS = 5.0


class Reference:
    """The merged document, asked from the services when it is first needed and once a minute after."""

    def __init__(self, backends: Mapping[str, Backend], own: Callable[[], Document]) -> None:
        self._backends = backends
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
        for name, backend in self._backends.items():
            try:
                specs[name] = _asked(backend, "/openapi.json")
                tables[name] = _asked(backend, "/dictionary")
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


def _asked(backend: Backend, path: str) -> Document:
    """Return a document of a service; an empty one where the service has none."""
    reply = backend.exchange("GET", path, headers={}, patience=PATIENCE_SECONDS, repeatable=True)
    document: Document = orjson.loads(reply.body) if reply.status == 200 else {}
    return document
