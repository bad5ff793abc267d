"""What the clock orders at the gateway, which has no workers: a thread of each web process does it.

It is as anywhere (`chassis.data.schedule`): a job, done once over all processes and hosts; where the process that does
it ends, another takes it again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from chassis.data import removal
from chassis.data.database import Database
from chassis.data.removal import nightly
from chassis.data.schedule import Scheduled, arranged, handlers, tick
from chassis.data.worker import Worker
from gateway.identity.retention import policies, removals

LOOK_SECONDS = 60.0
log = structlog.get_logger()


def plan(database: Database) -> list[Scheduled]:
    """Return what is done at which times, a line each."""
    return [nightly(database, policies(), removals())]


def scheduled(database: Database, wishes: Mapping[str, str]) -> list[Scheduled]:
    """Return what the clock orders, at the times that the operator wishes."""
    return arranged(plan(database), wishes, "GATEWAY_SCHEDULE")


def start(database: Database, wished: Sequence[Scheduled]) -> None:
    """Begin to look at the clock, in a process that serves."""
    threading.Thread(target=_look, args=(database, wished), name="upkeep", daemon=True).start()


def told(database: Database, *, off: bool) -> dict[str, Any]:
    """Return what the gateway keeps for how long, and what the last run removed."""
    with database.read() as session:
        return removal.told(session, "gateway", policies(), off=off)


def do_due(database: Database, wished: Sequence[Scheduled], worker: Worker) -> None:
    """Order what is due, and do what was ordered."""
    tick(database, wished)
    while worker.run_once():
        pass


def _look(database: Database, wished: Sequence[Scheduled]) -> None:
    worker = Worker(database, handlers(database, plan(database)))
    while True:
        try:
            do_due(database, wished, worker)
        except SQLAlchemyError as error:  # readiness tells what the database lacks
            log.warning("upkeep put off", error=type(error).__name__)
        time.sleep(LOOK_SECONDS)
