"""What a query may say: the parameters that the route documents, each once, in the words that the document lists.

A filter that nobody reads would be answered with everything, as if it had been obeyed. So each is looked at here,
before any endpoint runs, for all services; what no document describes (health, pages) is its own affair.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import current_app, request
from marshmallow import Schema, fields
from werkzeug.exceptions import BadRequest

QUERY = "query"
BOOLEAN = ("true", "false")
READS = ("GET", "HEAD")
SHORT = 40


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: the words that it takes, none for any, and whether it may stand more than once."""

    words: tuple[str, ...] = ()
    many: bool = False


def check() -> None:
    """Raise `BadRequest` where the query says what its route does not document."""
    if not request.environ.get("QUERY_STRING") or request.endpoint is None:
        return
    known = _known(request.endpoint)
    if known is None:
        return
    # What a write takes it says itself, by problems of its own.
    reads = request.method in READS
    for name, values in request.args.lists():
        parameter = known.get(name)
        if parameter is None:
            there_are = ", ".join(sorted(known)) or "none"
            raise BadRequest(f"There is no parameter {name[:SHORT]!r} here; there are: {there_are}.")
        if len(values) > 1 and not parameter.many:
            raise BadRequest(f"{name} stands {len(values)} times; say it once.")
        if reads and parameter.words and values[0] and values[0] not in parameter.words:
            raise BadRequest(f"{name} must be one of: {', '.join(parameter.words)}.")


def _known(endpoint: str) -> Mapping[str, Parameter] | None:
    """Return the parameters of an endpoint by name, None where it documents nothing."""
    read: dict[str, Mapping[str, Parameter] | None] = current_app.extensions.setdefault("queries", {})
    if endpoint not in read:
        described = getattr(current_app.view_functions[endpoint], "_apidoc", {})
        # Routes between services say which scope they need and document no answer.
        read[endpoint] = _parameters(described) if "response" in described else None
    return read[endpoint]


def _parameters(described: Mapping[str, Any]) -> dict[str, Parameter]:
    """Return what flask-smorest keeps of an endpoint's query: from schemas, and as written by hand."""
    found: dict[str, Parameter] = {}
    for each in described.get("arguments", {}).get("parameters", ()):
        if each["in"] == QUERY:
            found |= _of_schema(each["schema"])
    for each in described.get("manual_doc", {}).get("parameters", ()):
        if each["in"] == QUERY:
            found[each["name"]] = Parameter(_words(each["schema"]))
    return found


def _of_schema(schema: Schema | type[Schema]) -> dict[str, Parameter]:
    # What a schema's words are it says itself, as it reads them.
    made = schema() if isinstance(schema, type) else schema
    return {
        field.data_key or name: Parameter(many=isinstance(field, fields.List)) for name, field in made.fields.items()
    }


def _words(schema: Mapping[str, Any]) -> tuple[str, ...]:
    return BOOLEAN if schema.get("type") == "boolean" else tuple(schema.get("enum", ()))
