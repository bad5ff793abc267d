"""Webhooks: who wants messages, which are still to be delivered, and what came of each attempt.

A message commits with what it is about; `deliver.py` sends it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from chassis.core import webhooks
from chassis.core.identity import Caller
from chassis.core.ids import new_id
from chassis.core.moments import rfc3339
from chassis.data import clock
from services.matching.domain.errors import DeliveryNotFound, EndpointNotFound, TooManyEndpoints
from services.matching.tables import WebhookDelivery, WebhookEndpoint

PENDING, DELIVERED, FAILED = "pending", "delivered", "failed"
MOST_ENDPOINTS = 10
log = structlog.get_logger()


def register(session: Session, caller: Caller, url: str, *, private: bool) -> WebhookEndpoint:
    """Add an endpoint with a secret of its own."""
    webhooks.check_address(url, private=private)
    mine = list(session.scalars(select(WebhookEndpoint).where(WebhookEndpoint.client == caller.client)))
    if len(mine) >= MOST_ENDPOINTS:
        raise TooManyEndpoints(f"You have {MOST_ENDPOINTS} endpoints; delete one first.", most=MOST_ENDPOINTS)
    row = WebhookEndpoint(
        id=new_id("hook"),
        client=caller.client,
        enterprise=caller.enterprise if caller.role == "enterprise" else None,
        url=url,
        secret=webhooks.new_secret(),
        enabled=True,
        created_at=datetime.now(UTC),
    )
    session.add(row)
    session.flush()
    return row


def find_endpoint(session: Session, caller: Caller, endpoint_id: str) -> WebhookEndpoint:
    """Return one of the caller's endpoints."""
    row = session.get(WebhookEndpoint, endpoint_id)
    if row is None or row.client != caller.client:
        raise EndpointNotFound(f"You have no endpoint {endpoint_id[:40]}.", endpoint=endpoint_id[:40])
    return row


def enqueue(
    session: Session,
    kind: str,
    data: Mapping[str, Any],
    *,
    clients: Collection[str] = (),
    enterprise: str | None = None,
) -> None:
    """Leave a message for each endpoint of these clients, in the transaction of what it is about; for none twice.

    With `enterprise`, for those of all clients that speak for that firm too.
    """
    now = datetime.now(UTC)
    body = orjson.dumps({"type": kind, "timestamp": rfc3339(now), "data": dict(data)})
    whose: ColumnElement[bool] = WebhookEndpoint.client.in_(clients)
    if enterprise is not None:
        whose = or_(whose, WebhookEndpoint.enterprise == enterprise)
    wanted = select(WebhookEndpoint.id, WebhookEndpoint.client).where(whose, WebhookEndpoint.enabled)
    for endpoint_id, client in session.execute(wanted.order_by(WebhookEndpoint.id)).all():
        session.add(
            WebhookDelivery(
                id=new_id("msg"),
                endpoint=endpoint_id,
                client=client,
                body=body,
                state=PENDING,
                attempts=0,
                due_at=now,
                created_at=now,
            )
        )


def replay(session: Session, caller: Caller, delivery_id: str) -> WebhookDelivery:
    """Send a message again, under the id that it had: the receiver may know it already."""
    row = session.get(WebhookDelivery, delivery_id)
    if row is None or row.client != caller.client:
        raise DeliveryNotFound(f"You have no delivery {delivery_id[:40]}.", delivery=delivery_id[:40])
    row.state, row.due_at, row.attempts = PENDING, datetime.now(UTC), 0
    session.flush()
    return row


def note(session: Session, delivery_id: str, outcome: webhooks.Outcome, at: datetime) -> None:
    """Write down what came of an attempt; a receiver that is gone (410) gets nothing more.

    A message whose endpoint was deleted meanwhile is gone too: there is nothing to write down.
    """
    row = session.get(WebhookDelivery, delivery_id, with_for_update=True)
    if row is None:
        return
    row.attempts += 1
    row.last_status, row.last_error = outcome.status, outcome.error
    if outcome.delivered:
        row.state, row.delivered_at = DELIVERED, at
    elif outcome.status == HTTPStatus.GONE:
        row.state = FAILED
        gone = update(WebhookEndpoint).where(WebhookEndpoint.id == row.endpoint)
        session.execute(gone.values(enabled=False))
    elif row.attempts > len(webhooks.RETRIES):
        row.state = FAILED
    else:
        row.due_at = clock.ahead(webhooks.RETRIES[row.attempts - 1].total_seconds())
