"""The shapes of webhooks."""

from __future__ import annotations

from marshmallow import fields, validate

from chassis.web.schemas import Schema
from services.matching.domain.endpoint import MOST_EVENTS, PutAside

EVENTS = {
    "example": ["application.*", "notice.repaired"],
    "description": "Which events are told: by name, or a family (`application.*`, `notice.*`); null: all. What "
    "concerns the endpoint itself (`endpoint.test`, `endpoint.put-aside`) is told in any case.",
}
DEFAULT_HOURS, MOST_HOURS = 24, 168


class WantedSchema(Schema):
    """Which events an endpoint is told."""

    events = fields.List(
        fields.String(), required=True, allow_none=True, validate=validate.Length(1, MOST_EVENTS), metadata=EVENTS
    )


class WebhookOrderSchema(Schema):
    """Where to send messages, and which."""

    url = fields.String(
        required=True, validate=validate.Length(1, 1000), metadata={"example": "https://example.com/hook"}
    )
    events = fields.List(fields.String(), load_default=None, validate=validate.Length(1, MOST_EVENTS), metadata=EVENTS)


class SecretOrderSchema(Schema):
    """For how long messages are signed with the former secret, too."""

    overlap_hours = fields.Integer(
        load_default=DEFAULT_HOURS,
        validate=validate.Range(0, MOST_HOURS),
        metadata={"description": "Hours until the former secret ends; 0 ends it at once."},
    )


class WebhookSchema(Schema):
    """An endpoint; `put_aside` says why nothing is sent to it: it did not answer for days, or is gone (410)."""

    id = fields.String()
    url = fields.String()
    events = fields.List(fields.String(), allow_none=True)
    enabled = fields.Boolean()
    put_aside = fields.String(allow_none=True, validate=validate.OneOf(list(PutAside)))
    put_aside_at = fields.AwareDateTime(allow_none=True)
    sequence = fields.Integer(metadata={"description": "Number of the newest message that was sent or tried"})
    failures = fields.Integer(metadata={"description": "Attempts that failed since the last one that was taken"})
    due_at = fields.AwareDateTime(allow_none=True, metadata={"description": "When it is tried again; null: at once"})
    former_secret_until = fields.AwareDateTime(allow_none=True)
    created_at = fields.AwareDateTime()


class TextSchema(Schema):
    """The same words in two languages."""

    zh = fields.String()
    en = fields.String()


class NewWebhookSchema(WebhookSchema):
    """An endpoint with its new secret, which is shown in the first answer alone: a repetition gets a note instead."""

    secret = fields.String(allow_none=True)
    note = fields.Nested(TextSchema(), allow_none=True)


class WebhookPageSchema(Schema):
    """A page of endpoints."""

    items = fields.List(fields.Nested(WebhookSchema()))
    next = fields.String(allow_none=True)


class DeliverySchema(Schema):
    """One message to one endpoint and what came of it."""

    id = fields.String()
    endpoint = fields.String()
    sequence = fields.Integer(allow_none=True, metadata={"description": "Its number at the endpoint, once it has one"})
    state = fields.String(validate=validate.OneOf(["pending", "delivered", "failed"]))
    attempts = fields.Integer()
    due_at = fields.AwareDateTime(
        allow_none=True, metadata={"description": "Not sent before; it waits for those before it, too"}
    )
    last_status = fields.Integer(allow_none=True)
    last_error = fields.String(allow_none=True)
    created_at = fields.AwareDateTime()
    delivered_at = fields.AwareDateTime(allow_none=True)
    message = fields.Dict()


class DeliveryPageSchema(Schema):
    """A page of deliveries, newest first."""

    items = fields.List(fields.Nested(DeliverySchema()))
    next = fields.String(allow_none=True)
