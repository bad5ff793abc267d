"""The list of reason codes."""

from __future__ import annotations

from dataclasses import asdict

from flask import Response
from marshmallow import fields, validate

from chassis.web.answers import json_answer
from chassis.web.caller import caller
from chassis.web.openapi import Blueprint
from chassis.web.schemas import Schema
from services.scoring.api.schemas import TitleSchema
from services.scoring.domain import reason_codes

blueprint = Blueprint("reason-codes", __name__, url_prefix="/v1", description="What the code of a reason stands for")


class ReasonCodeSchema(Schema):
    """What one code stands for, for good."""

    code = fields.String(metadata={"example": "R202"})
    feature = fields.String()
    side = fields.String(
        validate=validate.OneOf(("costs", "earns")),
        metadata={"description": "Whether the feature costs points against the reference enterprise, or earns some"},
    )
    title = fields.Nested(TitleSchema())
    compares = fields.Nested(
        TitleSchema(), metadata={"description": "The firm's figure that the reference's is held to"}
    )
    improve = fields.Nested(TitleSchema(), metadata={"description": "What the firm can do, or why it cannot"})
    changeable = fields.Boolean()
    since = fields.String(metadata={"description": "The first version of the list that has it"})


class ReasonCodesSchema(Schema):
    """The list, which only grows."""

    version = fields.String()
    sha256 = fields.String(metadata={"description": "Digest of the list, every word of it"})
    codes = fields.List(fields.Nested(ReasonCodeSchema()))


@blueprint.get("/reason-codes")
@blueprint.response(200, ReasonCodesSchema())
def get_reason_codes() -> Response:
    """Read the fixed list of reason codes, as adverse-action codes are: a code is never used for anything else."""
    caller()
    codes = [asdict(each) for each in reason_codes.codes()]
    return json_answer({"version": reason_codes.version(), "sha256": reason_codes.digest(), "codes": codes})
