"""What crosses the wire in several resources, and about batches and outcomes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from marshmallow import fields, validate

from chassis.web.schemas import EnterpriseId, ProblemSchema, Schema
from services.scoring.domain.counting import Counts
from services.scoring.domain.outcome import definitions

MOST_LISTED = 200_000
# Days and moments that have a day before and after them wherever they are reckoned with.
DAY = validate.Range(date(1900, 1, 1), date(9000, 1, 1))
MOMENT = validate.Range(datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC))


def as_of_field() -> fields.Date:
    """Return the field of an order for the day as of which the book is looked at."""
    what = "Invoices up to this day count; by default the book's date (GET /v1/book)"
    return fields.Date(metadata={"description": what})


def known_at_field() -> fields.AwareDateTime:
    """Return the field of an order for the moment as known at which the book is looked at."""
    return fields.AwareDateTime(validate=MOMENT, metadata={"description": "As known at this moment; by default now"})


def counts_field() -> fields.Enum[Counts]:
    """Return the field of an order for what counts in its scores."""
    what = "`confirmed` (the usual default): what only the firm itself states never raises the score that decides"
    return fields.Enum(Counts, by_value=True, metadata={"description": what})


def enterprises_field() -> fields.List[Any]:
    """Return the field of an order that lists enterprises."""
    return fields.List(
        EnterpriseId(),
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, MOST_LISTED),
        metadata={"description": "null means all that the caller has consent for"},
    )


def moment_field(**options: Any) -> fields.String:
    """Return the field of an answer for a moment; it is written already."""
    return fields.String(metadata={"format": "date-time"}, **options)


def day_field(**options: Any) -> fields.String:
    """Return the field of an answer for a day; it is written already."""
    return fields.String(metadata={"format": "date"}, **options)


class ManyOrderSchema(Schema):
    """Many enterprises to be scored."""

    enterprises = enterprises_field()
    as_of = as_of_field()
    known_at = known_at_field()
    counts = counts_field()


class ScoreSetOrderSchema(ManyOrderSchema):
    """Many enterprises to be scored as a table."""

    features = fields.Boolean(
        load_default=False, metadata={"description": "Add what the scores are made from: one read instead of two"}
    )


class TitleSchema(Schema):
    """A text in Chinese and in English."""

    zh = fields.String()
    en = fields.String()


def definition_field() -> fields.String:
    """Return the field that names a definition of default."""
    return fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf(sorted(definitions())),
        metadata={"description": "By which definition of default; the text of each is on a model's card"},
    )


def horizon_field() -> fields.Integer:
    """Return the field that says within how many months."""
    return fields.Integer(
        load_default=None,
        allow_none=True,
        validate=validate.Range(1, 120),
        metadata={"description": "The performance window in months"},
    )


class ModelNameSchema(Schema):
    """Which model spoke, against which reference enterprise, and how it stands to its gate."""

    version = fields.String()
    reference = fields.String()
    gate = fields.String(
        validate=validate.OneOf(["passed", "failed"]),
        metadata={"description": "Whether it was no worse than a simpler model on firms that neither saw"},
    )
    exception = fields.String(
        allow_none=True, metadata={"description": "Why it was approved although it had failed its gate"}
    )
    definition = fields.String(
        allow_none=True, metadata={"description": "The default that the PD is of; null where none was declared"}
    )
    horizon_months = fields.Integer(allow_none=True, metadata={"description": "Within how many months"})


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
    as_of = day_field(allow_none=True)
    known_at = moment_field()
    scored = fields.Integer()
    refused = fields.Integer(metadata={"description": "Enterprises with a problem instead of a score"})
    withheld = fields.Integer(allow_none=True, metadata={"description": "Enterprises without consent"})
    repeat_of = fields.String(
        allow_none=True,
        metadata={"description": "Once done: the batch that the same client had on the same facts within thirty days"},
    )
    counts = fields.String(
        allow_none=True, metadata={"description": "What counts in its scores; null before there was a choice: all"}
    )
    problem = fields.Nested(ProblemSchema(), allow_none=True)
    created_at = moment_field()


class OutcomeOrderSchema(Schema):
    """What a bank saw happen to a borrower."""

    enterprise = EnterpriseId(required=True)
    defaulted = fields.Boolean(required=True)
    observed_on = fields.Date(required=True, metadata={"description": "The day of the label: when this was seen"})
    definition = definition_field()
    window_from = fields.Date(
        load_default=None, allow_none=True, metadata={"description": "When the months began in which it was watched"}
    )
    horizon_months = horizon_field()


class OutcomeSchema(Schema):
    """A recorded outcome."""

    id = fields.String()
    enterprise = fields.String()
    defaulted = fields.Boolean()
    observed_on = day_field()
    definition = fields.String(allow_none=True)
    window_from = day_field(allow_none=True)
    horizon_months = fields.Integer(allow_none=True)
    known_at = moment_field()
