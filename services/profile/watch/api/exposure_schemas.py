"""Books of exposures on the wire."""

from __future__ import annotations

from marshmallow import fields, validate

from chassis.web.schemas import Schema
from services.profile.graph.api.shock_schemas import FEN, MOST_EXPOSURES, ExposureSchema, each_once


class ExposuresOrderSchema(Schema):
    """A book of exposures in the place of the one before, and from which rise of its expected loss an alert comes."""

    threshold_fen = fields.Integer(
        required=True,
        strict=True,
        validate=FEN,
        metadata={"description": "A rise of the expected loss by so much through the failure of others is an alert"},
    )
    exposures = fields.List(
        fields.Nested(ExposureSchema()),
        required=True,
        validate=validate.And(validate.Length(max=MOST_EXPOSURES), each_once),
    )


class ExposuresSchema(Schema):
    """Your book of exposures as you stated it; version 0: none."""

    version = fields.Integer()
    threshold_fen = fields.Integer(allow_none=True)
    stated_at = fields.AwareDateTime(allow_none=True)
    stated_by = fields.String(allow_none=True, metadata={"description": "The client whose book it is"})
    exposures = fields.List(fields.Nested(ExposureSchema()))
