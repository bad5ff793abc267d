"""The record of a supplier over HTTP."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response

from chassis.web.answers import json_answer
from chassis.web.caller import requires
from chassis.web.openapi import Blueprint, refuses
from services.profile.book.api.current import context
from services.profile.book.api.schemas import MomentSchema
from services.profile.book.api.shown import words
from services.profile.book.domain.moment import Asked
from services.profile.rights.api.reading import PURPOSE, marked, reading
from services.profile.rights.domain.resource import Resource
from services.profile.standards.codes import enterprise_id
from services.profile.standards.text import Text
from services.profile.supervision.api.supplier_schemas import SupplierRecordSchema
from services.profile.supervision.domain.supplier import summary
from services.profile.supervision.usecases.read_supplier import read_supplier

blueprint = Blueprint(
    "supplier-record", __name__, url_prefix="/v1/enterprises", description="How a supplier kept its contracts"
)
NOT_HELD = Text(
    "本系统未接收投标与中标登记，也没有约定交付日；交付快慢按订单日至交齐日计算。",
    "Bids and awards are not held, for want of a register, nor the day of delivery that was agreed: days run from the "
    "order to its full delivery.",
)


@blueprint.get("/<enterprise>/supplier-record")
@refuses(blueprint, 404, 422)
@requires("enterprises:read")
@blueprint.arguments(MomentSchema(), location="query")
@blueprint.response(200, SupplierRecordSchema())
@blueprint.doc(parameters=[PURPOSE])
def get_supplier_record(moment: dict[str, Any], enterprise: str) -> Response:
    """Read how a supplier has kept its contracts: orders, deliveries, sales taken back, public records.

    For `procurement` or `supervision` with a live consent of the firm (field `portrait`); its own without.
    """
    asked = reading(Resource.SUPPLIER_RECORD, moment.get("as_of"))
    found = read_supplier(context(), asked, enterprise_id(enterprise), Asked(**moment))
    facts = found.file.facts
    document = {
        "enterprise": found.file.enterprise,
        "as_of": facts.moment.as_of,
        "known_at": facts.known_at,
        "summary": [words(each) for each in summary(found.record)],
        **asdict(found.record),
        "not_held": words(NOT_HELD),
    }
    return json_answer(marked(found.file.permit, document))
