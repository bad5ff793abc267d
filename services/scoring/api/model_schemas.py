"""What crosses the wire about models and their training."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from chassis.web.schemas import EnterpriseId, ProblemSchema, Schema
from services.scoring.api.schemas import (
    ProgressSchema,
    TitleSchema,
    as_of_field,
    day_field,
    definition_field,
    horizon_field,
    known_at_field,
    moment_field,
)
from services.scoring.domain.block import TITLES

MODEL_STATES = ["training", "candidate", "approved", "shadow", "serving", "retired", "failed"]


class LevelSchema(Schema):
    """What an order declares of default and of the level of PDs."""

    definition = definition_field()
    horizon_months = horizon_field()
    central_tendency = fields.Float(
        load_default=None,
        allow_none=True,
        validate=validate.Range(0, 1, min_inclusive=False, max_inclusive=False),
        metadata={"description": "Long-run default rate that PDs are centred on; null keeps the training firms' own"},
    )
    margin_of_conservatism = fields.Float(
        load_default=0.0, validate=validate.Range(0, 3), metadata={"description": "Added to every log-odds of default"}
    )
    through_the_cycle_shift = fields.Float(
        load_default=0.0, validate=validate.Range(-3, 3), metadata={"description": "Added to every log-odds of default"}
    )


class RatedSchema(Schema):
    """The grade that a bank gave a firm."""

    enterprise = EnterpriseId(required=True)
    grade = fields.String(required=True)
    rated_on = fields.Date(
        load_default=None, allow_none=True, metadata={"description": "The day on which it was given, where known"}
    )


class RatingsSchema(Schema):
    """A bank's own rating of labelled firms, to stand beside the model."""

    grades = fields.List(
        fields.String(validate=validate.Length(1, 40)),
        required=True,
        validate=validate.Length(2, 40),
        metadata={"description": "The grades, the best first", "example": ["A", "B", "C", "D"]},
    )
    given = fields.List(fields.Nested(RatedSchema), required=True, validate=validate.Length(1, 100_000))

    @validates_schema
    def each_once_and_known(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse a grade or a firm that is named twice, and a grade that is none of the bank's."""
        grades, firms = data["grades"], [each["enterprise"] for each in data["given"]]
        for field, names in (("grades", grades), ("given", firms)):
            if len(set(names)) < len(names):
                twice = next(name for name in names if names.count(name) > 1)
                raise ValidationError({field: [f"{twice} is named twice; name each once."]})
        if unknown := {each["grade"] for each in data["given"]} - set(grades):
            raise ValidationError({"given": [f"{min(unknown)} is none of the grades {', '.join(grades)}."]})


class TrainingOrderSchema(LevelSchema):
    """A model to be trained on the outcomes known."""

    as_of = as_of_field()
    known_at = known_at_field()
    seed = fields.Integer(validate=validate.Range(0, 2**31 - 1))
    promote = fields.Boolean(
        load_default=False, metadata={"description": "Let it serve as soon as somebody else has approved it"}
    )
    ratings = fields.Nested(
        RatingsSchema,
        load_default=None,
        allow_none=True,
        metadata={
            "description": "The bank's own rating, beside which the card shows the model; nothing learns from it"
        },
    )
    blocks = fields.List(
        fields.String(validate=validate.OneOf(list(TITLES))),
        load_default=[],
        metadata={
            "description": "Figures beside the features: `graph`, those of firms' ties, where the consent to training "
            "has the field `graph`; kept where held-out firms show that they pay, as `card.blocks` tells"
        },
    )


class NoteSchema(Schema):
    """Why something is decided, for the record."""

    note = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=2000))


class ApprovalSchema(NoteSchema):
    """An approval; a model that failed its gate needs a reason."""

    exception = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(10, 2000),
        metadata={
            "description": "Why it may serve although it failed its gate; stands on its card and on every score of it"
        },
    )


class ModelEventSchema(Schema):
    """One decision about a model."""

    event = fields.String(
        validate=validate.OneOf(
            ["approved", "exception", "promoted", "rolled-back", "restored", "shadow", "shadow-ended"]
        )
    )
    client = fields.String()
    note = fields.String(allow_none=True)
    at = moment_field()


class ComparisonSchema(Schema):
    """The challenger in the shadow beside the champions, on the same scores."""

    model = fields.String()
    state = fields.String()
    scores = fields.Integer()
    champions = fields.List(fields.String())
    points = fields.Dict(
        allow_none=True, metadata={"description": "Challenger less champion: mean, p5, median, p95, largest"}
    )
    notches = fields.Dict(
        metadata={"description": "Scores by how many grades the challenger stands below (+) or above (-)"}
    )
    same_grade = fields.Float(allow_none=True)
    outcomes = fields.Dict(allow_none=True, metadata={"description": "AUC and Brier of both where outcomes are known"})


class LanguageSchema(Schema):
    """In which language a document is."""

    lang = fields.String(load_default="zh", validate=validate.OneOf(["zh", "en"]))


class PictureNamesSchema(Schema):
    """The names of a model's pictures."""

    items = fields.List(fields.String())


class PictureSchema(Schema):
    """One picture."""

    name = fields.String()
    svg = fields.String(metadata={"description": "An SVG document without scripts"})


class ModelSchema(Schema):
    """A model and its card."""

    version = fields.String()
    state = fields.String(validate=validate.OneOf(MODEL_STATES))
    progress = fields.Nested(ProgressSchema())
    seed = fields.Integer()
    as_of = day_field(allow_none=True)
    known_at = moment_field(allow_none=True)
    artefact_sha256 = fields.String(allow_none=True)
    card = fields.Dict(allow_none=True)
    problem = fields.Nested(ProblemSchema(), allow_none=True)
    created_at = moment_field()
    trained_at = moment_field(allow_none=True)
    promoted_at = moment_field(allow_none=True)
    approved_at = moment_field(allow_none=True)
    approved_by = fields.String(allow_none=True)
    exception = fields.String(
        allow_none=True, metadata={"description": "Why it was approved although `card.gate` had not passed"}
    )
    terms = fields.Nested(LevelSchema(), allow_none=True, metadata={"description": "What its order declared"})
    told = fields.List(
        fields.Nested(TitleSchema()),
        metadata={"description": "What to know of its default and its labels: undeclared, undated, left out"},
    )
    trained_by = fields.String(metadata={"description": "Who ordered the training, and so cannot approve it"})
    lineage = fields.Dict(
        allow_none=True, metadata={"description": "Data times and hash, code, seed: enough to train it again"}
    )
    events = fields.List(
        fields.Nested(ModelEventSchema()), metadata={"description": "What was decided; with a single model only"}
    )


class ModelPageSchema(Schema):
    """Models, newest first."""

    items = fields.List(fields.Nested(ModelSchema()))
    next = fields.String(allow_none=True)
