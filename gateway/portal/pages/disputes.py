"""A firm's disputes: what it holds to be wrong in its own file, what became of it, and which records were repaired."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from chassis.core.errors import NotFound
from gateway.portal import items
from gateway.portal.door import ServiceProblem
from gateway.portal.pages.portraits import MOMENT, evidence
from gateway.portal.visit import ask, ask_list, ask_or, firm_path, own_firm, page, refusal, say, speaking

A_PAGE = 20
REPAIRS_SHOWN = 100
REASONS = ("not-ours", "wrong-amount", "wrong-date", "wrong-status", "already-settled", "other")
LONGEST_STATEMENT = 2000
# What a refusal says in the reader's language; anything else is shown in the service's own words.
REFUSALS = {
    "already-disputed": "dispute.already",
    "record-not-found": "dispute.gone",
    "too-many-disputes": "dispute.too_many",
}


def listing() -> ResponseReturnValue:
    """List the firm's disputes, newest first, and its repairs."""
    return _listing()


def form() -> ResponseReturnValue:
    """Show the form that disputes one item: a record behind a figure, or a field of the description."""
    return _form(request.args)


def open_dispute() -> ResponseReturnValue:
    """Open a dispute as the form says, or show the form again with what is missing or refused."""
    own_firm()
    fields = request.form
    errors = _missing(fields)
    if errors:
        return _form(fields, errors, 422)
    item = {"kind": fields.get("kind"), **{name: fields[name] for name in ("record", "field") if fields.get(name)}}
    wish = {"item": item, "reason": fields["reason"], "statement": fields["statement"].strip()}
    try:
        ask("POST", "/disputes", json=wish, key=fields.get("nonce"))
    except ServiceProblem as problem:
        if problem.status not in {400, 404, 409, 422}:
            raise
        return _form(fields, {"refused": words_of(problem, REFUSALS)}, problem.status)
    return redirect(url_for("portal.disputes_listing", did="opened"), 303)


def withdraw(dispute: str) -> ResponseReturnValue:
    """Take a dispute back; the marks go with it."""
    own_firm()
    key = request.form.get("nonce") or uuid4().hex
    try:
        ask("POST", f"/disputes/{named(dispute)}/withdraw", key=key)
    except ServiceProblem as problem:
        if problem.slug != "dispute-ended":
            raise
        return _listing(say("dispute.ended"), problem.status)
    return redirect(url_for("portal.disputes_listing", did="withdrawn"), 303)


def named(dispute: str) -> str:
    """Return a dispute's id; raise `NotFound` for what can be none."""
    if not dispute.replace("_", "").isalnum():
        raise NotFound("There is no such dispute.")
    return dispute


def words_of(problem: ServiceProblem, known: Mapping[str, str]) -> str:
    """Return why something was refused, in the reader's language where we have the words."""
    return say(known[problem.slug]) if problem.slug in known else refusal(problem)


def shown(dispute: Mapping[str, Any]) -> dict[str, Any]:
    """Return a dispute with its item in words."""
    speaks, content = speaking(), dispute["before"] or {}
    about = {"about": items.title(speaks, dispute["item"], content), "lines": items.lines(speaks, content)}
    return {**dispute, **about}


def _listing(error: str | None = None, status: int = 200) -> ResponseReturnValue:
    own_firm()
    listed = ask_list("/disputes", A_PAGE)
    repairs = ask_or(None, "GET", "/repairs", query={"limit": REPAIRS_SHOWN})
    notices = {"opened": say("dispute.was_opened"), "withdrawn": say("dispute.was_withdrawn")}
    return page(
        "disputes.html",
        disputes=[shown(each) for each in listed.items],
        next=listed.next,
        cursor=listed.cursor,
        repairs=repairs and repairs["items"],
        error=error,
        notice=notices.get(request.args.get("did", "")),
        nonce=uuid4().hex,
    ), status


def _form(fields: Mapping[str, str], errors: Mapping[str, str] | None = None, status: int = 200) -> ResponseReturnValue:
    firm = own_firm()
    item, content = _item(firm, fields)
    speaks = speaking()
    return page(
        "dispute_form.html",
        item=item,
        about=items.title(speaks, item, content),
        lines=items.lines(speaks, content),
        reasons=REASONS,
        moment={name: fields[name] for name in ("figure", *MOMENT) if fields.get(name)},
        longest=LONGEST_STATEMENT,
        form=fields,
        errors=errors or {},
        back=_back(fields),
        nonce=uuid4().hex,
    ), status


def _item(firm: str, fields: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Any]]:
    """Return what an address or a form names, as the file says it now: nothing of it is taken from the address."""
    if field := fields.get("field"):
        if field not in items.DESCRIBED:
            raise NotFound("There is no such field.")
        return {"kind": items.DESCRIPTION, "field": field}, {field: ask("GET", firm_path(firm)).get(field)}
    records = evidence(firm, fields.get("figure", ""), fields, own=True)["items"]
    record = next((each for each in records if each["name"] == fields.get("record")), None)
    if record is None:
        raise NotFound("There is no such record.")
    return {"kind": record["kind"], "record": record["name"]}, record["record"]


def _back(fields: Mapping[str, str]) -> str:
    if fields.get("field"):
        return url_for("portal.enterprise_own", _anchor="description")
    moment = {name: fields[name] for name in MOMENT if fields.get(name)}
    return url_for("portal.portraits_own_records", figure=fields["figure"], **moment)  # type: ignore[arg-type]


def _missing(fields: Mapping[str, str]) -> dict[str, str]:
    statement = fields.get("statement", "").strip()
    checks = {
        "reason": (fields.get("reason") in REASONS, say("dispute.need_reason")),
        "statement": (
            0 < len(statement) <= LONGEST_STATEMENT,
            say("dispute.need_statement", longest=LONGEST_STATEMENT),
        ),
    }
    return {name: sentence for name, (fine, sentence) in checks.items() if not fine}
