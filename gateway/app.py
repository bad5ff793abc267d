"""The composition root of the gateway."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from functools import partial
from http import HTTPStatus

import structlog
from flask import Flask, Response, redirect, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.middleware.proxy_fix import ProxyFix

from chassis.core import metrics
from chassis.core.errors import UpstreamUnavailable
from chassis.core.readiness import STARTS
from chassis.data import removal
from chassis.data.database import Database
from chassis.web.app import Api, make_app
from chassis.web.health import tell_gauges, writing
from gateway import upkeep
from gateway.context import Context, make_context
from gateway.door.admission import challenge, tell_standing
from gateway.door.backends import Backend
from gateway.door.in_process import GatewayDoor
from gateway.door.leaving import watch
from gateway.door.places import Places
from gateway.door.proxy import Proxy
from gateway.door.routes import PREFIX
from gateway.door.second import SecondDoor
from gateway.identity import store
from gateway.identity.api import clients, tokens
from gateway.identity.api.current import Identity
from gateway.identity.retention import policies
from gateway.portal import make_portal
from gateway.problems import PROBLEMS
from gateway.reference import api as reference
from gateway.reference.documents import Reference
from gateway.settings import Settings

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
READY_SECONDS = 2.0
# What a browser may show as it is; everything else is a file.
SHOWN = frozenset({"", "application/json", "application/problem+json", "text/plain"})
FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_FORWARDED")
log = structlog.get_logger()
# A bulk list of clients is the largest JSON that the gateway itself reads; uploads pass by it as streams.
OWN_BODY_BYTES = 4 << 20


def create_app(settings: Settings | None = None) -> Flask:
    """Return the gateway as a WSGI application."""
    here = make_context(settings or Settings.from_environment())
    app = make_app("gateway", verifier=here.admission, problem_kinds=PROBLEMS, checks=_checks(here), outermost=True)
    app.config["MAX_CONTENT_LENGTH"] = OWN_BODY_BYTES
    app.extensions |= {"context": here, "database": here.database, "identity": _identity(here)}
    app.extensions[STARTS] = [
        partial(upkeep.start, here.database, upkeep.scheduled(here.database, here.settings.schedule))
    ]
    app.after_request(tell_standing)
    app.after_request(challenge)
    app.after_request(keep_private)
    tell_gauges(app, metrics.Gauges(removal.gauges(here.database, policies(), here.settings.schedule)))
    app.extensions["reference"] = Reference(here.backends, own_api(app).document)
    app.register_blueprint(tokens.blueprint)
    app.register_blueprint(reference.blueprint)
    own = {"/v1/retention": partial(upkeep.told, here.database, off=here.settings.schedule.get(removal.NAME) == "off")}
    places = Places(here.settings.threads)
    app.extensions["places"] = places
    watch(app, places, here.admission.address)
    door = GatewayDoor(here.admission, here.backends, here.people, here.database, own, places)
    app.register_blueprint(make_portal(door, _session_secret(here), SecondDoor(here.admission, here.factors)))
    app.add_url_rule("/", "front", _front)
    proxy = Proxy(here.admission, here.backends, own, places)
    app.add_url_rule(
        "/v1/<path:rest>", "proxy", proxy, methods=METHODS, provide_automatic_options=False, merge_slashes=False
    )
    if not here.settings.proxies:
        tell_of_proxies(app, at_once=here.settings.production)
    else:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=here.settings.proxies, x_proto=here.settings.proxies)  # type: ignore[method-assign]
    return app


def keep_private(response: Response) -> Response:
    """Have an answer of the API be kept by nobody, taken for nothing else than it is, and saved where it is a file."""
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    if request.path.startswith(PREFIX):
        headers.setdefault("Cache-Control", "no-store")
        if response.mimetype not in SHOWN:
            headers.setdefault("Content-Disposition", "attachment")
    return response


def tell_of_proxies(app: Flask, *, at_once: bool) -> None:
    """Have the log told, once, that no proxy is trusted: all callers behind one share its address.

    At the start where one has to stand in front, else by the first request with a forwarded address.
    """
    told: list[str] = []

    def tell() -> None:
        told.append("once")
        log.warning("proxy-not-trusted", mend="set GATEWAY_TRUSTED_PROXIES to how many proxies stand in front")

    def look() -> None:
        if not told and any(name in request.environ for name in FORWARDED):
            tell()

    if at_once:
        tell()

    app.before_request(look)


def own_api(app: Flask) -> Api:
    """Register the gateway's documented routes and return their API; only the merged document is served."""
    app.config |= {"API_TITLE": "gateway", "API_VERSION": "1", "OPENAPI_VERSION": "3.1.0"}
    api = Api(app)
    api.register_blueprint(clients.blueprint)
    return api


def check_register(database: Database) -> None:
    """Raise where the register of clients cannot be read."""
    try:
        with database.read() as session:
            store.revision(session)
    except SQLAlchemyError as error:
        raise UpstreamUnavailable(
            "The gateway's database cannot be read. Is it up, and was `python -m gateway.cli migrate` run?"
        ) from error


def check_backend(backend: Backend) -> None:
    """Raise where a service is not ready."""
    try:
        reply = backend.exchange("GET", "/readyz", headers={}, patience=READY_SECONDS, repeatable=True)
    except UpstreamUnavailable as error:
        raise UpstreamUnavailable(f"No answer from the {backend.name} service at {backend.base_url}.") from error
    if reply.status != HTTPStatus.OK:
        raise UpstreamUnavailable(f"The {backend.name} service is up but not ready; its own /readyz says why.")


def _checks(here: Context) -> dict[str, Callable[[], object]]:
    checks: dict[str, Callable[[], object]] = {
        "database": partial(check_register, here.database),
        "writing": writing(here.database, {}),
    }
    return checks | {name: partial(check_backend, backend) for name, backend in here.backends.items()}


def _identity(here: Context) -> Identity:
    return Identity(here.authority, here.clients, here.admission, here.settings.issuer)


def _session_secret(here: Context) -> bytes:
    """Derive the portal's cookie secret: common to all processes, and not a second thing to keep safe."""
    return hmac.digest(here.settings.pepper, b"portal-session" + here.settings.signing_key.read_bytes(), "sha256")


def _front() -> Response:
    return redirect("/portal/")  # type: ignore[return-value]
