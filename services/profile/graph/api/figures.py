"""The figures of the graph over HTTP: what a firm's ties say of its risk, with the neighbours behind each."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response

from chassis.web.answers import json_answer
from chassis.web.caller import requires
from chassis.web.openapi import Blueprint, refuses
from services.profile.book.api.current import context
from services.profile.book.api.schemas import MomentSchema
from services.profile.book.domain.moment import Asked
from services.profile.graph.api.figure_schemas import GraphFiguresSchema
from services.profile.graph.domain.figures.answer import Shown
from services.profile.graph.usecases.read_figures import read_figures
from services.profile.rights.api.reading import PURPOSE, marked, reading
from services.profile.rights.domain.resource import Resource
from services.profile.standards.codes import enterprise_id

blueprint = Blueprint(
    "graph-features", __name__, url_prefix="/v1/enterprises", description="What a firm's ties say of its risk"
)
# The same words whether there is such a tie or not.
NOT_LOOKED_AT = {
    "zh": "企业自述的关系和交易不计入；本企业档案之外的关系，仅在相应档案（如有）向您开放时才计入。",
    "en": "What the enterprise says of itself makes no tie and no trade here; ties beyond its own file count only "
    "where the file that they stand in, if any, is open to you.",
}


@blueprint.get("/<enterprise>/graph-features")
@refuses(blueprint, 404, 422)
@requires("enterprises:read")
@blueprint.arguments(MomentSchema(), location="query")
@blueprint.response(200, GraphFiguresSchema())
@blueprint.doc(parameters=[PURPOSE])
def get_graph_features(moment: dict[str, Any], enterprise: str) -> Response:
    """Read the figures of an enterprise's ties and trade: backing, offices, partners, dependence, rings, group.

    Each has its declared direction and the neighbours behind it that the enterprise's own file names. Files of others
    that are open to the reader are followed up to three ties far, and those of its largest partners; each that is
    leaves a record. Rings and what a partner's failure would cost are told where the purpose opens rings and shocks.
    """
    asked = reading(Resource.GRAPH, moment.get("as_of"), part="features")
    found = read_figures(context(), asked, enterprise_id(enterprise), Asked(**moment))
    head = {
        "enterprise": found.file.enterprise,
        "as_of": found.file.facts.moment.as_of,
        "known_at": found.file.facts.known_at,
        "figures": [_figure(one) for one in found.figures],
        "left_out": {"files": found.cut, "note": NOT_LOOKED_AT},
    }
    return json_answer(marked(found.file.permit, head))


def _figure(one: Shown) -> dict[str, Any]:
    told = {"value": one.value, "neighbours": [asdict(each) for each in one.neighbours], "others": one.others}
    return asdict(one.figure) | told
