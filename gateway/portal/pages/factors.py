"""Second factors of a person: which they have, adding and removing them, recovery codes, proving to be there."""

from __future__ import annotations

import segno
from flask import make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from chassis.core.errors import Forbidden, Unauthenticated
from gateway.door.visitor import Visitor
from gateway.portal.visit import become, inside, page, portal, say, second, signed_in, visitor
from gateway.signing_in import NewTotp, NotProven, Step, shown_by

DONE = {
    "added": "factors.did_added",
    "removed": "factors.did_removed",
    "confirmed": "factors.did_confirmed",
    "acknowledged": "factors.did_acknowledged",
}


def listing() -> ResponseReturnValue:
    """Show a person's second factors, and what happened to them."""
    here = _person()
    did = DONE.get(request.args.get("did", ""))
    back = request.args.get("back")
    return page(
        "factors.html",
        seen=second().overview(here),
        notice=say(did) if did else None,
        back=inside(back) if back else None,
    ), 200


def acknowledge() -> ResponseReturnValue:
    """Settle what a person has read of what happened: what the page showed, and not what came after it."""
    second().acknowledge(_person(), request.form.getlist("event"))
    back = request.form.get("back")
    return redirect(inside(back) if back else url_for("portal.factors_listing", did="acknowledged"), 303)


def first() -> ResponseReturnValue:
    """Let who must have a second factor and has none choose which to add; nothing else opens to them."""
    step = portal().sessions.step(request)
    if step is None:
        raise Unauthenticated("Sign in first.")
    ways = second().ways(step)
    if not ways.must_add:
        return redirect(url_for("portal.entry_second_step"), 303)
    return page("first_factor.html", ways=ways), 200


def confirm() -> ResponseReturnValue:
    """Have a person prove once more to be there; for ten minutes they may then change their factors."""
    here = _person()
    back = request.values.get("back", "")
    if request.method == "GET":
        return _asked(here, back, "", None), 200
    shown = shown_by(request.form.get("kind", ""), request.form.get("shown", ""))
    try:
        second().confirm(here, shown)
    except NotProven:
        return _asked(here, back, shown.kind, say(f"factors.wrong_{shown.kind}")), 401
    target = inside(back) if back else url_for("portal.factors_listing", did="confirmed")
    return redirect(target, 303)


def app() -> ResponseReturnValue:
    """Add an app that makes codes: show its secret as a picture and as text, and take its first code."""
    here = _holder()
    if here is None:
        return _to_confirm()
    if request.method == "GET":
        return _app(second().begin_totp(here), None), 200
    box = request.form.get("sealed", "")
    try:
        opened, codes = second().add_totp(here, box, request.form.get("code", ""))
    except NotProven:
        return _app(second().same_totp(here, box), say("factors.wrong_first_code")), 422
    return _done(opened, codes)


def passkey() -> ResponseReturnValue:
    """Add a passkey: the page's script has the browser make one and sends its answer by the form."""
    here = _holder()
    if here is None:
        return _to_confirm()
    if request.method == "GET":
        return page("factor_passkey.html", asked=second().begin_passkey(here), error=None), 200
    try:
        opened, codes = second().add_passkey(here, request.form.get("shown", ""), request.form.get("name", ""))
    except NotProven:
        error = say("factors.wrong_passkey")
        return page("factor_passkey.html", asked=second().begin_passkey(here), error=error), 422
    return _done(opened, codes)


def codes() -> ResponseReturnValue:
    """Make new recovery codes and show them, this once."""
    here = _person()
    if not second().fresh(here):
        return _to_confirm()
    return page("recovery_codes.html", codes=second().renew_codes(here)), 200


def remove(factor: str) -> ResponseReturnValue:
    """Remove a second factor."""
    here = _person()
    if not second().fresh(here):
        return _to_confirm()
    second().remove(here, factor)
    return redirect(url_for("portal.factors_listing", did="removed"), 303)


def _person() -> Visitor:
    here = visitor()
    if here.person is None:
        raise Forbidden(
            "Who came with an API key has no second factor: a key is one that programs have. "
            "/ 以接口密钥登录者没有第二验证方式：密钥供程序使用。"
        )
    return here


def _holder() -> Visitor | Step | None:
    """Return who adds a factor: somebody signed in, or who must add one in order to be; None without a fresh proof."""
    step = portal().sessions.step(request) if signed_in() is None else None
    if step is not None:
        return step
    here = _person()
    return here if second().fresh(here) else None


def _to_confirm() -> ResponseReturnValue:
    back = request.path if request.method == "GET" else url_for("portal.factors_listing")
    return redirect(url_for("portal.factors_confirm", back=back), 303)


def _asked(here: Visitor, back: str, wrong: str, error: str | None) -> str:
    ways = second().ways(here)
    return page("second_step.html", ways=ways, back=back, wrong=wrong, error=error, again=True)


def _app(new: NewTotp, error: str | None) -> str:
    """Show the secret; the picture is drawn by attributes, as the policy allows no style in a page."""
    drawn = segno.make(new.address, error="m").svg_inline(scale=5, dark="#000", light="#fff", border=4, svgclass="qr")
    groups = " ".join(new.secret[start : start + 4] for start in range(0, len(new.secret), 4))
    return page(
        "factor_app.html",
        picture=Markup(drawn),  # noqa: S704 -- drawn here; of the address only its squares are in it
        secret=groups,
        address=new.address,
        sealed=new.sealed,
        error=error,
    )


def _done(opened: Visitor | None, codes: list[str]) -> ResponseReturnValue:
    """Show recovery codes where they came, this once; open the session of who has taken the second step by this."""
    if opened is not None:
        become(opened)
    target = url_for("portal.factors_listing", did="added")
    response = make_response(page("recovery_codes.html", codes=codes)) if codes else redirect(target, 303)
    response = make_response(response)
    if opened is not None:
        portal().sessions.open(request, response, opened)
    return response
