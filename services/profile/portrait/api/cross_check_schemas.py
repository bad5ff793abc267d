"""What goes over the wire of cross-comparison."""

from __future__ import annotations

from marshmallow import fields, validate

from chassis.web.schemas import Schema
from services.profile.book.api.schemas import TextSchema
from services.profile.rights.api.schemas import marks


class CrossCheckSchema(Schema):
    """One rule of cross-comparison: what is held against what, how far they may differ, and what was found."""

    rule = fields.String()
    title = fields.Nested(TextSchema())
    left = fields.Nested(TextSchema())
    right = fields.Nested(TextSchema())
    sources = fields.List(fields.String())
    unit = fields.String(validate=validate.OneOf(["fen", "ratio", "count", "day"]))
    side = fields.String(validate=validate.OneOf(["above", "below", "both"]))
    absolute = fields.Float()
    relative = fields.Float()
    since = fields.Date()
    basis = fields.String(allow_none=True)
    compared = fields.Integer()
    contradictions = fields.Integer()
    unconfirmed = fields.Integer(
        metadata={"description": "What a firm alone says of another one; it counts for and against nobody"}
    )
    verdict = fields.String(validate=validate.OneOf(["agrees", "contradicts", "unconfirmed", "not-compared"]))


class CrossChecksSchema(Schema):
    """All rules over one enterprise; `pass_rate` is the mean over rules of the share of pairs that agree."""

    disputes = marks()
    enterprise = fields.String()
    as_of = fields.Date()
    known_at = fields.AwareDateTime()
    pass_rate = fields.Float(allow_none=True)
    rules = fields.List(fields.Nested(CrossCheckSchema()))


class ComparedPairSchema(Schema):
    """Two values of one matter, in the rule's unit; null where a source is silent.

    `unconfirmed` is what a firm alone says of another one. Of its own word a firm is told this whatever the book holds.
    """

    subject = fields.String()
    counterparty = fields.String(allow_none=True)
    on = fields.Date(allow_none=True)
    left = fields.Float(allow_none=True)
    right = fields.Float(allow_none=True)
    verdict = fields.String(validate=validate.OneOf(["agrees", "contradicts", "unconfirmed"]))


class CrossCheckPageSchema(Schema):
    """A page of what one rule compared."""

    disputes = marks()
    enterprise = fields.String()
    as_of = fields.Date()
    known_at = fields.AwareDateTime()
    rule = fields.String()
    items = fields.List(fields.Nested(ComparedPairSchema()))
    next = fields.String(allow_none=True)
