"""The portal as a blueprint: its routes, its security headers, and its answers when something is refused."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from flask import Blueprint, Flask, Response, make_response, redirect, request, send_from_directory, url_for
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from chassis.core.errors import (
    Conflict,
    Forbidden,
    NotFound,
    Refused,
    TooManyRequests,
    Unauthenticated,
    UpstreamUnavailable,
)
from gateway.portal.door import Door, SecondDoor, ServiceProblem
from gateway.portal.language import HAN, half
from gateway.portal.pages import (
    alerts,
    applicants,
    applications,
    applying,
    cross_checks,
    decisions,
    disputes,
    enterprise,
    entry,
    factors,
    imports,
    ledger,
    mandates,
    matching,
    measures,
    models,
    notices,
    operations,
    portraits,
    repairs,
    retention,
    sending,
    ways,
    webhooks,
)
from gateway.portal.session import Sessions, refuse_foreign_posts
from gateway.portal.visit import Portal, page, portal, say, signed_in, speaking

HERE = Path(__file__).parent
STATIC = HERE / "static"
STAMP = STATIC / "dist" / "stamp"
PACKED = ".gz"
# Scripts, styles and data come from this origin only; nothing inline runs. Charts set styles through the DOM.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "img-src 'self' data:",
        "object-src 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # Not `no-referrer`: with it browsers send `Origin: null` and the check of posts could not tell our own forms.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
ROUTES = (
    ("/", entry.home, ("GET",)),
    ("/sign-in", entry.sign_in, ("GET", "POST")),
    ("/invitation", entry.invitation, ("GET", "POST")),
    ("/second-step", entry.second_step, ("GET", "POST")),
    ("/first-factor", factors.first, ("GET",)),
    ("/factors", factors.listing, ("GET",)),
    ("/factors/acknowledge", factors.acknowledge, ("POST",)),
    ("/factors/confirm", factors.confirm, ("GET", "POST")),
    ("/factors/app", factors.app, ("GET", "POST")),
    ("/factors/passkey", factors.passkey, ("GET", "POST")),
    ("/factors/codes", factors.codes, ("POST",)),
    ("/factors/<factor>/remove", factors.remove, ("POST",)),
    ("/password", entry.password, ("GET", "POST")),
    ("/sign-out", entry.sign_out, ("POST",)),
    ("/language/<name>", entry.language, ("GET",)),
    ("/enterprise", enterprise.own, ("GET",)),
    ("/enterprise/consents", enterprise.grant, ("POST",)),
    ("/enterprise/consents/<consent>/revoke", enterprise.revoke, ("POST",)),
    ("/applicants", applicants.listing, ("GET",)),
    ("/applicants/open", applicants.open_by_id, ("GET",)),
    ("/applicants/<firm>", applicants.applicant, ("GET",)),
    ("/applicants/<firm>/portrait", enterprise.of_applicant, ("GET",)),
    ("/enterprise/dimensions/<key>", portraits.own_dimension, ("GET",)),
    ("/enterprise/records/<figure>", portraits.own_records, ("GET",)),
    ("/applicants/<firm>/dimensions/<key>", portraits.applicant_dimension, ("GET",)),
    ("/applicants/<firm>/records/<figure>", portraits.applicant_records, ("GET",)),
    ("/enterprise/invoices/<record>/lines", portraits.own_lines, ("GET",)),
    ("/applicants/<firm>/invoices/<record>/lines", portraits.applicant_lines, ("GET",)),
    ("/enterprise/way-up", ways.own, ("GET",)),
    ("/applicants/<firm>/way-up", ways.of_applicant, ("GET",)),
    ("/applicants/<firm>/scores", applicants.score, ("POST",)),
    ("/applicants/<firm>/matches", applicants.match, ("POST",)),
    ("/enterprise/cross-checks", cross_checks.own, ("GET",)),
    ("/applicants/<firm>/cross-checks", cross_checks.of_applicant, ("GET",)),
    ("/enterprise/matching", matching.own, ("GET", "POST")),
    ("/applications", applications.listing, ("GET",)),
    ("/applications", applying.hand_in, ("POST",)),
    ("/applications/new", applying.form, ("GET",)),
    ("/applications/<application>", applications.one, ("GET",)),
    ("/applications/<application>/<event>", applications.move, ("POST",)),
    ("/mandates", mandates.listing, ("GET",)),
    ("/mandates", mandates.grant, ("POST",)),
    ("/mandates/<consent>/end", mandates.end, ("POST",)),
    ("/alerts", alerts.feed, ("GET",)),
    ("/alerts/subscriptions", alerts.subscribe, ("POST",)),
    ("/alerts/<alert>/acknowledge", alerts.acknowledge, ("POST",)),
    ("/enterprise/signals", alerts.own, ("GET",)),
    ("/enterprise/disputes", disputes.listing, ("GET",)),
    ("/enterprise/disputes", disputes.open_dispute, ("POST",)),
    ("/enterprise/disputes/new", disputes.form, ("GET",)),
    ("/enterprise/disputes/<dispute>/withdraw", disputes.withdraw, ("POST",)),
    ("/disputes", decisions.queue, ("GET",)),
    ("/disputes/<dispute>", decisions.dispute, ("GET",)),
    ("/disputes/<dispute>/decision", decisions.decide, ("POST",)),
    ("/repairs", repairs.listing, ("GET",)),
    ("/repairs", repairs.repair, ("POST",)),
    ("/notices", notices.listing, ("GET",)),
    ("/notices/count", notices.count, ("GET",)),
    ("/notices/<notice>/acknowledge", notices.acknowledge, ("POST",)),
    ("/retention", retention.policies, ("GET",)),
    ("/ledger/<log>", ledger.entries, ("GET",)),
    ("/ledger/<log>/consistency", ledger.consistency, ("GET",)),
    ("/webhooks", webhooks.console, ("GET",)),
    ("/webhooks/<delivery>/replay", webhooks.replay, ("POST",)),
    ("/webhooks/<hook>/enable", webhooks.enable, ("POST",)),
    ("/webhooks/<hook>/test", webhooks.try_out, ("POST",)),
    ("/measures", measures.listing, ("GET",)),
    ("/measures", measures.set_measure, ("POST",)),
    ("/measures/<measure>/end", measures.end_measure, ("POST",)),
    ("/imports", sending.listing, ("GET",)),
    ("/imports", sending.send, ("POST",)),
    ("/import-previews", sending.look, ("POST",)),
    ("/operations", operations.overview, ("GET",)),
    ("/operations/date", operations.date_book, ("POST",)),
    ("/imports/<name>", imports.one, ("GET",)),
    ("/imports/<name>/rejects", imports.rejects, ("GET",)),
    ("/imports/<name>/withdraw", imports.withdraw, ("POST",)),
    ("/models/<version>", models.model, ("GET",)),
    ("/models/<version>/approve", models.approve, ("POST",)),
    ("/models/<version>/decide/<decision>", models.decide, ("POST",)),
    ("/models/<version>/validation", models.validation, ("GET",)),
    ("/models/<version>/plots/<name>.svg", models.picture, ("GET",)),
)


def make_portal(door: Door, secret: str | bytes, second: SecondDoor | None = None) -> Blueprint:
    """Return the portal to register on the gateway; `secret` signs the session cookies of all its processes.

    Without a `second` door nobody has a second factor.
    """
    blueprint = Blueprint("portal", __name__, url_prefix="/portal", template_folder="templates")
    stamp = STAMP.read_text().strip() if STAMP.exists() else None

    def keep(state: BlueprintSetupState) -> None:
        state.app.extensions["portal"] = Portal(door=door, sessions=Sessions(secret), assets=stamp, second=second)
        _trim(state.app)

    blueprint.record(keep)
    blueprint.before_request(_fence)
    blueprint.after_request(_harden)
    for rule, view, methods in ROUTES:
        name = f"{view.__module__.rsplit('.', 1)[-1]}.{view.__name__}".replace(".", "_")
        blueprint.add_url_rule(rule, endpoint=name, view_func=view, methods=list(methods))
    blueprint.add_url_rule("/static/<path:filename>", endpoint="static", view_func=_asset)
    blueprint.add_url_rule("/<path:rest>", endpoint="nowhere", view_func=_nowhere)
    blueprint.register_error_handler(Unauthenticated, _to_sign_in)
    blueprint.register_error_handler(Refused, _refused)
    blueprint.register_error_handler(HTTPException, _http_error)
    return blueprint


def _trim(app: Flask) -> None:
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


def _fence() -> None:
    refuse_foreign_posts(request)


def _harden(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if response.mimetype == "text/html":
        response.headers["Cache-Control"] = "no-store"
        response.vary.add("Cookie")
    elif request.endpoint == "portal.static" and request.args.get("v"):
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    elif request.endpoint != "portal.static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _asset(filename: str) -> ResponseReturnValue:
    """Answer with a file of the portal, packed where the browser takes that and it was packed when it was built."""
    packed = f"{filename}{PACKED}"
    takes = request.accept_encodings.quality("gzip") > 0 and os.path.isfile(STATIC / packed)  # noqa: PTH113 -- too long is no file
    # The folder is fixed; a name that leads out of it is not found.
    answer = send_from_directory(STATIC, packed if takes else filename, mimetype=mimetypes.guess_type(filename)[0])
    if takes:
        answer.headers["Content-Encoding"] = "gzip"
    answer.vary.add("Accept-Encoding")
    return answer


def _nowhere(rest: str) -> ResponseReturnValue:
    raise NotFound(f"There is no page {rest[:80]!r}.")


def _to_sign_in(_: Unauthenticated) -> ResponseReturnValue:
    ended = signed_in() is not None
    back = request.full_path.rstrip("?") if request.method == "GET" else url_for("portal.entry_home")
    target = url_for("portal.entry_sign_in", back=back, ended="1" if ended else None)
    if request.headers.get("HX-Request"):
        response = make_response("", 204)
        response.headers["HX-Redirect"] = target
    else:
        response = make_response(redirect(target, 303))
    portal().sessions.close(response)
    return response


# What refused → the texts that say it; a service's problem is known by its slug, else by its status.
TEXT_OF_SLUG = {"consent-required": "consent", "no-serving-model": "model", "not-enough-data": "data"}
TEXT_OF_STATUS = {403: "forbidden", 404: "not_found", 429: "quota"}
STATUS_OF: tuple[tuple[type[Refused], int], ...] = (
    (UpstreamUnavailable, 503),
    (NotFound, 404),
    (Forbidden, 403),
    (TooManyRequests, 429),
    (Conflict, 409),
    (Refused, 400),
)


def _refused(error: Refused) -> ResponseReturnValue:
    if isinstance(error, ServiceProblem):
        kind = TEXT_OF_SLUG.get(error.slug) or _text_of(error.status)
        told = _Told(error.detail, error.document, str(error.document.get("instance") or ""))
        return _explain(kind, error.status, told)
    status = next(status for kind, status in STATUS_OF if isinstance(error, kind))
    return _explain(_text_of(status), status, _Told(error.detail if status in {400, 403, 409} else ""))


def _text_of(status: int) -> str:
    return "down" if status in {502, 503, 504} else "broken" if status >= 500 else TEXT_OF_STATUS.get(status, "other")


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:
        return error.get_response()
    kind = _text_of(error.code)
    detail = error.description if kind == "other" else None
    return _explain(kind, error.code, _Told(detail or "", reference=uuid4().hex[:12]))


@dataclass(frozen=True, slots=True)
class _Told:
    """What was said of a refusal besides its kind: in English, unless both languages stand in it."""

    detail: str
    document: Mapping[str, Any] = field(default_factory=dict)
    reference: str = ""


def _explain(kind: str, status: int, told: _Told) -> ResponseReturnValue:
    here = signed_in()
    title = say(f"error.{kind}_title")
    detail = half(speaking(), told.detail)
    if speaking() == "zh" and not HAN.search(detail):
        # English is no help to a reader of Chinese; what the problem is called is, where the page does not say it.
        detail = str(told.document.get("title_zh") or "") if kind == "other" else ""
    body = say(
        f"error.{kind}_body" if detail or kind != "other" else "error.other_bare", client=here.client if here else "…"
    )
    template = "_problem.html" if request.headers.get("HX-Request") else "problem.html"
    values = {"title": title, "body": body, "detail": detail, "reference": told.reference}
    return page(template, status=status, **values), status
