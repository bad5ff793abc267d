"""The way in and out: the first page, signing in by one step or two, signing out, the language."""

from __future__ import annotations

from flask import make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from chassis.core.errors import Forbidden, Invalid, NotFound, Unauthenticated
from gateway.portal import language as languages
from gateway.portal.session import DEVICE
from gateway.portal.visit import enter, inside, page, portal, say, second, signed_in, visitor
from gateway.signing_in import NotProven, Ways, shown_by

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
    response = enter(here, back)
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
    portal().sessions.end_step(response)
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
    return enter(here, "")


def second_step() -> ResponseReturnValue:
    """Ask for a second factor, and open the session by it; lead who must add one to where they do."""
    step = portal().sessions.step(request)
    if step is None:
        raise Unauthenticated("Sign in first.")
    back = request.values.get("back", "")
    ways = second().ways(step)
    if ways.must_add:
        return redirect(url_for("portal.factors_first"), 303)
    if request.method == "GET":
        return _second_step(ways, back, "", None), 200
    shown = shown_by(request.form.get("kind", ""), request.form.get("shown", ""))
    try:
        here = second().complete(step, shown)
    except NotProven:
        return _second_step(second().ways(step), back, shown.kind, say(f"factors.wrong_{shown.kind}")), 401
    return enter(here, back)


def _second_step(ways: Ways, back: str, wrong: str, error: str | None) -> str:
    return page("second_step.html", ways=ways, back=back, wrong=wrong, error=error, again=False)


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
    return enter(changed, "")


def _wrong(with_key: bool) -> str:
    return "key" if with_key else "login"


def language(name: str) -> ResponseReturnValue:
    """Keep the chosen language in a cookie and go back to the page."""
    if name not in {"zh", "en"}:
        raise NotFound("The portal speaks zh and en.")
    response = make_response(redirect(inside(request.args.get("back", "")), 303))
    response.set_cookie(
        languages.COOKIE, name, max_age=languages.YEAR_SECONDS, path="/", samesite="Lax", secure=request.is_secure
    )
    return response
