"""Behind a portrait: one dimension with its figures, the records that a figure counts, and an invoice's lines.

A firm sees its own; a bank sees those of a firm that consented, and each look is recorded in the firm's file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue

from chassis.core.errors import NotFound
from gateway.portal import charts, items
from gateway.portal.visit import ask, features, firm_path, own_firm, page, visitor

ROLES = ("bank", "platform", "operator", "source")
DIMENSIONS = ("payment", "operation", "stability", "growth", "relation", "compliance", "chain", "confidence")
RECORDS_A_PAGE = 50
# What says which page of which figure's records is meant, in an address.
MOMENT = ("as_of", "known_at", "cursor")
TREND = (560, 120)


def own_dimension(key: str) -> ResponseReturnValue:
    """Show a firm one dimension of its own portrait."""
    return _dimension(own_firm(), key, own=True)


def applicant_dimension(firm: str, key: str) -> ResponseReturnValue:
    """Show a bank one dimension of a consenting firm's portrait."""
    visitor(*ROLES)
    return _dimension(firm, key, own=False)


def own_records(figure: str) -> ResponseReturnValue:
    """Show a firm the records behind one of its figures."""
    return _records(own_firm(), figure, own=True)


def applicant_records(firm: str, figure: str) -> ResponseReturnValue:
    """Show a bank the records behind a figure of a firm whose consent covers them."""
    visitor(*ROLES)
    return _records(firm, figure, own=False)


def own_lines(record: str) -> ResponseReturnValue:
    """Show a firm the lines of one of its invoices."""
    return _lines(own_firm(), record, own=True)


def applicant_lines(firm: str, record: str) -> ResponseReturnValue:
    """Show a bank the lines of an invoice of a firm whose consent covers its records."""
    visitor(*ROLES)
    return _lines(firm, record, own=False)


def _dimension(firm: str, key: str, *, own: bool) -> ResponseReturnValue:
    if key not in DIMENSIONS:
        raise NotFound("There is no such dimension.")
    dimension = ask("GET", firm_path(firm, "portrait", key), purpose=None if own else "credit-assessment")
    values = {"own": own, "firm": firm, "dimension": dimension, "portrait_url": _portrait(firm, own=own)}
    # The largest contributions first, whichever way; what says nothing comes last.
    rows = sorted(dimension["features"], key=lambda line: -abs(line["contribution"] or 0))
    trend = charts.sparkline(dimension["trend"], *TREND)
    moving = any(score is not None for score in dimension["trend"])
    return page("dimension.html", lines=rows, trend=trend if moving else [], size=TREND, **values), 200


def _records(firm: str, figure: str, *, own: bool) -> ResponseReturnValue:
    records = evidence(firm, figure, request.args, own=own)
    about = features().get(figure, {})
    return page(
        "records.html",
        own=own,
        firm=firm,
        figure=figure,
        about=about,
        found=records,
        moment={name: request.args.get(name) for name in MOMENT} | {name: records[name] for name in MOMENT[:2]},
        rows=[record(each) for each in records["items"]],
        back=_back(firm, str(about.get("dimension", "")), own=own),
        next_url=_next(firm, figure, records, own=own),
    ), 200


def _lines(firm: str, record: str, *, own: bool) -> ResponseReturnValue:
    moment: dict[str, str | int] = {name: request.args[name] for name in MOMENT[:2] if request.args.get(name)}
    found = ask(
        "GET",
        firm_path(firm, "invoices", record, "lines"),
        query=moment,
        purpose=None if own else "credit-assessment",
    )
    figure = request.args.get("figure", "")
    return page(
        "invoice_lines.html", own=own, firm=firm, found=found, back=_to_records(firm, figure, moment, own=own)
    ), 200


def evidence(firm: str, figure: str, moment: Mapping[str, str], *, own: bool) -> dict[str, Any]:
    """Return a page of the records behind a figure, at the moment that an address or a form names."""
    if not figure.replace("_", "").isalnum():
        raise NotFound("There is no such figure.")
    query: dict[str, str | int] = {name: moment[name] for name in MOMENT if moment.get(name)}
    query |= {"feature": figure, "limit": RECORDS_A_PAGE}
    records: dict[str, Any] = ask(
        "GET", firm_path(firm, "evidence"), query=query, purpose=None if own else "credit-assessment"
    )
    return records


def record(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record of any kind as the same few columns, with its name and the dispute about it, if any."""
    origin = {name: item.get(name) for name in ("name", "dispute", "source", "channel", "unconfirmed", "known_at")}
    return {"kind": item["kind"], **items.columns(item["record"]), **origin}


def _portrait(firm: str, *, own: bool) -> str:
    return url_for("portal.enterprise_own") if own else url_for("portal.enterprise_of_applicant", firm=firm)


def _back(firm: str, key: str, *, own: bool) -> str:
    if key not in DIMENSIONS:
        return _portrait(firm, own=own)
    if own:
        return url_for("portal.portraits_own_dimension", key=key)
    return url_for("portal.portraits_applicant_dimension", firm=firm, key=key)


def _next(firm: str, figure: str, records: Mapping[str, Any], *, own: bool) -> str | None:
    """Return the address of the next page, as of the same moment, so that no record repeats or is missed."""
    if not records.get("next"):
        return None
    moment = {"cursor": records["next"], "as_of": records["as_of"], "known_at": records["known_at"]}
    return _to_records(firm, figure, moment, own=own)


def _to_records(firm: str, figure: str, moment: Mapping[str, Any], *, own: bool) -> str:
    if not figure.replace("_", "").isalnum():
        return _portrait(firm, own=own)
    if own:
        return url_for("portal.portraits_own_records", figure=figure, **moment)
    return url_for("portal.portraits_applicant_records", firm=firm, figure=figure, **moment)
