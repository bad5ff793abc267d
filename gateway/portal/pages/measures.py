"""The operator's page of joint incentives and restrictions: all in force, setting one, ending one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from chassis.core.errors import NotFound
from gateway.portal import figures
from gateway.portal.door import ServiceProblem
from gateway.portal.visit import ask, ask_list, page, refusal, say, visitor

OPERATOR = "operator"
A_PAGE = 20
# What the form's fields hold as they are; the scope has boxes, the list comes with the basis.
WRITTEN = ("enterprise", "authority", "document", "starts_on", "expires_on", "record")
OPTIONAL = frozenset({"record"})
DAYS = ("starts_on", "expires_on")
LONGEST_REASON = 500


def listing() -> ResponseReturnValue:
    """List all measures in force and those that are to begin, with the form of a chosen basis."""
    visitor(OPERATOR)
    return _page(_basis(request.args.get("basis"))), 200


def set_measure() -> ResponseReturnValue:
    """Set a measure as the form says, or show the form again with what is missing or refused."""
    visitor(OPERATOR)
    basis = _basis(request.form.get("basis"))
    if basis is None:
        raise NotFound("There is no such basis.")
    errors = _missing(request.form)
    if errors:
        return _page(basis, request.form, errors), 422
    try:
        ask("POST", "/measures", json=_wish(request.form, basis), key=request.form.get("nonce"))
    except ServiceProblem as problem:
        if problem.status not in {400, 404, 422}:
            raise
        return _page(basis, request.form, {"refused": refusal(problem)}), 422
    return redirect(url_for("portal.measures_listing", did="set"), 303)


def end_measure(measure: str) -> ResponseReturnValue:
    """End a measure at once, with its reason."""
    visitor(OPERATOR)
    if not measure.replace("_", "").isalnum():
        raise NotFound("There is no such measure.")
    reason = request.form.get("reason", "").strip()[:LONGEST_REASON]
    if not reason:
        return _page(None, errors={"reason": say("measures.need_reason")}), 422
    ask("POST", f"/measures/{measure}/end", json={"reason": reason}, key=request.form.get("nonce"))
    return redirect(url_for("portal.measures_listing", did="ended"), 303)


def _page(
    basis: Mapping[str, Any] | None, form: Mapping[str, Any] | None = None, errors: Mapping[str, str] | None = None
) -> str:
    listed = ask_list("/measures", A_PAGE, planned="true")
    notices = {"set": say("measures.was_set"), "ended": say("measures.was_ended")}
    return page(
        "measures.html",
        measures=listed.items,
        next=listed.next,
        cursor=listed.cursor,
        bases=[each for each in _catalogue()["items"] if each["in_force_until"] is None],
        basis=basis,
        form=form or {},
        errors=errors or {},
        notice=notices.get(request.args.get("did", "")),
        nonce=uuid4().hex,
    )


def _catalogue() -> dict[str, Any]:
    catalogue: dict[str, Any] = ask("GET", "/measure-bases")
    return catalogue


def _basis(key: str | None) -> dict[str, Any] | None:
    """Return a basis with what it allows in words, None where there is none of this key."""
    catalogue = _catalogue()
    codes = {each["code"]: each for each in catalogue["codes"]}
    chosen = next((each for each in catalogue["items"] if each["key"] == key), None)
    return chosen and {**chosen, "allows": [codes[code] for code in chosen["measures"]]}


def _missing(form: Any) -> dict[str, str]:
    empty = [name for name in WRITTEN if name not in OPTIONAL and not form.get(name, "").strip()]
    wrong = [name for name in DAYS if name not in empty and figures.date_of(form[name]) is None]
    faults = {name: say("measures.need_text") for name in empty} | {name: say("measures.need_day") for name in wrong}
    return faults if form.getlist("scope") else faults | {"scope": say("measures.need_scope")}


def _wish(form: Any, basis: Mapping[str, Any]) -> dict[str, Any]:
    fields = {name: form.get(name, "").strip() or None for name in WRITTEN}
    return {**fields, "list": basis["list"], "basis": basis["key"], "scope": form.getlist("scope")}
