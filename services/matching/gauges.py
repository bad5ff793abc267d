"""What the metrics tell of matching beside requests and queues: messages to the webhooks of clients."""

from __future__ import annotations

from functools import partial

from sqlalchemy import func, select

from chassis.core.metrics import Gauge
from chassis.data import clock
from services.matching.context import Context
from services.matching.domain.endpoint import PutAside
from services.matching.tables import WebhookDelivery, WebhookEndpoint
from services.matching.usecases.send_next import lateness

DELIVERIES = "deliveries"
# So long a message may be due before somebody has to look: receivers that do not answer are not counted.
LATE_SECONDS = 60.0
LATE = "Seconds for which the oldest message that is due, and that nobody is sending, has been due"


def gauges(context: Context) -> list[Gauge]:
    """Return the figures; none names a client or an address."""
    return [
        Gauge("webhook_deliveries", "Messages to webhooks by state", "state", partial(_deliveries, context)),
        Gauge(
            "webhook_oldest_seconds", "Seconds since the oldest of them was made", "state", partial(_oldest, context)
        ),
        Gauge("webhook_late_seconds", LATE, "post", partial(_late, context)),
        Gauge("webhook_endpoints", "Endpoints of webhooks by state", "state", partial(_endpoints, context)),
    ]


def _deliveries(context: Context) -> dict[str, float]:
    state = WebhookDelivery.state
    with context.database.read() as session:
        found = dict(session.execute(select(state, func.count()).group_by(state)).all())
    return {"pending": 0.0, "failed": 0.0, **found}


def late(context: Context) -> dict[str, str]:
    """Return what is degraded where messages that are due wait for a postman, with what to do."""
    if (seconds := _late(context)[DELIVERIES]) <= LATE_SECONDS:
        return {}
    return {
        DELIVERIES: f"a message to a webhook has been due for {seconds:.0f} s and nobody sends it. Read the log of the "
        "service's `worker`, and restart it."
    }


def _late(context: Context) -> dict[str, float]:
    with context.database.read() as session:
        return {DELIVERIES: lateness(session)}


def _endpoints(context: Context) -> dict[str, float]:
    why = WebhookEndpoint.put_aside
    with context.database.read() as session:
        found = session.execute(select(why, func.count()).group_by(why)).all()
    return {"enabled": 0.0, **dict.fromkeys(PutAside, 0.0), **{row[0] or "enabled": row[1] for row in found}}


def _oldest(context: Context) -> dict[str, float]:
    pending = select(func.min(WebhookDelivery.created_at), clock.now()).where(WebhookDelivery.state == "pending")
    with context.database.read() as session:
        oldest, now = session.execute(pending).one()
    return {"pending": 0.0 if oldest is None else (now - oldest).total_seconds()}
