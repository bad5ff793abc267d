"""The shapes of past decisions."""

from __future__ import annotations

from marshmallow import Schema as Outgoing
from marshmallow import fields, validate

from chassis.web.schemas import Schema
from services.matching.api.schemas import fen, term


class DecisionSchema(Schema):
    """One past decision; `reference` is the bank's own mark of the case, and no enterprise is named."""

    reference = fields.String(required=True, validate=validate.Length(1, 64))
    score = fields.Integer(strict=True, required=True, validate=validate.Range(0, 2000))
    amount_fen = fields.Integer(strict=True, required=True, validate=fen)
    months = fields.Integer(strict=True, required=True, validate=term)
    approved = fields.Boolean(required=True)
    decided_on = fields.Date(required=True)


class DecisionsOrderSchema(Schema):
    """Past decisions."""

    items = fields.List(fields.Nested(DecisionSchema()), required=True, validate=validate.Length(1, 10_000))


class DecisionsSchema(Outgoing):
    """How many were new or known, and how many are held in all."""

    added = fields.Integer()
    known = fields.Integer()
    decisions = fields.Integer()
    approved = fields.Integer()
