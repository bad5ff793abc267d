"""Delivering webhooks: what is due is taken under a lease, sent outside any transaction, and noted.

When the postman is killed in between, the message is sent again under its id. One message an endpoint is under way at a
time, so that a slow receiver holds up its own messages and nobody else's.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError, OperationalError

from chassis.core import webhooks
from chassis.data import clock
from chassis.data.database import Database
from chassis.data.storage import passes
from services.matching.tables import WebhookDelivery, WebhookEndpoint
from services.matching.usecases.notify import PENDING, note

LEASE_SECONDS = 60.0
AT_ONCE = 16
POLL_SECONDS = 0.5
# What is under way when we are stopped may end; what takes longer is sent again when its lease has run out.
LAST_SECONDS = 2.0
log = structlog.get_logger()


class Postman:
    """Delivers what is due, beside the workers of the queues."""

    def __init__(self, database: Database, *, private: bool) -> None:
        self._database = database
        self._private = private

    def run(self, _name: str) -> None:
        """Deliver until SIGTERM (`SystemExit`); what waits for a sender then is due again at once."""
        under_way: dict[Future[None], tuple[str, str]] = {}
        senders = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="sender")
        try:
            while True:
                self._round(senders, under_way)
        finally:
            senders.shutdown(wait=False, cancel_futures=True)
            wait(under_way, LAST_SECONDS)

    def deliver_due(self, now: datetime | None = None) -> int:
        """Send the oldest due message of each endpoint; return how many that was."""
        taken = self._take((), AT_ONCE, now)
        with ThreadPoolExecutor(AT_ONCE) as senders:
            list(senders.map(self._deliver, taken))
        return len(taken)

    def _round(self, senders: ThreadPoolExecutor, under_way: dict[Future[None], tuple[str, str]]) -> None:
        """Hand out what is due to senders that are free, and take those back that are done."""
        busy = [endpoint for _, endpoint in under_way.values()]
        try:
            taken = self._take(busy, AT_ONCE - len(busy)) if len(busy) < AT_ONCE else {}
        except DBAPIError as error:
            if not passes(error):
                raise
            log.warning("database unavailable", error=type(error.orig).__name__)
            taken = {}
        for message, endpoint in taken.items():
            under_way[senders.submit(self._deliver, message)] = (message, endpoint)
        if under_way:
            done, _ = wait(under_way, POLL_SECONDS, FIRST_COMPLETED)
            for future in done:
                del under_way[future]
        else:
            time.sleep(POLL_SECONDS)

    def _take(self, busy: Collection[str], most: int, now: datetime | None = None) -> dict[str, str]:
        """Put a lease on the oldest due message of each endpoint that is not busy; return their endpoints by message.

        Look before locking.
        """
        row, moment = WebhookDelivery, now or clock.now()
        due = (row.state == PENDING, row.due_at <= moment)
        waiting = select(row.endpoint).where(*due, row.endpoint.not_in(busy)).group_by(row.endpoint)
        with self._database.read() as session:
            endpoints = list(session.scalars(waiting.order_by(func.min(row.due_at)).limit(most)))
        taken: dict[str, str] = {}
        if endpoints:
            with self._database.begin() as session:
                for endpoint in endpoints:
                    oldest = select(row.id).where(*due, row.endpoint == endpoint).order_by(row.due_at, row.id).limit(1)
                    if message := session.scalars(oldest.with_for_update(skip_locked=True)).first():
                        taken[message] = endpoint
                lease = update(row).where(row.id.in_(list(taken)))
                session.execute(lease.values(due_at=clock.ahead(LEASE_SECONDS)))
        return taken

    def _deliver(self, message: str) -> None:
        """Send one message and note what came of it, whatever that is: no message ends the postman."""
        try:
            with self._database.read() as session:
                row = session.get(WebhookDelivery, message)
                to = session.get(WebhookEndpoint, row.endpoint) if row else None
            if row is None or to is None:
                return  # its endpoint was deleted since it was taken
            at = datetime.now(UTC)
            outcome = self._send(to, row, at)
            with self._database.begin() as session:
                note(session, message, outcome, at)
        except OperationalError:
            log.warning("database unavailable")  # it is sent again when the lease has run out
        except Exception:
            log.exception("delivery broke off", message=message)

    def _send(self, to: WebhookEndpoint, row: WebhookDelivery, at: datetime) -> webhooks.Outcome:
        try:
            return webhooks.send(to.url, to.secret, row.id, row.body, at, private=self._private)
        except Exception:  # a message that cannot be sent waits longer each time, as one that nobody takes
            log.exception("message not sent", message=row.id)
            return webhooks.Outcome(None, "it could not be sent")
