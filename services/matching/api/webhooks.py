"""Webhooks: where a client wants to be told, what was sent, and sending it again."""

from __future__ import annotations

from typing import Any

from flask import Response
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from chassis.web import idempotency, paging
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.openapi import Blueprint, Shows, refuses, shows
from services.matching.api import shown
from services.matching.api.current import context
from services.matching.api.webhook_schemas import (
    DeliveryPageSchema,
    DeliverySchema,
    NewWebhookSchema,
    WebhookOrderSchema,
    WebhookPageSchema,
)
from services.matching.tables import WebhookDelivery, WebhookEndpoint
from services.matching.usecases import notify

blueprint = Blueprint("webhooks", __name__, url_prefix="/v1/webhooks", description="Being told (Standard Webhooks)")


@blueprint.post("")
@refuses(blueprint, 400, 404, 409, 422)
@requires("webhooks:write")
@blueprint.arguments(WebhookOrderSchema())
@blueprint.response(201, NewWebhookSchema())
@idempotency.documented
def post_webhook(order: dict[str, Any]) -> Response:
    """Add an endpoint; messages to it are signed with the secret, which is shown this once."""
    with context().database.begin() as session:
        # The answer that is kept under the key has no secret in it.
        answer = idempotency.once(session, lambda: _added(session, order["url"]))
        row = notify.find_endpoint(session, caller(), answer["id"])
        return json_answer({**answer, **shown.secret(row)}, 201)


@blueprint.get("")
@refuses(blueprint, 400)
@requires("webhooks:write")
@blueprint.response(200, WebhookPageSchema())
@blueprint.doc(parameters=paging.PARAMETERS)
def list_webhooks() -> Response:
    """List your endpoints."""
    query = select(WebhookEndpoint).where(WebhookEndpoint.client == caller().client)
    with context().database.read() as session:
        return json_answer(paging.page(session, query, [WebhookEndpoint.id], shown.endpoint))


@blueprint.delete("/<endpoint_id>")
@refuses(blueprint, 404)
@requires("webhooks:write")
@blueprint.response(204)
def delete_webhook(endpoint_id: str) -> Response:
    """Remove an endpoint and what is still to be sent to it."""
    with context().database.begin() as session:
        row = notify.find_endpoint(session, caller(), endpoint_id)
        session.execute(delete(WebhookDelivery).where(WebhookDelivery.endpoint == row.id))
        session.delete(row)
    return Response(status=204)


@blueprint.get("/deliveries")
@refuses(blueprint, 400)
@requires("webhooks:write")
@blueprint.response(200, DeliveryPageSchema())
@blueprint.doc(parameters=paging.PARAMETERS)
@shows(Shows.OWN_WORDS)
def list_deliveries() -> Response:
    """List what was sent to your endpoints and what came of it, newest first."""
    query = select(WebhookDelivery).where(WebhookDelivery.client == caller().client)
    with context().database.read() as session:
        return json_answer(paging.page(session, query, [WebhookDelivery.id], shown.delivery, newest_first=True))


@blueprint.post("/deliveries/<delivery_id>/replay")
@refuses(blueprint, 400, 404)
@requires("webhooks:write")
@blueprint.response(200, DeliverySchema())
@idempotency.documented
@shows(Shows.OWN_WORDS)
def replay(delivery_id: str) -> Response:
    """Send a message again, under the id that it had."""
    with context().database.begin() as session:
        answer = idempotency.once(session, lambda: shown.delivery(notify.replay(session, caller(), delivery_id)))
    return json_answer(answer)


def _added(session: Session, url: str) -> dict[str, Any]:
    return shown.endpoint(notify.register(session, caller(), url, private=context().settings.private_webhooks))
