"""What the metrics tell of matching beside requests and queues: messages to the webhooks of clients."""

from __future__ import annotations

from functools import partial

from sqlalchemy import func, select

from chassis.core.metrics import Gauge
from chassis.data import clock
from services.matching.context import Context
from services.matching.tables import WebhookDelivery


def gauges(context: Context) -> list[Gauge]:
    """Return the figures; none names a client or an address."""
    return [
        Gauge("webhook_deliveries", "Messages to webhooks by state", "state", partial(_deliveries, context)),
        Gauge(
            "webhook_oldest_seconds", "Seconds since the oldest of them was made", "state", partial(_oldest, context)
        ),
    ]


def _deliveries(context: Context) -> dict[str, float]:
    state = WebhookDelivery.state
    with context.database.read() as session:
        found = dict(session.execute(select(state, func.count()).group_by(state)).all())
    return {"pending": 0.0, "failed": 0.0, **found}


def _oldest(context: Context) -> dict[str, float]:
    pending = select(func.min(WebhookDelivery.created_at), clock.now()).where(WebhookDelivery.state == "pending")
    with context.database.read() as session:
        oldest, now = session.execute(pending).one()
    return {"pending": 0.0 if oldest is None else (now - oldest).total_seconds()}
