"""What decorators of ours add to an endpoint's OpenAPI: headers, and the problems that it answers with."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import partial
from typing import Any, ParamSpec, TypeVar, cast

import flask_smorest

from chassis.core.problems import MEDIA_TYPE
from chassis.web.reading import Parser
from chassis.web.schemas import ProblemSchema

P = ParamSpec("P")
R = TypeVar("R")
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
MEANINGS: Mapping[int, str] = {
    400: "A header or parameter cannot be read; the detail says which",
    401: "No valid token or key",
    403: "The scope is missing, or no live consent covers client, purpose and enterprise",
    404: "There is no such thing, or it is not yours to read",
    409: "It does not fit the present state; the detail says what to do first",
    412: "It has changed since it was read (If-Match)",
    413: "More was sent than is accepted at once",
    422: "The request can be read but not carried out; the detail says why",
    429: "Too much of your own work waits, or you have asked too often; see Retry-After",
    503: "A service that is needed does not answer, or too much work waits; see Retry-After",
}

# Of endpoints that order work: where too much of it waits.
WORK_WAITS = (429, 503)


def with_header(endpoint: Callable[P, R], parameter: Mapping[str, Any]) -> Callable[P, R]:
    """Add a header to an endpoint's OpenAPI. `blueprint.doc(parameters=…)` would replace it: stand it below."""
    existing = dict(getattr(endpoint, "_apidoc", {}))
    manual = dict(existing.get("manual_doc", {}))
    manual["parameters"] = [*manual.get("parameters", []), dict(parameter)]
    endpoint._apidoc = {**existing, "manual_doc": manual}  # type: ignore[attr-defined]  # where flask-smorest keeps it
    return endpoint


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]  # ships no types
    """A blueprint whose `doc(parameters=…)` stands beside what a schema says of the query instead of replacing it.

    Its part of the document is written when the document is asked for.
    """

    ARGUMENTS_PARSER = Parser()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._prepare_doc_cbks.append(self._join_parameters)

    def register_views_in_doc(self, api: Any, *args: Any, **kwargs: Any) -> None:
        """Leave word with the document of how to write these routes."""
        api.write_later(partial(super().register_views_in_doc, api, *args, **kwargs))

    @staticmethod
    def _join_parameters(doc: dict[str, Any], doc_info: dict[str, Any], **_: Any) -> dict[str, Any]:
        added = doc_info.get("manual_doc", {}).pop("parameters", [])
        return {**doc, "parameters": [*doc.get("parameters", ()), *added]} if added else doc


class Shows(StrEnum):
    """Why an answer that speaks of an enterprise leaves no record of a read; docs/architecture.md lists the reasons."""

    OWN = "own"  # the firm itself alone is answered
    OWN_WORDS = "own-words"  # it says again what the caller has said, ordered or been given
    OWN_RESULTS = "own-results"  # the reader's own stored results, recorded when they were made; consent ends them
    ROSTER = "roster"  # whom there is to ask: ids and names, and nothing of any file
    OFFICE = "office"  # what the law gives the operator to decide: disputes, repairs, measures
    COUNTS = "counts"  # figures of many, and of nobody alone
    LEDGER = "ledger"  # salted digests; names in plain only to those whom an entry names


def shows(why: Shows) -> Callable[[Endpoint], Endpoint]:
    """Document why an endpoint shows something of an enterprise without opening its file: `x-shows`.

    Stand it below `blueprint.doc`. An endpoint without it leaves a record with each enterprise that it speaks of: a
    test walks the document and asks every one of them.
    """

    def decorate(endpoint: Endpoint) -> Endpoint:
        existing = dict(getattr(endpoint, "_apidoc", {}))
        manual = {**existing.get("manual_doc", {}), "x-shows": str(why)}
        endpoint._apidoc = {**existing, "manual_doc": manual}  # type: ignore[attr-defined]  # where flask-smorest keeps it
        return endpoint

    return decorate


def refuses(blueprint: flask_smorest.Blueprint, *statuses: int) -> Callable[[Endpoint], Endpoint]:
    """Document the problems that an endpoint answers with, beside those that all share (400, 401, 403)."""

    def decorate(endpoint: Endpoint) -> Endpoint:
        documented: Any = endpoint
        for status in sorted({400, 401, 403, *statuses}, reverse=True):
            documented = blueprint.alt_response(
                status, schema=ProblemSchema(), description=MEANINGS[status], content_type=MEDIA_TYPE
            )(documented)
        # The wrappers only document: without them a request passes through seven functions less.
        endpoint._apidoc = documented._apidoc  # type: ignore[attr-defined]
        return endpoint

    return decorate


def documented_only(endpoint: Endpoint) -> Endpoint:
    """Keep what the decorators below document and none of what they do: for a hot path that does it itself."""
    bare: Any = inspect.unwrap(endpoint)
    bare._apidoc = endpoint._apidoc  # type: ignore[attr-defined]  # where flask-smorest keeps it
    return cast("Endpoint", bare)
