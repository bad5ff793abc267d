"""Between services only, not behind the gateway: one answer for requests that came to scoring at the same time."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import orjson
from flask import Blueprint, Response, request

from chassis.core.call import REQUEST_ID, request_id
from chassis.core.errors import Refused
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.refusals import problem_of
from chassis.web.schemas import parsed
from services.profile.book.api.current import context
from services.profile.book.domain.moment import Asked
from services.profile.portrait.api.feature_schemas import FeatureSetSchema
from services.profile.portrait.api.features import LARGEST_ORDER, feature_table
from services.profile.portrait.usecases import read_features
from services.profile.portrait.usecases.add_blocks import Block
from services.profile.portrait.usecases.continue_file import continue_file
from services.profile.rights.api.reading import named
from services.profile.rights.domain.resource import Resource
from services.profile.rights.usecases.open_file import Reading

blueprint = Blueprint("portrait-internal", __name__, url_prefix="/v1")

# What scoring and matching read features for. Each of these reads is recorded and counted.
OF_ONE = frozenset({Resource.FEATURES, Resource.NEW_SCORE})
OF_STORED = frozenset({Resource.SCORE})
OF_MANY = frozenset({Resource.FEATURE_SET, Resource.NEW_SCORE, Resource.MATCH})


@blueprint.post("/feature-reads")
@requires("enterprises:read")
def post_feature_reads() -> Response:
    """Answer `{"reads": [{"enterprise", "request_id"}…], "what", "as_of"?, "known_at"?, "blocks"?}` with a list.

    In the same order, each item is what `GET /v1/enterprises/{id}/features` answers, or `{"problem"}`; each read is
    checked and recorded as `what` it is for, under the id of the request that it is for. `blocks` of figures stand
    among the values.
    """
    order = request.get_json(force=True)
    what, day = named(order["what"], OF_ONE), date.fromisoformat(order["as_of"]) if "as_of" in order else None
    readings = [(one["enterprise"], _reading(what, one.get("request_id", ""), day)) for one in order["reads"]]
    asked = Asked(day, datetime.fromisoformat(order["known_at"]) if "known_at" in order else None)
    blocks = [Block(name) for name in order.get("blocks", ())]
    found = read_features.read_features_each(context(), readings, asked, blocks)
    return json_answer(b"[" + b",".join(_told(each) for each in found) + b"]")


@blueprint.post("/continuations")
@requires("enterprises:read")
def post_continuations() -> Response:
    """Answer `{"enterprise", "what", "as_of", "known_at", "features": […], "confirmed"}` with plans and their features.

    For the way up from a stored score, as of its day and as known at its time: `what` says of which stored result, so
    the look is recorded and uses up no read.
    """
    order = request.get_json(force=True)
    day = date.fromisoformat(order["as_of"])
    asked = Asked(day, datetime.fromisoformat(order["known_at"]))
    reading = Reading(caller(), named(order["what"], OF_STORED), request.headers.get("Purpose"), request_id(), day)
    names, confirmed = order["features"], order["confirmed"]
    return json_answer(continue_file(context(), reading, order["enterprise"], asked, names=names, confirmed=confirmed))


@blueprint.post("/feature-tables")
@requires("features:bulk")
def post_feature_table() -> Response:
    """Answer an order of `POST /v1/feature-sets` that also says `what` the table is for: scores, or a match.

    Between services, so that no reader chooses by which name an enterprise finds its read.
    """
    request.max_content_length = LARGEST_ORDER
    said = request.get_json(force=True)
    what = named(said.pop("what"), OF_MANY)
    return feature_table(parsed(FeatureSetSchema(), said), what)


def _reading(what: Resource, given_id: str, day: date | None) -> Reading:
    known = given_id if REQUEST_ID.fullmatch(given_id) else request_id()
    return Reading(caller(), what, request.headers.get("Purpose"), known, day)


def _told(answer: bytes | Refused) -> bytes:
    if isinstance(answer, bytes):
        return answer
    document: dict[str, Any] = {"problem": problem_of(answer)}
    return orjson.dumps(document, default=str)
