"""Notices of what happened to a file: the visitor's own, or one that it reads, decides about or has sent data to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from chassis.core.errors import NotFound, Refused
from gateway.portal.pages import applications
from gateway.portal.visit import ask, ask_list, ask_or, page, say, signed_in, visitor

OPEN_SHOWN = 100
A_PAGE = 20
# In the navigation; more than so many are shown as "20+".
COUNTED = 20
# Who is a party of applications.
PARTIES = ("enterprise", "bank", "platform")
ABOUT_REPAIR = "record-repaired"
ABOUT_IMPORT = "import-withdrawn"


def listing() -> ResponseReturnValue:
    """List the visitor's notices: open ones first, then those that were acknowledged, newest first."""
    visitor()
    listed = ask_list("/notices", A_PAGE)
    waiting = {"items": []} if listed.cursor else ask("GET", "/notices", query={"open": "true", "limit": OPEN_SHOWN})
    return page(
        "notices.html",
        waiting=[_shown(each) for each in waiting["items"]],
        shortened=OPEN_SHOWN if waiting.get("next") else None,
        applications=[] if listed.cursor else _applications(),
        seen=[_shown(each) for each in listed.items if each["acknowledged_at"]],
        next=listed.next,
        cursor=listed.cursor,
        notice=say("notices.noted") if request.args.get("did") == "noted" else None,
        nonce=uuid4().hex,
    ), 200


def acknowledge(notice: str) -> ResponseReturnValue:
    """Acknowledge a notice."""
    visitor()
    if not notice.replace("_", "").isalnum():
        raise NotFound("There is no such notice.")
    ask("POST", f"/notices/{notice}/acknowledge", key=request.form.get("nonce") or uuid4().hex)
    return redirect(url_for("portal.notices_listing", did="noted"), 303)


def count() -> ResponseReturnValue:
    """Answer how many notices are open, for the navigation of a loaded page; nothing where the count cannot be had."""
    if signed_in() is None:
        return ""
    try:
        waiting = ask("GET", "/notices", query={"open": "true", "limit": COUNTED})
    except Refused:
        return ""
    return page("_open_notices.html", count=len(waiting["items"]), more=bool(waiting.get("next")))


def _applications() -> list[dict[str, Any]]:
    """Return the visitor's applications, newest first, by their products' titles: how each stands."""
    if visitor().role not in PARTIES:
        return []
    found = ask_or({"items": []}, "GET", "/applications", query={"limit": A_PAGE})
    return applications.titled(found["items"])


def _shown(notice: Mapping[str, Any]) -> dict[str, Any]:
    return {**notice, "url": _about(notice)}


def _about(notice: Mapping[str, Any]) -> str | None:
    """Return where the visitor finds what a notice tells of, if there is such a page."""
    role, repaired = visitor().role, notice["event"] == ABOUT_REPAIR
    if role == "enterprise" and notice["event"] != ABOUT_IMPORT:
        return url_for("portal.disputes_listing", _anchor="repairs" if repaired else notice["act"])
    if role == "operator" and str(notice["act"]).startswith("dsp_"):
        return url_for("portal.decisions_dispute", dispute=notice["act"])
    if role in {"bank", "platform"}:
        return url_for("portal.applicants_applicant", firm=notice["enterprise"])
    return None
