"""The process that has loaded what a suite's processes run: they are made by its fork, and are children of ours.

To load everything takes two seconds of CPU once, where each of seven processes took one for itself (ADR 69). What is
loaded stays as it is until the next exchange: a process that crashed is made again of the same code as those beside it.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from smecredit.running.process import Child, Command, Process

PR_SET_CHILD_SUBREAPER, PR_GET_CHILD_SUBREAPER = 36, 37
# So long loading may take, and then the making of a process.
LOADED_SECONDS, MADE_SECONDS = 90.0, 20.0
# What a process that is made tells of its arguments and its environment is at most so much longer than the zygote's.
ROOM = "SMECREDIT_ZYGOTE_ROOM"
ARGUMENTS_ROOM, ENVIRONMENT_ROOM = 1 << 10, 1 << 12
# Whether we adopt is one setting of the whole process.
_adopting = threading.Lock()


def _waits_for_one() -> bool:
    """Tell whether the system adopts orphans on our behalf and lets us wait for one of them alone: Linux from 5.3 on.

    What has the call in its headers may run on a kernel, or in a sandbox, that refuses it.
    """
    if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:
        return False
    return True


AVAILABLE = _waits_for_one()


class Made:
    """A process that the zygote made and we adopted; it is asked and ended as one of `subprocess`.

    Raise `ChildProcessError` where it is no child of ours.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._asking = threading.Lock()  # who is told the code takes it: a second thread would find no such process
        self.poll()

    def poll(self) -> int | None:
        """Return the exit code, None while it runs."""
        with self._asking:
            if self.returncode is None:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                if pid:
                    self.returncode = os.waitstatus_to_exitcode(status)
            return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code once it has ended; raise `TimeoutExpired` where that takes longer."""
        with contextlib.suppress(ProcessLookupError):  # another thread was told
            if self.poll() is None:
                handle = os.pidfd_open(self.pid)
                try:
                    select.select([handle], [], [], timeout)
                finally:
                    os.close(handle)
        if (code := self.poll()) is None:
            raise subprocess.TimeoutExpired([str(self.pid)], timeout or 0.0)
        return code

    def terminate(self) -> None:
        """Send SIGTERM, unless it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)


class Zygote:
    """Loads modules in a process of its own, and makes processes by its fork; where it cannot, it makes none."""

    def __init__(self, modules: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self._modules, self._environment, self._log = modules, environment, log
        self._child: Child | None = None
        self._channel: socket.socket | None = None
        self._loaded: bool | None = None

    def start(self) -> None:
        """Have it load, beside whatever else is done, unless it does so already."""
        if self._child:
            return
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        arguments = [sys.executable, "-m", "chassis.core.zygote", str(theirs.fileno()), "-" * ARGUMENTS_ROOM]
        own = {**self._environment, ROOM: "-" * ENVIRONMENT_ROOM}
        self._child = Child(Command("zygote", arguments, (theirs.fileno(),)), own, self._log)
        with theirs:
            self._child.start()
        self._channel.send(json.dumps(self._modules).encode())

    def loads(self, seconds: float) -> bool:
        """Have it load, and tell whether it still does after so many seconds."""
        self.start()
        if self._loaded is None:
            assert self._child
            self._loaded = self._child.at_work(seconds)
            if self._loaded is None and time.monotonic() > self._child.starts[-1] + LOADED_SECONDS:
                self._loaded = False
        return self._loaded is None

    def ready(self) -> bool:
        """Wait until it has loaded, and tell whether it has: it may have failed."""
        while self.loads(LOADED_SECONDS):
            pass
        return bool(self._loaded)

    def make(
        self, command: Command, environment: Mapping[str, str], log: int, sockets: Sequence[int]
    ) -> Process | None:
        """Make the process of a command, or None where it has to be started otherwise; it has to be `ready`."""
        order = {
            "parent": os.getpid(),
            "arguments": [*command.arguments],
            "environment": dict(environment),
            "numbers": [*sockets],
        }
        told = self._order(json.dumps(order).encode(), [log, *sockets])
        with contextlib.suppress(ChildProcessError):  # of a process that is not ours, which ends at once
            if told:
                return Made(int(told))
        self.end()
        return None

    def _order(self, order: bytes, files: Sequence[int]) -> bytes:
        """Send an order and return the id of the process, or nothing where none is made."""
        assert self._channel
        with contextlib.suppress(OSError), _adopting_orphans():
            socket.send_fds(self._channel, [order], files)
            self._channel.settimeout(MADE_SECONDS)
            return self._channel.recv(32)
        return b""

    def end(self) -> None:
        """End it; what it made lives on, and it makes nothing more."""
        self._loaded = False
        # Once: its id may be another's, when it has ended.
        if self._child and self._channel and self._channel.fileno() != -1:
            self._channel.close()
            self._child.end(time.monotonic())


@contextlib.contextmanager
def _adopting_orphans() -> Iterator[None]:
    """Have Linux give us the processes below us that lose their parent, for as long as the block lasts.

    No longer: those of a service that was killed are none of ours, and would stay in the list of processes for ever.
    """
    prctl = ctypes.CDLL(None).prctl
    with _adopting:
        before = ctypes.c_int()
        prctl(PR_GET_CHILD_SUBREAPER, ctypes.byref(before))
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        try:
            yield
        finally:
            prctl(PR_SET_CHILD_SUBREAPER, before.value)
