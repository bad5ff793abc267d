"""Rings of invoices (循环开票) over HTTP: those of one firm, and those of all firms whose files are open."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import polars as pl
from flask import Response

from chassis.web.answers import json_answer
from chassis.web.caller import requires
from chassis.web.openapi import Blueprint, refuses
from services.profile.book.api.current import context
from services.profile.book.api.schemas import MomentSchema
from services.profile.book.domain.moment import Asked
from services.profile.graph.api.ring_schemas import RingListSchema, RingsSchema
from services.profile.graph.domain.rings import by_firm
from services.profile.graph.usecases.find_rings import Circles, rings_of, rings_of_all
from services.profile.rights.api.reading import PURPOSE, marked, marks, reading
from services.profile.rights.domain.resource import Resource
from services.profile.standards.codes import enterprise_id

one = Blueprint("rings", __name__, url_prefix="/v1/enterprises", description="Rings of invoices of a firm")
many = Blueprint("ring-list", __name__, url_prefix="/v1/rings", description="Rings of invoices")
# The same words whether another's file is there or not.
NOT_SHOWN = {
    "zh": "仅列示向您开放档案的企业自身的环节；其他环节只说明其位置，不提供企业、号码、日期和金额。",
    "en": "Hops of firms whose files are open to you are shown; of the others only their place is told: no firm, "
    "number, day or amount.",
}
HOP = ("seller", "buyer", "number", "date", "amount_fen", "times")


@one.get("/<enterprise>/rings")
@refuses(one, 404, 422)
@requires("enterprises:read")
@one.arguments(MomentSchema(), location="query")
@one.response(200, RingsSchema())
@one.doc(parameters=[PURPOSE])
def get_rings(moment: dict[str, Any], enterprise: str) -> Response:
    """Read the rings of invoices that an enterprise is on, each as its chain.

    Hops between other firms are shown where one of their files is open to the reader too; each that is leaves a record.
    """
    asked = reading(Resource.RINGS, moment.get("as_of"))
    found = rings_of(context(), asked, enterprise_id(enterprise), Asked(**moment))
    head = {"enterprise": found.file.enterprise}
    return json_answer(marked(found.file.permit, head | _shown(found.circles)))


@many.get("")
@refuses(many, 422)
@requires("enterprises:read")
@many.arguments(MomentSchema(), location="query")
@many.response(200, RingListSchema())
@many.doc(parameters=[PURPOSE], tags=["rings"])
def list_rings(moment: dict[str, Any]) -> Response:
    """List the rings of invoices with any firm whose file is open to you; each of these files finds the read."""
    asked = reading(Resource.RINGS, moment.get("as_of"))
    found = rings_of_all(context(), asked, Asked(**moment))
    firms = by_firm(found.rings).filter(pl.col("enterprise").is_in(list(found.permit.enterprises)))
    return json_answer(
        _shown(found)
        | {
            "disputed": sorted(marks(found.permit)),
            "files": len(found.permit.enterprises),
            "firms": firms.rename({"amount": "amount_fen"}).to_dicts(),
        }
    )


def _shown(found: Circles) -> dict[str, Any]:
    rings = [_ring(found, row) for row in found.rings.iter_rows(named=True)]
    return {
        "as_of": found.facts.moment.as_of,
        "known_at": found.facts.known_at,
        "limits": asdict(found.limits),
        "count": found.count,
        "rings": rings,
        "left_out": found.count - len(rings),
        "unsearched": [{"first_on": first, "last_on": last} for first, last in found.unsearched],
        "not_shown": NOT_SHOWN,
    }


def _ring(found: Circles, ring: dict[str, Any]) -> dict[str, Any]:
    chain = [_hop(found, hop) for hop in ring["path"]]
    return {"length": ring["hops"], "last_on": ring["last_on"], "chain": chain}


def _hop(found: Circles, hop: dict[str, Any]) -> dict[str, Any]:
    shown = found.open(hop["seller"]) or found.open(hop["buyer"])
    told = {**hop, "amount_fen": hop["amount"]}
    return {"shown": shown, **{name: told[name] if shown else None for name in HOP}}
