"""How every service is served; the address and the application come from the command line."""

from __future__ import annotations

import gc
import os
from typing import Any

from chassis.core import readiness

worker_class = "chassis.web.gunicorn_worker.Worker"
workers = int(os.environ.get("WEB_CONCURRENCY", "1"))
# More than a gateway's callers at once: one that waits for a service holds its thread, and half of them may stay with
# a busy connection.
threads = int(os.environ.get("WEB_THREADS", "32"))
# Loaded once before the fork: the workers share the pages and a broken setting stops the start at once.
preload_app = True
keepalive = 75
# The most that gunicorn allows: what a parameter may hold by its schema fits, and is refused by us where it does not.
limit_request_line = 8190
# No header decides under which path an address is looked up, wherever it comes from.
forwarder_headers = ""
# What a file's kernel call sends would not be counted against the pace of a connection.
sendfile = False
timeout = 60
graceful_timeout = 20
# Without this gunicorn opens a control socket in the home folder of whoever runs it.
control_socket_disable = True
# The application writes its own access log, without paths: those hold enterprise codes.
accesslog = None
loglevel = os.environ.get("GUNICORN_LOGLEVEL", "warning")


def post_worker_init(worker: Any) -> None:
    """Start what the application does beside requests, and tell who started us that requests are answered now."""
    for start in getattr(worker.wsgi, "extensions", {}).get(readiness.STARTS, ()):
        start()
    readiness.tell()


# What is loaded from here to the fork stays: rounds of the collector among it would cost a sixth of the time.
gc.disable()


def post_fork(server: object, worker: object) -> None:
    """Take what was loaded before the fork out of the collector's rounds: it lives as long as the process does."""
    gc.freeze()
    gc.enable()
