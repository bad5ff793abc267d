"""The shapes of webhooks."""

from __future__ import annotations

from marshmallow import fields, validate

from chassis.web.schemas import Schema


class WebhookOrderSchema(Schema):
    """Where to send messages."""

    url = fields.String(
        required=True, validate=validate.Length(1, 1000), metadata={"example": "https://example.com/hook"}
    )


class WebhookSchema(Schema):
    """An endpoint; after a 410 it is no longer enabled."""

    id = fields.String()
    url = fields.String()
    enabled = fields.Boolean()
    created_at = fields.AwareDateTime()


class NewWebhookSchema(WebhookSchema):
    """An endpoint as it was made; the secret is shown this once."""

    secret = fields.String()


class WebhookPageSchema(Schema):
    """A page of endpoints."""

    items = fields.List(fields.Nested(WebhookSchema()))
    next = fields.String(allow_none=True)


class DeliverySchema(Schema):
    """One message to one endpoint and what came of it."""

    id = fields.String()
    endpoint = fields.String()
    state = fields.String(validate=validate.OneOf(["pending", "delivered", "failed"]))
    attempts = fields.Integer()
    due_at = fields.AwareDateTime()
    last_status = fields.Integer(allow_none=True)
    last_error = fields.String(allow_none=True)
    created_at = fields.AwareDateTime()
    delivered_at = fields.AwareDateTime(allow_none=True)
    message = fields.Dict()


class DeliveryPageSchema(Schema):
    """A page of deliveries, newest first."""

    items = fields.List(fields.Nested(DeliverySchema()))
    next = fields.String(allow_none=True)
