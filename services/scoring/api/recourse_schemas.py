"""What crosses the wire about the way up: targets on the way in, plans on the way out."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from chassis.web.schemas import Schema
from services.scoring.api.schemas import ModelNameSchema, TitleSchema
from services.scoring.domain.recourse import STEPS
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


class CertifiedSchema(Schema):
    """What the model says of the figures at a moment."""

    score = fields.Integer()
    grade = fields.String()
    pd = fields.Float()


class ChangeSchema(Schema):
    """What becomes of one figure that moves the score, or that a rule of the target is about."""

    feature = fields.String()
    title = fields.Nested(TitleSchema())
    unit = fields.String()
    from_ = fields.Float(data_key="from", allow_none=True, metadata={"description": "As of the stored score's day"})
    to = fields.Float(allow_none=True, metadata={"description": "At the end of the plan"})
    points = fields.Float(metadata={"description": "What its contribution to the score changes by"})
    sentence = fields.Nested(TitleSchema())


class PlanSchema(Schema):
    """What a plan asks for, every month."""

    step = fields.String(validate=validate.OneOf(list(STEPS)), metadata={"description": "Each adds to the one before"})
    growth_per_month = fields.Float(metadata={"description": "Of sales and purchases, month upon month"})
    share_of_pace = fields.Float(metadata={"description": "0 to 1: the growth as a share of the firm's own pace"})
    carries_on = fields.Boolean(metadata={"description": "The firm need only go on as in the last twelve months"})
    sentence = fields.Nested(TitleSchema())


class PathMonthSchema(CertifiedSchema):
    """One month of a plan: what is traded in it, and the score when it is over."""

    month = fields.Integer()
    as_of = fields.Date()
    sales_fen = fields.Integer(metadata={"description": "Net of tax and of red letters"})
    buyers = fields.Integer()
    purchases_fen = fields.Integer()
    suppliers = fields.Integer()
    values = fields.Dict(
        keys=fields.String(),
        values=fields.Float(allow_none=True),
        metadata={"description": "The features that move the score by then, by name"},
    )


class CarryingOnSchema(CertifiedSchema):
    """The score after so many months of going on as in the last twelve."""

    month = fields.Integer()
    as_of = fields.Date()


class PaceSchema(Schema):
    """How fast the plans may grow, from the firm's own past."""

    per_month = fields.Float(metadata={"description": "The most that a plan grows by, month upon month"})
    basis = fields.String(
        validate=validate.OneOf(["own", "floor", "cap"]),
        metadata={"description": "Its own; at least 1 % a month (also where too little is known), at most 2 ^ (1/12)"},
    )
    quantile = fields.Float(metadata={"description": "Of three months' sales against the year before, over a year"})
    comparisons = fields.Integer(metadata={"description": "How many of these are known; under four the floor holds"})


class NearestSchema(Schema):
    """The best within reach, with the plan of least effort that gets there."""

    grade = fields.String()
    plan = fields.Nested(PlanSchema(), allow_none=True)
    months = fields.Integer()
    path = fields.List(fields.Nested(PathMonthSchema()))
    changes = fields.List(fields.Nested(ChangeSchema()))
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
    """The plan of the least effort, simulated on the firm's own invoices, with its path; or why there is none."""

    score = fields.String()
    enterprise = fields.String()
    model = fields.Nested(ModelNameSchema())
    target = fields.Nested(TargetSchema())
    needed = fields.Nested(NeededSchema())
    now = fields.Nested(CertifiedSchema(), metadata={"description": "The file as of the score's day, scored again"})
    reachable = fields.Boolean(metadata={"description": "Within 12 months at the firm's own pace"})
    plan = fields.Nested(PlanSchema(), allow_none=True, metadata={"description": "null where nothing need be done"})
    months = fields.Integer(allow_none=True)
    path = fields.List(fields.Nested(PathMonthSchema()))
    changes = fields.List(fields.Nested(ChangeSchema()))
    certified = fields.Nested(
        CertifiedSchema(),
        allow_none=True,
        metadata={"description": "What these invoices give when they are written, imported and scored by this model"},
    )
    carrying_on = fields.List(fields.Nested(CarryingOnSchema()))
    pace = fields.Nested(PaceSchema())
    blocked = fields.List(fields.Nested(BlockedSchema()))
    nearest = fields.Nested(NearestSchema(), allow_none=True)
    showing_more = fields.List(
        fields.Nested(TitleSchema()), metadata={"description": "What handing in earlier records could add, uncertified"}
    )
    assumptions = fields.Nested(TitleSchema())
