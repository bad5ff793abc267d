"""Webhooks: who is told what happens.

A message commits with what it is about; its number, its body's last word, it gets when it is sent (`send_next.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import orjson
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from chassis.core.ids import new_id
from chassis.core.moments import rfc3339
from chassis.data import clock
from services.matching.domain.endpoint import PutAside, wants
from services.matching.tables import WebhookDelivery, WebhookEndpoint

PENDING, DELIVERED, FAILED = "pending", "delivered", "failed"


def enqueue(
    session: Session,
    kind: str,
    data: Mapping[str, Any],
    *,
    clients: Collection[str] = (),
    enterprise: str | None = None,
) -> None:
    """Leave a message for each endpoint of these clients, in the transaction of what it is about; for none twice.

    With `enterprise`, for those of all clients that speak for that firm too. An endpoint that wants other events or is
    gone gets none; for one that is put aside it waits.
    """
    row = WebhookEndpoint
    whose: ColumnElement[bool] = row.client.in_(clients)
    if enterprise is not None:
        whose = or_(whose, row.enterprise == enterprise)
    reachable = or_(row.put_aside.is_(None), row.put_aside != PutAside.GONE)
    # Held until this transaction ends, so that an endpoint which is deleted meanwhile cannot break it.
    held = select(row.id, row.client, row.events).where(whose, reachable).order_by(row.id)
    for endpoint, client, events in session.execute(held.with_for_update(read=True, key_share=True)).all():
        if wants(events, kind):
            leave(session, endpoint, client, kind, data)


def leave(session: Session, endpoint: str, client: str, kind: str, data: Mapping[str, Any]) -> WebhookDelivery:
    """Leave one message for an endpoint of a client; messages go in the order of the moments in which they are left."""
    now = clock.present(session)
    row = WebhookDelivery(
        id=new_id("msg"),
        endpoint=endpoint,
        client=client,
        body=orjson.dumps({"type": kind, "timestamp": rfc3339(now), "data": dict(data)}),
        state=PENDING,
        attempts=0,
        created_at=now,
    )
    session.add(row)
    return row
