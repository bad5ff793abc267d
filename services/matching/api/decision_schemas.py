"""The shapes of past decisions."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema as Outgoing
from marshmallow import fields, post_load, validate

from chassis.web.schemas import Schema
from services.matching.api.schemas import fen, term
from services.matching.domain.approval import PastDecision


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

    @post_load
    def as_decisions(self, data: dict[str, Any], **_: Any) -> list[PastDecision]:
        """Return the values that the use case knows."""
        return [PastDecision(**item) for item in data["items"]]


class DecisionsSchema(Outgoing):
    """How many were new or known, and how many are held in all."""

    added = fields.Integer()
    known = fields.Integer()
    decisions = fields.Integer()
    approved = fields.Integer()
