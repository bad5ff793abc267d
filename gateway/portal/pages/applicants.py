"""A bank's and a platform's desk: who consented, an applicant's score with its reasons, the products that fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from gateway.portal import charts
from gateway.portal.pages import matching
from gateway.portal.visit import ask, ask_list, ask_or, firm_path, page, reason_codes, speaking, visitor

ROLES = ("bank", "platform", "operator", "source")
MATCHERS = ("bank", "platform")
# A page of the list asks for each firm's latest score; twenty are answered within a fifth of a second.
FIRMS_A_PAGE = 20
SCORES_SHOWN = 12


def listing() -> ResponseReturnValue:
    """List the firms that consented, each with its latest score."""
    visitor(*ROLES)
    listed = ask_list("/enterprises", FIRMS_A_PAGE)
    rows = [{"firm": firm, "score": _latest(firm["id"])} for firm in listed.items]
    return page("applicants.html", rows=rows, next=listed.next, cursor=listed.cursor)


def open_by_id() -> ResponseReturnValue:
    """Go to the firm whose id was typed."""
    visitor(*ROLES)
    firm = request.args.get("id", "").strip()
    target = url_for("portal.applicants_applicant", firm=firm) if firm else url_for("portal.applicants_listing")
    return redirect(target, 303)


def applicant(firm: str) -> ResponseReturnValue:
    """Show an applicant: score, reasons, the form that asks which products fit, a match that the address names."""
    firm_path(firm)
    return _applicant_page(firm, matching.stored(firm) if visitor(*ROLES).role in MATCHERS else matching.UNASKED)


def score(firm: str) -> ResponseReturnValue:
    """Order a score: a credit query that the firm sees."""
    visitor("bank")
    firm_path(firm)
    key = request.form.get("nonce") or uuid4().hex
    ask("POST", "/scores", json={"enterprise": firm}, purpose="credit-assessment", key=key)
    return redirect(url_for("portal.applicants_applicant", firm=firm), 303)


def match(firm: str) -> ResponseReturnValue:
    """Answer with offers and refusals: only this part of the page where htmx asks, else the whole page."""
    visitor(*MATCHERS)
    firm_path(firm)
    answered = matching.answered(firm)
    if request.headers.get("HX-Request"):
        return matching.part(answered)
    return _applicant_page(firm, answered), answered.status


def _applicant_page(firm: str, answered: matching.Answered) -> str:
    visitor(*ROLES)
    firm_path(firm)
    consented = ask("GET", "/enterprises", query={"id": firm, "limit": 1})["items"]
    scores = _scores(firm, SCORES_SHOWN)
    latest = scores[0] if scores else None
    # What is disputed now stands with the scores; who may read none is told no dispute either.
    marks = latest.get("disputes", []) if latest else []
    return page(
        "applicant.html",
        # From the list of those that consented: opening the file would add an access record.
        firm=consented[0] if consented else {"id": firm},
        consented=bool(consented),
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
    )


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
