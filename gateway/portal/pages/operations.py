"""The operator's and the data source's overview: the book and its date, the imports, the models."""

from __future__ import annotations

from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from chassis.core.errors import UpstreamUnavailable
from gateway.portal import figures
from gateway.portal.door import ServiceProblem
from gateway.portal.visit import ask, page, refusal, say, visitor

SHOWN = 10
OPERATOR = "operator"
LONGEST_NOTE = 500
# Told in place: somebody else has set it meanwhile; a day to come.
REFUSED = frozenset({412, 422})


def overview() -> ResponseReturnValue:
    """Show what is in the suite; a part that does not answer says so and leaves the others standing."""
    visitor(OPERATOR, "source", "bank", "platform")
    return _page()


def date_book() -> ResponseReturnValue:
    """Date the book as the form says, or show the page again with what is missing or refused."""
    visitor(OPERATOR)
    day = None if "by_month" in request.form else figures.date_of(request.form.get("date", ""))
    if day is None and "by_month" not in request.form:
        return _page(say("operations.need_day")), 422
    version = request.form.get("version", "")
    order = {"date": day and day.isoformat(), "note": request.form.get("note", "").strip()[:LONGEST_NOTE] or None}
    try:
        ask("PUT", "/book/date", json=order, version=int(version) if version.isdecimal() else None)
    except ServiceProblem as problem:
        if problem.status not in REFUSED:
            raise
        return _page(refusal(problem)), problem.status
    return redirect(url_for("portal.operations_overview", did="dated"), 303)


def _page(error: str | None = None) -> str:
    dates = visitor().role == OPERATOR
    return page(
        "operations.html",
        error=error,
        notice=say("operations.was_set") if request.args.get("did") == "dated" else None,
        dating=_part("/book/date").get("found") if dates else None,
        book=_part("/book"),
        imports=_part("/imports", {"limit": SHOWN}),
        models=_part("/models", {"limit": SHOWN}),
    )


def _part(path: str, query: dict[str, int] | None = None) -> dict[str, Any]:
    try:
        found = ask("GET", path, query=query)
    except UpstreamUnavailable:
        return {"trouble": "unavailable"}
    except ServiceProblem as problem:
        return {"trouble": "not_allowed" if problem.status == 403 else "unavailable"}
    return {"found": found["items"] if isinstance(found, dict) and "items" in found else found}
