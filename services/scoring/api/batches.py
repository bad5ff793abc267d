"""Scores of many enterprises, ordered as one."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

from flask import Response, request
from sqlalchemy.orm import Session

from chassis.core.problems import fields_refused
from chassis.web.answers import json_answer, stream
from chassis.web.caller import caller, requires
from chassis.web.idempotency import idempotent
from chassis.web.openapi import WORK_WAITS, Blueprint, Shows, refuses, shows
from chassis.web.schemas import parsed
from services.scoring.api import shown
from services.scoring.api.current import context
from services.scoring.api.purpose import OPENS_SCORES, purpose, purpose_header
from services.scoring.api.schemas import MOMENT, BatchSchema, ManyOrderSchema
from services.scoring.domain.counting import Counts
from services.scoring.domain.order import ManyOrder
from services.scoring.store import batches
from services.scoring.usecases import batch
from services.scoring.usecases.read_table import enterprises_in
from services.scoring.usecases.standing import standing_of

blueprint = Blueprint(
    "score-batches", __name__, url_prefix="/v1/score-batches", description="Scores of many enterprises"
)
LARGEST_ORDER = 64 << 20
# As apispec writes the bounds of what a schema reads.
_WITHIN = {"x-minimum": MOMENT.min.isoformat(), "x-maximum": MOMENT.max.isoformat()}
_FORM = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {"type": "string", "format": "binary", "description": "CSV, gzipped CSV or Parquet: `enterprise`"},
        "as_of": {"type": "string", "format": "date"},
        "known_at": {"type": "string", "format": "date-time", **_WITHIN},
        "counts": {"type": "string", "enum": list(Counts)},
    },
}
_BODY = {
    "required": True,
    "content": {"application/json": {"schema": ManyOrderSchema()}, "multipart/form-data": {"schema": _FORM}},
}


@blueprint.before_request
def _allow_long_lists() -> None:
    request.max_content_length = LARGEST_ORDER


@blueprint.post("")
@requires("scores:write")
@refuses(blueprint, 400, 409, 422, *WORK_WAITS)
@blueprint.response(202, BatchSchema())
@idempotent
@blueprint.doc(parameters=[purpose_header(OPENS_SCORES)], requestBody=_BODY)
@shows(Shows.OWN_WORDS)
def post_batch(session: Session) -> dict[str, Any]:
    """Order scores of many enterprises; a worker makes them with the model that serves now.

    JSON lists them, or means all with consent; a form has a `file` with a column `enterprise`.
    """
    order = _form() if request.mimetype == "multipart/form-data" else parsed(ManyOrderSchema(), request.get_json())
    usual = context().settings.counts
    row = batch.order_batch(session, caller(), purpose(OPENS_SCORES), ManyOrder(**order), usual)
    session.flush()
    return shown.batch(session, row)


@blueprint.get("/<batch_id>")
@requires("scores:read")
@refuses(blueprint, 404)
@blueprint.response(200, BatchSchema())
@shows(Shows.OWN_WORDS)
def get_batch(batch_id: str) -> Response:
    """Tell how far a batch is."""
    with context().database.read() as session:
        return json_answer(shown.batch(session, batches.batch(session, batch_id, caller().client)))


@blueprint.get("/<batch_id>/results")
@requires("scores:read")
@refuses(blueprint, 404, 409, 503)
@blueprint.response(200, {"type": "string"}, content_type="application/jsonl")
def get_results(batch_id: str) -> Response:
    """Read the results of a finished batch as JSON Lines.

    One line an enterprise: its score with reasons, or `{"enterprise", "problem"}` where it has none or where its
    consent has ended since. The read of each score is recorded.
    """
    results, shelf = batch.results(context(), batch_id, caller().client), context().shelf
    standing = cache(partial(standing_of, context()))
    return stream((shown.batch_line(each, shelf, standing) for each in results), "application/jsonl")


def _form() -> dict[str, Any]:
    sent = request.files.get("file")
    if sent is None:
        raise fields_refused({"file": ["Send the list as a file: CSV, gzipped CSV or Parquet."]})
    listed = enterprises_in(sent.filename or "file", sent.read())
    return parsed(ManyOrderSchema(), {**request.form.to_dict(), "enterprises": listed})
