"""The way up from a firm's latest score, as the firm itself sees it and as the bank that ordered the score does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue

from gateway.portal import charts
from gateway.portal.door import ServiceProblem
from gateway.portal.visit import ask, firm_path, own_firm, page, refusal, say, visitor

# The master scale, best first; a contract test holds it against the scoring service's.
GRADES = ("AAA", "AA+", "AA", "A", "BBB", "BB", "B", "CCC", "CC", "C")


def own() -> ResponseReturnValue:
    """Show a firm how it can reach a grade."""
    firm = own_firm()
    return _page(firm, own=True, back=url_for("portal.enterprise_own"))


def of_applicant(firm: str) -> ResponseReturnValue:
    """Show a bank how a consenting firm can reach a grade; the look is recorded as a read of the score."""
    visitor("bank")
    return _page(firm, own=False, back=url_for("portal.applicants_applicant", firm=firm))


def _page(firm: str, *, own: bool, back: str) -> ResponseReturnValue:
    scores = ask("GET", firm_path(firm, "scores"), query={"limit": 1})["items"]
    score = scores[0] if scores else None
    target = request.args.get("grade") or (_next(score["grade"]) if score else GRADES[0])
    refused = None if target in GRADES else say("wayup.no_grade", grade=target[:20], grades=", ".join(GRADES))
    way: dict[str, Any] | None = None
    if score and not refused:
        try:
            way = ask("POST", f"/scores/{score['id']}/recourse", json={"target": {"grade": target}})
        except ServiceProblem as problem:
            if problem.status != 422:  # the others have a page of their own
                raise
            refused = refusal(problem)
    shown = _shown(way)
    values = page(
        "way_up.html",
        own=own,
        firm=firm,
        back=back,
        score=score,
        grades=GRADES,
        target=target,
        refused=refused,
        way=way,
        shown=shown,
        carried=_best(way),
        chart=charts.ascent(way, shown["path"] if shown else []) if way else None,
    )
    return values, 422 if refused else 200


def _next(grade: str) -> str:
    """Return the grade above one; the best is above itself."""
    return GRADES[max(GRADES.index(grade) - 1, 0)] if grade in GRADES else GRADES[-1]


def _shown(way: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return the way that there is to show: to the target, else to the nearest within reach."""
    if way is None:
        return None
    found: Mapping[str, Any] | None = way if way["reachable"] else way["nearest"]
    return found


def _best(way: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return the month in which carrying on alone is best, the first of equals."""
    return max(way["carrying_on"], key=lambda month: (month["score"], -month["month"])) if way else None
