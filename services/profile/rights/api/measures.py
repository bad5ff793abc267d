"""Joint incentives and restrictions: measures with a legal basis, a scope and a last day."""

from __future__ import annotations

from typing import Any

from flask import Response

from chassis.core.moments import written
from chassis.web import idempotency, paging
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.openapi import Blueprint, Shows, refuses, shows
from services.profile.book.api.current import context
from services.profile.book.api.shown import words
from services.profile.rights import tables
from services.profile.rights.api.measure_schemas import (
    AllMeasuresAskedSchema,
    MeasureBasesSchema,
    MeasureEndSchema,
    MeasureOrderSchema,
    MeasurePageSchema,
    MeasuresAskedSchema,
    MeasureSchema,
)
from services.profile.rights.api.reading import PURPOSE, marked, reading
from services.profile.rights.domain.measure import Basis, Code, Measure, bases
from services.profile.rights.domain.resource import Resource
from services.profile.rights.usecases import set_measure
from services.profile.standards.codes import enterprise_id

blueprint = Blueprint(
    "measures", __name__, url_prefix="/v1", description="Joint incentives and restrictions, each with its legal basis"
)
SAME = ("id", "enterprise", "list", "authority", "document", "record", "set_by", "terms_sha256")
ENDING = ("ended_by", "ended_reason")
TIMES = ("starts_on", "expires_on", "set_at", "ended_at")


@blueprint.get("/measure-bases")
@blueprint.response(200, MeasureBasesSchema())
def list_measure_bases() -> Response:
    """List the legal bases of measures: which list each founds, what it allows, from and until when."""
    caller()
    known = bases()
    return json_answer(
        {
            "version": known.version,
            "items": [_listed(basis) for basis in known.by_key.values()],
            "codes": [{**_code(code), "list": code.list} for code in known.codes.values()],
        }
    )


@blueprint.post("/measures")
@refuses(blueprint, 400, 404, 422)
@requires("measures:write")
@blueprint.arguments(MeasureOrderSchema())
@blueprint.response(201, MeasureSchema())
@idempotency.documented
@shows(Shows.OFFICE)
def post_measure(wish: dict[str, Any]) -> Response:
    """Set a measure about an enterprise, as an authority has decided it: no measure without a legal basis.

    It is in force from `starts_on` to `expires_on`, days of China; after its last day it is shown to nobody but the
    enterprise. Where it rests on a public record, it ends with that record's repair.
    """
    measure = Measure(**{**wish, "scope": tuple(wish["scope"])})
    with context().database.begin() as session:
        answer = idempotency.once(session, lambda: shown(set_measure.enact(context(), session, caller(), measure)))
    return json_answer(answer, 201)


@blueprint.get("/measures")
@refuses(blueprint, 400)
@requires("measures:read")
@blueprint.arguments(AllMeasuresAskedSchema(), location="query")
@blueprint.response(200, MeasurePageSchema())
@blueprint.doc(parameters=paging.PARAMETERS)
@shows(Shows.OFFICE)
def list_measures(asked: dict[str, Any]) -> Response:
    """List all measures in force today, newest first, for the operator."""
    query = set_measure.of_all(context(), caller(), planned=asked["planned"])
    with context().database.read() as session:
        return json_answer(paging.page(session, query, [tables.Measure.id], shown, newest_first=True))


@blueprint.post("/measures/<measure_id>/end")
@refuses(blueprint, 400, 404, 409, 422)
@requires("measures:write")
@blueprint.arguments(MeasureEndSchema())
@blueprint.response(200, MeasureSchema())
@idempotency.documented
@shows(Shows.OFFICE)
def post_measure_end(said: dict[str, Any], measure_id: str) -> Response:
    """End a measure before its last day, with the reason: it vanishes at once."""
    with context().database.begin() as session:
        answer = idempotency.once(
            session, lambda: shown(set_measure.end(context(), session, caller(), measure_id, said["reason"]))
        )
    return json_answer(answer)


@blueprint.get("/enterprises/<enterprise>/measures")
@refuses(blueprint, 400, 404, 422)
@requires("enterprises:read")
@blueprint.arguments(MeasuresAskedSchema(), location="query")
@blueprint.response(200, MeasurePageSchema())
@blueprint.doc(parameters=[PURPOSE, *paging.PARAMETERS])
def list_firm_measures(asked: dict[str, Any], enterprise: str) -> Response:
    """List an enterprise's measures in force; for the enterprise itself, with `ended`, also those that are over."""
    by, name = reading(Resource.MEASURES), enterprise_id(enterprise)
    with context().database.begin() as session:
        permit, query = set_measure.of_firm(context(), session, by, name, ended=asked["ended"])
        page = paging.page(session, query, [tables.Measure.id], shown, newest_first=True)
    return json_answer(marked(permit, page))


def shown(row: tables.Measure) -> dict[str, Any]:
    """Show a measure, with its basis and scope in words."""
    told = {name: getattr(row, name) for name in (*SAME, *ENDING)}
    times = {name: written(getattr(row, name)) for name in TIMES}
    known = bases()
    return {
        **told,
        **times,
        "state": set_measure.state_of(row, context().today()),
        "basis": _basis(known.by_key[row.basis]),
        "scope": [_code(known.codes[code]) for code in row.scope],
    }


def _basis(basis: Basis) -> dict[str, Any]:
    return {
        "key": basis.key,
        "title": words(basis.title),
        "issuer": words(basis.issuer),
        "document": basis.document,
    }


def _listed(basis: Basis) -> dict[str, Any]:
    return {
        **_basis(basis),
        "list": basis.list,
        "measures": list(basis.measures),
        "in_force_from": basis.in_force_from,
        "in_force_until": basis.in_force_until,
        "longest_months": basis.longest_months,
    }


def _code(code: Code) -> dict[str, Any]:
    return {"code": code.code, "title": words(code.title)}
