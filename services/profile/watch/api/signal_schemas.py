"""Early warning on the wire."""

from __future__ import annotations

from marshmallow import fields, validate

from chassis.web.schemas import Schema
from services.profile.book.api.schemas import EnterpriseId, TextSchema
from services.profile.graph.api.shock_schemas import FenIntervalSchema
from services.profile.rights.api.schemas import marks
from services.profile.watch.domain.signals import BY_KEY, SEVERITIES

MOST_NAMED = 1000
STATES = ("fires", "near", "calm", "unknown", "no-source")


class SignalRecordSchema(Schema):
    """A record behind a warning: what identifies it in its kind, and the import that brought it."""

    kind = fields.String()
    direction = fields.String(allow_none=True)
    number = fields.String(allow_none=True)
    code = fields.String(allow_none=True)
    counterparty = fields.String(allow_none=True)
    date = fields.Date(allow_none=True)
    amount_fen = fields.Integer(allow_none=True)
    import_id = fields.String(allow_none=True)


class SignalRecordPageSchema(Schema):
    """A page of the records behind an alert, the newest first."""

    disputes = marks()
    items = fields.List(fields.Nested(SignalRecordSchema()))
    records_count = fields.Integer()
    next = fields.String(allow_none=True)


class HappeningSchema(Schema):
    """A reading that fires: what it concerns, how far it goes, and the first records behind it."""

    subject = fields.String(allow_none=True)
    value = fields.Float(allow_none=True)
    reference = fields.Float(allow_none=True)
    occurred_on = fields.Date(allow_none=True)
    records = fields.List(fields.Nested(SignalRecordSchema()))
    records_count = fields.Integer()


class SignalThresholdSchema(Schema):
    """The limits that counted on the day, since when, and who set them."""

    valid_from = fields.Date()
    source = fields.String()
    values = fields.Dict(keys=fields.String(), values=fields.Float())


class SignalSchema(Schema):
    """How the enterprise stands with one signal."""

    key = fields.String()
    number = fields.Integer()
    title = fields.Nested(TextSchema())
    explains = fields.Nested(TextSchema())
    severity = fields.String(validate=validate.OneOf(SEVERITIES))
    unit = fields.String()
    state = fields.String(validate=validate.OneOf(STATES))
    value = fields.Float(allow_none=True)
    reference = fields.Float(allow_none=True)
    threshold = fields.Nested(SignalThresholdSchema())
    happenings = fields.List(fields.Nested(HappeningSchema()))


class AcknowledgementSchema(Schema):
    """That the reader has seen an alert."""

    client = fields.String()
    note = fields.String(allow_none=True)
    at = fields.AwareDateTime()


class AlertHopSchema(Schema):
    """A debt along which trouble came: who owes (null: a firm whose ties are not open to you), how, how much."""

    debtor = fields.String(allow_none=True)
    tie = fields.String(validate=validate.OneOf(["trade", "guarantee"]))
    amount_fen = fields.Nested(FenIntervalSchema(), allow_none=True)
    told = fields.Boolean(allow_none=True)


class AlertSchema(Schema):
    """An early warning: one event, one alert. Days are those of the book.

    `withheld` says that it rests on what a lender said of another firm: neither the firm nor the records are told, nor
    the value and the day, by which it could be recognised.
    """

    disputes = marks()
    id = fields.String()
    enterprise = fields.String()
    signal = fields.String()
    title = fields.Nested(TextSchema())
    explains = fields.Nested(TextSchema())
    severity = fields.String(validate=validate.OneOf(SEVERITIES))
    unit = fields.String()
    state = fields.String(validate=validate.OneOf(["open", "cleared"]))
    subject = fields.String(allow_none=True)
    value = fields.Float(allow_none=True)
    reference = fields.Float(allow_none=True)
    latest = fields.Float(allow_none=True)
    occurred_on = fields.Date(allow_none=True)
    opened_on = fields.Date()
    opened_at = fields.AwareDateTime()
    calm_since = fields.Date(allow_none=True)
    cleared_on = fields.Date(allow_none=True)
    version = fields.String()
    known_at = fields.AwareDateTime()
    path = fields.List(fields.Nested(AlertHopSchema()))
    records = fields.List(fields.Nested(SignalRecordSchema()))
    records_count = fields.Integer()
    withheld = fields.Boolean()
    acknowledged = fields.Nested(AcknowledgementSchema(), allow_none=True)


class SignalsSchema(Schema):
    """An enterprise's signals at a moment, and the log of its alerts where the moment is now."""

    disputes = marks()
    enterprise = fields.String()
    as_of = fields.Date()
    known_at = fields.AwareDateTime()
    version = fields.String()
    signals = fields.List(fields.Nested(SignalSchema()))
    alerts = fields.List(fields.Nested(AlertSchema()))


class AlertPageSchema(Schema):
    """A page of alerts, newest first."""

    items = fields.List(fields.Nested(AlertSchema()))
    next = fields.String(allow_none=True)


class NoteSchema(Schema):
    """What the reader notes when it acknowledges an alert."""

    note = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 500))


class SubscriptionOrderSchema(Schema):
    """Which alerts a client wants to be told of; null is all that it may see."""

    enterprises = fields.List(
        EnterpriseId(), load_default=None, allow_none=True, validate=validate.Length(1, MOST_NAMED)
    )
    signals = fields.List(
        fields.String(validate=validate.OneOf(sorted(BY_KEY))),
        load_default=None,
        allow_none=True,
        validate=validate.Length(min=1),
    )
    severities = fields.List(
        fields.String(validate=validate.OneOf(SEVERITIES)),
        load_default=None,
        allow_none=True,
        validate=validate.Length(min=1),
    )


class SubscriptionSchema(Schema):
    """A subscription as it stands."""

    id = fields.String()
    enterprises = fields.List(fields.String(), allow_none=True)
    signals = fields.List(fields.String(), allow_none=True)
    severities = fields.List(fields.String(), allow_none=True)
    created_at = fields.AwareDateTime()
    ended_at = fields.AwareDateTime(allow_none=True)


class SubscriptionPageSchema(Schema):
    """A page of subscriptions, newest first."""

    items = fields.List(fields.Nested(SubscriptionSchema()))
    next = fields.String(allow_none=True)
