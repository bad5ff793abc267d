"""Problem details (RFC 9457): the one table from what happened to how HTTP says it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from flask import Flask, Response, g, has_request_context, request
from werkzeug.exceptions import HTTPException

from chassis import errors
from chassis.errors import Invalid, Refused

MEDIA_TYPE = "application/problem+json"
# What a caller wrote may be a name, a code or a phone number in the wrong place, and problems are copied into tickets
# and letters: of a path only our own words and ids are said again, of a body only what can be a field's name.
OURS = re.compile(r"[a-z][a-z0-9_-]{0,63}|[a-z]{2,5}_[0-9A-Z]{26}")
FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
LEFT_OUT = "…"
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem: its status, the slug that makes its stable `type`, and its two titles."""

    status: int
    slug: str
    en: str
    zh: str


GENERIC: Mapping[type[Refused], Kind] = {
    errors.Invalid: Kind(422, "invalid", "The request is not valid", "请求内容无效"),
    errors.Unauthenticated: Kind(401, "unauthenticated", "Authentication is needed", "需要身份验证"),
    errors.Forbidden: Kind(403, "forbidden", "Not permitted", "无权执行此操作"),
    errors.NotFound: Kind(404, "not-found", "Not found", "未找到"),
    errors.Conflict: Kind(409, "conflict", "In conflict with the present state", "与当前状态冲突"),
    errors.Outdated: Kind(412, "outdated", "It has changed since it was read", "内容已更新，请重新读取"),
    errors.TooLarge: Kind(413, "too-large", "Too large", "内容过大"),
    errors.TooManyRequests: Kind(429, "too-many-requests", "Too many requests", "请求过于频繁"),
    errors.UpstreamUnavailable: Kind(503, "upstream-unavailable", "A service is unavailable", "依赖的服务暂不可用"),
    errors.InvariantBroken: Kind(500, "invariant-broken", "A built-in check failed", "内部校验未通过"),
}

BY_STATUS: Mapping[int, Kind] = {
    400: Kind(400, "bad-request", "Bad request", "请求错误"),
    404: GENERIC[errors.NotFound],
    405: Kind(405, "method-not-allowed", "Method not allowed", "不支持该方法"),
    412: GENERIC[errors.Outdated],
    413: GENERIC[errors.TooLarge],
    415: Kind(415, "unsupported-media-type", "Unsupported media type", "不支持的内容类型"),
    422: GENERIC[errors.Invalid],
}
INTERNAL = Kind(500, "internal", "Something broke on our side", "服务内部错误")


class UpstreamProblem(Refused):
    """Another service refused with a problem document; it is passed on to our caller as it is."""

    def __init__(self, document: dict[str, Any]) -> None:
        super().__init__(document.get("detail", ""))
        self.document = document


def document(kind: Kind, detail: str, members: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a problem document."""
    return {
        "type": f"/problems/{kind.slug}",
        "title": kind.en,
        "title_zh": kind.zh,
        "status": kind.status,
        "detail": detail,
        **members,
    }


def describe(refusal: Refused, table: Mapping[type[Refused], Kind]) -> dict[str, Any]:
    """Return the problem document of a refusal; `table` has the kinds beyond the generic ones."""
    if isinstance(refusal, UpstreamProblem):
        return refusal.document
    return document(_kind_of(refusal, {**GENERIC, **table}), refusal.detail, refusal.members)


def fields_refused(messages: Mapping[str, Any]) -> Invalid:
    """Return the refusal of a body's fields, `{field: [what is wrong]}`, as a parsed schema's would be told."""
    return Invalid("; ".join(sorted(_sentences(messages))), errors={"json": _named(messages)})


def answer(problem: dict[str, Any]) -> Response:
    """Answer with a problem; `instance` becomes the request id to quote to the operator."""
    status = int(problem["status"])
    told = _without(problem, _written_in_the_path()) | {"instance": g.get("request_id")}
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
        log.exception("crashed", error=type(error).__name__)
        return answer(document(INTERNAL, "Nothing was carried out; quote the instance to the operator.", {}))

    app.register_error_handler(Refused, refused)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Exception, crashed)


def _written_in_the_path() -> list[str]:
    given = request.view_args if has_request_context() else None
    return [value for value in (given or {}).values() if isinstance(value, str) and not OURS.fullmatch(value)]


def _without(problem: Mapping[str, Any], words: list[str]) -> dict[str, Any]:
    """Return a problem with these words left out of its sentences; a member that is one of them is left out itself."""
    told = {name: value for name, value in problem.items() if value not in words} if words else dict(problem)
    for word in words:
        told["detail"] = str(told["detail"]).replace(word, LEFT_OUT)
    return told


def _kind_of(refusal: Refused, table: Mapping[type[Refused], Kind]) -> Kind:
    """Return the kind of the nearest class in the refusal's ancestry; an unlisted refusal is ours to mend."""
    return next((table[ancestor] for ancestor in type(refusal).__mro__ if ancestor in table), INTERNAL)


def _detail(error: HTTPException) -> str:
    messages = _messages(error)
    if messages:
        return "; ".join(sorted(_sentences(messages)))
    return error.description or error.name


def _messages(error: HTTPException) -> Any:
    """Return what flask-smorest found wrong with the fields, None for any other error."""
    return getattr(error, "data", {}).get("messages")


def _members(error: HTTPException) -> dict[str, Any]:
    messages = _messages(error)
    return {"errors": _named(messages)} if messages else {}


def _named(messages: Any) -> Any:
    """Return marshmallow's nested messages under the names of fields, and of nothing else that was sent as a name."""
    if isinstance(messages, Mapping):
        return {_field(key): _named(inner) for key, inner in messages.items()}
    return messages


def _field(key: Any) -> Any:
    return key if isinstance(key, int) or FIELD.fullmatch(str(key)) else LEFT_OUT


def _sentences(messages: Any, path: str = "") -> list[str]:
    """Flatten marshmallow's nested messages into `field: what is wrong`."""
    if isinstance(messages, Mapping):
        # webargs puts the place (json, query) first: the field alone is what the caller wrote.
        return [
            sentence
            for key, inner in messages.items()
            for sentence in _sentences(inner, path if key in {"json", "query", "headers"} else f"{path}.{_field(key)}")
        ]
    if isinstance(messages, list):
        return [sentence for inner in messages for sentence in _sentences(inner, path)]
    return [f"{path.lstrip('.')}: {messages}" if path else str(messages)]
