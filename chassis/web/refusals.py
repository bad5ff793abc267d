"""How HTTP answers what was refused or broke: problem documents (RFC 9457) from `chassis.core.problems`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from flask import Flask, Response, current_app, has_request_context, request
from werkzeug.exceptions import HTTPException

from chassis.core import call, errors
from chassis.core.errors import Refused
from chassis.core.problems import (
    BAD_REQUEST,
    GENERIC,
    INTERNAL,
    LEFT_OUT,
    MEDIA_TYPE,
    Kind,
    describe,
    document,
    named,
    sentences,
)
from chassis.data.storage import refusal_of

# What a caller wrote may be a name, a code or a phone number in the wrong place, and problems are copied into tickets
# and letters: of a path only our own words and ids are said again.
OURS = re.compile(r"[a-z][a-z0-9_-]{0,63}|[a-z]{2,5}_[0-9A-Z]{26}")
KINDS = "problem_kinds"
# What a service knows of errors of its libraries: the refusal that one comes to, if any.
DIAGNOSIS = "diagnosis"
log = structlog.get_logger()

BY_STATUS: Mapping[int, Kind] = {
    400: BAD_REQUEST,
    404: GENERIC[errors.NotFound],
    405: Kind(405, "method-not-allowed", "Method not allowed", "不支持该方法"),
    412: GENERIC[errors.Outdated],
    413: GENERIC[errors.TooLarge],
    415: Kind(415, "unsupported-media-type", "Unsupported media type", "不支持的内容类型"),
    422: GENERIC[errors.Invalid],
}


def answer(problem: dict[str, Any]) -> Response:
    """Answer with a problem; `instance` becomes the request id to quote to the operator."""
    status = int(problem["status"])
    under_way = call.under_way()
    told = _without(problem, _written_in_the_path()) | {"instance": under_way and under_way.request_id}
    # Errors in a list are numbered by its places.
    body = orjson.dumps(told, default=str, option=orjson.OPT_NON_STR_KEYS)
    response = Response(body, status, content_type=MEDIA_TYPE)
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="smecredit"'
    if "retry_after" in problem:
        response.headers["Retry-After"] = str(problem["retry_after"])
    return response


def register(app: Flask, table: Mapping[type[Refused], Kind]) -> None:
    """Let `app` answer every refusal, HTTP error and crash as a problem; `table` adds the service's kinds."""
    app.extensions[KINDS] = table

    def refused(refusal: Refused) -> Response:
        problem = describe(refusal, table)
        if problem["status"] >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("refused", problem=problem["type"])
        return answer(problem)

    def http_error(error: HTTPException) -> Response:
        status = error.code or 500
        kind = BY_STATUS.get(status, Kind(status, f"http-{status}", error.name, error.name))
        return answer(document(kind, _detail(error), _members(error)))

    def crashed(error: Exception) -> Response:
        diagnose: Callable[[Exception], Refused | None] = app.extensions.get(DIAGNOSIS, lambda _: None)
        if (refusal := refusal_of(error) or diagnose(error)) is not None:
            log.error("storage", error=type(error).__name__, reason=refusal.detail.partition(" / ")[0])
            return answer(describe(refusal, table))
        log.exception("crashed", error=type(error).__name__)
        return answer(document(INTERNAL, "Nothing was carried out; quote the instance to the operator.", {}))

    app.register_error_handler(Refused, refused)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Exception, crashed)


def problem_of(refusal: Refused) -> dict[str, Any]:
    """Return the problem document of a refusal, for an answer that holds several."""
    return describe(refusal, current_app.extensions[KINDS])


def _written_in_the_path() -> list[str]:
    given = request.view_args if has_request_context() else None
    return [value for value in (given or {}).values() if isinstance(value, str) and not OURS.fullmatch(value)]


def _without(problem: Mapping[str, Any], words: list[str]) -> dict[str, Any]:
    """Return a problem with these words left out of its sentences; a member that is one of them is left out itself."""
    told = {name: value for name, value in problem.items() if value not in words} if words else dict(problem)
    for word in words:
        told["detail"] = str(told["detail"]).replace(word, LEFT_OUT)
    return told


def _detail(error: HTTPException) -> str:
    messages = _messages(error)
    if messages:
        return "; ".join(sorted(sentences(messages)))
    return error.description or error.name


def _messages(error: HTTPException) -> Any:
    """Return what flask-smorest found wrong with the fields, None for any other error."""
    return getattr(error, "data", {}).get("messages")


def _members(error: HTTPException) -> dict[str, Any]:
    messages = _messages(error)
    return {"errors": named(messages)} if messages else {}
