"""Between services only, not behind the gateway: who may read a stored result again, who was told what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask import Blueprint, Response, request

from chassis.core.errors import Forbidden
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from services.profile.book.api.current import context
from services.profile.rights import notice_store
from services.profile.rights.api.reading import named, reading
from services.profile.rights.domain.dispute import Mark
from services.profile.rights.domain.resource import uncounted
from services.profile.rights.usecases.reread import reread, reread_days

LARGEST_ORDER = 64 << 20


blueprint = Blueprint("rights-internal", __name__, url_prefix="/v1")


@blueprint.post("/rereads")
@requires("enterprises:read")
def post_rereads() -> Response:
    """Answer `{"enterprises": […], "what", "as_of"?}` with what each disputes of which stored results may be read now.

    `what` says which results; the others are left out. `{"enterprise", "what", "days": […]}` asks for one enterprise
    and is answered by day. Nothing else of a file is told, so no read is counted.
    """
    request.max_content_length = LARGEST_ORDER
    order = request.get_json(force=True)
    return json_answer(_by_day(order) if "days" in order else _by_enterprise(order))


@blueprint.get("/notices-since")
@requires("enterprises:read")
def list_notices_since() -> Response:
    """List which clients were told what of which file, in order, after the id that `after` names.

    `{"items": [{"id", "event", "enterprise", "client", "act"}…], "last"}`. Without `after` only the last id is told: a
    new service does not receive earlier notices.
    """
    if caller().role != "service":
        raise Forbidden("What others were told is listed for services alone.", role=caller().role)
    after = request.args.get("after")
    with context().database.read() as session:
        return json_answer(notice_store.sent_since(session, after))


def _by_enterprise(order: Mapping[str, Any]) -> dict[str, Any]:
    day = date.fromisoformat(order["as_of"]) if "as_of" in order else None
    marks = reread(context(), reading(named(order["what"], uncounted()), day), order["enterprises"])
    return {name: _shown(each) for name, each in marks.items()}


def _by_day(order: Mapping[str, Any]) -> dict[str, Any]:
    days = [date.fromisoformat(day) for day in order["days"]]
    marks = reread_days(context(), reading(named(order["what"], uncounted())), order["enterprise"], days)
    return {day.isoformat(): _shown(each) for day, each in marks.items()}


def _shown(marks: Sequence[Mark]) -> list[Mapping[str, Any]]:
    return [mark.as_json() for mark in marks]
