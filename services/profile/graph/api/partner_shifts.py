"""Partner shifts over HTTP: which of its partners would lower a firm's risk."""

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
from services.profile.graph.api.partner_shift_schemas import PartnerShiftsSchema
from services.profile.graph.domain.contagion.rewire import TENTH
from services.profile.graph.usecases.lower_risk import lower_risk
from services.profile.graph.usecases.tell_shock import equity
from services.profile.rights.api.reading import PURPOSE, marked, reading
from services.profile.rights.domain.resource import Resource
from services.profile.standards.codes import enterprise_id

blueprint = Blueprint(
    "partner-shifts", __name__, url_prefix="/v1/enterprises", description="Which partner would lower a firm's risk"
)


@blueprint.get("/<enterprise>/partner-shifts")
@refuses(blueprint, 404, 422)
@requires("enterprises:read")
@blueprint.arguments(MomentSchema(), location="query")
@blueprint.response(200, PartnerShiftsSchema())
@blueprint.doc(parameters=[PURPOSE])
def get_partner_shifts(moment: dict[str, Any], enterprise: str) -> Response:
    """Read which partner would lower a firm's risk: a tenth of its trade with the strongest one goes to another.

    Worked out anew for each of its present partners, by the firm's own file alone; nothing is known of theirs.
    """
    asked = reading(Resource.SHOCK, moment.get("as_of"), part="partner-shifts")
    found = lower_risk(context(), asked, enterprise_id(enterprise), Asked(**moment))
    answer = {
        "enterprise": found.file.enterprise,
        "as_of": found.file.facts.moment.as_of,
        "known_at": found.file.facts.known_at,
        "moved": TENTH,
        "equity": equity(found.network, found.file.enterprise),
        "sides": [{**asdict(side), "side": str(side.side)} for side in found.sides],
        "estimates": asdict(found.network.parameters),
    }
    return json_answer(marked(found.file.permit, answer))
