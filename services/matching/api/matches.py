"""Matches: every product answered for one enterprise."""

from __future__ import annotations

from typing import Any

from flask import Response

from chassis.core.call import timed
from chassis.web import idempotency, paging
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.openapi import Blueprint, Shows, refuses, shows
from services.matching.api import shown
from services.matching.api.current import context
from services.matching.api.list_schemas import MatchFiltersSchema, MatchPageSchema
from services.matching.api.match_schemas import MatchOrderSchema, MatchSchema, TraceSchema
from services.matching.domain.trade_secret import Audience
from services.matching.tables import StoredMatch
from services.matching.usecases import browse, match
from services.matching.usecases.address import audience
from services.matching.usecases.match import MatchOrder

blueprint = Blueprint("matches", __name__, url_prefix="/v1/matches", description="Which financing fits, and why")


@blueprint.post("")
@refuses(blueprint, 400, 404, 422, 503)
@requires("matches:write")
@blueprint.arguments(MatchOrderSchema())
@blueprint.response(201, MatchSchema())
@idempotency.documented
def post_match(order: MatchOrder) -> Response:
    """Match an enterprise with every product.

    Offers come ranked by their all-in yearly rate, interest and every fee; refusals name rule, found, needed and since.
    A match is a soft check: it leaves no credit query, only a record of the read with the enterprise.
    """
    earlier = idempotency.replayed()
    answer: bytes | dict[str, Any]
    if earlier is not None:
        row, leave = match.recall(context(), caller(), earlier["id"])
        answer = match.marked(row.answer, leave, _audience())
    else:
        facts, answered = match.match(context(), order)
        with timed("commit"), context().database.begin() as session:
            kept = idempotency.once(session, lambda: match.keep(session, caller(), facts, answered, order.need))
            told = audience(session, caller()).match(kept)
        answer = {**told, "disputes": facts.disputes.get(order.enterprise, [])}
    return json_answer(answer, 201)


@blueprint.get("")
@refuses(blueprint, 422)
@requires("matches:read")
@blueprint.arguments(MatchFiltersSchema(), location="query")
@blueprint.response(200, MatchPageSchema())
@blueprint.doc(parameters=paging.PARAMETERS)
@shows(Shows.OWN_WORDS)
def list_matches(filters: dict[str, Any]) -> Response:
    """List the matches that you asked for, and as an enterprise those about you, newest first: what was asked.

    What was answered is read one by one, under the enterprise's consent.
    """
    query = browse.matches(caller(), **filters)
    with context().database.read() as session:
        page = paging.page(session, query, [StoredMatch.id], shown.listed_match, newest_first=True)
        return json_answer(page)


@blueprint.get("/<match_id>")
@refuses(blueprint, 404, 503)
@requires("matches:read")
@blueprint.response(200, MatchSchema())
def get_match(match_id: str) -> Response:
    """Read a match again as it was shown.

    The enterprise's consent must still be in force, and the read is recorded.
    """
    row, leave = match.recall(context(), caller(), match_id)
    return json_answer(match.marked(match.as_told(context(), caller(), row).answer, leave, _audience()))


@blueprint.get("/<match_id>/trace")
@refuses(blueprint, 404, 503)
@requires("matches:read")
@blueprint.response(200, TraceSchema())
def get_trace(match_id: str) -> Response:
    """Read what a match was made from: facts, product versions, model and catalogue."""
    row, _ = match.recall(context(), caller(), match_id)
    return json_answer(shown.trace(match.as_told(context(), caller(), row)))


def _audience() -> Audience:
    with context().database.read() as session:
        return audience(session, caller())
