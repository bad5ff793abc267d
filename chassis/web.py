"""The Flask application that every service starts from: JSON, problems, logs, metrics, health, request ids."""

from __future__ import annotations

import inspect
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import flask
import flask_smorest
import marshmallow
import orjson
import structlog
from flask import Flask, Response, g, has_request_context, request
from flask.globals import app_ctx
from flask.json.provider import JSONProvider
from flask.sessions import NullSession, SessionInterface, SessionMixin

from chassis import logs, metrics, preconditions, problems
from chassis.enterprise_id import NotAnEnterpriseId, enterprise_id
from chassis.errors import Refused
from chassis.identity import Verifier
from chassis.ids import new_id

REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
JSON_BODY_BYTES = 1 << 20
DEFAULT_PATIENCE_SECONDS = 30.0
QUIET = frozenset({"/livez", "/readyz", "/metrics"})
# Anybody can make up a method; each would be a line of the metrics for ever.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

log = structlog.get_logger()
Check = Callable[[], object]


class Orjson(JSONProvider):
    """Flask's JSON, by orjson: 0.05 ms instead of 0.12 a request."""

    def dumps(self, obj: Any, **_: Any) -> str:
        """Write JSON text."""
        return orjson.dumps(obj, option=orjson.OPT_UTC_Z).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        """Read JSON text."""
        return orjson.loads(s)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """Answer with JSON bytes."""
        return json_answer(self._prepare_response_obj(args, kwargs))


def json_answer(value: Any, status: int = 200) -> Response:
    """Answer with `value` as JSON; bytes are taken to be JSON already."""
    body = value if isinstance(value, bytes) else orjson.dumps(value, option=orjson.OPT_UTC_Z)
    return Response(body, status, content_type="application/json")


class NoSessions(SessionInterface):
    """Flask's own sessions, of which nothing here makes use: the portal has a cookie of its own."""

    def __init__(self) -> None:
        self._none = NullSession()

    def open_session(self, app: Flask, request: flask.Request) -> NullSession:
        """Return the one session that holds nothing."""
        return self._none

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Save nothing."""

    def is_null_session(self, obj: object) -> bool:
        """Tell that there is nothing to save."""
        return True


class App(Flask):
    """Flask without its sessions and without async views, which it looks for at every call of every function."""

    session_interface = NoSessions()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function: all of ours are plain."""
        return func


class Schema(marshmallow.Schema):
    """A schema that refuses what it does not know: a misspelt field must not pass in silence."""

    class Meta:
        """Refuse unknown fields."""

        unknown = marshmallow.RAISE


def parsed(schema: marshmallow.Schema, given: Any) -> dict[str, Any]:
    """Parse a body whose media type decides its schema, so that no decorator can; refused like any other body."""
    try:
        return cast("dict[str, Any]", schema.load(given))
    except marshmallow.ValidationError as wrong:
        raise problems.fields_refused(cast("dict[str, Any]", wrong.messages)) from None


class EnterpriseId(marshmallow.fields.String):
    """An enterprise's id, taken in any of its forms and given on in the one."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        try:
            return enterprise_id(super()._deserialize(value, attr, data, **kwargs))
        except NotAnEnterpriseId as wrong:
            raise marshmallow.ValidationError(wrong.detail) from None


class ProblemSchema(marshmallow.Schema):
    """A problem document (RFC 9457); each kind may carry further members."""

    class Meta:
        """Say that there may be more."""

        unknown = marshmallow.INCLUDE

    type = marshmallow.fields.String(metadata={"description": "Stable name of the kind of problem"})
    title = marshmallow.fields.String()
    title_zh = marshmallow.fields.String()
    status = marshmallow.fields.Integer()
    detail = marshmallow.fields.String(metadata={"description": "What was found and what to do next"})
    instance = marshmallow.fields.String(metadata={"description": "The request id to quote to the operator"})


MEANINGS: Mapping[int, str] = {
    400: "A header or parameter cannot be read; the detail says which",
    401: "No valid token or key",
    403: "The scope is missing, or no live consent covers client, purpose and enterprise",
    404: "There is no such thing, or it is not yours to read",
    409: "It does not fit the present state; the detail says what to do first",
    412: "It has changed since it was read (If-Match)",
    413: "More was sent than is accepted at once",
    422: "The request can be read but not carried out; the detail says why",
    503: "A service that is needed does not answer; see Retry-After",
}
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def refuses(blueprint: flask_smorest.Blueprint, *statuses: int) -> Callable[[Endpoint], Endpoint]:
    """Document the problems that an endpoint answers with, beside those that all share (401, 403)."""

    def decorate(endpoint: Endpoint) -> Endpoint:
        documented: Any = endpoint
        for status in sorted({401, 403, *statuses}, reverse=True):
            documented = blueprint.alt_response(
                status, schema=ProblemSchema(), description=MEANINGS[status], content_type=problems.MEDIA_TYPE
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


class Api(flask_smorest.Api):  # type: ignore[misc]  # ships no types
    """OpenAPI 3.1 of a service; errors are answered by `chassis.problems`, not by flask-smorest."""

    ERROR_SCHEMA = ProblemSchema

    def _register_error_handlers(self) -> None:
        """Leave errors to `chassis.problems`."""

    def _register_responses(self) -> None:
        """Document that what is refused is a problem document."""
        self.DEFAULT_RESPONSE_CONTENT_TYPE = problems.MEDIA_TYPE
        super()._register_responses()
        del self.DEFAULT_RESPONSE_CONTENT_TYPE  # the class's own again


def make_app(
    name: str,
    *,
    verifier: Verifier,
    problem_kinds: Mapping[type[Refused], problems.Kind] | None = None,
    checks: Mapping[str, Check] | None = None,
) -> Flask:
    """Return an application with everything that all services share.

    `checks` are what readiness means here, by name: each raises where its thing is missing.
    """
    logs.configure(name)
    app = App(name, static_folder=None)
    app.json = Orjson(app)
    app.url_map.strict_slashes = False
    app.config["MAX_CONTENT_LENGTH"] = JSON_BODY_BYTES
    app.extensions["verifier"] = verifier
    problems.register(app, problem_kinds or {})
    app.before_request(_open_request)
    app.after_request(_close_request)
    _register_health(app, {"keys": verifier.check, **(checks or {})})
    return app


def make_api(app: Flask, *, title: str, version: str, blueprints: Sequence[flask_smorest.Blueprint]) -> Api:
    """Register the blueprints and serve their OpenAPI document at `/openapi.json`."""
    app.config |= {
        "API_TITLE": title,
        "API_VERSION": version,
        "OPENAPI_VERSION": "3.1.0",
        "OPENAPI_URL_PREFIX": "/",
        "OPENAPI_JSON_PATH": "openapi.json",
    }
    api = Api(app)
    for blueprint in blueprints:
        api.register_blueprint(blueprint)
    return api


@contextmanager
def timed(stage: str) -> Iterator[None]:
    """Add the time of the block to the answer's `Server-Timing` under `stage`."""
    start = time.perf_counter()
    try:
        yield
    finally:
        add_timing((stage, (time.perf_counter() - start) * 1000))


def add_timing(*stages: tuple[str, float]) -> None:
    """Add stages and their milliseconds to the answer's `Server-Timing`."""
    if has_request_context():
        told = app_ctx.g.get("stages")
        if told is not None:
            told.extend([f"{stage};dur={milliseconds:.2f}" for stage, milliseconds in stages])


def patience() -> float:
    """Return how many seconds the caller of this request will still wait, at least a tenth."""
    if not has_request_context():
        return DEFAULT_PATIENCE_SECONDS
    return max(0.1, cast("float", g.deadline) - time.monotonic())


def _open_request() -> None:
    # Each look through Flask's proxies costs as much as the work here: one look, then plain objects.
    here, environ = app_ctx.g, request.environ
    here.start = time.perf_counter()
    here.stages = []
    given = environ.get("HTTP_X_REQUEST_ID", "")
    here.request_id = given if REQUEST_ID.fullmatch(given) else new_id("req")
    trace = TRACEPARENT.fullmatch(environ.get("HTTP_TRACEPARENT", ""))
    here.trace_id = trace[1] if trace else secrets.token_hex(16)
    here.deadline = time.monotonic() + _patience_given(environ.get("HTTP_X_TIMEOUT_MS", ""))


def _patience_given(milliseconds: str) -> float:
    known = milliseconds.isascii() and milliseconds.isdecimal()
    return min(DEFAULT_PATIENCE_SECONDS, int(milliseconds) / 1000) if known else DEFAULT_PATIENCE_SECONDS


def _close_request(response: Response) -> Response:
    here, rule = app_ctx.g, request.url_rule
    seconds = time.perf_counter() - here.get("start", time.perf_counter())
    route = rule.rule if rule else "(none)"
    method = request.method if request.method in METHODS else "(other)"
    preconditions.tag(response)
    response.headers["X-Request-Id"] = here.get("request_id", "")
    if stages := here.get("stages"):
        response.headers["Server-Timing"] = ", ".join(stages)
    metrics.observe(method, route, response.status_code, seconds)
    if route not in QUIET:
        log.info(
            "request",
            method=method,
            route=route,
            status=response.status_code,
            ms=round(seconds * 1000, 1),
            request_id=here.get("request_id"),
            trace_id=here.get("trace_id"),
            role=here.caller.role if "caller" in here else None,
        )
    return response


def _register_health(app: Flask, checks: Mapping[str, Check]) -> None:
    def livez() -> Response:
        return json_answer({"status": "alive"})

    def readyz() -> Response:
        missing = {name: reason for name, check in checks.items() if (reason := _failure(check))}
        return json_answer({"status": "waiting" if missing else "ready", "missing": missing}, 503 if missing else 200)

    def metrics_page() -> Response:
        body, media_type = metrics.exposition()
        return Response(body, content_type=media_type)

    app.add_url_rule("/livez", view_func=livez)
    app.add_url_rule("/readyz", view_func=readyz)
    app.add_url_rule("/metrics", "metrics", metrics_page)


def _failure(check: Check) -> str | None:
    try:
        check()
    except Refused as refusal:
        return refusal.detail
    except Exception as error:  # whatever is broken, readiness must name it and not break itself
        return type(error).__name__
    return None


def stream(pieces: Iterator[bytes], content_type: str) -> Response:
    """Answer piece by piece, within the request's context."""
    return Response(flask.stream_with_context(pieces), content_type=content_type)
