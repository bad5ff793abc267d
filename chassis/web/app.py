"""The Flask application that every service starts from: JSON, problems, logs, request ids, documents."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import cache, partial
from typing import Any, Protocol, TypeVar, cast

import flask
import flask_smorest
import structlog
from flask import Flask, Response, current_app, request
from flask.globals import app_ctx
from flask.sessions import NullSession, SessionInterface, SessionMixin
from werkzeug.routing import Rule

from chassis.core import call, dictionary, logs, metrics, problems, traces
from chassis.core.errors import Refused
from chassis.core.identity import Verifier
from chassis.core.ids import new_id
from chassis.data import migrations
from chassis.data.database import Database
from chassis.web import health, preconditions, query, refusals, traced
from chassis.web.answers import Orjson, json_answer
from chassis.web.health import Check, connections, tell_gauges, writing
from chassis.web.pace import OUTERMOST
from chassis.web.reading import Request, check_address, check_patience, patience_given
from chassis.web.schemas import ProblemSchema

JSON_BODY_BYTES = 1 << 20
FORWARDED = (("Authorization", "HTTP_AUTHORIZATION"), ("Purpose", "HTTP_PURPOSE"))
# Anybody can make up a method; each would be a line of the metrics for ever.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

log = structlog.get_logger()
Terms = Callable[[], Mapping[str, dictionary.Term]]
Context = TypeVar("Context")


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


class LazyRule(Rule):
    """A rule that is taught to write addresses when it is first asked for one: few are, and it takes longest.

    What it puts off is a part of werkzeug that is not promised: a release without it teaches its rules itself. That
    every rule can write its address is a contract test's, as no start finds it any more.
    """

    def _compile_builder(self, *given: Any, **named: Any) -> Callable[..., tuple[str, str]]:
        taught = cache(partial(super()._compile_builder, *given, **named))

        def build(here: Rule, /, **values: Any) -> tuple[str, str]:
            return taught()(here, **values)

        return build


class App(Flask):
    """Flask without its sessions and without async views, which it looks for at every call of every function."""

    session_interface = NoSessions()
    request_class = Request
    url_rule_class = LazyRule

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function: all of ours are plain."""
        return func


class Api(flask_smorest.Api):  # type: ignore[misc]  # ships no types
    """OpenAPI 3.1 of a service; errors are answered by `chassis.core.problems`, not by flask-smorest.

    The document is written when it is first asked for: it took most of an application's making, and few ask.
    """

    ERROR_SCHEMA = ProblemSchema

    def __init__(self, app: Flask) -> None:
        self._unwritten: list[Callable[[], None]] = []
        self._writing = threading.Lock()
        super().__init__(app)

    def write_later(self, write: Callable[[], None]) -> None:
        """Take in what writes a part of the document."""
        self._unwritten.append(write)

    def document(self) -> dict[str, Any]:
        """Return the whole document; callers that come while it is written wait for it."""
        with self._writing:
            for write in self._unwritten:
                write()
            self._unwritten.clear()
        written: dict[str, Any] = self.spec.to_dict()
        return written

    def _openapi_json(self) -> Response:
        return Response(flask.json.dumps(self.document()), content_type="application/json")

    def _register_error_handlers(self) -> None:
        """Leave errors to `chassis.core.problems`."""

    def _register_responses(self) -> None:
        """Document, later too, that what is refused is a problem document."""
        self.write_later(self._write_responses)

    def _write_responses(self) -> None:
        self.DEFAULT_RESPONSE_CONTENT_TYPE = problems.MEDIA_TYPE
        super()._register_responses()
        del self.DEFAULT_RESPONSE_CONTENT_TYPE  # the class's own again


class Collaborators(Protocol):
    """What a service works with; each service's own `Context` has more."""

    @property
    def database(self) -> Database:
        """The service's own database."""


def make_service(
    package: str,
    context: Collaborators,
    *,
    verifier: Verifier,
    problem_kinds: Mapping[type[Refused], problems.Kind],
    blueprints: Sequence[flask_smorest.Blueprint],
    checks: Mapping[str, Check] | None = None,
    terms: Terms = dict,
) -> Flask:
    """Return the web application of the service in `package` (say `services.profile`), complete with its API.

    Beside `checks`, it is ready when its database is current and can be written. Who keeps more than that gives a check
    `writing` of its own. `terms` gives words that its code declares.
    """
    name = package.rpartition(".")[2]
    ready: dict[str, Check] = {
        "database": partial(migrations.check, context.database, package),
        "writing": writing(context.database, {}),
        **(checks or {}),
    }
    app = make_app(name, verifier=verifier, problem_kinds=problem_kinds, checks=ready)
    app.extensions |= {"context": context, "database": context.database}
    tell_gauges(app, metrics.Gauges([connections(context.database)]))
    make_api(app, title=name.capitalize(), version="v1", blueprints=blueprints)
    serve_dictionary(app, package, terms)
    return app


def make_app(
    name: str,
    *,
    verifier: Verifier,
    problem_kinds: Mapping[type[Refused], problems.Kind] | None = None,
    checks: Mapping[str, Check] | None = None,
    outermost: bool = False,
) -> Flask:
    """Return an application with everything that all services share.

    The `outermost` one, which meets callers first, gives each request its id; the others take that over.
    `checks` are what readiness means here, by name: each raises where its thing is missing.
    """
    logs.configure(name)
    traces.configure(name)
    app = App(name, static_folder=None)
    app.json = Orjson(app)
    app.url_map.strict_slashes = False
    app.config |= {"MAX_CONTENT_LENGTH": JSON_BODY_BYTES, OUTERMOST: outermost}
    app.extensions["verifier"] = verifier
    refusals.register(app, problem_kinds or {})
    app.before_request(_open_request)
    app.after_request(_close_request)
    app.teardown_request(_end_request)
    health.register(app, {"keys": verifier.check, **(checks or {})})
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


def _open_request() -> None:
    # Each look through Flask's proxies costs as much as the work here: one look, then plain objects.
    environ = request.environ
    here = app_ctx.g
    here.start = time.perf_counter()
    patience = patience_given(environ)
    given, taken = environ.get("HTTP_X_REQUEST_ID", ""), not current_app.config[OUTERMOST]
    trace_id, named = traced.begin(request.method, environ.get("HTTP_TRACEPARENT", ""))
    here.call_before = call.begin(
        call.Call(
            request_id=given if taken and call.REQUEST_ID.fullmatch(given) else new_id("req"),
            trace_id=trace_id,
            traceparent=named,
            deadline=time.monotonic() + min(call.DEFAULT_PATIENCE_SECONDS, patience or call.DEFAULT_PATIENCE_SECONDS),
            forwarded={name: environ[variable] for name, variable in FORWARDED if variable in environ},
        )
    )
    check_address(environ)
    check_patience(environ)
    query.check()


def _close_request(response: Response) -> Response:
    here, rule, under_way = app_ctx.g, request.url_rule, call.under_way()
    seconds = time.perf_counter() - here.get("start", time.perf_counter())
    route = rule.rule if rule else "(none)"
    method = request.method if request.method in METHODS else "(other)"
    preconditions.tag(response)
    response.headers["X-Request-Id"] = under_way.request_id if under_way else ""
    if under_way and under_way.stages:
        response.headers["Server-Timing"] = ", ".join(under_way.stages)
    if under_way and under_way.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    metrics.observe(method, route, response.status_code, seconds)
    traced.tell(method, route, response.status_code, under_way)
    if route not in health.ROUTES:
        log.info(
            "request",
            method=method,
            route=route,
            status=response.status_code,
            ms=round(seconds * 1000, 1),
            request_id=under_way and under_way.request_id,
            trace_id=under_way and under_way.trace_id,
            role=here.caller.role if "caller" in here else None,
        )
    return response


def _end_request(_: BaseException | None) -> None:
    traced.end()
    call.begin(app_ctx.g.get("call_before"))


def serve_dictionary(app: Flask, package: str, more: Terms = dict) -> None:
    """Serve the service's words at `/dictionary`; `more` gives those that code declares, such as a catalogue's."""

    @cache
    def words() -> dict[str, Any]:
        return {key: asdict(term) for key, term in {**dictionary.terms(package), **more()}.items()}

    def answered() -> Response:
        return json_answer(words())

    app.add_url_rule("/dictionary", "dictionary", answered)


def collaborators(kind: type[Context]) -> Context:
    """Return what the running application was composed of: the service's `Context`."""
    return cast("Context", current_app.extensions["context"])
