"""A process that has loaded what many run, and becomes each of them by a fork: `python -m chassis.core.zygote FD …`.

Whoever starts it holds the other end of the socket FD. It says there which modules to load, then sends an order for
each process: the command line, the environment, and the files that the process takes over by their numbers. A process
that is made is not ours but the child of whoever orders it, which has to be a subreaper for as long as the order takes:
so its exit code is seen by that one alone, and it lives on when we are gone. It reads its command line, its environment
and its files as if it had been started anew, and shares with us the pages of what was loaded. (ADR 69)

Linux alone has what this needs.
"""

from __future__ import annotations

import atexit
import ctypes
import fcntl
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from chassis.core import readiness

PR_SET_PDEATHSIG = 1
# The last argument and this variable of ours are there for their length: what is made tells its own in their place.
ROOM = "SMECREDIT_ZYGOTE_ROOM"
# An order's most bytes, and the most files that it brings: its log, and what it takes over.
ORDER_BYTES, ORDER_FILES = 1 << 20, 16


@dataclass(frozen=True, slots=True)
class Order:
    """A process to be made for the process `parent`: as its arguments would start it, told by its environment.

    It writes into `log` and takes over the files `brought` under the numbers that they have with its parent.
    """

    parent: int
    arguments: Sequence[str]
    environment: Mapping[str, str]
    numbers: Sequence[int]
    log: int
    brought: Sequence[int]


def main(channel: socket.socket) -> None:
    """Load what is named first, say that it is there, and make processes until nobody orders any more."""
    # What is loaded stays: rounds of the collector among it would cost a sixth of the time, here and in every process
    # that is made, and write to pages that all share.
    gc.disable()
    for module in json.loads(channel.recv(ORDER_BYTES)):
        importlib.import_module(module)
    _connect_tables()
    gc.freeze()  # without a round before: it would take 0.3 s to find a few kilobytes
    readiness.tell()
    while said := socket.recv_fds(channel, ORDER_BYTES, ORDER_FILES):
        told, files = said[:2]
        if not told:
            return
        log, *brought = files
        order = Order(**json.loads(told), log=log, brought=brought)
        _make(order, channel)
        for file in files:
            os.close(file)


def _connect_tables() -> None:
    """Have SQLAlchemy work out now how all tables hang together, which each process would do for itself."""
    if orm := sys.modules.get("sqlalchemy.orm"):
        orm.configure_mappers()


def _make(order: Order, channel: socket.socket) -> None:
    """Make a process that is nobody's child, so that the subreaper above us gets it."""
    between = os.fork()
    if between == 0:
        code, between = 1, os.getpid()
        try:
            if os.fork() == 0:
                _be(order, between, channel)
            code = 0
        finally:
            os._exit(code)
    if os.waitpid(between, 0)[1]:
        raise ChildProcessError("no process could be made")


def _be(order: Order, between: int, channel: socket.socket) -> NoReturn:
    """Be the process that is ordered, to its end."""
    code = 1
    try:
        _end_with(order.parent, between)
        os.setsid()  # before anybody knows us, who may end our session
        channel.send(str(os.getpid()).encode())  # it fails where nobody waits for us any more
        channel.close()
        _take_over(order)
        os.environ.clear()
        os.environ.update(order.environment)
        show(order.arguments, [f"{name}={value}" for name, value in order.environment.items()])
        gc.enable()
        code = _ended(order.arguments)
    except BaseException:
        traceback.print_exc()
    finally:
        _leave(code)


def _end_with(parent: int, between: int) -> None:
    """Wait until we are the child of `parent`, and have Linux end us with it, even when it is killed."""
    while os.getppid() == between:
        os.sched_yield()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it ended before
        os._exit(1)


def _take_over(order: Order) -> None:
    """Have nothing as input, the log as output, and what is brought under its numbers."""
    came = (order.log, *order.brought)
    above = max(2, *order.numbers, *came) + 1
    aside = [os.open(os.devnull, os.O_RDONLY), *came]
    moved = [fcntl.fcntl(file, fcntl.F_DUPFD, above) for file in aside]
    for file in aside:
        os.close(file)
    nothing, log, *brought = moved
    for file, number in ((nothing, 0), (log, 1), (log, 2), *zip(brought, order.numbers, strict=True)):
        os.dup2(file, number)
    for file in moved:
        os.close(file)


def _ended(arguments: Sequence[str]) -> int:
    """Do what `arguments` would as a command line of Python, and return the exit code."""
    try:
        if arguments[1] == "-m":
            sys.argv = [*arguments[2:]]
            # It was loaded under its name, and runs as the main one: `runpy` warns of two. What it imports stays.
            sys.modules.pop(arguments[2], None)
            runpy.run_module(arguments[2], run_name="__main__", alter_sys=True)
        else:
            sys.argv = [*arguments]
            runpy.run_path(arguments[0], run_name="__main__")
    except SystemExit as end:
        return _code(end.code)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _code(said: Any) -> int:
    """Return the exit code that `sys.exit` was told, as the interpreter reads it: words are written, and mean 1."""
    if said is None or isinstance(said, int):
        return (said or 0) & 0xFF
    print(said, file=sys.stderr)
    return 1


def _leave(code: int) -> NoReturn:
    """End as the interpreter does, but without clearing away what was loaded: that would copy each page of it."""
    with suppress(BaseException):
        threading._shutdown()  # type: ignore[attr-defined]  # as `multiprocessing` ends what it forked
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(BaseException):
            stream.flush()
    os._exit(code)


def show(arguments: Sequence[str], environment: Sequence[str]) -> None:
    """Let `ps` and `/proc` tell these arguments and this environment as ours, as far as there is room for them.

    They stand where the first ones stood; by them an operator finds a process and whose it is.
    """
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    # Where arguments and environment begin and end (proc_pid_stat(5), fields 48 to 51; the text begins with the 3rd).
    begin, end, first, last = map(int, fields[45:49])
    for texts, start, stop in ((arguments, begin, end), (environment, first, last)):
        room = stop - start
        told = b"".join(text.encode(errors="surrogateescape") + b"\0" for text in texts)[: room - 1]
        ctypes.memmove(start, told.ljust(room, b"\0"), room)


def _settle() -> None:
    """Let go of the room that was kept for the texts of others, and move our environment out of it."""
    environment = {name: value for name, value in os.environ.items() if name != ROOM}
    os.environ.clear()
    os.environ.update(environment)
    show(sys.orig_argv[:-1], [f"{name}={value}" for name, value in environment.items()])


if __name__ == "__main__":
    _settle()
    main(socket.socket(fileno=int(sys.argv[1])))
