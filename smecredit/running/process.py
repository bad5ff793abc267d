"""One child process of the suite: started in a session of its own, its output in a log file, ended with its parent."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

PR_SET_PDEATHSIG = 1
# Names the pipe on which a child says that it is at work (`chassis.core.readiness`).
READY_PIPE = "SMECREDIT_READY_FD"
LAST_LINES = 12
# What may end us. While a process is being made that is not yet known to us they wait: nobody else would end it.
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# A child's log is so long at most, and so many older parts of it are kept.
LOG_BYTES, LOG_PARTS = 32 << 20, 3


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Have signals that may end us wait until the block ends; what were started in it would inherit that."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@dataclass(frozen=True, slots=True)
class Command:
    """What to run under a name; `sockets` are open files that it takes over by their numbers.

    Where it is `loaded` a zygote has what it runs, and can make it.
    """

    name: str
    arguments: Sequence[str]
    sockets: Sequence[int] = ()
    loaded: bool = False


class Process(Protocol):
    """A process that is a child of ours, however it was made."""

    @property
    def pid(self) -> int:
        """Its id, and that of its session."""

    def poll(self) -> int | None:
        """Return the exit code, None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code once it has ended; raise `TimeoutExpired` where that takes longer."""

    def terminate(self) -> None:
        """Send SIGTERM, unless it has ended."""


class Maker(Protocol):
    """What makes processes of commands that are loaded (`Zygote`)."""

    def ready(self) -> bool:
        """Wait until it has loaded them, and tell whether it has."""

    def make(
        self, command: Command, environment: Mapping[str, str], log: int, sockets: Sequence[int]
    ) -> Process | None:
        """Make a process, in a session of its own; None where it has to be started otherwise."""


@dataclass(slots=True)
class Child:
    """A running command; `starts` are the moments at which it was started."""

    command: Command
    environment: Mapping[str, str]
    log: Path
    maker: Maker | None = None
    process: Process | None = None
    starts: list[float] = field(default_factory=list)
    _log_from: int = 0
    _told: int | None = None

    def start(self) -> None:
        """Start it; the log is appended to."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._hear_no_more()
        self._told, pipe = os.pipe()
        with self.log.open("ab") as log:
            self._log_from = log.tell()
            given = {**self.environment, READY_PIPE: str(pipe)}, log.fileno(), (pipe, *self.command.sockets)
            self.process = None
            if self.maker and self.command.loaded and self.maker.ready():
                with _undisturbed():
                    self.process = self.maker.make(self.command, *given)
            self.process = self.process or _started(self.command.arguments, *given)
        os.close(pipe)
        self.starts.append(time.monotonic())

    def at_work(self, seconds: float) -> bool | None:
        """Wait until it says that it is at work; None where it has said nothing yet, False where it never will."""
        assert self._told is not None
        heard, _, _ = select.select([self._told], [], [], seconds)
        return os.read(self._told, 1) != b"" if heard else None

    def _hear_no_more(self) -> None:
        if self._told is not None:
            os.close(self._told)
            self._told = None

    def code(self) -> int | None:
        """Return the exit code, None while it runs."""
        return self.process.poll() if self.process else None

    def ask_to_stop(self) -> None:
        """Send SIGTERM."""
        if self.process and self.process.poll() is None:
            self.process.terminate()

    def end(self, deadline: float) -> None:
        """Wait until `deadline` (monotonic), then kill whatever is left of its session."""
        if not self.process:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.0, deadline - time.monotonic()))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._hear_no_more()

    def bound_log(self, most: int = LOG_BYTES) -> bool:
        """Set a log aside that has become too long, and begin it anew; tell whether it was.

        Its writers hold it open for appending, whichever code they run, so it is copied and emptied in place: a line
        that is written between the two is lost.
        """
        if not self.log.exists() or self.log.stat().st_size <= most:
            return False
        parts = [self.log.with_name(f"{self.log.name}.{number}") for number in range(1, LOG_PARTS + 1)]
        for older, newer in zip(reversed(parts), [*reversed(parts[:-1])], strict=False):
            if newer.exists():
                newer.replace(older)
        shutil.copyfile(self.log, parts[0])
        os.truncate(self.log, 0)
        self._log_from = 0
        return True

    def last_words(self) -> str:
        """Return the last lines of the log since the last start."""
        with self.log.open("rb") as log:
            log.seek(self._log_from)
            lines = log.read().decode(errors="replace").splitlines()
        return "\n".join(lines[-LAST_LINES:]) or "(it wrote nothing)"


def _started(arguments: Sequence[str], environment: Mapping[str, str], log: int, sockets: Sequence[int]) -> Process:
    return subprocess.Popen(  # noqa: S603 - our own commands
        arguments,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        pass_fds=sockets,
        start_new_session=True,  # Ctrl-C reaches us alone; we stop the children in order
        preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - no threads then
    )


def _die_with_parent() -> None:
    """Have Linux end this process when its parent dies, even by kill -9."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
