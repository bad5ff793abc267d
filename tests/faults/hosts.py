"""Faults of a host and its processes: workers stopped at work, clocks apart, disks full or read-only."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from faults.books import Books
from faults.fault import Alone, Missed, Scene, named
from faults.invariants import Broken
from faults.stage import ROOT, NeverWell, Stage
from small_disk import fill, remount

BIG_FILE, CLOCK_FILE = 40_000, 2_000
TAKEN_SECONDS, OTHERS_SECONDS = 60.0, 60.0
RUNNING = "SELECT j.id, w.pid FROM jobs j JOIN workers w ON w.name = j.worker WHERE j.state = 'running'"
OWN = ("SMECREDIT_READY_FD",)


class Crew:
    """Workers of the profile service on another host, as it were: the environment is that of the suite's own."""

    def __init__(self, stage: Stage, *before: str) -> None:
        (pid, *_) = stage.pids("profile worker")
        told = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
        environment = dict(each.split("=", 1) for each in told if "=" in each)
        command = [*before, sys.executable, "-m", "services.profile.cli", "worker"]
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(
            command,
            env={name: value for name, value in environment.items() if name not in OWN},
            cwd=ROOT,
            stdout=quiet,
            stderr=quiet,
            start_new_session=True,
        )

    def end(self) -> None:
        """Kill them as a power cut would."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@dataclass
class StoppedAtWork(Alone):
    """SIGSTOP of a worker over an import, at a moment of chance; it wakes when another has taken and done its job."""

    name: str = "worker stopped at work"
    _stopped: int = 0
    _crew: list[Crew] = field(default_factory=list)
    _number: int = 0

    def strike(self, scene: Scene) -> Iterable[Broken]:
        """Stop whoever holds the import of a big file; a crew beside it does the import; then wake it."""
        self._number += 1
        self._crew = [Crew(scene.stage)]
        sent = scene.load.send(f"stopped-{self._number}", BIG_FILE, scene.chance)
        books = Books(scene.stage)
        taken(books, sent.id)
        time.sleep(scene.chance.uniform(0, 0.6))
        pid = taken(books, sent.id)
        os.kill(pid, signal.SIGSTOP)
        self._stopped = pid
        # Where it sleeps with SQLite's lock in its hands nobody can write until it wakes: so not for ever.
        with suppress(NeverWell):
            scene.stage.until(lambda: ended(books, sent.id), OTHERS_SECONDS, str)
        return ()

    def heal(self, scene: Scene) -> None:
        """Wake it, and end the crew beside it."""
        with suppress(ProcessLookupError):
            if self._stopped:
                os.kill(self._stopped, signal.SIGCONT)
        time.sleep(1)
        for crew in self._crew:
            crew.end()
        self._stopped, self._crew = 0, []


@dataclass
class ClockOff(Alone):
    """Workers on a host whose clock is an hour off, killed over their work: they block nobody and take nothing."""

    hours: str
    _crew: list[Crew] = field(default_factory=list)

    @property
    def name(self) -> str:
        """How far the clock is off."""
        return f"clock {self.hours}"

    def strike(self, scene: Scene) -> Iterable[Broken]:
        """Let them work beside the suite's own on files, and kill them over one at a moment of chance."""
        books = Books(scene.stage)
        own = set(books.column("profile", "SELECT name FROM workers"))
        self._crew = [Crew(scene.stage, "faketime", "-f", self.hours)]
        deadline = time.monotonic() + TAKEN_SECONDS
        while own.issuperset(books.column("profile", "SELECT worker FROM jobs WHERE state = 'running'")):
            if time.monotonic() > deadline:
                raise Missed(f"workers with a clock {self.hours} took nothing")
            if not waiting(books):
                scene.load.send(f"clock{self.hours}-{time.monotonic_ns()}", CLOCK_FILE, scene.chance)
        time.sleep(scene.chance.uniform(0, 0.6))
        return ()

    def heal(self, scene: Scene) -> None:
        """End them."""
        for crew in self._crew:
            crew.end()
        self._crew = []


@dataclass
class DiskFull(Alone):
    """The home's disk has no byte left for some seconds."""

    name: str = "disk full"
    _ballast: Path | None = None

    def strike(self, scene: Scene) -> Iterable[Broken]:
        """Fill it; readiness names what cannot be written."""
        self._ballast = scene.stage.home.parent / "ballast"
        with suppress(OSError):  # others write meanwhile, and the last bytes are theirs
            fill(scene.stage.home.parent)
        found = [each for part in ("profile", "scoring", "matching") for each in named(scene, part, "writing")]
        time.sleep(scene.chance.uniform(0, 5))
        return found

    def heal(self, scene: Scene) -> None:
        """Make room."""
        if self._ballast:
            self._ballast.unlink()


@dataclass
class ReadOnly(Alone):
    """The home is read-only when the suite starts: it says so and does not start; made writable, it does."""

    name: str = "home read-only"

    def strike(self, scene: Scene) -> Iterable[Broken]:
        """Stop the suite, and try to start it on a home that nobody can write."""
        scene.stage.stop()
        remount(scene.stage.home.parent, "ro")
        try:
            scene.stage.start()
        except NeverWell as error:
            return () if "cannot be written" in str(error) else [Broken("silent", str(error))]
        return [Broken("silent", "the suite started on a home that cannot be written")]

    def heal(self, scene: Scene) -> None:
        """Make it writable and start."""
        remount(scene.stage.home.parent, "rw")
        scene.stage.start()


def taken(books: Books, job: str) -> int:
    """Wait until a worker has a job in hand and return its process; raise `Missed` where the job has ended."""
    deadline = time.monotonic() + TAKEN_SECONDS
    while not (pid := books.pairs("profile", RUNNING).get(job)):
        if time.monotonic() > deadline or ended(books, job):
            raise Missed(f"nobody has job {job} in hand")
    return int(pid)


def ended(books: Books, job: str) -> bool:
    """Tell whether a job is done."""
    return books.column("profile", "SELECT state FROM jobs WHERE id = :job", job=job) == ["done"]


def waiting(books: Books) -> int:
    """Return how many jobs wait for a worker."""
    return int(books.column("profile", "SELECT count(*) FROM jobs WHERE state = 'queued' AND due_at IS NULL")[0])


def clocks() -> list[ClockOff]:
    """Return the faults of clocks, none where the command `faketime` is missing."""
    return [ClockOff("+1h"), ClockOff("-1h")] if shutil.which("faketime") else []
