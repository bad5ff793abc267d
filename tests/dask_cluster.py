"""A Dask cluster of real processes for tests: a scheduler and workers as operations start them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from smecredit.running.process import Child, Command

ROOT = Path(__file__).parents[1]


class DaskCluster:
    """A scheduler on a free port, and its workers; all end with the test."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self._folder = folder
        self._children: list[Child] = []
        self.scheduler = self.start_scheduler()

    def start_scheduler(self) -> subprocess.Popen[bytes]:
        """Start the scheduler, anew where it was killed."""
        self.scheduler = self._start(["scheduler", "--port", str(self.port)], ROOT)
        until = time.monotonic() + 60
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self.scheduler
            assert time.monotonic() < until, "the scheduler does not listen"
            time.sleep(0.05)

    def start_workers(self, *options: str, code: Path = ROOT) -> None:
        """Start workers that run the code of a folder; they are there when a run finds them."""
        ours = ["--nworkers", "1", "--local-directory", str(self._folder), "--memory-limit", "0"]
        self._start(["worker", self.address, *ours, *options], code)

    def end(self) -> None:
        """Kill every process, and theirs."""
        for child in self._children:
            child.end(0)

    def _start(self, arguments: list[str], code: Path) -> subprocess.Popen[bytes]:
        command = Command("dask", [sys.executable, "-m", "chassis.core.engine", *arguments])
        # The code is that of `code` alone, not that of the folder in which the tests run.
        environment = {"PYTHONPATH": f"{code}{os.pathsep}{ROOT / 'tests'}", "PYTHONSAFEPATH": "1"}
        child = Child(command, {**os.environ, **environment}, self._folder / "dask.log")
        self._children.append(child)
        child.start()
        assert child.process
        return child.process
