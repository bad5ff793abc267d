"""Prometheus metrics by route template; no label ever holds a client, an enterprise or a path."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

REQUESTS = Histogram(
    "http_request_duration_seconds",
    "Time from the first byte read to the answer handed over",
    ["method", "route", "status"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
JOBS = Counter("jobs_finished_total", "Background jobs by kind and end", ["kind", "state"])
UNANSWERED = Counter("upstream_unanswered_total", "Calls that another service did not answer", ["upstream"])
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Gauge:
    """A figure of a service by one label, read when the metrics are asked for: its name, what it says, its label."""

    name: str
    says: str
    label: str
    read: Callable[[], Mapping[str, float]]


class Gauges(Collector):
    """Figures of a service; one that cannot be read is left out, and the others are told."""

    def __init__(self, gauges: Sequence[Gauge]) -> None:
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        """Give the gauges as they are now."""
        for gauge in self._gauges:
            try:
                found = gauge.read()
            except Exception as error:  # what is broken is told by readiness, and must not hide the rest
                log.warning("not measured", metric=gauge.name, error=type(error).__name__)
                continue
            family = GaugeMetricFamily(gauge.name, gauge.says, labels=[gauge.label])
            for label, value in found.items():
                family.add_metric([label], value)
            yield family


class _Disks(Collector):
    """Free bytes of the disks under some folders, looked at when the metrics are asked for."""

    def __init__(self) -> None:
        self.folders: dict[str, Path] = {}

    def collect(self) -> Iterator[Metric]:
        """Give the gauge."""
        free = GaugeMetricFamily(
            "disk_free_bytes", "Room that is left on the disk of what a service keeps", labels=["place"]
        )
        for place, folder in self.folders.items():
            with suppress(OSError):
                free.add_metric([place], shutil.disk_usage(folder).free)
        yield free


DISKS = _Disks()


def watch_disks(folders: Mapping[str, Path]) -> None:
    """Have the metrics tell how much room is left on the disks of these folders, by name."""
    DISKS.folders |= folders


def observe(method: str, route: str, status: int, seconds: float) -> None:
    """Count one answered request."""
    REQUESTS.labels(method, route, str(status)).observe(seconds)


def exposition(*more: Collector) -> tuple[bytes, str]:
    """Return the metrics of this service (of all its processes where they share a folder) and their media type.

    `more` are measured when asked: they are of the service, not of one of its processes.
    """
    registry: CollectorRegistry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    asked = CollectorRegistry()
    for collector in (DISKS, *more):
        asked.register(collector)
    return generate_latest(registry) + generate_latest(asked), CONTENT_TYPE_LATEST
