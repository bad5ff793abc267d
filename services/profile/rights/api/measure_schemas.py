"""What goes over the wire about joint incentives and restrictions."""

from __future__ import annotations

from datetime import date

import marshmallow
from marshmallow import EXCLUDE, fields, validate

from chassis.web.schemas import Schema
from services.profile.book.api.schemas import EnterpriseId, TextSchema
from services.profile.rights.api.schemas import marks
from services.profile.rights.domain.measure import List, State

# Within these a term of months can be counted; no measure of a list that is kept today lies outside.
DAY = validate.Range(date(1990, 1, 1), date(2200, 1, 1))
NAMED = validate.Length(1, 200)
MOST_CODES = 20
# Beside the classes: they have a field called `list`.
LISTS, STATES = list(List), list(State)


class MeasureOrderSchema(Schema):
    """A measure as an authority has decided it."""

    enterprise = EnterpriseId(required=True)
    list = fields.String(required=True, validate=validate.OneOf(LISTS))
    basis = fields.String(
        required=True,
        validate=validate.Length(1, 60),
        metadata={"description": "The key of a legal basis: GET /v1/measure-bases"},
    )
    scope = fields.List(
        fields.String(validate=validate.Length(1, 40)),
        required=True,
        validate=validate.Length(1, MOST_CODES),
        metadata={"description": "What the measure does, within what its basis allows"},
    )
    authority = fields.String(required=True, validate=NAMED)
    document = fields.String(required=True, validate=NAMED, metadata={"description": "The number of the decision"})
    starts_on = fields.Date(required=True, validate=DAY)
    expires_on = fields.Date(required=True, validate=DAY, metadata={"description": "The last day; none has no end"})
    record = fields.String(
        load_default=None,
        allow_none=True,
        validate=NAMED,
        metadata={"description": "The number of a public record that it rests on: with its repair the measure ends"},
    )


class MeasureEndSchema(Schema):
    """Why a measure ends before its last day."""

    reason = fields.String(required=True, validate=validate.Length(1, 500))


class MeasuresAskedSchema(marshmallow.Schema):
    """Which of a firm's measures to list."""

    class Meta:
        """Leave other query parameters alone."""

        unknown = EXCLUDE

    ended = fields.Boolean(
        load_default=False,
        metadata={"description": "For the enterprise itself: also those that expired or were ended"},
    )


class AllMeasuresAskedSchema(marshmallow.Schema):
    """Which of all measures to list."""

    class Meta:
        """Leave other query parameters alone."""

        unknown = EXCLUDE

    planned = fields.Boolean(load_default=False, metadata={"description": "Also those that are to begin"})


class MeasureCodeSchema(Schema):
    """Something that a measure may do."""

    code = fields.String()
    title = fields.Nested(TextSchema())


class ListedCodeSchema(MeasureCodeSchema):
    """Something that a measure of a list may do."""

    list = fields.String(validate=validate.OneOf(LISTS))


class MeasureBasisSchema(Schema):
    """A legal basis, as it stands beside a measure."""

    key = fields.String()
    title = fields.Nested(TextSchema())
    issuer = fields.Nested(TextSchema())
    document = fields.String()


class ListedBasisSchema(MeasureBasisSchema):
    """A legal basis: which list it founds, what it allows, from and until when, for how long at the most."""

    list = fields.String(validate=validate.OneOf(LISTS))
    measures = fields.List(fields.String())
    in_force_from = fields.Date()
    in_force_until = fields.Date(allow_none=True)
    longest_months = fields.Integer(allow_none=True)


class MeasureBasesSchema(Schema):
    """The catalogue of legal bases, and of what measures may do."""

    version = fields.String()
    items = fields.List(fields.Nested(ListedBasisSchema()))
    codes = fields.List(fields.Nested(ListedCodeSchema()))


class MeasureSchema(Schema):
    """A measure and how it stands today, a day of China."""

    id = fields.String()
    enterprise = fields.String()
    list = fields.String(validate=validate.OneOf(LISTS))
    state = fields.String(validate=validate.OneOf(STATES))
    basis = fields.Nested(MeasureBasisSchema())
    scope = fields.List(fields.Nested(MeasureCodeSchema()))
    authority = fields.String()
    document = fields.String()
    starts_on = fields.Date()
    expires_on = fields.Date()
    record = fields.String(allow_none=True)
    set_by = fields.String()
    set_at = fields.AwareDateTime()
    terms_sha256 = fields.String(
        metadata={"description": "SHA-256 of the terms as canonical JSON, which is in the ledger under its salt"}
    )
    ended_at = fields.AwareDateTime(allow_none=True)
    ended_by = fields.String(allow_none=True)
    ended_reason = fields.String(allow_none=True)


class MeasurePageSchema(Schema):
    """A page of measures, newest first; of one enterprise's with what it disputes."""

    disputes = marks()
    items = fields.List(fields.Nested(MeasureSchema()))
    next = fields.String(allow_none=True)
