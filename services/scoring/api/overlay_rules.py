"""Expert rules beside the model: read by everybody, proposed by one operator, confirmed by another."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Response
from marshmallow import fields, validate
from sqlalchemy.orm import Session

from chassis.core.moments import rfc3339
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.idempotency import idempotent, repeatable
from chassis.web.openapi import Blueprint, refuses
from chassis.web.schemas import Schema
from services.scoring.api.current import context
from services.scoring.api.schemas import MOMENT, day_field, moment_field
from services.scoring.domain.overlay import CAPS, TAX_GRADES, TIERS, TYPES, Rule, RuleSet, shipped
from services.scoring.store import overlays
from services.scoring.tables import OverlayVersion
from services.scoring.usecases.change_overlay import Proposal, confirm, propose, withdraw

blueprint = Blueprint(
    "overlay-rules", __name__, url_prefix="/v1/overlay-rules", description="Expert rules beside the model"
)


class WordsSchema(Schema):
    """The same in Chinese and English."""

    zh = fields.String(required=True, validate=validate.Length(1, 500))
    en = fields.String(required=True, validate=validate.Length(1, 500))


class OverlayRuleSchema(Schema):
    """A rule: public records on display of this type cap the grade."""

    key = fields.String(required=True, validate=validate.Regexp(r"[a-z][a-z0-9-]{0,63}$"))
    title = fields.Nested(WordsSchema(), required=True)
    type = fields.String(required=True, validate=validate.OneOf(TYPES))
    tiers = fields.List(
        fields.String(validate=validate.OneOf(TIERS)),
        allow_none=True,
        load_default=None,
        metadata={"description": "Tiers of credit repair, an empty one where the source names none; null is any"},
    )
    grades = fields.List(
        fields.String(validate=validate.OneOf(TAX_GRADES)),
        allow_none=True,
        load_default=None,
        metadata={"description": "Tax grades; null is any"},
    )
    cap = fields.String(required=True, validate=validate.OneOf(CAPS), metadata={"description": "The best grade left"})
    ends = fields.Nested(WordsSchema(), required=True, metadata={"description": "How the firm can end it"})
    basis = fields.Nested(WordsSchema(), required=True, metadata={"description": "The law or policy it stands on"})


class OverlayProposalSchema(Schema):
    """All rules that are to hold: what is left out holds no more."""

    rules = fields.List(fields.Nested(OverlayRuleSchema()), required=True, validate=validate.Length(0, 100))
    valid_from = fields.Date(allow_none=True, load_default=None, metadata={"description": "By default today, in China"})
    note = fields.String(required=True, validate=validate.Length(10, 2000), metadata={"description": "Why"})


class OverlayRuleSetSchema(Schema):
    """The rules of one version."""

    version = fields.String()
    valid_from = day_field()
    rules = fields.List(fields.Nested(OverlayRuleSchema()))


class OverlayVersionSchema(OverlayRuleSetSchema):
    """A version with who proposed it and who decided; the shipped one was proposed by nobody."""

    state = fields.String(validate=validate.OneOf(("proposed", "confirmed", "withdrawn")))
    note = fields.String(allow_none=True)
    proposed_by = fields.String(allow_none=True)
    proposed_at = moment_field(allow_none=True)
    confirmed_by = fields.String(allow_none=True)
    confirmed_at = moment_field(allow_none=True)
    withdrawn_by = fields.String(allow_none=True)
    withdrawn_at = moment_field(allow_none=True)


class OverlayRulesSchema(Schema):
    """The version in force at the moment asked for, and every version there was."""

    at = moment_field()
    in_force = fields.Nested(OverlayRuleSetSchema(), allow_none=True)
    versions = fields.List(fields.Nested(OverlayVersionSchema()), metadata={"description": "The newest first"})


class MomentQuerySchema(Schema):
    """The moment that is asked for."""

    at = fields.AwareDateTime(load_default=None, validate=MOMENT, metadata={"description": "By default now"})


@blueprint.get("")
@refuses(blueprint, 422)
@blueprint.arguments(MomentQuerySchema(), location="query")
@blueprint.response(200, OverlayRulesSchema())
def get_overlay_rules(asked: dict[str, Any]) -> Response:
    """Read the expert rules that cap a grade beside the model, as in force at a moment, with all versions."""
    caller()
    at = asked["at"] or datetime.now(UTC)
    with context().database.read() as session:
        in_force = overlays.in_force(session, at)
        rows = overlays.versions(session)
        versions = [*map(_version, rows), {**_rules(shipped()), **dict.fromkeys(WHO), "state": "confirmed"}]
    return json_answer({"at": rfc3339(at), "in_force": in_force and _rules(in_force), "versions": versions})


@blueprint.post("")
@requires("overlays:write")
@refuses(blueprint, 400, 422)
@blueprint.arguments(OverlayProposalSchema())
@blueprint.response(201, OverlayVersionSchema())
@idempotent
def post_overlay_rules(session: Session, proposed: dict[str, Any]) -> dict[str, Any]:
    """Propose a version of the expert rules; it holds once another person or another operator confirms it."""
    return _version(propose(session, caller(), Proposal(**proposed)))


@blueprint.post("/<version>/confirm")
@requires("overlays:confirm")
@refuses(blueprint, 404, 409)
@blueprint.response(200, OverlayVersionSchema())
@repeatable
def post_confirmation(session: Session, version: str) -> dict[str, Any]:
    """Confirm another's proposal: scores given from its first day on are under it.

    Two persons of one client who have signed in are two; one person is one, whichever clients it signs in for.
    """
    return _version(confirm(session, caller(), version))


@blueprint.post("/<version>/withdraw")
@requires("overlays:write")
@refuses(blueprint, 404, 409)
@blueprint.response(200, OverlayVersionSchema())
@repeatable
def post_withdrawal(session: Session, version: str) -> dict[str, Any]:
    """Withdraw a proposal that nobody has confirmed, or refuse another's."""
    return _version(withdraw(session, caller(), version))


WHO = ("note", "proposed_by", "proposed_at", "confirmed_by", "confirmed_at", "withdrawn_by", "withdrawn_at")


def _version(row: OverlayVersion) -> dict[str, Any]:
    told = {name: getattr(row, name) for name in WHO}
    moments = {name: value and rfc3339(value) for name, value in told.items() if name.endswith("_at")}
    state = "withdrawn" if row.withdrawn_at else "confirmed" if row.confirmed_at else "proposed"
    return {**_rules(overlays.rules_of(row)), **told, **moments, "state": state}


def _rules(found: RuleSet) -> dict[str, Any]:
    rules = [_rule(rule) for rule in found.rules]
    return {"version": found.version, "valid_from": found.valid_from.isoformat(), "rules": rules}


def _rule(rule: Rule) -> Mapping[str, Any]:
    return {name: getattr(rule, name) for name in Rule.__slots__}
