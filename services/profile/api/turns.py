"""Between services only, not behind the gateway: one answer for requests that came to scoring at the same time, and
which files must be scored anew.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import orjson
from flask import Blueprint, Response, g, request

from chassis import problems
from chassis.errors import Forbidden, Refused
from chassis.identity import caller, requires
from chassis.web import REQUEST_ID, json_answer
from services.profile import dispute_store
from services.profile.api.problems import KINDS
from services.profile.context import context
from services.profile.domain.consent import Field
from services.profile.usecases import read
from services.profile.usecases.access import Reading

blueprint = Blueprint("turns", __name__, url_prefix="/v1")


@blueprint.post("/feature-reads")
@requires("enterprises:read")
def post_feature_reads() -> Response:
    """Answer `{"reads": [{"enterprise", "request_id"}…], "as_of"?, "known_at"?}` with a list in the same order.

    Each item is what `GET /v1/enterprises/{id}/features` answers, or `{"problem"}`; each read is checked and recorded
    under the id of the request that it is for.
    """
    order = orjson.loads(request.get_data())
    readings = [(one["enterprise"], _reading(one.get("request_id", ""), order.get("as_of"))) for one in order["reads"]]
    asked = read.Asked(
        date.fromisoformat(order["as_of"]) if "as_of" in order else None,
        datetime.fromisoformat(order["known_at"]) if "known_at" in order else None,
    )
    found = read.read_features_each(context(), readings, asked)
    return json_answer(b"[" + b",".join(_told(each) for each in found) + b"]")


@blueprint.get("/corrections")
@requires("enterprises:read")
def get_corrections() -> Response:
    """List who has to be given another score of which file, in order, after the id that `after` names.

    `{"items": [{"id", "enterprise", "client", "act"}…]}`: a reader of the last twelve months, for each correction or
    repair. Without `after`, nothing but the id of the last one is told: a service that is new renews nothing.
    """
    if caller().role != "service":
        raise Forbidden("Corrections are listed for the scoring service alone.", role=caller().role)
    after = request.args.get("after")
    with context().database.read() as session:
        return json_answer(dispute_store.corrections(session, after))


def _reading(request_id: str, as_of: str | None) -> Reading:
    known = request_id if REQUEST_ID.fullmatch(request_id) else g.request_id
    day = date.fromisoformat(as_of) if as_of else None
    return Reading(caller(), Field.FEATURES, "features", request.headers.get("Purpose"), known, day)


def _told(answer: bytes | Refused) -> bytes:
    if isinstance(answer, bytes):
        return answer
    document: dict[str, Any] = {"problem": problems.describe(answer, KINDS)}
    return orjson.dumps(document, default=str)
