"""Between services only, not behind the gateway: one answer for requests that came to scoring at the same time, and
who was told what of which file.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import orjson
from flask import Blueprint, Response, request

from chassis.core import problems
from chassis.core.call import REQUEST_ID, request_id
from chassis.core.errors import Forbidden, Refused
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from services.profile import dispute_store
from services.profile.api.book import LARGEST_ORDER
from services.profile.api.problems import KINDS
from services.profile.context import context
from services.profile.domain.consent import AGAIN, Field
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


@blueprint.post("/rereads")
@requires("enterprises:read")
def post_rereads() -> Response:
    """Answer `{"enterprises": […], "as_of"?}` with what each of those disputes whose stored scores may be read now.

    The others are left out. Nothing else of a file is told, so the reads are recorded and not counted.
    """
    request.max_content_length = LARGEST_ORDER
    order = orjson.loads(request.get_data())
    day = date.fromisoformat(order["as_of"]) if "as_of" in order else None
    reading = Reading(caller(), Field.FEATURES, AGAIN, request.headers.get("Purpose"), request_id(), day)
    return json_answer(read.read_again(context(), reading, order["enterprises"]))


@blueprint.get("/told")
@requires("enterprises:read")
def get_told() -> Response:
    """List which clients were told what of which file, in order, after the id that `after` names.

    `{"items": [{"id", "event", "enterprise", "client", "act"}…], "last"}`. Without `after` only the last id is told: a
    service that is new makes up for nothing.
    """
    if caller().role != "service":
        raise Forbidden("What others were told is listed for services alone.", role=caller().role)
    after = request.args.get("after")
    with context().database.read() as session:
        return json_answer(dispute_store.told(session, after))


def _reading(given_id: str, as_of: str | None) -> Reading:
    known = given_id if REQUEST_ID.fullmatch(given_id) else request_id()
    day = date.fromisoformat(as_of) if as_of else None
    return Reading(caller(), Field.FEATURES, "features", request.headers.get("Purpose"), known, day)


def _told(answer: bytes | Refused) -> bytes:
    if isinstance(answer, bytes):
        return answer
    document: dict[str, Any] = {"problem": problems.describe(answer, KINDS)}
    return orjson.dumps(document, default=str)
