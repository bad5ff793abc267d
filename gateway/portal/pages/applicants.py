"""A bank's and a platform's desk: who consented, an applicant's score with its reasons, the products that fit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from gateway.portal import charts, figures, language
from gateway.portal.visit import ask, ask_list, ask_or, features, firm_path, page, reason_codes, say, speaking, visitor

ROLES = ("bank", "platform", "operator", "source")
# A page of the list asks for each firm's latest score; twenty are answered within a fifth of a second.
FIRMS_A_PAGE = 20
SCORES_SHOWN = 12
KINDS = ("credit-line", "invoice-finance", "order-finance", "secured-loan", "guarantee-loan", "leasing")

# Names that a rule may use beside the feature catalogue's.
RULE_UNITS = {
    "amount_fen": "fen",
    "months": "month",
    "pd": "probability",
    "score": "point",
    "rate": "rate",
    "all_in_simple_rate": "rate",
}
COMMA = {"zh": Markup("、"), "en": Markup(", ")}
WORD = re.compile(r"[a-z_][a-z0-9_]*")


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
    """Show an applicant: score, reasons, the form that asks which products fit."""
    return _applicant_page(firm, need={}, errors={}, match=None)


def score(firm: str) -> ResponseReturnValue:
    """Order a score: a credit query that the firm sees."""
    visitor("bank")
    firm_path(firm)
    key = request.form.get("nonce") or uuid4().hex
    ask("POST", "/scores", json={"enterprise": firm}, purpose="credit-assessment", key=key)
    return redirect(url_for("portal.applicants_applicant", firm=firm), 303)


def match(firm: str) -> ResponseReturnValue:
    """Answer with offers and refusals: only this part of the page where htmx asks, else the whole page."""
    visitor("bank", "platform")
    firm_path(firm)
    need, errors = _need(request.form)
    offers = None if errors else _match(firm, need)
    partial = request.headers.get("HX-Request")
    status = 422 if errors else 200
    if partial:
        return page("_match.html", match=offers, errors=errors, shown=_shown), status
    return _applicant_page(firm, need=request.form, errors=errors, match=offers), status


def _shown(line: Mapping[str, Any], part: str) -> Any:
    """Return what a rule found or needs, each fact in its own unit.

    A compound rule finds several facts, and what it needs is the rule itself, which its title says: then "".
    """
    facts, comma = line.get("found"), COMMA[speaking()]
    if isinstance(facts, Mapping):
        lines = [Markup("{} {}").format(_title(name), _value(name, value)) for name, value in facts.items()]
        return comma.join(lines) if part == "found" else ""
    subject = WORD.search(str(line.get("rule", "")))
    content = line.get(part)
    values = content if isinstance(content, list) else [content]
    return comma.join(_value(subject[0] if subject else "", value) for value in values)


def _title(name: str) -> str:
    known = features().get(name)
    return language.pick(speaking(), known["title"]) if known else language.term(speaking(), "fact", name)


def _value(name: str, value: Any) -> Any:
    if value is None:
        return say("match.unknown")
    if name == "size_class":
        return language.term(speaking(), "size", value)
    return figures.measure(speaking(), value, RULE_UNITS.get(name) or features().get(name, {}).get("unit"))


def _match(firm: str, need: dict[str, Any]) -> Any:
    # The same form sent twice is one match; another amount is another one.
    key = uuid5(NAMESPACE_URL, f"{request.form.get('nonce') or uuid4().hex} {firm} {sorted(need.items())}").hex
    return ask("POST", "/matches", json={"enterprise": firm, "need": need}, purpose="financing-match", key=key)


def _applicant_page(firm: str, *, need: Any, errors: dict[str, str], match: Any) -> str:
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
        kinds=KINDS,
        need=need,
        errors=errors,
        match=match,
        shown=_shown,
        nonce=uuid4().hex,
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


def _need(form: Any) -> tuple[dict[str, Any], dict[str, str]]:
    fen = figures.fen_of_wan(form.get("amount", ""))
    typed = form.get("months", "").strip()
    months = int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= 3 and 1 <= int(typed) <= 360 else None
    errors = {}
    if fen is None:
        errors["amount"] = say("match.need_amount")
    if months is None:
        errors["months"] = say("match.need_months")
    need: dict[str, Any] = {"amount_fen": fen, "months": months}
    if form.get("kind") in KINDS:
        need["kind"] = form["kind"]
    return need, errors
