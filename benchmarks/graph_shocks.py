"""A shock on a large book: every file opened under its consent and recorded, worked out as a job.

The lake is that of `graph_ties` with fewer deals: 100,000 firms, a million pairs, each deal in the files of both sides;
every firm consents to the bank. The order is a request in process, the job is done by a worker in this process.
"""

from __future__ import annotations

import resource
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import func, select

from benchmarks.graph_ties import CHUNKS, _append, _consents, _deals, _house, _pairs, _row, _timed
from chassis.data.worker import Worker
from services.profile.jobs import handlers
from services.profile.problems import KINDS
from services.profile.rights import tables

FIRMS, PAIRS, DEALS = 100_000, 1_000_000, 1_650_000
HIT = ("local:F000001", "local:F000002", "local:F000003")


def run(*, firms: int = FIRMS, pairs: int = PAIRS, deals: int = DEALS) -> dict[str, Any]:
    """Build a lake, then measure the order of a shock, its job, and reading the answer."""
    with TemporaryDirectory(prefix="smecredit-bench-") as name:
        client, context, headers = _house(Path(name))
        ends = _pairs(firms, pairs)
        for chunk in range(CHUNKS):
            _append(context, _deals(ends, deals // CHUNKS, chunk, firms), f"imp_bench{chunk}")
        _consents(context, firms)
        worker = Worker(context.database, handlers(context), KINDS)
        while worker.run_once():
            pass
        said = {"shock": {"enterprises": list(HIT)}, "as_of": "2024-12-31"}
        ordered, order = _timed(lambda: client.post("/v1/shocks", json=said, headers=headers))
        assert ordered.status_code == 202, ordered.json
        _, job = _timed(worker.run_once)
        path = f"/v1/shocks/{ordered.json['id']}"
        read, fetched = _timed(lambda: client.get(path, headers=headers).json)
        with context.database.read() as session:
            recorded = session.scalar(select(func.count()).select_from(tables.Access))
    assert read["state"] == "done", read["problem"]
    rows = [
        _row(f"a shock on {firms:,} open files, ordered", order, None, "s"),
        _row("its job", job, None, "s"),
        _row("reading its answer", fetched, None, "s"),
        _row("largest memory of the process", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, None, "GB"),
    ]
    told = {"files": read["result"]["files"], "reads recorded": recorded, "invoices": 2 * deals}
    return {"name": "graph_shocks", "title": "A shock on a large book, as a job", "rows": rows, **told}
