"""Cross-comparison over HTTP: each rule with its verdict, and each pair that it compared."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import polars as pl
from flask import Response, request

from chassis.web import paging
from chassis.web.answers import json_answer
from chassis.web.caller import requires
from chassis.web.openapi import Blueprint, refuses
from services.profile.book.api.current import context
from services.profile.book.api.schemas import MomentSchema
from services.profile.book.domain.moment import Asked
from services.profile.portrait.api.cross_check_schemas import CrossCheckPageSchema, CrossChecksSchema
from services.profile.portrait.domain.crosscheck import Rule, pass_rate, rules, tally
from services.profile.portrait.usecases.compare_sources import Compared, compare
from services.profile.rights.api.reading import PURPOSE, marked, reading
from services.profile.rights.domain.resource import Resource
from services.profile.standards.codes import enterprise_id

blueprint = Blueprint(
    "cross-checks", __name__, url_prefix="/v1/enterprises", description="Sources held against each other"
)
ONLY = {
    "in": "query",
    "name": "verdict",
    "schema": {"type": "string", "enum": ["contradicts", "agrees", "unconfirmed"]},
    "description": "Only pairs with this verdict",
}
PAIR = ("subject", "counterparty", "on", "left", "right")


@blueprint.get("/<enterprise>/cross-checks")
@refuses(blueprint, 404, 422)
@requires("enterprises:read")
@blueprint.arguments(MomentSchema(), location="query")
@blueprint.response(200, CrossChecksSchema())
@blueprint.doc(parameters=[PURPOSE])
def get_cross_checks(moment: dict[str, Any], enterprise: str) -> Response:
    """Read how an enterprise's sources agree: every rule with both sides, tolerance and verdict."""
    asked = reading(Resource.CROSS_CHECKS, moment.get("as_of"))
    found = compare(context(), asked, enterprise_id(enterprise), Asked(**moment))
    return json_answer(marked(found.file.permit, _shown(found)))


@blueprint.get("/<enterprise>/cross-checks/<rule>")
@refuses(blueprint, 400, 404, 422)
@requires("enterprises:read")
@blueprint.arguments(MomentSchema(), location="query")
@blueprint.response(200, CrossCheckPageSchema())
@blueprint.doc(parameters=[PURPOSE, ONLY, *paging.PARAMETERS])
def list_pairs(moment: dict[str, Any], enterprise: str, rule: str) -> Response:
    """List what one rule compared: both values of each pair, and whether they contradict."""
    asked = reading(Resource.CROSS_CHECKS, moment.get("as_of"), part=rule[:40])
    found = compare(context(), asked, enterprise_id(enterprise), Asked(**moment), rule)
    pairs = found.findings.select(*PAIR, verdict=_verdict(pl.col("contradicts")))
    wanted = request.args.get("verdict")
    shown = pairs.filter(pl.col("verdict") == wanted) if wanted else pairs
    return json_answer(
        marked(found.file.permit, _head(found)) | {"rule": rule} | paging.sliced(shown, lambda part: part.to_dicts())
    )


def _shown(found: Compared) -> dict[str, Any]:
    tallied = tally(found.findings)
    counts = {rule: tuple(numbers) for _, rule, *numbers in tallied.rows()}
    rate = pass_rate(tallied)
    return _head(found) | {
        "pass_rate": rate["pass_rate"].item() if rate.height else None,
        "rules": [_rule(rule, *counts.get(rule.key, (0, 0, 0))) for rule in rules()],
    }


def _rule(rule: Rule, compared: int, contradictions: int, unconfirmed: int) -> dict[str, Any]:
    alone = "unconfirmed" if unconfirmed else "not-compared"
    verdict = "contradicts" if contradictions else "agrees" if compared else alone
    declared = asdict(rule)
    return {
        "rule": declared.pop("key"),
        **declared,
        "compared": compared,
        "contradictions": contradictions,
        "unconfirmed": unconfirmed,
        "verdict": verdict,
    }


def _head(found: Compared) -> dict[str, Any]:
    facts = found.file.facts
    return {"enterprise": found.file.enterprise, "as_of": facts.moment.as_of, "known_at": facts.known_at}


def _verdict(contradicts: pl.Expr) -> pl.Expr:
    known = pl.when(contradicts).then(pl.lit("contradicts")).otherwise(pl.lit("agrees"))
    return pl.when(contradicts.is_null()).then(pl.lit("unconfirmed")).otherwise(known)
