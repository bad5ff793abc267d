"""Ten rolling restarts under load: every process is exchanged ten times, and no request may fail (ADR 54)."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.load import MANY, Load, asks, failures, quantile
from benchmarks.standing import settle, standing
from smecredit.running.home import keys
from smecredit.running.journey import GRANTEE

RESTARTS = int(os.environ.get("RESTARTS", "10"))
REQUESTS = int(os.environ.get("REQUESTS", "20000"))


def run() -> dict[str, Any]:
    """Ask without pause while everything is exchanged again and again; count what failed."""
    with tempfile.TemporaryDirectory() as folder, standing(Path(folder, "home")) as running:
        load = Load(running.url, keys(running.home)[GRANTEE], asks(settle(running, Path(folder, "sandbox")), MANY))
        began = time.monotonic()
        with load.under_way():
            restarts = 0
            while restarts < RESTARTS or len(load.told) < REQUESTS:
                running.exchange()
                restarts += 1
        seconds = time.monotonic() - began
        exchanged = running.exchanged()
    failed = sum(each.failed for each in load.told)
    rows = [
        {"what": f"requests that failed, of {len(load.told):,}", "ours": failed, "peer": 0, "unit": "", "ratio": None},
        {"what": "rolling restarts", "ours": restarts, "peer": RESTARTS, "unit": "", "ratio": None},
        {"what": "processes exchanged", "ours": exchanged, "peer": None, "unit": "", "ratio": None},
        {"what": "requests", "ours": len(load.told) / seconds, "peer": None, "unit": "1/s", "ratio": None},
        {"what": "99th percentile", "ours": quantile(load.told, 0.99), "peer": None, "unit": "s", "ratio": None},
        {"what": "slowest", "ours": quantile(load.told, 1.0), "peer": None, "unit": "s", "ratio": None},
    ]
    return {
        "name": "restarts",
        "title": "Rolling restarts under load (peer: the bar)",
        "rows": rows,
        "refused or failed": failures(load.told) or "none",
    }
