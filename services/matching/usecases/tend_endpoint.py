"""What a client does with its endpoints of webhooks: adds one, gives it another secret, enables it again, tries it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from chassis.core import webhooks
from chassis.core.identity import Caller
from chassis.core.ids import new_id
from chassis.core.sealing import Sealer
from chassis.data import clock
from services.matching.domain import endpoint as domain
from services.matching.domain.errors import (
    DeliveryNotFound,
    EndpointNotEnabled,
    EndpointNotFound,
    TooManyEndpoints,
)
from services.matching.tables import WebhookDelivery, WebhookEndpoint
from services.matching.usecases import notify

MOST_ENDPOINTS = 10


def register(
    session: Session, caller: Caller, url: str, sealer: Sealer, *, events: Sequence[str] | None = None, private: bool
) -> tuple[WebhookEndpoint, str]:
    """Add an endpoint and return it with its secret, which is kept sealed alone."""
    webhooks.check_address(url, private=private)
    mine = list(session.scalars(select(WebhookEndpoint).where(WebhookEndpoint.client == caller.client)))
    if len(mine) >= MOST_ENDPOINTS:
        raise TooManyEndpoints(f"You have {MOST_ENDPOINTS} endpoints; delete one first.", most=MOST_ENDPOINTS)
    endpoint_id, secret = new_id("hook"), webhooks.new_secret()
    row = WebhookEndpoint(
        id=endpoint_id,
        client=caller.client,
        enterprise=caller.enterprise if caller.role == "enterprise" else None,
        url=url,
        secret=sealer.seal(secret, endpoint_id),
        events=domain.checked(events),
        sequence=0,
        failures=0,
        created_at=datetime.now(UTC),
    )
    session.add(row)
    session.flush()
    return row, secret


def find_endpoint(session: Session, caller: Caller, endpoint_id: str) -> WebhookEndpoint:
    """Return one of the caller's endpoints."""
    row = session.get(WebhookEndpoint, endpoint_id)
    if row is None or row.client != caller.client:
        raise EndpointNotFound(f"You have no endpoint {endpoint_id[:40]}.", endpoint=endpoint_id[:40])
    return row


def change_secret(
    session: Session, caller: Caller, endpoint_id: str, sealer: Sealer, overlap: timedelta
) -> tuple[WebhookEndpoint, str]:
    """Give an endpoint another secret and return it; until the overlap ends messages are signed with both.

    One that was still in its overlap ends at once: two are in force at most. One that no key opens signs nothing: it is
    forgotten, and what waited for another secret is tried now.
    """
    row = _locked(session, caller, endpoint_id)
    secret = webhooks.new_secret()
    opens, until = sealer.opens(row.secret, row.id), clock.ahead(overlap.total_seconds())
    row.former_secret, row.former_until = (row.secret, until) if opens else (None, None)
    row.secret, row.due_at = sealer.seal(secret, row.id), clock.now()
    session.flush()
    return row, secret


def want(session: Session, caller: Caller, endpoint_id: str, events: Sequence[str] | None) -> WebhookEndpoint:
    """Say which events an endpoint is told from now on; None: all."""
    row = _locked(session, caller, endpoint_id)
    row.events = domain.checked(events)
    session.flush()
    return row


def enable(session: Session, caller: Caller, endpoint_id: str) -> WebhookEndpoint:
    """Send to an endpoint again, at once: what waits goes first, in its order."""
    row = _locked(session, caller, endpoint_id)
    row.put_aside = row.put_aside_at = None
    _try_now(row)
    session.flush()
    return row


def try_out(session: Session, caller: Caller, endpoint_id: str) -> WebhookDelivery:
    """Leave a test message for an endpoint, behind what waits there already."""
    row = _locked(session, caller, endpoint_id)
    _require_enabled(row)
    message = notify.leave(session, row.id, row.client, domain.TEST, {"endpoint": row.id})
    session.flush()
    return message


def remove(session: Session, caller: Caller, endpoint_id: str) -> None:
    """Remove an endpoint with all messages to it; one that is under way may still arrive."""
    row = _locked(session, caller, endpoint_id, whole=True)
    session.execute(delete(WebhookDelivery).where(WebhookDelivery.endpoint == row.id))
    session.delete(row)


def replay(session: Session, caller: Caller, delivery_id: str) -> WebhookDelivery:
    """Send a message again, under the id and in the place that it had: the receiver may know it already."""
    found = session.get(WebhookDelivery, delivery_id)
    if found is None or found.client != caller.client:
        raise DeliveryNotFound(f"You have no delivery {delivery_id[:40]}.", delivery=delivery_id[:40])
    endpoint = _locked(session, caller, found.endpoint)
    _require_enabled(endpoint)
    again = update(WebhookDelivery).where(WebhookDelivery.id == delivery_id)
    session.execute(again.values(state=notify.PENDING, attempts=0, delivered_at=None))
    _try_now(endpoint)
    session.flush()
    session.refresh(found)
    return found


def _locked(session: Session, caller: Caller, endpoint_id: str, *, whole: bool = False) -> WebhookEndpoint:
    """Return one of the caller's endpoints as it is now, kept from everybody else's changes until the end.

    With `whole`, also from messages to it that are just being left.
    """
    find_endpoint(session, caller, endpoint_id)
    query = select(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id).with_for_update(key_share=not whole)
    row = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise EndpointNotFound(f"You have no endpoint {endpoint_id[:40]}.", endpoint=endpoint_id[:40])
    return row


def _try_now(row: WebhookEndpoint) -> None:
    # One that failed is proven only by what it takes: enabling it gives it no place among those that answer.
    row.failures, row.due_at = min(row.failures, 1), clock.now()


def _require_enabled(row: WebhookEndpoint) -> None:
    if row.put_aside is not None:
        raise EndpointNotEnabled(
            f"Nothing is sent to {row.url} ({row.put_aside}): enable it first, POST /v1/webhooks/{row.id}/enable.",
            endpoint=row.id,
            put_aside=row.put_aside,
        )
