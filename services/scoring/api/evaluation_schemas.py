"""What crosses the wire about evaluations."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from chassis.web.schemas import ProblemSchema, Schema
from services.scoring.api.schemas import (
    ProgressSchema,
    as_of_field,
    definition_field,
    enterprises_field,
    horizon_field,
    moment_field,
)


class EvaluationOrderSchema(Schema):
    """How to evaluate training on the book's labelled enterprises."""

    as_of = as_of_field()
    folds = fields.Integer(load_default=5, validate=validate.Range(2, 20))
    repeats = fields.Integer(load_default=10, validate=validate.Range(1, 100))
    seed = fields.Integer(load_default=0, validate=validate.Range(0, 2**31 - 1))
    enterprises = enterprises_field()
    holdout_enterprises = enterprises_field()
    definition = definition_field()
    horizon_months = horizon_field()
    label_date = fields.Date(
        load_default=None, allow_none=True, metadata={"description": "The day that the labels were taken on"}
    )


class EvaluationFormSchema(Schema):
    """How to evaluate training on the table sent along."""

    label = fields.String(required=True, metadata={"description": "The column that says who defaulted"})
    drop = fields.List(fields.String(), load_default=list, metadata={"description": "Columns not to learn from"})
    time = fields.String(load_default=None, metadata={"description": "The column of time that the table is cut by"})
    cut = fields.String(load_default=None, validate=validate.Length(max=40))
    rating = fields.String(
        load_default=None,
        metadata={"description": "The column of the bank's own grades: shown beside, not learned from"},
    )
    grades = fields.List(
        fields.String(), load_default=list, metadata={"description": "The grades in that column, the best first"}
    )
    folds = fields.Integer(load_default=5, validate=validate.Range(2, 20))
    repeats = fields.Integer(load_default=10, validate=validate.Range(1, 100))
    seed = fields.Integer(load_default=0, validate=validate.Range(0, 2**31 - 1))
    definition = definition_field()
    horizon_months = horizon_field()
    label_date = fields.Date(
        load_default=None, allow_none=True, metadata={"description": "The day that the labels were taken on"}
    )

    @validates_schema
    def both_or_neither(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse a cut without its column, grades without theirs, and either column alone."""
        if (data["time"] is None) != (data["cut"] is None):
            raise ValidationError({"cut": ["Send `time`, the column, together with `cut`, the day."]})
        if (data["rating"] is None) != (len(data["grades"]) < 2):
            raise ValidationError({"grades": ["Send `rating`, the column, with two `grades` or more, the best first."]})


class EvaluationSchema(Schema):
    """An evaluation; `result` holds firms, defaults, auc, ks, brier, ece, the challenger's figures and suspects.

    `definition` in it tells by which default, within how long and as of which day the labels are, or what is not given.
    """

    id = fields.String()
    state = fields.String(validate=validate.OneOf(["queued", "running", "done", "failed"]))
    progress = fields.Nested(ProgressSchema())
    result = fields.Dict(allow_none=True)
    problem = fields.Nested(ProblemSchema(), allow_none=True)
    created_at = moment_field()
