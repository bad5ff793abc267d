"""What crosses the wire: orders that are checked on the way in, answers that are documented."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate
from webargs.fields import DelimitedList

from chassis.web.ledger_schemas import ProvedEntrySchema
from chassis.web.schemas import EnterpriseId, ProblemSchema, Schema
from services.scoring.usecases.override import GRADES, REASONS

MOST_LISTED = 200_000
MODEL_STATES = ["training", "candidate", "approved", "shadow", "serving", "retired", "failed"]


def _as_of() -> fields.Date:
    return fields.Date(metadata={"description": "Invoices up to this day count; by default the book's latest day"})


def _known_at() -> fields.AwareDateTime:
    return fields.AwareDateTime(metadata={"description": "As known at this moment; by default now"})


def _enterprises() -> fields.List[Any]:
    return fields.List(
        EnterpriseId(),
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, MOST_LISTED),
        metadata={"description": "null means all that the caller has consent for"},
    )


def _moment(**options: Any) -> fields.String:
    """Describe a time in an answer; it is written already."""
    return fields.String(metadata={"format": "date-time"}, **options)


def _day(**options: Any) -> fields.String:
    return fields.String(metadata={"format": "date"}, **options)


class ScoreOrderSchema(Schema):
    """One enterprise to be scored."""

    enterprise = EnterpriseId(required=True, metadata={"example": "local:E17"})
    as_of = _as_of()
    known_at = _known_at()
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


class ManyOrderSchema(Schema):
    """Many enterprises to be scored."""

    enterprises = _enterprises()
    as_of = _as_of()
    known_at = _known_at()


class TitleSchema(Schema):
    """A text in Chinese and in English."""

    zh = fields.String()
    en = fields.String()


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

    sentence = fields.Nested(TitleSchema())


class ModelNameSchema(Schema):
    """Which model spoke, against which reference enterprise."""

    version = fields.String()
    reference = fields.String()


class OverrideOrderSchema(Schema):
    """Another grade than the model's."""

    grade = fields.String(required=True, validate=validate.OneOf(GRADES))
    reason = fields.String(required=True, validate=validate.OneOf(REASONS))
    note = fields.String(required=True, validate=validate.Length(10, 2000), metadata={"description": "In your words"})


class OverrideSchema(Schema):
    """A grade that an analyst gave beside the model's."""

    id = fields.String()
    score = fields.String()
    model_grade = fields.String()
    grade = fields.String()
    steps = fields.Integer(metadata={"description": "Grades up (positive) or down from the model's"})
    reason = fields.String()
    note = fields.String()
    created_at = _moment()


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


class ScoreSchema(Schema):
    """A score with its reasons: `base_points` + all contributions = the score before rounding, to 1e-6."""

    id = fields.String()
    enterprise = fields.String()
    score = fields.Integer()
    grade = fields.String()
    pd = fields.Float(metadata={"description": "Probability of default, calibrated"})
    pd_interval = fields.List(fields.Float(), metadata={"description": "90 % interval of the PD"})
    depth = fields.String(metadata={"description": "Data depth A-E, E is a thin file"})
    reasons = fields.List(fields.Nested(ReasonSchema()), metadata={"description": "At most four, strongest first"})
    base_points = fields.Float()
    contributions = fields.List(fields.Nested(ContributionSchema()), metadata={"description": "All features"})
    model = fields.Nested(ModelNameSchema())
    as_of = _day()
    known_at = _moment()
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
    renewed_by = fields.String(
        allow_none=True, metadata={"description": "The score that was given anew after a correction of the file"}
    )
    receipt = fields.String(metadata={"description": "Where the signed receipt is read"})
    batch = fields.String(allow_none=True)
    created_at = _moment()
    against = fields.List(
        fields.Nested(AgainstSchema()),
        metadata={"description": "The reasons against other references, if asked for"},
    )


class SealedScoreSchema(Schema):
    """A score of a batch: what it says, and that the root in its part's entry is over this.

    Its hash is SHA-256 of 0x00, salt, `words`, a line feed and `numbers` as 64-bit little-endian. It stands in `group`
    at `place` mod the entry's `group`; the hashes of the group, written as one, are a leaf below the entry's root.
    """

    entry = fields.Integer()
    place = fields.Integer()
    words = fields.String(metadata={"description": "Canonical JSON (RFC 8785)"})
    numbers = fields.List(fields.Float(), metadata={"description": "PD, its interval, base points"})
    salt = fields.String()
    group = fields.List(fields.String())
    proof = fields.List(fields.String())


class ScoreProofSchema(Schema):
    """A checkpoint, the entry of a score with its proof, and for a score of a batch the way from there to it."""

    checkpoint = fields.String(metadata={"description": "The signed note (C2SP tlog-checkpoint): keep it"})
    entries = fields.List(fields.Nested(ProvedEntrySchema()))
    scores = fields.List(fields.Nested(SealedScoreSchema()))


class ReceiptSchema(Schema):
    """A receipt and the signature over its canonical JSON (RFC 8785)."""

    receipt = fields.Dict(required=True)
    signature = fields.Dict(required=True, metadata={"description": "alg, kid, value (base64url)"})


class ReceiptKeysSchema(Schema):
    """Public keys (RFC 8037)."""

    keys = fields.List(fields.Dict())


class DifferenceSchema(Schema):
    """A member of a receipt that is not what was found."""

    field = fields.String()
    stated = fields.Raw(allow_none=True)
    found = fields.Raw(allow_none=True)


class VerificationSchema(Schema):
    """What became of a receipt's verification."""

    valid = fields.Boolean(metadata={"description": "Signed by us, and every member as found"})
    signed = fields.Boolean()
    reproduced = fields.Boolean(metadata={"description": "The model says now, bit for bit, what is stored"})
    differences = fields.List(fields.Nested(DifferenceSchema()))


class ScorePageSchema(Schema):
    """Scores, newest first."""

    items = fields.List(fields.Nested(ScoreSchema()))
    next = fields.String(allow_none=True)


class ProgressSchema(Schema):
    """How far a piece of work is."""

    done = fields.Integer()
    total = fields.Integer(allow_none=True)


class BatchSchema(Schema):
    """An order to score many enterprises."""

    id = fields.String()
    state = fields.String(validate=validate.OneOf(["queued", "running", "done", "failed"]))
    progress = fields.Nested(ProgressSchema())
    model = fields.String()
    as_of = _day(allow_none=True)
    known_at = _moment()
    scored = fields.Integer()
    refused = fields.Integer(metadata={"description": "Enterprises with a problem instead of a score"})
    withheld = fields.Integer(allow_none=True, metadata={"description": "Enterprises without consent"})
    problem = fields.Nested(ProblemSchema(), allow_none=True)
    created_at = _moment()


class TrainingOrderSchema(Schema):
    """A model to be trained on the outcomes known."""

    as_of = _as_of()
    known_at = _known_at()
    seed = fields.Integer(validate=validate.Range(0, 2**31 - 1))
    promote = fields.Boolean(
        load_default=False, metadata={"description": "Let it serve as soon as somebody else has approved it"}
    )


class NoteSchema(Schema):
    """Why something is decided, for the record."""

    note = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=2000))


class ModelEventSchema(Schema):
    """One decision about a model."""

    event = fields.String(
        validate=validate.OneOf(["approved", "promoted", "rolled-back", "restored", "shadow", "shadow-ended"])
    )
    client = fields.String()
    note = fields.String(allow_none=True)
    at = _moment()


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
    as_of = _day(allow_none=True)
    known_at = _moment(allow_none=True)
    artefact_sha256 = fields.String(allow_none=True)
    card = fields.Dict(allow_none=True)
    problem = fields.Nested(ProblemSchema(), allow_none=True)
    created_at = _moment()
    trained_at = _moment(allow_none=True)
    promoted_at = _moment(allow_none=True)
    approved_at = _moment(allow_none=True)
    approved_by = fields.String(allow_none=True)
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


class EvaluationOrderSchema(Schema):
    """How to evaluate training on the book's labelled enterprises."""

    as_of = _as_of()
    folds = fields.Integer(load_default=5, validate=validate.Range(2, 20))
    repeats = fields.Integer(load_default=10, validate=validate.Range(1, 100))
    seed = fields.Integer(load_default=0, validate=validate.Range(0, 2**31 - 1))
    enterprises = _enterprises()
    holdout_enterprises = _enterprises()


class EvaluationFormSchema(Schema):
    """How to evaluate training on the table sent along."""

    label = fields.String(required=True, metadata={"description": "The column that says who defaulted"})
    drop = fields.List(fields.String(), load_default=list, metadata={"description": "Columns not to learn from"})
    folds = fields.Integer(load_default=5, validate=validate.Range(2, 20))
    repeats = fields.Integer(load_default=10, validate=validate.Range(1, 100))
    seed = fields.Integer(load_default=0, validate=validate.Range(0, 2**31 - 1))


class EvaluationSchema(Schema):
    """An evaluation; `result` holds firms, defaults, auc, ks, brier, ece and the challenger's figures."""

    id = fields.String()
    state = fields.String(validate=validate.OneOf(["queued", "running", "done", "failed"]))
    progress = fields.Nested(ProgressSchema())
    result = fields.Dict(allow_none=True)
    problem = fields.Nested(ProblemSchema(), allow_none=True)
    created_at = _moment()


class OutcomeOrderSchema(Schema):
    """What a bank saw happen to a borrower."""

    enterprise = EnterpriseId(required=True)
    defaulted = fields.Boolean(required=True)
    observed_on = fields.Date(required=True)


class OutcomeSchema(Schema):
    """A recorded outcome."""

    id = fields.String()
    enterprise = fields.String()
    defaulted = fields.Boolean()
    observed_on = _day()
    known_at = _moment()
