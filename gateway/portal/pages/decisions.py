"""The operator's desk for disputes: the queue by due date, one dispute with its item, and the decision about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from chassis.web.reading import whole
from gateway.portal import items
from gateway.portal.door import ServiceProblem
from gateway.portal.pages.disputes import named, shown, words_of
from gateway.portal.visit import ask, ask_list, page, say, visitor

OPERATOR = "operator"
OPEN = "open"
STATES = (OPEN, "unresolved", "corrected", "confirmed", "withdrawn")
A_PAGE = 20
# The service lists the newest first and the queue wants what is due first: all that is open is read, up to so much.
AT_ONCE, READS = 500, 4
# What is found, and how a wrong item was put right.
FINDINGS: Mapping[str, tuple[str, str | None]] = {
    "removed": ("corrected", "removed"),
    "restated": ("corrected", "restated"),
    "confirmed": ("confirmed", None),
    "unresolved": ("unresolved", None),
}
SHORTEST_REPLY, LONGEST_REPLY = 10, 4000
REFUSALS = {"not-restated": "ruling.not_restated", "dispute-ended": "ruling.ended"}


def queue() -> ResponseReturnValue:
    """List open disputes, what is due first on top; those that have ended by state, newest first."""
    visitor(OPERATOR)
    state = request.args.get("state", OPEN)
    listed = _ended(state) if state in STATES and state != OPEN else _open()
    rows = [shown(each) for each in listed.pop("items")]
    return page("dispute_queue.html", rows=rows, states=STATES, **listed), 200


def dispute(dispute: str) -> ResponseReturnValue:
    """Show a dispute: the item as it stood, what the firm says, and the form that decides it."""
    return _page(dispute)


def decide(dispute: str) -> ResponseReturnValue:
    """Decide a dispute as the form says, or show the form again with what is missing or refused."""
    visitor(OPERATOR)
    form = request.form
    errors = _missing(form)
    if errors:
        return _page(dispute, form, errors, 422)
    decision, correction = FINDINGS[form["finding"]]
    finding = {"decision": decision, "correction": correction, "reply": form["reply"].strip()}
    try:
        ask("POST", f"/disputes/{named(dispute)}/decision", json=finding, key=form.get("nonce"))
    except ServiceProblem as problem:
        if problem.status not in {400, 409, 422}:
            raise
        return _page(dispute, form, {"refused": words_of(problem, REFUSALS)}, problem.status)
    return redirect(url_for("portal.decisions_dispute", dispute=dispute, did="decided"), 303)


def _open() -> dict[str, Any]:
    disputes, more = _all_open()
    first = whole(request.args.get("from", "")) or 0
    due = sorted(disputes, key=lambda each: str(each["due_at"]))
    listed = {"items": due[first : first + A_PAGE], "state": OPEN, "count": len(due), "more": more}
    following = {"from": first + A_PAGE} if first + A_PAGE < len(due) else None
    return listed | {"following": following, "first": bool(first)}


def _all_open() -> tuple[list[dict[str, Any]], bool]:
    """Return the open disputes, and whether there are more than are read at once."""
    disputes: list[dict[str, Any]] = []
    cursor: str | None = None
    for _ in range(READS):
        query: dict[str, str | int] = {"state": OPEN, "limit": AT_ONCE}
        if cursor:
            query["cursor"] = cursor
        answer = ask("GET", "/disputes", query=query)
        disputes, cursor = disputes + answer["items"], answer.get("next")
        if cursor is None:
            return disputes, False
    return disputes, True


def _ended(state: str) -> dict[str, Any]:
    listed = ask_list("/disputes", A_PAGE, state=state)
    following = {"cursor": listed.next} if listed.next else None
    return {"items": listed.items, "state": state, "following": following, "first": bool(listed.cursor), "more": False}


def _page(
    dispute: str, form: Mapping[str, str] | None = None, errors: Mapping[str, str] | None = None, status: int = 200
) -> ResponseReturnValue:
    visitor(OPERATOR)
    shown_dispute = shown(ask("GET", f"/disputes/{named(dispute)}"))
    # What a source says of a firm itself cannot be taken out, only be said anew.
    findings = [each for each in FINDINGS if each != "removed" or shown_dispute["item"]["kind"] != items.DESCRIPTION]
    return page(
        "dispute_decision.html",
        dispute=shown_dispute,
        findings=findings,
        shortest=SHORTEST_REPLY,
        longest=LONGEST_REPLY,
        form=form or {},
        errors=errors or {},
        notice=say("ruling.was_decided") if request.args.get("did") == "decided" else None,
        nonce=uuid4().hex,
    ), status


def _missing(form: Mapping[str, str]) -> dict[str, str]:
    reply = form.get("reply", "").strip()
    checks = {
        "finding": (form.get("finding") in FINDINGS, say("ruling.need_finding")),
        "reply": (
            SHORTEST_REPLY <= len(reply) <= LONGEST_REPLY,
            say("ruling.need_reply", shortest=SHORTEST_REPLY, longest=LONGEST_REPLY),
        ),
    }
    return {name: sentence for name, (fine, sentence) in checks.items() if not fine}
