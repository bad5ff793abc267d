"""The engine of one machine: a few processes of its own, made when needed, ended with their owner."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import cast

from chassis.core.engine.dispatch import dispatched
from chassis.core.engine.here import Here
from chassis.core.engine.ran import Ran, T, U

# So long a process waits for the next unit.
IDLE_SECONDS = 60.0
# Each library that has threads of its own reads one of these as it is imported.
THREADS = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS")


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


class Local:
    """Does units in `width` processes, each with its share of the cores; one unit alone is done in this process.

    Several threads may run at once: they share the processes, and each has at least one. The processes are started
    anew rather than forked: a fork in the middle of a thread of Polars hangs.
    """

    def __init__(self, width: int | None = None, idle: float = IDLE_SECONDS) -> None:
        self._width, self._idle_seconds = width or cores(), idle
        self._lock = threading.Lock()
        self._idle: list[Process] = []
        self._taken = 0
        weakref.finalize(self, _end_all, self._idle)
        os.register_at_fork(after_in_child=self._idle.clear)  # they are the parent's

    def run(self, work: Callable[[U], T], units: Sequence[U]) -> Iterator[Ran[U, T]]:
        """Do the units; what is under way when nobody takes any more is killed."""
        if len(units) == 1:
            yield from Here().run(work, units)
            return
        with _Crew(self) as crew:
            yield from dispatched(crew, work, units)

    def room(self) -> int:
        """Return how many more processes may work."""
        return self._width - self._taken

    def take(self) -> Process:
        """Return a process that waits for work."""
        with self._lock:
            self._taken += 1
            while self._idle:
                process = self._idle.pop()
                if process.lives:
                    return process
                process.end()
        try:
            return Process(max(1, cores() // self._width), self._idle_seconds)
        except BaseException:  # no memory for one, say: its place is another's
            with self._lock:
                self._taken -= 1
            raise

    def give_back(self, process: Process, *, whole: bool) -> None:
        """Take a process back; one that is dead or in the middle of a unit is ended."""
        with self._lock:
            self._taken -= 1
            if whole and len(self._idle) < self._width:
                self._idle.append(process)
                return
        process.end()


class Process:
    """One process; it lives as long as its standard input is open and work comes."""

    def __init__(self, threads: int, idle: float) -> None:
        self.pipe, theirs = Pipe()
        path = os.pathsep.join(entry for entry in sys.path if entry)
        self._popen = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "chassis.core.engine.worker", str(theirs.fileno()), str(idle)],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path, **dict.fromkeys(THREADS, str(threads))},
        )
        theirs.close()

    @property
    def lives(self) -> bool:
        """Tell whether it has not ended."""
        return self._popen.poll() is None

    def end(self) -> None:
        """Kill it, if it lives, and forget it."""
        self._popen.kill()
        self._popen.wait()
        if self._popen.stdin:
            self._popen.stdin.close()
        self.pipe.close()


class _Crew:
    """The processes that work for one run."""

    def __init__(self, engine: Local) -> None:
        self._engine = engine
        self._out: dict[Connection[bytes, bytes], tuple[int, Process]] = {}

    def __enter__(self) -> _Crew:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for _, process in self._out.values():
            self._engine.give_back(process, whole=False)
        self._out.clear()

    def room(self) -> int:
        """Return how many more may work; one at least, or a run within another's loop would wait for ever."""
        return self._engine.room() if self._out else max(1, self._engine.room())

    def send(self, ticket: int, parcel: bytes) -> None:
        """Hand a parcel to a process."""
        process = self._engine.take()
        self._out[process.pipe] = (ticket, process)
        with contextlib.suppress(OSError):  # it died just now: `receive` notices
            process.pipe.send_bytes(parcel)

    def receive(self) -> Sequence[tuple[int, bytes | None]]:
        """Wait for the next answers."""
        answers = list[tuple[int, bytes | None]]()
        for pipe in wait(list(self._out)):
            ticket, process = self._out.pop(cast("Connection[bytes, bytes]", pipe))
            try:
                answers.append((ticket, process.pipe.recv_bytes()))
            except (EOFError, OSError):
                answers.append((ticket, None))
            self._engine.give_back(process, whole=answers[-1][1] is not None)
        return answers


def _end_all(processes: list[Process]) -> None:
    while processes:
        processes.pop().end()
