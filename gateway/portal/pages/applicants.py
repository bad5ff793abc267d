"""A bank's and a platform's desk: who consented, an applicant's score with its reasons, the products that fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from gateway.portal import charts
from gateway.portal.door import ServiceProblem
from gateway.portal.pages import matching
from gateway.portal.visit import ask, ask_list, ask_or, firm_path, page, reason_codes, speaking, visitor

ROLES = ("bank", "platform", "operator", "source")
MATCHERS = ("bank", "platform")
# They see every firm that the suite has a file of; scores and portraits are for those whom the firm consented to.
REGISTRY = ("operator", "source")
# A page of the list asks for each firm's latest score; twenty are answered within a fifth of a second.
FIRMS_A_PAGE = 20
SCORES_SHOWN = 12
ASSESSMENT, MATCHING = "credit-assessment", "financing-match"
# A part of a name is sought here, in the first thousand firms.
AT_ONCE = 200
PAGES_READ = 5
# What a service says of a text that can be no id, and no name.
NO_ID = frozenset({400, 422})


def listing() -> ResponseReturnValue:
    """List the firms that consented, to a bank each with its latest score; to the registry's roles all firms."""
    visitor(*ROLES)
    listed = ask_list("/enterprises", FIRMS_A_PAGE)
    return _list(listed.items, next=listed.next, cursor=listed.cursor)


def open_by_id() -> ResponseReturnValue:
    """Go to the one firm whose id or name was typed, else list those whose name or id has it in it."""
    visitor(*ROLES)
    sought = request.args.get("id", "").strip()
    if not sought:
        return redirect(url_for("portal.applicants_listing"), 303)
    found, whole = _sought(sought)
    if len(found) == 1 and whole:
        return redirect(url_for("portal.applicants_applicant", firm=found[0]["id"]), 303)
    return _list(found, sought=sought, whole=whole)


def applicant(firm: str) -> ResponseReturnValue:
    """Show an applicant: score, reasons, the form that asks which products fit, a match that the address names."""
    firm_path(firm)
    return _applicant_page(firm, matching.stored(firm) if visitor(*ROLES).role in MATCHERS else matching.UNASKED)


def score(firm: str) -> ResponseReturnValue:
    """Order a score: a credit query that the firm sees."""
    visitor("bank")
    firm_path(firm)
    key = request.form.get("nonce") or uuid4().hex
    ask("POST", "/scores", json={"enterprise": firm}, purpose=ASSESSMENT, key=key)
    return redirect(url_for("portal.applicants_applicant", firm=firm), 303)


def match(firm: str) -> ResponseReturnValue:
    """Answer with offers and refusals: only this part of the page where htmx asks, else the whole page."""
    visitor(*MATCHERS)
    firm_path(firm)
    answered = matching.answered(firm)
    if request.headers.get("HX-Request"):
        return matching.part(answered)
    return _applicant_page(firm, answered)


def _list(firms: Sequence[Mapping[str, Any]], **how: Any) -> str:
    here = visitor()
    # A platform orders no score, and so has none to be told.
    scored = here.role == "bank"
    rows = [{"firm": firm, "score": _latest(firm["id"]) if scored else None} for firm in firms]
    return page("applicants.html", rows=rows, registry=here.role in REGISTRY, scored=scored, **how)


def _sought(said: str) -> tuple[list[dict[str, Any]], bool]:
    """Return the firm of an id, or of a name; else those whose name or id has what was typed, a page of them at most.

    Whether all firms that there are were looked through is told with it.
    """
    for exact in ({"id": said}, {"name": said}):
        if found := _named(exact):
            return found, True
    folded, cursor = said.casefold(), None
    some: list[dict[str, Any]] = []
    for _ in range(PAGES_READ):
        query = {"limit": AT_ONCE, **({"cursor": cursor} if cursor else {})}
        answer = ask("GET", "/enterprises", query=query)
        some += [each for each in answer["items"] if folded in f"{each.get('name') or ''} {each['id']}".casefold()]
        cursor = answer.get("next")
        if not cursor or len(some) > FIRMS_A_PAGE:
            break
    return some[:FIRMS_A_PAGE], not cursor and len(some) <= FIRMS_A_PAGE


def _named(exact: Mapping[str, str]) -> list[dict[str, Any]]:
    try:
        return list(ask("GET", "/enterprises", query={**exact, "limit": FIRMS_A_PAGE})["items"])
    except ServiceProblem as problem:
        if problem.status not in NO_ID:
            raise
        return []


def _applicant_page(firm: str, answered: matching.Answered) -> tuple[str, int]:
    here = visitor(*ROLES)
    firm_path(firm)
    known = _named({"id": firm})
    if not known:
        return _list([], sought=firm, whole=True), 404
    scores = _scores(firm, SCORES_SHOWN)
    latest = scores[0] if scores else None
    # What is disputed now stands with the scores; who may read none is told no dispute either.
    marks = latest.get("disputes", []) if latest else []
    return page(
        "applicant.html",
        # From the list of those that consented: opening the file would add an access record.
        firm=known[0],
        registry=here.role in REGISTRY,
        # What its consent is for: a link or a form that is refused to everybody would promise what is not so.
        open_to={each for each in (ASSESSMENT, MATCHING) if _named({"id": firm, "purpose": each})},
        scores=scores,
        score=latest,
        evidence=latest.get("evidence") if latest else None,
        codes=reason_codes() if latest else {},
        marks=marks,
        contested=_contested(latest) if latest and marks else None,
        waterfall=charts.waterfall(speaking(), latest) if latest else None,
        pd_at=charts.pd_position,
        pd_ticks=charts.PD_TICKS,
        contributions=_by_size(latest) if latest else [],
        nonce=uuid4().hex,
        **matching.shown(answered),
    ), answered.status


def _by_size(score: dict[str, Any]) -> list[dict[str, Any]]:
    return sorted(score["contributions"], key=lambda each: -abs(each["points"]))


def _latest(firm: str) -> dict[str, Any] | None:
    scores = _scores(firm, 1)
    return scores[0] if scores else None


def _contested(score: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a score with the one without its disputed records, which lists leave out; None without an answer."""
    answer: dict[str, Any] | None = ask_or(None, "GET", f"/scores/{score['id']}")
    return answer


def _scores(firm: str, limit: int) -> list[dict[str, Any]]:
    answer = ask_or({"items": []}, "GET", firm_path(firm, "scores"), query={"limit": limit})
    return list(answer["items"])
