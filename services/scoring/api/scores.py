"""Scores of one enterprise: made, read again, listed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import Any

from flask import Response, request

from chassis.core.call import request_id, timed
from chassis.core.enterprise_id import enterprise_id
from chassis.web import idempotency, paging
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.openapi import Blueprint, Shows, documented_only, refuses, shows
from services.scoring.api import shown
from services.scoring.api.current import context, turns
from services.scoring.api.purpose import OPENS_SCORE_SETS, OPENS_SCORES, purpose, purpose_header
from services.scoring.api.schemas import ScoreSetOrderSchema
from services.scoring.api.score_schemas import ReferencesSchema, ScoreOrderSchema, ScorePageSchema, ScoreSchema
from services.scoring.domain.assessment import Assessment
from services.scoring.domain.contest import Contest
from services.scoring.domain.order import ManyOrder
from services.scoring.store import overrides, renewals, repeats, scores
from services.scoring.usecases.assess import Order, assess
from services.scoring.usecases.compare import against
from services.scoring.usecases.read_score import contests_of, read_contested, told_of, whose_scores
from services.scoring.usecases.soft_check import soft_check
from services.scoring.usecases.standing import standing_of

blueprint = Blueprint("scores", __name__, url_prefix="/v1", description="Explained scores of one enterprise")
PARQUET = "application/vnd.apache.parquet"


@blueprint.post("/scores")
@requires("scores:write")
@refuses(blueprint, 400, 404, 409, 422, 503)
@documented_only
@blueprint.arguments(ScoreOrderSchema())
@blueprint.response(201, ScoreSchema())
@idempotency.documented
@blueprint.doc(parameters=[purpose_header(OPENS_SCORES)])
def post_score() -> Response:
    """Score one enterprise, with exact reasons, and store the score.

    The enterprise's features are read from the profile service under the caller's consent, which records the read.
    """
    body, sender = _body(), request.headers
    references = body.pop("references", ())
    order = Order(
        claim=idempotency.claim(),
        authorization=sender["Authorization"],
        purpose=sender.get("Purpose", ""),
        request_id=request_id() or "",
        **body,
    )
    assessment, contest = assess(context(), turns(), order)
    with timed("reasons"):
        answer = _answer(assessment, contest, 201, _repeat(assessment), references=references)
    answer.headers["Location"] = f"/v1/scores/{assessment.id}"
    return answer


@blueprint.get("/scores/<score_id>")
@requires("scores:read")
@refuses(blueprint, 404, 503)
@blueprint.arguments(ReferencesSchema(), location="query")
@blueprint.response(200, ScoreSchema())
def get_score(asked: dict[str, Any], score_id: str) -> Response:
    """Read a stored score again, as it was given.

    The enterprise that it describes may, without `evidence`: its features tell it that. So may the bank that ordered
    it while it holds a consent. While the enterprise disputes records that count in it, `undisputed` is the score
    without them.
    """
    assessment, contest = read_contested(context(), caller(), score_id)
    with context().database.read() as session:
        beside = {
            "override": overrides.override_of(session, score_id),
            "renewed_by": renewals.renewal_of(session, score_id),
            "repeat_of": repeats.repeat_of(session, assessment),
        }
    return _answer(assessment, contest, 200, beside, references=asked["references"])


@blueprint.get("/enterprises/<enterprise>/scores")
@requires("scores:read")
@refuses(blueprint, 400, 503)
@blueprint.response(200, ScorePageSchema())
@blueprint.doc(parameters=paging.PARAMETERS)
@shows(Shows.OWN_RESULTS)
def list_scores(enterprise: str) -> Response:
    """List an enterprise's scores, newest first.

    An enterprise sees all that were made of it, a bank those that it ordered and that a consent of today opens, each
    for the purpose and as of the day that it was made for; the others are left out.
    """
    name = enterprise_id(enterprise)
    client = whose_scores(caller(), name)
    with context().database.read() as session:
        page = paging.newest(
            lambda before, most: scores.scores_of(session, name, client, before, most), key=lambda each: each.id
        )
        given = overrides.overrides_of(session, [each.id for each in page["items"]])
    last, shelf = page["next"] is None, context().shelf
    contests = contests_of(context(), caller(), name, page["items"], last=last)
    told = told_of(context(), caller(), page["items"], contests)
    with context().database.read() as session:
        again = {name: repeats.repeat_of(session, each) for name, each in told.items()}
    standing = cache(partial(standing_of, context()))
    page["items"] = [
        shown.score(
            told[each.id],
            shelf[each.model].legend,
            contests[each.id],
            standing(each.model),
            given.get(each.id),
            repeat_of=again[each.id],
        )
        for each in page["items"]
        if each.id in told
    ]
    return json_answer(page)


@blueprint.post("/score-sets")
@requires("scores:soft")
@refuses(blueprint, 409, 422, 503)
@blueprint.arguments(ScoreSetOrderSchema())
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type=PARQUET)
@blueprint.doc(parameters=[purpose_header(OPENS_SCORE_SETS)])
def post_score_set(order: dict[str, Any]) -> Response:
    """Score many enterprises as a Parquet table and store nothing (a soft check).

    Columns: enterprise, score, grade, pd, pd_low, pd_high, depth, features_sha256; score and the rest are null where
    an enterprise has too little data, or none that counts; `everything_score` and so on are those with everything. All
    are the figures that decide: where an expert rule caps the grade (`overlay`, JSON), points and PD are of that grade.
    With `features` also what they were made from. Headers: Model-Version, Reference, As-Of, Known-At, Withheld,
    Catalogue, Counts.
    """
    with_features = order.pop("features")
    asked = ManyOrder(**order)
    table = soft_check(context(), caller().client, asked, purpose(OPENS_SCORE_SETS), with_features=with_features)
    return Response(table.body, content_type=PARQUET, headers=table.headers)


@blueprint.arguments(ScoreOrderSchema())
def _body(body: dict[str, Any]) -> dict[str, Any]:
    """Return this request's body; `documented_only` leaves the parsing to the endpoint."""
    return body


def _repeat(assessment: Assessment) -> dict[str, Any]:
    with context().database.read() as session:
        return {"repeat_of": repeats.repeat_of(session, assessment)}


def _answer(
    assessment: Assessment,
    contest: Contest,
    status: int,
    beside: Mapping[str, Any] | None = None,
    *,
    references: Sequence[str] = (),
) -> Response:
    legend, standing = context().shelf[assessment.model].legend, standing_of(context(), assessment.model)
    answer = shown.score(assessment, legend, contest, standing, **(beside or {}))
    if references:
        answer["against"] = [shown.against(each) for each in against(context(), assessment, references)]
    return json_answer(answer, status)
