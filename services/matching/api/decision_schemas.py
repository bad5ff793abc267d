"""The shapes of past decisions."""

from __future__ import annotations

from datetime import date
from typing import Any

from marshmallow import Schema as Outgoing
from marshmallow import ValidationError, fields, post_load, validate

from chassis.core.moments import today
from chassis.web.schemas import Schema
from services.matching.api.list_schemas import FiltersSchema
from services.matching.api.schemas import fen, term
from services.matching.domain.approval import PastDecision


def not_ahead(day: date) -> None:
    """Refuse a day that is to come: among the newest decisions it would stand before all others for good."""
    if day > today():
        raise ValidationError("must be today or earlier / 不得晚于今日")


class DecisionFiltersSchema(FiltersSchema):
    """Which decisions."""

    approved = fields.Boolean(load_default=None)
    since = fields.Date(load_default=None, metadata={"description": "Decided on this day or later"})


class DecisionSchema(Schema):
    """One past decision; `reference` is the bank's own mark of the case, and no enterprise is named."""

    reference = fields.String(required=True, validate=validate.Length(1, 64))
    score = fields.Integer(strict=True, required=True, validate=validate.Range(0, 2000))
    amount_fen = fields.Integer(strict=True, required=True, validate=fen)
    months = fields.Integer(strict=True, required=True, validate=term)
    approved = fields.Boolean(required=True)
    decided_on = fields.Date(
        required=True, validate=not_ahead, metadata={"description": "Today, by the calendar of China, or earlier"}
    )


class DecisionsOrderSchema(Schema):
    """Past decisions."""

    items = fields.List(fields.Nested(DecisionSchema()), required=True, validate=validate.Length(1, 10_000))

    @post_load
    def as_decisions(self, data: dict[str, Any], **_: Any) -> list[PastDecision]:
        """Return the values that the use case knows."""
        return [PastDecision(**item) for item in data["items"]]


class DecisionPageSchema(Outgoing):
    """Decisions by their reference; `next` is the cursor of the following page."""

    items = fields.List(fields.Nested(DecisionSchema()))
    next = fields.String(allow_none=True)


class DecisionsSchema(Outgoing):
    """How many were new, corrected or known as they are, and how many are held in all."""

    added = fields.Integer()
    corrected = fields.Integer()
    known = fields.Integer()
    decisions = fields.Integer()
    approved = fields.Integer()
