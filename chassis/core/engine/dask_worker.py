"""The worker of a cluster: Dask's own, which says what code it runs, so that only units of the same code reach it."""

from __future__ import annotations

from typing import Any

from distributed import Worker

from chassis.core import logs, traces
from chassis.core.engine.code import code_version


class SuiteWorker(Worker):  # type: ignore[misc]
    """Offers a resource named after its code, one a thread; a task of ours demands one."""

    def __init__(self, *args: Any, **options: Any) -> None:
        # Asked here, not by the command that started us: that may be older than the code on the disk.
        logs.configure("engine")
        traces.configure("engine")
        threads = options.get("nthreads") or 1
        super().__init__(*args, **{**options, "resources": {code_version(): threads}})
