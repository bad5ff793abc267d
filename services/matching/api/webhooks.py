"""Webhooks: where a client wants to be told and of what, what was sent, and sending it again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Response, request
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.exceptions import BadRequest

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
    SecretOrderSchema,
    WantedSchema,
    WebhookOrderSchema,
    WebhookPageSchema,
    WebhookSchema,
)
from services.matching.tables import WebhookDelivery, WebhookEndpoint
from services.matching.usecases import tend_endpoint
from services.matching.usecases.notify import DELIVERED, FAILED, PENDING

blueprint = Blueprint("webhooks", __name__, url_prefix="/v1/webhooks", description="Being told (Standard Webhooks)")
STATES = [PENDING, DELIVERED, FAILED]
FILTERS = [
    {"in": "query", "name": "endpoint", "schema": {"type": "string"}, "description": "Messages to this endpoint alone"},
    {"in": "query", "name": "state", "schema": {"type": "string", "enum": STATES}},
]
NOTE = {
    "zh": "密钥仅在首次应答中显示。如未收到，请以 POST /v1/webhooks/{id}/secret 更换密钥。",
    "en": "The secret was shown in the first answer alone. If lost, order another: POST /v1/webhooks/{id}/secret.",
}


@blueprint.post("")
@refuses(blueprint, 400, 409, 422)
@requires("webhooks:write")
@blueprint.arguments(WebhookOrderSchema())
@blueprint.response(201, NewWebhookSchema())
@idempotency.documented
def post_webhook(order: dict[str, Any]) -> Response:
    """Add an endpoint; messages to it are signed with the secret, which is shown this once."""
    private, sealer = context().settings.private_webhooks, context().sealer

    def added(session: Session) -> tuple[WebhookEndpoint, str]:
        wanted = {"events": order["events"], "private": private}
        return tend_endpoint.register(session, caller(), order["url"], sealer, **wanted)

    return _with_secret(added)


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
        tend_endpoint.remove(session, caller(), endpoint_id)
    return Response(status=204)


@blueprint.put("/<endpoint_id>/events")
@refuses(blueprint, 404, 422)
@requires("webhooks:write")
@blueprint.arguments(WantedSchema())
@blueprint.response(200, WebhookSchema())
def put_events(wanted: dict[str, Any], endpoint_id: str) -> Response:
    """Say which events an endpoint is told from now on."""
    with context().database.begin() as session:
        return json_answer(shown.endpoint(tend_endpoint.want(session, caller(), endpoint_id, wanted["events"])))


@blueprint.post("/<endpoint_id>/secret")
@refuses(blueprint, 400, 404, 422)
@requires("webhooks:write")
@blueprint.arguments(SecretOrderSchema())
@blueprint.response(201, NewWebhookSchema())
@idempotency.documented
def post_secret(order: dict[str, Any], endpoint_id: str) -> Response:
    """Give an endpoint another secret, shown this once; during an overlap messages are signed with both."""
    overlap, sealer = timedelta(hours=order["overlap_hours"]), context().sealer
    return _with_secret(lambda session: tend_endpoint.change_secret(session, caller(), endpoint_id, sealer, overlap))


@blueprint.post("/<endpoint_id>/enable")
@refuses(blueprint, 400, 404)
@requires("webhooks:write")
@blueprint.response(200, WebhookSchema())
@idempotency.documented
def post_enable(endpoint_id: str) -> Response:
    """Send to an endpoint again that was put aside, or waits for its next attempt: what waits goes first, in order."""
    with context().database.begin() as session:
        answer = idempotency.once(session, lambda: shown.endpoint(tend_endpoint.enable(session, caller(), endpoint_id)))
    return json_answer(answer)


@blueprint.post("/<endpoint_id>/test")
@refuses(blueprint, 400, 404, 409)
@requires("webhooks:write")
@blueprint.response(201, DeliverySchema())
@idempotency.documented
@shows(Shows.OWN_WORDS)
def post_test(endpoint_id: str) -> Response:
    """Send a message `endpoint.test`, in its turn; what came of it stands among the deliveries."""
    return _due(lambda session: tend_endpoint.try_out(session, caller(), endpoint_id), 201)


@blueprint.get("/deliveries")
@refuses(blueprint, 400)
@requires("webhooks:write")
@blueprint.response(200, DeliveryPageSchema())
@blueprint.doc(parameters=[*FILTERS, *paging.PARAMETERS])
@shows(Shows.OWN_WORDS)
def list_deliveries() -> Response:
    """List what was sent to your endpoints and what came of it, newest first."""
    query = select(WebhookDelivery).where(WebhookDelivery.client == caller().client)
    if endpoint := request.args.get("endpoint"):
        query = query.where(WebhookDelivery.endpoint == endpoint)
    if state := request.args.get("state"):
        if state not in STATES:
            raise BadRequest(f"There is no state {state[:40]!r}; there are {', '.join(STATES)}.")
        query = query.where(WebhookDelivery.state == state)
    with context().database.read() as session:
        # Of an endpoint that is deleted meanwhile nothing is due.
        def show(row: WebhookDelivery) -> dict[str, Any]:
            return shown.delivery(row, session.get(WebhookEndpoint, row.endpoint))

        return json_answer(paging.page(session, query, [WebhookDelivery.id], show, newest_first=True))


@blueprint.post("/deliveries/<delivery_id>/replay")
@refuses(blueprint, 400, 404, 409)
@requires("webhooks:write")
@blueprint.response(200, DeliverySchema())
@idempotency.documented
@shows(Shows.OWN_WORDS)
def replay(delivery_id: str) -> Response:
    """Send a message again, under the id and in the place that it had; not to an endpoint that is put aside."""
    return _due(lambda session: tend_endpoint.replay(session, caller(), delivery_id), 200)


def _with_secret(effect: Callable[[Session], tuple[WebhookEndpoint, str]]) -> Response:
    """Answer with an endpoint and its new secret; under the key of the request the secret is not kept."""
    fresh: list[str] = []

    def once(session: Session) -> dict[str, Any]:
        row, secret = effect(session)
        fresh.append(secret)
        return {**shown.endpoint(row), "secret": None, "note": NOTE}

    with context().database.begin() as session:
        answer = idempotency.once(session, lambda: once(session))
    if fresh:
        answer = {**answer, "secret": fresh[0], "note": None}
    response = json_answer(answer, 201)
    response.headers["Cache-Control"] = "no-store"
    return response


def _due(effect: Callable[[Session], WebhookDelivery], status: int) -> Response:
    """Answer with a delivery that was made due, once under the key of the request."""

    def once(session: Session) -> dict[str, Any]:
        row = effect(session)
        return shown.delivery(row, session.get_one(WebhookEndpoint, row.endpoint))

    with context().database.begin() as session:
        answer = idempotency.once(session, lambda: once(session))
    return json_answer(answer, status)
