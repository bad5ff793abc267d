"""Behind a portrait: one dimension with its figures, and the records that a figure counts.

A firm sees its own; a bank sees those of a firm that consented, and each look is recorded in the firm's file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue

from chassis.errors import Forbidden, NotFound
from gateway.portal import charts
from gateway.portal.visit import ask, features, firm_path, page, visitor

ROLES = ("bank", "platform", "operator", "source")
DIMENSIONS = ("payment", "operation", "stability", "growth", "relation", "compliance", "chain", "confidence")
RECORDS_A_PAGE = 50
# What a record of each kind calls its day, number, partner, amount and state; the first that it has.
DAYS = ("date", "published_on", "period_end", "since")
NUMBERS = ("number", "reference")
PARTNERS = ("counterparty", "authority", "party")
AMOUNTS = ("total_fen", "amount_fen", "due_fen")
STATES = ("status", "grade", "tier")
SORTS = ("direction", "record", "tax", "relation")
TREND = (560, 120)


def own_dimension(key: str) -> ResponseReturnValue:
    """Show a firm one dimension of its own portrait."""
    return _dimension(_own(), key, own=True)


def applicant_dimension(firm: str, key: str) -> ResponseReturnValue:
    """Show a bank one dimension of a consenting firm's portrait."""
    visitor(*ROLES)
    return _dimension(firm, key, own=False)


def own_records(figure: str) -> ResponseReturnValue:
    """Show a firm the records behind one of its figures."""
    return _records(_own(), figure, own=True)


def applicant_records(firm: str, figure: str) -> ResponseReturnValue:
    """Show a bank the records behind a figure of a firm whose consent covers them."""
    visitor(*ROLES)
    return _records(firm, figure, own=False)


def _own() -> str:
    here = visitor("enterprise")
    if here.enterprise is None:
        raise Forbidden("This key belongs to no enterprise; ask the operator to issue one that names it.")
    return here.enterprise


def _dimension(firm: str, key: str, *, own: bool) -> ResponseReturnValue:
    if key not in DIMENSIONS:
        raise NotFound("There is no such dimension.")
    found = ask("GET", firm_path(firm, "portrait", key), purpose=None if own else "credit-assessment")
    values = {"own": own, "firm": firm, "dimension": found, "portrait_url": _portrait(firm, own=own)}
    # The largest contributions first, whichever way; what says nothing comes last.
    rows = sorted(found["features"], key=lambda line: -abs(line["contribution"] or 0))
    trend = charts.sparkline(found["trend"], *TREND)
    moving = any(score is not None for score in found["trend"])
    return page("dimension.html", lines=rows, trend=trend if moving else [], size=TREND, **values), 200


def _records(firm: str, figure: str, *, own: bool) -> ResponseReturnValue:
    if not figure.replace("_", "").isalnum():
        raise NotFound("There is no such figure.")
    wanted = ("as_of", "known_at", "cursor")
    query: dict[str, str | int] = {name: request.args[name] for name in wanted if request.args.get(name)}
    query |= {"feature": figure, "limit": RECORDS_A_PAGE}
    found = ask("GET", firm_path(firm, "evidence"), query=query, purpose=None if own else "credit-assessment")
    about = features().get(figure, {})
    return page(
        "records.html",
        own=own,
        firm=firm,
        figure=figure,
        about=about,
        found=found,
        rows=[record(each) for each in found["items"]],
        back=_back(firm, str(about.get("dimension", "")), own=own),
        next_url=_next(firm, figure, found, own=own),
    ), 200


def record(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record of any kind as the same few columns."""
    said = item["record"]

    def first(names: tuple[str, ...]) -> Any:
        return next((said[name] for name in names if said.get(name) is not None), None)

    return {
        "kind": item["kind"],
        "sort": first(SORTS),
        "day": first(DAYS),
        "number": first(NUMBERS),
        "partner": first(PARTNERS),
        "fen": first(AMOUNTS),
        "state": first(STATES),
        "source": item["source"],
        "channel": item["channel"],
        "known_at": item["known_at"],
    }


def _portrait(firm: str, *, own: bool) -> str:
    return url_for("portal.enterprise_own") if own else url_for("portal.enterprise_of_applicant", firm=firm)


def _back(firm: str, key: str, *, own: bool) -> str:
    if key not in DIMENSIONS:
        return _portrait(firm, own=own)
    if own:
        return url_for("portal.portraits_own_dimension", key=key)
    return url_for("portal.portraits_applicant_dimension", firm=firm, key=key)


def _next(firm: str, figure: str, found: Mapping[str, Any], *, own: bool) -> str | None:
    """Return the address of the next page, at the moment of this one so that none repeats or goes missing."""
    if not found.get("next"):
        return None
    moment = {"cursor": found["next"], "as_of": found["as_of"], "known_at": found["known_at"], "figure": figure}
    if own:
        return url_for("portal.portraits_own_records", **moment)
    return url_for("portal.portraits_applicant_records", firm=firm, **moment)
