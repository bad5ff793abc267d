"""Between services only, not behind the gateway: who may read a stored result again, who was told what."""

from __future__ import annotations

from datetime import date

import orjson
from flask import Blueprint, Response, request

from chassis.core.call import request_id
from chassis.core.errors import Forbidden
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from services.profile.book.api.current import context
from services.profile.rights import notice_store
from services.profile.rights.domain.consent import AGAIN, Field
from services.profile.rights.usecases import reread
from services.profile.rights.usecases.open_file import Reading

LARGEST_ORDER = 64 << 20


blueprint = Blueprint("rights-internal", __name__, url_prefix="/v1")


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
    return json_answer(reread.read_again(context(), reading, order["enterprises"]))


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
        return json_answer(notice_store.told(session, after))
