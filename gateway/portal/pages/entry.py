"""The way in and out: the first page, signing in, signing out, the language."""

from __future__ import annotations

from flask import Response, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from chassis.core.errors import Forbidden, Invalid, NotFound, Unauthenticated
from gateway.door.visitor import Visitor
from gateway.portal import language as languages
from gateway.portal.session import DEVICE
from gateway.portal.visit import page, portal, say, signed_in, visitor

HOMES = {
    "enterprise": "portal.enterprise_own",
    "bank": "portal.applicants_listing",
    "platform": "portal.applicants_listing",
    "buyer": "portal.notices_listing",
}


def home() -> ResponseReturnValue:
    """Bring a visitor to the first page of their role; show the way in to everybody else."""
    here = signed_in()
    if here is None:
        return page("sign_in.html", error=None, notice=None, back="")
    return redirect(url_for(HOMES.get(here.role, "portal.operations_overview")), 303)


def sign_in() -> ResponseReturnValue:
    """Exchange a login and a password, or an API key, for a session."""
    back = request.values.get("back", "")
    if request.method == "GET":
        notice = say("entry.ended") if request.args.get("ended") else None
        return page("sign_in.html", error=None, notice=notice, back=back)
    with_key = "key" in request.form
    given = [request.form.get(name, "") for name in (("key",) if with_key else ("login", "password"))]
    if not all(each.strip() for each in given):
        error = say("entry.empty_key" if with_key else "entry.empty_login")
        return page("sign_in.html", error=error, wrong=_wrong(with_key), notice=None, back=back), 422
    door, device = portal().door, request.cookies.get(DEVICE, "")
    try:
        here = door.sign_in(given[0].strip()) if with_key else door.sign_in_person(given[0], given[1], device)
    except Unauthenticated:
        error = say("entry.wrong_key" if with_key else "entry.wrong_login")
        return page("sign_in.html", error=error, wrong=_wrong(with_key), notice=None, back=back), 401
    except Forbidden:
        return page("sign_in.html", error=say("entry.bound_key"), wrong="key", notice=None, back=back), 403
    response = _with_session(here, _inside(back))
    if not with_key:
        portal().sessions.know(request, response, door.device_of(given[0], device))
    return response


def sign_out() -> ResponseReturnValue:
    """End the session, on the server as well."""
    here = signed_in()
    if here:
        portal().door.sign_out(here)
    response = make_response(redirect(url_for("portal.entry_home"), 303))
    portal().sessions.close(response)
    return response


def invitation() -> ResponseReturnValue:
    """Take an invitation up with a password of one's own."""
    if request.method == "GET":
        return page("password.html", invited=True, error=None)
    code, new, again = (request.form.get(name, "") for name in ("code", "new", "again"))
    if new != again:
        return page("password.html", invited=True, error=say("entry.not_the_same")), 422
    try:
        here = portal().door.accept_invitation(code.strip(), new)
    except Unauthenticated:
        return page("password.html", invited=True, error=say("entry.wrong_invitation")), 401
    except Invalid:
        return page("password.html", invited=True, error=say("entry.weak_password")), 422
    return _with_session(here, url_for("portal.entry_home"))


def password() -> ResponseReturnValue:
    """Change one's own password; all other sessions end."""
    here = visitor()
    if here.person is None:
        raise Forbidden("Who came with an API key has no password.")
    if request.method == "GET":
        return page("password.html", invited=False, error=None)
    current, new, again = (request.form.get(name, "") for name in ("current", "new", "again"))
    if new != again:
        return page("password.html", invited=False, error=say("entry.not_the_same")), 422
    try:
        changed = portal().door.change_password(here, current, new)
    except Unauthenticated:
        return page("password.html", invited=False, error=say("entry.wrong_password")), 401
    except Invalid:
        return page("password.html", invited=False, error=say("entry.weak_password")), 422
    return _with_session(changed, url_for("portal.entry_home"))


def _with_session(here: Visitor, target: str) -> Response:
    response = make_response(redirect(target, 303))
    portal().sessions.open(request, response, here)
    return response


def _wrong(with_key: bool) -> str:
    return "key" if with_key else "login"


def language(name: str) -> ResponseReturnValue:
    """Keep the chosen language in a cookie and go back to the page."""
    if name not in {"zh", "en"}:
        raise NotFound("The portal speaks zh and en.")
    response = make_response(redirect(_inside(request.args.get("back", "")), 303))
    response.set_cookie(
        languages.COOKIE, name, max_age=languages.YEAR_SECONDS, path="/", samesite="Lax", secure=request.is_secure
    )
    return response


def _inside(back: str) -> str:
    """Return the address if it is a page of the portal, else the first page: no redirect leads to another site."""
    inside = back.startswith("/portal/") and "\\" not in back and "//" not in back and back.isprintable()
    return back if inside else url_for("portal.entry_home")
