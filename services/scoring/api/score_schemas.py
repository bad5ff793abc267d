"""What crosses the wire about scores."""

from __future__ import annotations

from marshmallow import fields, validate
from webargs.fields import DelimitedList

from chassis.web.schemas import EnterpriseId, Schema
from services.scoring.api.receipt_schemas import OverrideSchema
from services.scoring.api.schemas import (
    ModelNameSchema,
    TitleSchema,
    as_of_field,
    counts_field,
    day_field,
    known_at_field,
    moment_field,
)


class ScoreOrderSchema(Schema):
    """One enterprise to be scored."""

    enterprise = EnterpriseId(required=True, metadata={"example": "local:E17"})
    as_of = as_of_field()
    known_at = known_at_field()
    counts = counts_field()
    references = fields.List(
        fields.String(validate=validate.Length(1, 100)),
        validate=validate.Length(1, 5),
        metadata={"description": "Explain against these reference enterprises of the model as well"},
    )


class ReferencesSchema(Schema):
    """Reference enterprises to explain a score against."""

    references = DelimitedList(
        fields.String(validate=validate.Length(1, 100)), load_default=list, validate=validate.Length(0, 5)
    )


class ContributionSchema(Schema):
    """What one feature adds to the points of the reference enterprise."""

    feature = fields.String()
    points = fields.Float()
    value = fields.Float(allow_none=True, metadata={"description": "null where it is not known"})
    reference = fields.Float(allow_none=True, metadata={"description": "the reference enterprise's value"})
    unit = fields.String()
    title = fields.Nested(TitleSchema())
    dimension = fields.String()


class ReasonSchema(ContributionSchema):
    """A contribution that is told: its title says which side it is on, its sentence also says the figures."""

    code = fields.String(
        allow_none=True,
        metadata={"description": "From the fixed list (`GET /v1/reason-codes`); null for a feature without one"},
    )
    sentence = fields.Nested(TitleSchema())


class AgainstSchema(Schema):
    """The reasons of a score against another reference enterprise; they add up to the same score."""

    reference = fields.String()
    base_points = fields.Float()
    reasons = fields.List(fields.Nested(ReasonSchema()))
    contributions = fields.List(fields.Nested(ContributionSchema()))


class UndisputedScoreSchema(Schema):
    """The score without the disputed records; null where nothing is left to score."""

    score = fields.Integer(allow_none=True)
    grade = fields.String(allow_none=True)
    pd = fields.Float(allow_none=True)
    pd_interval = fields.List(fields.Float(), allow_none=True)
    depth = fields.String()
    features_sha256 = fields.String()
    difference = fields.Integer(
        allow_none=True, metadata={"description": "Points that the disputed records give, or take where below zero"}
    )


class OtherScoreSchema(Schema):
    """A score of the same file by the other count; null members where nothing is left to score."""

    score = fields.Integer(allow_none=True)
    grade = fields.String(allow_none=True)
    pd = fields.Float(allow_none=True)
    pd_interval = fields.List(fields.Float(), allow_none=True)
    depth = fields.String()
    features_sha256 = fields.String()


class ShownMonthsSchema(Schema):
    """How many of the last 36 months the valid invoices of each side reach back through; 0: there are none."""

    sale = fields.Integer()
    purchase = fields.Integer()


class FullerScoreSchema(Schema):
    """The score that the firm would have if the months that it does not show were like those it shows.

    Supposed and certified by nobody; it decides nothing, and the interval of the PD holds its PD.
    """

    score = fields.Integer()
    grade = fields.String()
    pd = fields.Float()
    difference = fields.Integer(metadata={"description": "Points that it has more than the score, less where below 0"})
    shown = fields.Nested(ShownMonthsSchema())
    months = fields.Integer(metadata={"description": "Months of the 36 in which the firm has existed"})
    registered_on = fields.String(
        allow_none=True,
        metadata={
            "format": "date",
            "description": "As another than the firm states it: no month before is supposed. Null: nobody states it",
        },
    )
    depth = fields.String()
    features_sha256 = fields.String()
    sentence = fields.Nested(
        TitleSchema(), metadata={"description": "What is not shown, and what showing it would add"}
    )


class ScoreConfirmedBySchema(Schema):
    """Money of which somebody beside the sender says the same, by who that is, in fen."""

    other_source = fields.Integer()
    other_side = fields.Integer()
    bank = fields.Integer()
    filing = fields.Integer()


class ScoreEvidenceSchema(Schema):
    """What the money of a file's invoices rests on, in fen and as shares from 0 to 1 (null without money)."""

    total_fen = fields.Integer()
    by_channel = fields.Dict(keys=fields.String(), values=fields.Integer())
    shares = fields.Dict(keys=fields.String(), values=fields.Float(allow_none=True))
    confirmed_fen = fields.Integer()
    confirmed_share = fields.Float(allow_none=True)
    unconfirmed_fen = fields.Integer(metadata={"description": "Stated by the firm alone"})
    confirmed_by = fields.Nested(ScoreConfirmedBySchema())


class ScoringModelSchema(ModelNameSchema):
    """The model that a score is by, and its own figures, before any expert rule."""

    score = fields.Integer()
    grade = fields.String()
    pd = fields.Float()
    pd_interval = fields.List(fields.Float())


class OverlayEffectSchema(Schema):
    """What an expert rule does."""

    cap = fields.String(metadata={"description": "The best grade that the firm can have while it meets the rule"})
    binds = fields.Boolean(metadata={"description": "Whether the model's own grade is better than that"})


class OverlayRecordSchema(Schema):
    """A public record that meets a rule; by its id the firm can dispute it or see its repair."""

    id = fields.String()
    type = fields.String()
    tier = fields.String(allow_none=True)
    grade = fields.String(allow_none=True, metadata={"description": "Tax grade"})
    on = fields.String(metadata={"description": "Published on", "format": "date"})
    until = fields.String(allow_none=True, metadata={"format": "date"})


class OverlayToldSchema(Schema):
    """An expert rule that a firm meets: beside the model, and in none of its contributions."""

    rule = fields.String(metadata={"example": "dishonest-debtor"})
    version = fields.String(metadata={"description": "Of the rules, as `GET /v1/overlay-rules` lists them"})
    title = fields.Nested(TitleSchema())
    effect = fields.Nested(OverlayEffectSchema())
    because = fields.Nested(TitleSchema())
    ends = fields.Nested(TitleSchema(), metadata={"description": "How the firm can end it"})
    basis = fields.Nested(TitleSchema())
    records = fields.List(fields.Nested(OverlayRecordSchema()))


class ScoreSchema(Schema):
    """A score with its reasons: `base_points` + all contributions = the score before rounding, to 1e-6.

    Score and contributions are the model's; grade and PD are those that decide, under the expert rules (`overlay`).
    """

    id = fields.String()
    enterprise = fields.String()
    score = fields.Integer()
    grade = fields.String(metadata={"description": "The one that decides: the model's, or what a rule caps it at"})
    pd = fields.Float(metadata={"description": "Probability of default, calibrated; of a capped grade its least"})
    pd_interval = fields.List(
        fields.Float(),
        metadata={"description": "90 % interval of the PD, with that of `fuller` in it; the model's own: `model`"},
    )
    depth = fields.String(metadata={"description": "Data depth A-E, E is a thin file"})
    reasons = fields.List(
        fields.Nested(ReasonSchema()),
        metadata={"description": "At most four: what cost points, the largest first, then what earned them"},
    )
    base_points = fields.Float()
    contributions = fields.List(fields.Nested(ContributionSchema()), metadata={"description": "All features"})
    model = fields.Nested(ScoringModelSchema())
    overlay = fields.List(
        fields.Nested(OverlayToldSchema()), metadata={"description": "The expert rules that the firm meets"}
    )
    overlay_version = fields.String(
        allow_none=True,
        metadata={"description": "Of the rules that were asked; null for a score of before there were any"},
    )
    as_of = day_field()
    known_at = moment_field()
    features_sha256 = fields.String()
    purpose = fields.String(metadata={"description": "What the enterprise's data was read for"})
    override = fields.Nested(
        OverrideSchema(), allow_none=True, metadata={"description": "A grade that an analyst gave beside the model's"}
    )
    disputes = fields.List(
        fields.Dict(), metadata={"description": "What the enterprise disputes in its file now, as its file tells it"}
    )
    undisputed = fields.Nested(
        UndisputedScoreSchema(),
        allow_none=True,
        metadata={"description": "The score without the disputed records, where any of them counts in it"},
    )
    disputed_counts = fields.Boolean(
        allow_none=True,
        metadata={
            "description": "Whether what is disputed counts in the score. Null: nothing is disputed, or it cannot be "
            "told, since the file says something else now of that day, or in a list"
        },
    )
    counts = fields.String(
        metadata={"description": "What counts in the score that decides: `confirmed`, else `everything`"}
    )
    with_everything = fields.Nested(
        OtherScoreSchema(),
        allow_none=True,
        metadata={"description": "The score with everything, where the firm states anything that nobody confirms"},
    )
    with_confirmed = fields.Nested(
        OtherScoreSchema(), allow_none=True, metadata={"description": "Likewise, without what only the firm states"}
    )
    evidence = fields.Nested(ScoreEvidenceSchema(), allow_none=True)
    counted = fields.Nested(
        TitleSchema(),
        allow_none=True,
        metadata={"description": "What was not counted, what it would do, and what would have it counted"},
    )
    own_view = fields.Nested(
        TitleSchema(),
        allow_none=True,
        metadata={"description": "Told to a firm that speaks for itself: its score is shown by its own file alone"},
    )
    fuller = fields.Nested(
        FullerScoreSchema(),
        allow_none=True,
        metadata={"description": "Null where 36 months of sales and purchases are shown, and for a score of before"},
    )
    repeat_of = fields.String(
        allow_none=True,
        metadata={"description": "The score that the same client had on the same facts within thirty days before"},
    )
    renewed_by = fields.String(
        allow_none=True, metadata={"description": "The score that was given anew after a correction of the file"}
    )
    receipt = fields.String(metadata={"description": "Where the signed receipt is read"})
    batch = fields.String(allow_none=True)
    created_at = moment_field()
    against = fields.List(
        fields.Nested(AgainstSchema()),
        metadata={"description": "The reasons against other references, if asked for"},
    )


class ScorePageSchema(Schema):
    """Scores, newest first."""

    items = fields.List(fields.Nested(ScoreSchema()))
    next = fields.String(allow_none=True)
