"""Evaluations: how well training does, on the book or on a bank's own table."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from sqlalchemy.orm import Session

from chassis.core.problems import fields_refused
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.idempotency import idempotent
from chassis.web.openapi import WORK_WAITS, Blueprint, Shows, refuses, shows
from chassis.web.schemas import parsed
from services.scoring.api import shown
from services.scoring.api.current import context
from services.scoring.api.evaluation_schemas import EvaluationFormSchema, EvaluationOrderSchema, EvaluationSchema
from services.scoring.domain.order import BookEvaluation, Declared, File, Folding, TableEvaluation
from services.scoring.domain.outcome import Terms, definitions
from services.scoring.store import evaluations
from services.scoring.usecases.evaluate import order_evaluation

blueprint = Blueprint("evaluations", __name__, url_prefix="/v1/evaluations", description="How well training does")
LARGEST_TABLES = 64 << 20
_BINARY = {"type": "string", "format": "binary"}
_FORM = {
    "type": "object",
    "required": ["table", "label"],
    "properties": {
        "table": {**_BINARY, "description": "CSV, gzipped CSV or Parquet"},
        "holdout": {**_BINARY, "description": "A second table that is only scored"},
        "label": {"type": "string"},
        "drop": {"type": "array", "items": {"type": "string"}},
        "time": {
            "type": "string",
            "description": "The column of time: rows before `cut` are learned from, later ones judged",
        },
        "cut": {"type": "string", "description": "A day, 2020-01-31, or a number where the column counts"},
        "rating": {"type": "string", "description": "The column of the bank's own grades, shown beside the model"},
        "grades": {"type": "array", "items": {"type": "string"}, "description": "Its grades, the best first"},
        "folds": {"type": "integer", "default": 5},
        "repeats": {"type": "integer", "default": 10},
        "seed": {"type": "integer", "default": 0},
        "definition": {"type": "string", "enum": sorted(definitions())},
        "horizon_months": {"type": "integer"},
        "label_date": {"type": "string", "format": "date", "description": "The day that the labels were taken on"},
    },
}
_BODY = {
    "required": True,
    "content": {
        "application/json": {"schema": EvaluationOrderSchema()},
        "multipart/form-data": {"schema": _FORM},
    },
}


@blueprint.before_request
def allow_tables() -> None:
    """Take larger bodies here than elsewhere."""
    request.max_content_length = LARGEST_TABLES


@blueprint.post("")
@requires("evaluations:write")
@refuses(blueprint, 400, 422, *WORK_WAITS)
@blueprint.response(202, EvaluationSchema())
@blueprint.doc(requestBody=_BODY)
@idempotent
@shows(Shows.COUNTS)
def post_evaluation(session: Session) -> dict[str, Any]:
    """Order a repeated stratified cross-validation of the whole training.

    JSON evaluates on the book's labelled enterprises; a form with a `table` on that table. With `time` and `cut` its
    rows from that day on are not learned from and stand as the holdout. With `rating` and `grades` the column of a
    bank's own grades stands beside the model.
    """
    if request.mimetype == "multipart/form-data":
        body, data = _form()
    else:
        body = parsed(EvaluationOrderSchema(), request.get_json())
        data = BookEvaluation(body.get("as_of"), body["enterprises"], body["holdout_enterprises"])
    said = Declared(Terms(body["definition"], body["horizon_months"]), body["label_date"])
    row = order_evaluation(session, caller(), Folding(body["folds"], body["repeats"], body["seed"]), data, said)
    session.flush()
    return shown.evaluation(session, row)


@blueprint.get("/<evaluation_id>")
@requires("models:read")
@refuses(blueprint, 404)
@blueprint.response(200, EvaluationSchema())
@shows(Shows.COUNTS)
def get_evaluation(evaluation_id: str) -> Response:
    """Tell how far an evaluation is, and what it found."""
    with context().database.read() as session:
        row = evaluations.evaluation(session, evaluation_id, caller().client)
        return json_answer(shown.evaluation(session, row))


def _form() -> tuple[dict[str, Any], BookEvaluation | TableEvaluation]:
    """Return the form's fields, and the files among them as what is evaluated."""
    lists = {name: request.form.getlist(name) for name in ("drop", "grades")}
    body = parsed(EvaluationFormSchema(), {**request.form.to_dict(), **lists})
    table, holdout = _file("table"), _file("holdout")
    if table is None:
        raise fields_refused({"table": ["Send the table as a file."]})
    if holdout is not None and body["time"] is not None:
        raise fields_refused({"time": ["A table with a holdout is not cut by time as well: send one of the two."]})
    columns = {name: body[name] for name in ("label", "drop", "time", "cut", "rating", "grades")}
    return body, TableEvaluation(table, holdout=holdout, **columns)


def _file(name: str) -> File | None:
    sent = request.files.get(name)
    return File(sent.filename or name, sent.read()) if sent else None
