"""Scores of one enterprise: made, read again, listed."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from flask import Response, request
from flask_smorest import Blueprint

from chassis.core.call import request_id, timed
from chassis.core.enterprise_id import NotAnEnterpriseId, enterprise_id
from chassis.web import idempotency, paging
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.openapi import documented_only, refuses
from services.scoring.api.current import context, turns
from services.scoring.api.schemas import (
    ManyOrderSchema,
    ReferencesSchema,
    ScoreOrderSchema,
    ScorePageSchema,
    ScoreSchema,
)
from services.scoring.domain.assessment import Assessment, shown
from services.scoring.domain.contest import Contest
from services.scoring.store import scores
from services.scoring.usecases.assess import Order, assess
from services.scoring.usecases.compare import against
from services.scoring.usecases.override import add_latest, latest
from services.scoring.usecases.read_score import read_contested, whose_scores
from services.scoring.usecases.renew import renewed_by
from services.scoring.usecases.soft_check import soft_check

blueprint = Blueprint("scores", __name__, url_prefix="/v1", description="Explained scores of one enterprise")
PARQUET = "application/vnd.apache.parquet"
PURPOSE: dict[str, Any] = {
    "in": "header",
    "name": "Purpose",
    "required": True,
    "description": "What the enterprise's data is read for",
    "schema": {
        "type": "string",
        "enum": ["credit-assessment", "credit-monitoring", "financing-match", "model-training"],
    },
}


@blueprint.post("/scores")
@requires("scores:write")
@refuses(blueprint, 400, 404, 409, 422, 503)
@documented_only
@blueprint.arguments(ScoreOrderSchema())
@blueprint.response(201, ScoreSchema())
@idempotency.documented
@blueprint.doc(parameters=[PURPOSE])
def post_score() -> Response:
    """Score one enterprise, with exact reasons, and store the score.

    The enterprise's features are read from the profile service under the caller's consent, which records the read.
    """
    said, sender = _order(), request.headers
    references = said.pop("references", ())
    order = Order(
        claim=idempotency.claim(),
        authorization=sender["Authorization"],
        purpose=sender.get("Purpose", ""),
        request_id=request_id() or "",
        **said,
    )
    assessment, contest = assess(context(), turns(), order)
    with timed("reasons"):
        answer = _answer(assessment, contest, 201, references=references)
    answer.headers["Location"] = f"/v1/scores/{assessment.id}"
    return answer


@blueprint.get("/scores/<score_id>")
@requires("scores:read")
@refuses(blueprint, 404, 503)
@blueprint.arguments(ReferencesSchema(), location="query")
@blueprint.response(200, ScoreSchema())
def get_score(asked: dict[str, Any], score_id: str) -> Response:
    """Read a stored score again, as it was given.

    The enterprise that it describes may, and the bank that ordered it while it holds a consent. While the enterprise
    disputes records that count in it, `undisputed` is the score without them.
    """
    assessment, contest = read_contested(context(), caller(), score_id)
    beside = {"override": latest(context(), score_id), "renewed_by": renewed_by(context(), score_id)}
    return _answer(assessment, contest, 200, beside, references=asked["references"])


@blueprint.get("/enterprises/<enterprise>/scores")
@requires("scores:read")
@refuses(blueprint, 400, 503)
@blueprint.response(200, ScorePageSchema())
@blueprint.doc(parameters=paging.PARAMETERS)
def list_scores(enterprise: str) -> Response:
    """List an enterprise's scores, newest first.

    An enterprise sees all that were made of it, a bank those that it ordered while it holds a consent.
    """
    name = enterprise_id(enterprise)
    client, contest = whose_scores(context(), caller(), name)
    with context().database.read() as session:
        page = paging.newest(
            lambda before, most: scores.scores_of(session, name, client, before, most), key=lambda each: each.id
        )
        page["items"] = [shown(each, context().shelf[each.model].legend, contest=contest) for each in page["items"]]
        add_latest(session, page["items"])
    return json_answer(page)


@blueprint.post("/score-sets")
@requires("scores:soft")
@refuses(blueprint, 409, 422, 503)
@blueprint.arguments(ManyOrderSchema())
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type=PARQUET)
@blueprint.doc(parameters=[PURPOSE])
def post_score_set(order: dict[str, Any]) -> Response:
    """Score many enterprises as a Parquet table and store nothing (a soft check).

    Columns: enterprise, score, grade, pd, pd_low, pd_high, depth, features_sha256; score and the rest are null where
    an enterprise has too little data. Headers: Model-Version, Reference, As-Of, Known-At, Withheld.
    """
    found = soft_check(context(), order["enterprises"], order.get("as_of"), order.get("known_at"))
    return Response(found.body, content_type=PARQUET, headers=found.headers)


def _order() -> dict[str, Any]:
    """Return what the body says. The usual body names an enterprise and nothing else: it needs no schema."""
    with contextlib.suppress(orjson.JSONDecodeError):
        said = orjson.loads(request.get_data())
        if isinstance(said, dict) and said.keys() == {"enterprise"} and isinstance(said["enterprise"], str):
            with contextlib.suppress(NotAnEnterpriseId):
                return {"enterprise": enterprise_id(said["enterprise"])}
    found: dict[str, Any] = _by_schema()
    return found


@blueprint.arguments(ScoreOrderSchema())
def _by_schema(order: dict[str, Any]) -> dict[str, Any]:
    return order


def _answer(
    assessment: Assessment,
    contest: Contest,
    status: int,
    beside: Mapping[str, Any] | None = None,
    *,
    references: Sequence[str] = (),
) -> Response:
    answer = shown(assessment, context().shelf[assessment.model].legend, contest=contest, **(beside or {}))
    if references:
        answer["against"] = against(context(), assessment, references)
    return json_answer(answer, status)
