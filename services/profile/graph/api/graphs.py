"""The graph around an enterprise over HTTP: nodes, edges, and what had no room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response

from chassis.web.answers import json_answer
from chassis.web.caller import requires
from chassis.web.openapi import Blueprint, refuses
from services.profile.book.api.current import context
from services.profile.book.api.shown import words
from services.profile.book.domain.channel import Channel
from services.profile.book.domain.moment import Asked
from services.profile.graph.api.graph_schemas import GraphQuerySchema, GraphSchema
from services.profile.graph.domain.crowd import NOT_FOLLOWED
from services.profile.graph.domain.neighbourhood import ORDER, Edge, Shared
from services.profile.graph.domain.resolution import Resolved
from services.profile.graph.domain.ties import Kind
from services.profile.graph.usecases.read_graph import Drawn, Node, Wanted, read_graph
from services.profile.rights.api.reading import PURPOSE, marks, reading
from services.profile.rights.domain.resource import Resource
from services.profile.standards.codes import enterprise_id

blueprint = Blueprint("graphs", __name__, url_prefix="/v1/enterprises", description="Who is tied to an enterprise")
Marks = Mapping[str, Sequence[Mapping[str, Any]]]


@blueprint.get("/<enterprise>/graph")
@refuses(blueprint, 404, 422)
@requires("enterprises:read")
@blueprint.arguments(GraphQuerySchema(), location="query")
@blueprint.response(200, GraphSchema())
@blueprint.doc(parameters=[PURPOSE])
def get_graph(query: dict[str, Any], enterprise: str) -> Response:
    """Read who is tied to an enterprise: trade, shares, persons, guarantees, addresses, phones, as of a day.

    Its own file tells its ties; from a depth of 2 on the files of those around it do, each of them where it is open to
    the reader too, and each that is read leaves a record. Of a firm whose file is not open there is nothing but what
    open files say of it.
    """
    wanted = Wanted(query["depth"], query["types"] or frozenset(Kind), query["most"])
    asked = reading(Resource.GRAPH, query["as_of"])
    moment = Asked(query["as_of"], query["known_at"])
    found = read_graph(context(), asked, enterprise_id(enterprise), moment, wanted)
    return json_answer(_shown(found, wanted))


def _shown(found: Drawn, wanted: Wanted) -> dict[str, Any]:
    file, disputed = found.file, marks(found.permit)
    firms = [_node(node, disputed.get(node.id, [])) for node in found.nodes]
    left_out = {name: getattr(found.left_out, name) for name in ("firms", "ties", "shared", "crowded")}
    return {
        "enterprise": file.enterprise,
        "as_of": file.facts.moment.as_of,
        "known_at": file.facts.known_at,
        "depth": wanted.depth,
        "types": [kind for kind in Kind if kind in wanted.kinds],
        "nodes": [*firms, *map(_shared, found.shared)],
        "edges": [_edge(edge, disputed) for edge in found.edges],
        "left_out": left_out | {"order": words(ORDER), "not_followed": words(NOT_FOLLOWED)},
        "disputes": disputed.get(file.enterprise, []),
    }


def _node(node: Node, disputes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "id": node.id,
        "kind": "enterprise",
        "hop": node.hop,
        "open": node.open,
        "name": node.name,
        "crowded": False,
        "names": [_name(*each) for each in node.resolved],
        "disputes": disputes,
    }


def _name(written: str, told: Resolved) -> dict[str, Any]:
    match = told.match
    why = {"score": None, "reason": None} if match is None else {"score": match.score, "reason": match.reason}
    return {"written": written, "by": told.by, **why, "candidates": told.candidates}


def _shared(one: Shared) -> dict[str, Any]:
    told = {"id": one.id, "kind": one.what, "hop": None, "open": False, "name": None, "crowded": one.crowded}
    return told | {"names": [], "disputes": []}


def _edge(edge: Edge, disputed: Marks) -> dict[str, Any]:
    trade = edge.kind is Kind.TRADE
    return {
        "type": edge.kind,
        "source": edge.source,
        "target": edge.target,
        "source_share": edge.shares[0],
        "target_share": edge.shares[1],
        "trade": edge.statements if trade else (),
        "registered": () if trade else [_registered(row, disputed) for row in edge.statements],
    }


def _registered(row: Mapping[str, Any], disputed: Marks) -> dict[str, Any]:
    marked = any(mark["item"].get("record") == row["record"] for mark in disputed.get(row["told_by"], ()))
    return {**row, "confirmed": row["channel"] != Channel.SUBJECT, "disputed": marked}
