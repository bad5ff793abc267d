"""The stage on which faults are struck: a suite as processes of their own on a home that may be harmed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from faults.hosted import PREFIX, READY, note_of

from smecredit.running import home as homes
from smecredit.running.ports import PARTS, Addresses

ROOT = Path(__file__).resolve().parents[2]
WELL_SECONDS = 150.0
# What a process of each kind has in its command line.
KINDS: Final[Mapping[str, str]] = {
    **{f"{name} web": f"services.{name}.app" for name in ("profile", "scoring", "matching")},
    **{f"{name} worker": f"services.{name}.cli worker" for name in ("profile", "scoring", "matching")},
    "gateway web": "gateway.app",
    "engine worker": "distributed.cli.dask_worker",
    "engine worker's process": "multiprocessing.spawn",
    "engine scheduler": "distributed.cli.dask_scheduler",
    "object store": "weed server",
    "redis": "redis-server",
    "postgresql": "/postgres -D",
    "postgresql's backend": "postgres: postgres ",
    "postgresql's keeper": "smecredit.running.postgresql",
}


class NeverWell(Exception):
    """The suite did not come to work again by itself."""


class Stage:
    """A suite on `home`, at `port`; `below` is the folder of the servers that it stands on, None for files alone."""

    def __init__(self, home: Path, port: int, below: Path | None = None, **settings: str) -> None:
        self.home, self.below = home, below
        self.addresses = Addresses(port)
        self.settings = settings
        # Not on the home's disk, which may be full.
        self._log = home.parent.parent / f"{home.parent.name}-suite.log"
        self.parent: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The gateway's address."""
        return self.addresses.of("gateway")

    @property
    def keys(self) -> dict[str, str]:
        """The development keys of the home."""
        return homes.keys(self.home)

    def home_of(self, part: str) -> Path:
        """Return the home of the processes of a part: on many machines each service has its own."""
        return self.home / "machines" / part if self.below and part != "gateway" else self.home

    @property
    def told(self) -> dict[str, str]:
        """What the suite's processes are told beside their home and their addresses."""
        note = note_of(self.home)
        return {**self.settings, **(json.loads(note.read_text()) if note.exists() else {})}

    @property
    def environment(self) -> dict[str, str]:
        """What the suite's processes read, and what runs beside them."""
        path = os.pathsep.join((str(ROOT), str(ROOT / "tests")))
        return {**os.environ, "PYTHONPATH": path, "SMECREDIT_HOME": str(self.home), **self.settings}

    def start(self) -> None:
        """Start the suite, after its parent was killed likewise, and wait until it is ready."""
        self._until_alone()
        said = self._log.stat().st_size if self._log.exists() else 0
        below = [str(self.below)] if self.below else []
        command = [sys.executable, "-m", "faults.hosted", str(self.home), str(self.addresses.port), *below]
        with self._log.open("ab") as log:
            # In a session of its own: who ends a run by Ctrl-C ends us, and we the suite.
            self.parent = subprocess.Popen(
                command, env=self.environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + WELL_SECONDS
        while READY.encode() not in self._log.read_bytes()[said:]:
            if self.parent.poll() is not None or time.monotonic() > deadline:
                raise NeverWell(f"the suite did not start: {self._log.read_text()[said:][-1500:]}")
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop the suite in order."""
        if self.parent and self.parent.poll() is None:
            self.parent.terminate()
            self.parent.wait(WELL_SECONDS)

    def processes(self) -> dict[int, str]:
        """Return the processes of the suite, without its parent, by their command lines.

        They are told by their environment; Redis and PostgreSQL's children write over it, and are told by their parent.
        """
        mark, parent = f"SMECREDIT_HOME={self.home}", self.parent.pid if self.parent else 0
        running = [each for each in _running() if each.pid not in (os.getpid(), parent)]
        own = {
            each.pid: each.line
            for each in running
            if any(told == mark or told.startswith(f"{mark}/machines/") for told in each.environment)
        }
        return own | {each.pid: each.line for each in running if each.parent in {*own, parent} - {0}}

    def pids(self, kind: str) -> list[int]:
        """Return the processes of a kind; the words that tell it stand in their command lines."""
        return sorted(pid for pid, line in self.processes().items() if KINDS[kind] in line)

    def readiness(self, part: str = "gateway") -> tuple[int, dict[str, Any]]:
        """Return what a part says at `/readyz`; 0 where it does not answer."""
        try:
            with urllib.request.urlopen(f"{self.addresses.watched(part)}/readyz", timeout=20) as answer:  # noqa: S310 -- http
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            return refused.code, json.loads(refused.read() or b"{}")
        except (OSError, ValueError):
            return 0, {}

    def wait_well(self, seconds: float = WELL_SECONDS) -> float:
        """Wait until every part says that nothing is missing; return how long it took, or raise `NeverWell`."""
        began = time.monotonic()
        self.until(self._well, seconds, lambda: json.dumps({part: self.readiness(part) for part in PARTS}))
        return time.monotonic() - began

    @staticmethod
    def until(claim: Callable[[], bool], seconds: float, words: Callable[[], str]) -> None:
        """Wait until a claim holds; raise `NeverWell` in these words where it does not come true."""
        deadline = time.monotonic() + seconds
        while not claim():
            if time.monotonic() > deadline:
                raise NeverWell(words())
            time.sleep(0.2)

    def _well(self) -> bool:
        told = (self.readiness(part) for part in PARTS)
        return all(status == 200 and not said["missing"] and not said["degraded"] for status, said in told)

    def _until_alone(self) -> None:
        """Wait until what a killed parent left behind is gone; what stays is killed."""
        deadline = time.monotonic() + 30
        while self.processes():
            if time.monotonic() > deadline:
                for pid in self.processes():
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.1)


@dataclass(frozen=True, slots=True)
class Process:
    """A process of this machine."""

    pid: int
    parent: int
    line: str
    environment: Sequence[str]


def _running() -> Iterator[Process]:
    """Give the processes that have a command line and that we may look at."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                told, line = ((entry / name).read_bytes().decode(errors="replace") for name in ("environ", "cmdline"))
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if line:
                yield Process(int(entry.name), parent, line.replace("\0", " "), told.split("\0"))


def through(proxy: str) -> dict[str, str]:
    """Return the setting that has the suite's processes reach the profile service through a proxy."""
    return {f"{PREFIX}PROFILE_URL": proxy}
