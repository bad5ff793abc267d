"""Credit repair by those who may set one: the list of repairs, and the form that takes a record out of every answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from uuid import uuid4

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from chassis.core.moments import today
from gateway.portal import figures, language
from gateway.portal.door import ServiceProblem
from gateway.portal.pages.disputes import words_of
from gateway.portal.visit import ask, ask_list, page, say, speaking, visitor

# A source repairs too, as the authority from which it has the records decided.
REPAIRERS = ("operator", "source")
A_PAGE = 20
WRITTEN = ("enterprise", "record", "decided_on", "authority", "document")
RECORD = re.compile(r"rec_[0-9a-f]{32}")
REFUSALS = {
    "record-not-found": "repairs.not_found",
    "already-repaired": "repairs.already",
    "not-repairable": "repairs.not_repairable",
}


def listing() -> ResponseReturnValue:
    """List repairs, newest first, with the form; a dispute's page fills in whose and which record."""
    return _page(request.args)


def repair() -> ResponseReturnValue:
    """Repair a record as the form says, or show the form again with what is missing or refused."""
    visitor(*REPAIRERS)
    errors = _missing(request.form)
    if errors:
        return _page(request.form, errors, 422)
    wish = {name: request.form[name].strip() for name in WRITTEN}
    if not RECORD.fullmatch(wish["record"]):
        wish["number"] = wish.pop("record")
    try:
        ask("POST", "/repairs", json=wish, key=request.form.get("nonce"))
    except ServiceProblem as problem:
        if problem.status not in {400, 404, 409, 422}:
            raise
        return _page(request.form, {"refused": _refused(problem)}, problem.status)
    return redirect(url_for("portal.repairs_listing", did="repaired"), 303)


def _page(form: Mapping[str, str], errors: Mapping[str, str] | None = None, status: int = 200) -> ResponseReturnValue:
    visitor(*REPAIRERS)
    listed = ask_list("/repairs", A_PAGE)
    return page(
        "repairs.html",
        repairs=listed.items,
        next=listed.next,
        cursor=listed.cursor,
        form=form,
        errors=errors or {},
        notice=say("repairs.was_repaired") if request.args.get("did") == "repaired" else None,
        nonce=uuid4().hex,
    ), status


def _refused(problem: ServiceProblem) -> str:
    if problem.slug != "repair-too-early":
        return words_of(problem, REFUSALS)
    tier = language.term(speaking(), "record_state", problem.document.get("tier"))
    return say("repairs.too_early", tier=tier, day=problem.document.get("repairable_on", figures.NOTHING))


def _missing(form: Mapping[str, str]) -> dict[str, str]:
    faults = {name: say("measures.need_text") for name in WRITTEN if not form.get(name, "").strip()}
    decided = figures.date_of(form.get("decided_on", ""))
    if "decided_on" not in faults and (decided is None or decided > today()):
        faults["decided_on"] = say("repairs.need_day")
    return faults
