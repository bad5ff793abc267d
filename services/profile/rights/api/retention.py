"""Retention periods by subject and kind of record, as `domain/retention.toml` declares them."""

from __future__ import annotations

from flask import Response
from marshmallow import fields, validate

from chassis.web.answers import json_answer
from chassis.web.caller import caller
from chassis.web.openapi import Blueprint
from chassis.web.schemas import Schema
from services.profile.book.api.schemas import TextSchema
from services.profile.rights.api import shown
from services.profile.rights.domain.retention import ANY, ENTERPRISE, SOLE_TRADER, policies, version

blueprint = Blueprint("retention", __name__, url_prefix="/v1/retention", description="Retention periods")


class PolicySchema(Schema):
    """How long one kind of thing is kept of one kind of subject."""

    key = fields.String()
    subject = fields.String(validate=validate.OneOf([ANY, ENTERPRISE, SOLE_TRADER]))
    what = fields.String()
    sorts = fields.List(fields.String())
    since = fields.String(metadata={"description": "From when the months count: ended, made, departed"})
    months = fields.Integer()
    tables = fields.List(fields.String(), metadata={"description": "Tables whose rows go; none where it is files"})
    title = fields.Nested(TextSchema())
    basis = fields.Nested(TextSchema())


class RetentionSchema(Schema):
    """The policies of retention."""

    version = fields.String()
    items = fields.List(fields.Nested(PolicySchema()))


@blueprint.get("")
@blueprint.response(200, RetentionSchema())
def get_retention() -> Response:
    """Read how long what is kept of whom, and by which law or policy."""
    caller()
    return json_answer({"version": version(), "items": [shown.policy(each) for each in policies()]})
