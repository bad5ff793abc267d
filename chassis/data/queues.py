"""How long the queues are: told by SQL when somebody asks."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import case, func, select
from sqlalchemy.exc import SQLAlchemyError

from chassis.data import clock, presence
from chassis.data.database import Database, Runner
from chassis.data.jobs import FAILED, QUEUED, RUNNING, TABLE

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Depth:
    """One queue: jobs that wait and that are worked at, seconds that the oldest has waited, deaths over those here."""

    waiting: int = 0
    running: int = 0
    oldest_seconds: float = 0.0
    killed: int = 0


def depths(runner: Runner) -> dict[str, Depth]:
    """Return the depth of every queue that has jobs under way, or failed ones over which workers died."""
    queue = TABLE.c.queue
    waiting, running = TABLE.c.state == QUEUED, TABLE.c.state == RUNNING
    columns = (
        queue,
        func.count(case((waiting, 1))),
        func.count(case((running, 1))),
        func.min(case((waiting, TABLE.c.created_at))),
        func.sum(TABLE.c.killed),
        clock.now(),
    )
    query = select(*columns).where(TABLE.c.state.in_([QUEUED, RUNNING, FAILED])).group_by(queue)
    return {
        name: Depth(waits, runs, max(0.0, (now - oldest).total_seconds()) if oldest else 0.0, killed)
        for name, waits, runs, oldest, killed, now in runner.execute(query).all()
    }


class Gauges(Collector):
    """The metrics of a service's queues and workers; `posts` are shown also where there is nothing to tell."""

    def __init__(self, database: Database, posts: Collection[str]) -> None:
        self._database = database
        self._posts = posts

    def collect(self) -> Iterator[Metric]:
        """Give the metrics as they are now; none where the database does not answer, which readiness tells."""
        try:
            with self._database.connection() as connection:
                found, there, silent = depths(connection), presence.alive(connection), presence.late(connection)
        except SQLAlchemyError as error:
            log.warning("queues not measured", error=type(error).__name__)
            return
        told = {name: found.get(name, Depth()) for name in sorted({*self._posts, *found})}
        yield _gauge("queue_waiting", "Jobs that wait", {name: depth.waiting for name, depth in told.items()})
        yield _gauge("queue_running", "Jobs that are worked at", {name: depth.running for name, depth in told.items()})
        yield _gauge(
            "queue_oldest_seconds",
            "How long the oldest job has waited",
            {name: depth.oldest_seconds for name, depth in told.items()},
        )
        yield _gauge(
            "queue_workers_killed",
            "Deaths of workers over jobs that wait, run or failed",
            {name: depth.killed for name, depth in told.items()},
        )
        yield _gauge("queue_workers", "Workers heard of just now", {name: there.get(name, 0) for name in told})
        yield _gauge("queue_workers_late", "Workers fallen silent", {name: silent.get(name, 0) for name in told})


def _gauge(name: str, says: str, by_queue: dict[str, float]) -> Metric:
    gauge = GaugeMetricFamily(name, says, labels=["queue"])
    for queue, value in by_queue.items():
        gauge.add_metric([queue], value)
    return gauge
