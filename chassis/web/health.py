"""Health of a service, told to those who watch it: alive, ready or what is missing, degraded, metrics.

Who watches comes by a port of their own (`METRICS_PORT`), which answers nothing else: metrics are told there alone, and
so is what the outermost application misses.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from pathlib import Path

from flask import Flask, Response, request
from prometheus_client.registry import Collector
from sqlalchemy import QueuePool
from sqlalchemy.exc import SQLAlchemyError

from chassis.core import metrics
from chassis.core.bounded import Bounded
from chassis.core.errors import NotFound, Refused, Unready
from chassis.data import presence, queues
from chassis.data.database import Database
from chassis.data.storage import Writing, folder_probe
from chassis.web.answers import json_answer
from chassis.web.pace import OUTERMOST

DEGRADED, GAUGES = "degraded", "gauges"
LIVENESS, READINESS, METRICS = "/livez", "/readyz", "/metrics"
ROUTES = frozenset({LIVENESS, READINESS, METRICS})

# What gunicorn's worker hands on of a connection says by which port it came.
CONNECTION = "gunicorn.socket"

Check = Callable[[], object]


def register(app: Flask, checks: Mapping[str, Check]) -> None:
    """Serve liveness, readiness by these checks, each of which raises where its thing is missing, and metrics.

    A check that does not end is given up on: readiness answers, and names it.
    """
    bounded = {name: Bounded(check) for name, check in checks.items()}

    def livez() -> Response:
        return json_answer({"status": "alive"})

    def readyz() -> Response:
        if app.config[OUTERMOST] and not _watched():
            ready = not any(map(_failure, bounded.values()))
            return json_answer({"status": "ready" if ready else "not-ready"}, 200 if ready else 503)
        failures = {name: failure for name, check in bounded.items() if (failure := _failure(check))}
        missing = {name: _reason(failure) for name, failure in failures.items()}
        told = {"status": _status(failures.values()), "missing": missing, "degraded": _degraded(app)}
        return json_answer(told, 503 if missing else 200)

    def metrics_page() -> Response:
        if not _watched():
            raise NotFound("There is no such route. GET /openapi.json lists all of them, and /docs explains them.")
        body, media_type = metrics.exposition(*app.extensions.get(GAUGES, ()))
        return Response(body, content_type=media_type)

    app.add_url_rule(LIVENESS, view_func=livez)
    app.add_url_rule(READINESS, view_func=readyz)
    app.add_url_rule(METRICS, "metrics", metrics_page)
    app.before_request(_keep_to_watching)


def _watched() -> bool:
    """Tell whether this request came by the port of those who watch."""
    return bool(getattr(request.environ.get(CONNECTION), "watched", False))


def _keep_to_watching() -> None:
    if _watched() and request.path not in ROUTES:
        raise NotFound(f"This port answers {', '.join(sorted(ROUTES))} alone.")


def _degraded(app: Flask) -> Mapping[str, str]:
    """Return what is not done just now though requests are answered; a balancer drains nobody for it."""
    found: Callable[[], Mapping[str, str]] = app.extensions.get(DEGRADED, dict)
    try:
        return found()
    except SQLAlchemyError:  # the check of the database says more
        return {}


def _failure(check: Check) -> Exception | None:
    try:
        check()
    except Exception as error:  # whatever is broken, readiness must name it and not break itself
        return error
    return None


def _reason(failure: Exception) -> str:
    return failure.detail if isinstance(failure, Refused) else type(failure).__name__


def _status(failures: Iterable[Exception]) -> str:
    """Say whether to wait is enough: `blocked` is what the operator has to put right first."""
    found = list(failures)
    if any(isinstance(failure, Unready) for failure in found):
        return "blocked"
    return "waiting" if found else "ready"


def writing(database: Database, folders: Mapping[str, str | Path], probes: Mapping[str, Check] | None = None) -> Check:
    """Return the check that a database and folders can be written, and have the metrics tell their free bytes.

    Folders in an object store are left out; `probes` are what else is written, by name.
    """
    local = {name: Path(place) for name, place in folders.items() if "://" not in str(place)}
    file = database.file
    metrics.watch_disks(local if file is None else {"database": file.parent, **local})
    others = {name: folder_probe(folder) for name, folder in local.items()}
    return Writing({"database": database.probe, **others, **(probes or {})}).check


def connections(database: Database) -> metrics.Gauge:
    """Return the gauge of the connections that are in use."""

    def read() -> dict[str, float]:
        pool = database.engine.pool
        return {"in use": pool.checkedout()} if isinstance(pool, QueuePool) else {}

    says = "Connections of this process to its database, of thirty at most on PostgreSQL"
    return metrics.Gauge("database_connections", says, "state", read)


def watch_posts(app: Flask, posts: Collection[str]) -> Flask:
    """Have readiness and metrics tell of who works at these posts: where nobody does, the service is degraded.

    It takes orders and answers all the same, so nobody is drained for it.
    """
    database: Database = app.extensions["database"]
    app.extensions[DEGRADED] = partial(presence.unserved, database, posts)
    tell_gauges(app, queues.Gauges(database, posts))
    return app


def tell_gauges(app: Flask, *gauges: Collector) -> None:
    """Have the metrics tell these too; they are measured when the metrics are asked for."""
    app.extensions.setdefault(GAUGES, []).extend(gauges)
