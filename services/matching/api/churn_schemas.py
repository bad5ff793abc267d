"""The shapes of churn curves."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema as Outgoing
from marshmallow import fields, post_load, validate

from chassis.web.schemas import Schema
from services.matching.api.schemas import share
from services.matching.domain.churn import ObservedCurve, read_curves
from services.matching.domain.vocabulary import SCALES

GRADES = SCALES["grade"]


class ChurnPointSchema(Schema):
    """The share of customers lost at a rate."""

    rate = fields.Float(required=True, validate=share, metadata={"example": 0.0465})
    churn = fields.Float(required=True, validate=share, metadata={"example": 0.1357})


class ChurnCurveOrderSchema(Schema):
    """One curve for one or more grades."""

    grades = fields.List(
        fields.String(validate=validate.OneOf(GRADES)), required=True, validate=validate.Length(1, len(GRADES))
    )
    points = fields.List(fields.Nested(ChurnPointSchema()), required=True, validate=validate.Length(1, 1000))


class ChurnCurvesOrderSchema(Schema):
    """A bank's curves; a grade without one is not lent to by allocations."""

    curves = fields.List(fields.Nested(ChurnCurveOrderSchema()), required=True, validate=validate.Length(1, 20))

    @post_load
    def as_curves(self, data: dict[str, Any], **_: Any) -> tuple[ObservedCurve, ...]:
        """Return the values that the use case knows."""
        return read_curves(data)


class FittedPointSchema(Outgoing):
    """A point as it came, and the share on the curve that never falls."""

    rate = fields.Float()
    churn = fields.Float()
    fitted = fields.Float()


class ChurnCurveSchema(Outgoing):
    """A curve; `best_rate` earns most before any cost."""

    grades = fields.List(fields.String())
    points = fields.List(fields.Nested(FittedPointSchema()))
    best_rate = fields.Float(allow_none=True)


class ChurnCurvesSchema(Outgoing):
    """The curves that count."""

    id = fields.String()
    curves = fields.List(fields.Nested(ChurnCurveSchema()))
    created_at = fields.DateTime()
