"""Shocks over HTTP: what would happen to the firms whose files are open, and to the reader's book."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, request

from chassis.web import idempotency
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.openapi import WORK_WAITS, Blueprint, Shows, refuses, shows
from services.profile.book.api.current import context
from services.profile.book.domain.moment import Asked
from services.profile.book.domain.permit import Permit
from services.profile.graph.api.shock_schemas import ShockAnswerSchema, ShockOrderedSchema, ShockOrderSchema
from services.profile.graph.domain.contagion.book import Exposure
from services.profile.graph.domain.contagion.default import Model
from services.profile.graph.domain.contagion.shock import Shock
from services.profile.graph.usecases.order_shock import Ordered, order_shock, read_order, require_room
from services.profile.graph.usecases.strike import Order, follow_shock
from services.profile.graph.usecases.tell_shock import as_open, told_shock
from services.profile.rights.api.reading import PURPOSE, marks, reading
from services.profile.rights.domain.resource import Resource
from services.profile.rights.usecases.open_file import Reading

blueprint = Blueprint("shocks", __name__, url_prefix="/v1/shocks", description="How trouble would travel")
# A hundred thousand exposures with their figures.
LARGEST_ORDER = 32 << 20


@blueprint.before_request
def _allow_long_books() -> None:
    request.max_content_length = LARGEST_ORDER


@blueprint.post("")
@refuses(blueprint, 413, 422, *WORK_WAITS)
@requires("enterprises:read")
@blueprint.arguments(ShockOrderSchema())
@blueprint.response(200, ShockAnswerSchema())
@blueprint.alt_response(
    202, schema=ShockOrderedSchema(), description="A job: more files than you wait for", success=True
)
@blueprint.doc(parameters=[PURPOSE, idempotency.OPTIONAL])
def post_shock(order: dict[str, Any]) -> Response:
    """Work out what a shock would do, through the files that are open to you and through nothing else.

    Firms of an industry or region are those of open files. A firm whose file is not open is there as its partners name
    it: it can be shocked by name, and in a path it is null. Where more than 2,000 files are open, or named in
    `exposures` and open, the answer is 202 with a job: `GET /v1/shocks/{order_id}` then has what would be answered
    here. The order and what it answers are stored for a month, and nothing of what is answered here.
    """
    asked = reading(Resource.SHOCK, order["as_of"])
    said = order["shock"]
    shock = Shock(order["severity"], tuple(said["enterprises"] or ()), said["industry"], said["region"])
    book = {each["enterprise"]: Exposure(**each) for each in order["exposures"]}
    wanted, moment = Order(shock, Model(order["kind"]), book), Asked(order["as_of"], order["known_at"])
    found = follow_shock(context(), asked, wanted, moment)
    if isinstance(found, int):
        require_room(found)
        return _ordered(asked, wanted, moment)
    return json_answer(_marked(told_shock(wanted, found), found.permit))


@blueprint.get("/<order_id>")
@refuses(blueprint, 404)
@requires("enterprises:read")
@blueprint.response(200, ShockOrderedSchema())
@shows(Shows.OWN_RESULTS)
def get_shock(order_id: str) -> Response:
    """Read how far a shock is that you ordered, and once it is done what it does.

    Each file was recorded when the job opened it; one that another consent opens since is recorded now. A firm whose
    consent has ended since is not shown any more; sums stay as they were.
    """
    return json_answer(_shown(read_order(context(), caller(), order_id)))


def _ordered(asked: Reading, wanted: Order, moment: Asked) -> Response:
    """Order a shock as a job; once for a key, where the caller sends one."""
    with context().database.begin() as session:

        def made() -> dict[str, str]:
            return {"id": order_shock(context(), session, asked, wanted, moment)}

        keyed = "Idempotency-Key" in request.headers
        order_id = (idempotency.once(session, made) if keyed else made())["id"]
    answer = json_answer(_shown(read_order(context(), caller(), order_id)), 202)
    answer.headers["Location"] = f"/v1/shocks/{order_id}"
    return answer


def _shown(found: Ordered) -> dict[str, Any]:
    state, result = found.state, None
    if found.result is not None and found.permit is not None:
        opened = as_open(found.result, found.permit.enterprises, found.order.shock.enterprises)
        result = _marked(opened, found.permit)
    return {
        "id": found.id,
        "state": state.state,
        "progress": {"done": state.done, "total": state.total},
        "problem": state.problem,
        "finished_at": state.finished_at,
        "result": result,
    }


def _marked(told: Mapping[str, Any], permit: Permit) -> dict[str, Any]:
    """Return what is told of firms with the marks of what they dispute now."""
    disputed = marks(permit)
    firms = [{**each, "disputes": disputed.get(each["enterprise"], [])} for each in told["enterprises"]]
    return {**told, "enterprises": firms}
