"""What crosses the wire about the way up: targets on the way in, plans on the way out."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from chassis.web.schemas import Schema
from services.scoring.api.schemas import ModelNameSchema, TitleSchema
from services.scoring.domain.scale import MASTER_SCALE


class RuleSchema(Schema):
    """A product's rule on one feature, on `score` or on `pd`."""

    feature = fields.String(required=True, validate=validate.Length(1, 100))
    op = fields.String(required=True, validate=validate.OneOf([">=", "<="]))
    value = fields.Float(required=True, allow_nan=False)


class TargetSchema(Schema):
    """What is to be reached: a grade, a score, a product's rules, or several of them together."""

    grade = fields.String(validate=validate.OneOf([step.name for step in MASTER_SCALE]))
    score = fields.Integer(validate=validate.Range(-10_000, 10_000))
    rules = fields.List(fields.Nested(RuleSchema()), validate=validate.Length(1, 20))

    @validates_schema
    def _not_empty(self, data: dict[str, Any], **_: Any) -> None:
        if not data:
            raise ValidationError("Name a grade, a score or rules to be reached.")


class RecourseOrderSchema(Schema):
    """What an enterprise wants to reach."""

    target = fields.Nested(TargetSchema(), required=True)


class ChangeSchema(Schema):
    """One change of a plan."""

    feature = fields.String()
    title = fields.Nested(TitleSchema())
    unit = fields.String()
    from_ = fields.Float(data_key="from", metadata={"description": "The value of the stored score"})
    to = fields.Float(metadata={"description": "The least value that suffices, in the unit's smallest shown step"})
    months = fields.Integer(metadata={"description": "Whole months that it takes at the pace"})
    pace_per_month = fields.Float()
    pace_declared = fields.Boolean(metadata={"description": "false: the catalogue has none, the suite's usual one"})
    sentence = fields.Nested(TitleSchema())


class CertifiedSchema(Schema):
    """What the model says when it scores the plan's values again."""

    score = fields.Integer()
    grade = fields.String()
    pd = fields.Float()


class NearestSchema(Schema):
    """The best grade within reach, with its own cheapest plan."""

    grade = fields.String()
    changes = fields.List(fields.Nested(ChangeSchema()))
    months = fields.Integer()
    cost = fields.Integer()
    certified = fields.Nested(CertifiedSchema())


class BlockedSchema(Schema):
    """A rule that no plan can meet, and why."""

    rule = fields.String()
    found = fields.Float(allow_none=True)
    needed = fields.Float()
    why = fields.Nested(TitleSchema())


class NeededSchema(Schema):
    """What a target asks of the score and of the PD."""

    score = fields.Float(allow_none=True)
    pd = fields.Float(allow_none=True)


class RecourseSchema(Schema):
    """The cheapest plan of at most five changes in twelve months, certified by re-scoring; or why there is none."""

    score = fields.String()
    enterprise = fields.String()
    model = fields.Nested(ModelNameSchema())
    target = fields.Nested(TargetSchema())
    needed = fields.Nested(NeededSchema())
    reachable = fields.Boolean(metadata={"description": "Within 12 months at the paces"})
    changes = fields.List(fields.Nested(ChangeSchema()))
    months = fields.Integer(allow_none=True, metadata={"description": "The longest of the changes, side by side"})
    cost = fields.Integer(allow_none=True, metadata={"description": "Months times weights, plus one a change"})
    certified = fields.Nested(CertifiedSchema(), allow_none=True)
    blocked = fields.List(fields.Nested(BlockedSchema()))
    nearest = fields.Nested(NearestSchema(), allow_none=True)
    assumptions = fields.Nested(TitleSchema())
