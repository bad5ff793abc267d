"""Webhooks: who wants messages, which are still to be delivered, and delivering them.

A message commits with what it is about. The postman takes what is due under a lease, sends it outside any
transaction, and writes down what came of it: when it is killed in between, the message is sent again under its id.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from chassis.core import webhooks
from chassis.core.identity import Caller
from chassis.core.ids import new_id
from chassis.core.moments import rfc3339
from chassis.data.database import Database
from services.matching.domain.errors import DeliveryNotFound, EndpointNotFound, TooManyEndpoints
from services.matching.tables import WebhookDelivery, WebhookEndpoint

PENDING, DELIVERED, FAILED = "pending", "delivered", "failed"
LEASE = timedelta(seconds=60)
AT_ONCE = 8
POLL_SECONDS = 0.5
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


def enqueue(session: Session, client: str, kind: str, data: Mapping[str, Any]) -> None:
    """Leave a message for each endpoint of a client, in the transaction of what it is about."""
    now = datetime.now(UTC)
    body = orjson.dumps({"type": kind, "timestamp": rfc3339(now), "data": dict(data)})
    wanted = select(WebhookEndpoint.id).where(WebhookEndpoint.client == client, WebhookEndpoint.enabled)
    for endpoint_id in session.scalars(wanted).all():
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


class Postman:
    """Delivers what is due, beside the worker's jobs."""

    def __init__(self, database: Database, *, private: bool) -> None:
        self._database = database
        self._private = private
        self._stopping = threading.Event()

    def start(self) -> None:
        """Deliver in the background until the process ends."""
        threading.Thread(target=self._run, daemon=True, name="postman").start()

    def deliver_due(self, now: datetime | None = None) -> int:
        """Send everything that is due, eight at once; return how many messages that was."""
        taken = self._take(now or datetime.now(UTC))
        if taken:
            with ThreadPoolExecutor(AT_ONCE) as senders:
                list(senders.map(self._deliver, taken))
        return len(taken)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                if self.deliver_due():
                    continue
            except OperationalError:
                log.warning("database unavailable")
            self._stopping.wait(POLL_SECONDS)

    def _take(self, now: datetime) -> list[str]:
        """Put a lease on what is due; look before locking."""
        due = select(WebhookDelivery.id).where(WebhookDelivery.state == PENDING, WebhookDelivery.due_at <= now)
        oldest = due.order_by(WebhookDelivery.due_at).limit(AT_ONCE * 4)
        with self._database.read() as session:
            if session.scalars(oldest).first() is None:
                return []
        with self._database.begin() as session:
            taken = list(session.scalars(oldest.with_for_update(skip_locked=True)))
            session.execute(update(WebhookDelivery).where(WebhookDelivery.id.in_(taken)).values(due_at=now + LEASE))
        return taken

    def _deliver(self, delivery_id: str) -> None:
        with self._database.read() as session:
            row = session.get_one(WebhookDelivery, delivery_id)
            to = session.get_one(WebhookEndpoint, row.endpoint)
        at = datetime.now(UTC)
        outcome = webhooks.send(to.url, to.secret, row.id, row.body, at, private=self._private)
        with self._database.begin() as session:
            note(session, delivery_id, outcome, at)


def note(session: Session, delivery_id: str, outcome: webhooks.Outcome, at: datetime) -> None:
    """Write down what came of an attempt; a receiver that is gone (410) gets nothing more."""
    row = session.get_one(WebhookDelivery, delivery_id)
    row.attempts += 1
    row.last_status, row.last_error = outcome.status, outcome.error
    if outcome.delivered:
        row.state, row.delivered_at = DELIVERED, at
    elif outcome.status == HTTPStatus.GONE:
        row.state = FAILED
        session.get_one(WebhookEndpoint, row.endpoint).enabled = False
    elif row.attempts > len(webhooks.RETRIES):
        row.state = FAILED
    else:
        row.due_at = at + webhooks.RETRIES[row.attempts - 1]
