"""The processes of a cluster: `python -m chassis.core.engine scheduler` and `… worker tcp://SCHEDULER:8786`.

Both are Dask's own programs with our settings, and take their options (`--help` lists them; those of TLS too). A
scheduler listens to this machine alone unless `--host` says otherwise: whoever reaches it can run code on its workers.
A worker starts one process a core; `--nworkers` says otherwise.
"""

from __future__ import annotations

import argparse
import os
import sys

from chassis.core.engine.local import THREADS, cores

# A process that died is told to us at once; how often its unit is tried again is ours to say.
SCHEDULER = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}


def main() -> None:
    """Become the process that the arguments ask for."""
    parser = argparse.ArgumentParser(prog="python -m chassis.core.engine", add_help=False, allow_abbrev=False)
    parser.add_argument("process", choices=["scheduler", "worker"])
    parser.add_argument("--nworkers", type=int, default=cores())
    asked, options = parser.parse_known_args()
    if asked.process == "scheduler":
        _become("dask_scheduler", ["--host", "127.0.0.1", "--no-dashboard", *options], SCHEDULER)
    share = str(max(1, cores() // asked.nworkers))
    ours = ["--nworkers", str(asked.nworkers), "--nthreads", "1", "--no-dashboard"]
    ours += ["--worker-class", "chassis.core.engine.dask_worker.SuiteWorker"]
    _become("dask_worker", [*ours, *options], dict.fromkeys(THREADS, share))


def _become(program: str, arguments: list[str], environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", f"distributed.cli.{program}", *arguments]
    os.execve(sys.executable, command, {**os.environ, **environment})  # noqa: S606 - Dask's program


if __name__ == "__main__":
    main()
