"""The whole suite as child processes: migrations, keys, gateway, three services, three workers."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import Self

from smecredit.running import home as homes
from smecredit.running.commands import LOADED, CannotStart, environment, maintenance, together, web, worker
from smecredit.running.ground import HOST, Ground
from smecredit.running.migrated import current
from smecredit.running.ports import PARTS, SERVICES, Addresses, Sockets, listening
from smecredit.running.process import Child, Command
from smecredit.running.zygote import AVAILABLE, Zygote

PORT = 8000
SOURCE = "source-demo"  # the development's source, which is granted everything
READY_SECONDS = 90.0
STOP_SECONDS = 20.0
# How often the children are looked after.
LOOK_SECONDS = 0.5
# What `/readyz` says where the operator has to put something right first.
BLOCKED = "blocked"
# A child that dies this often within this time will not get well by being started again.
MOST_STARTS, WITHIN_SECONDS = 5, 60.0
Say = Callable[[str], None]
# Many more than a service has: a request that waits for a service, or for a slow caller, holds one (ADR 62).
GATEWAY_THREADS = "96"


class Suite:
    """A running suite; use it in a `with` block, which stops every child on its way out.

    What it stands on beside the home folder is its `ground`: its servers start first and are looked after likewise.
    """

    def __init__(self, folder: Path, port: int = PORT, say: Say = lambda _: None, ground: Ground | None = None) -> None:
        self.home = folder.absolute()
        self.addresses = Addresses(port)
        self.startup_seconds = 0.0
        self._say = say
        self._ground = ground or Ground()
        self._environment = {**environment(self.home, self.addresses), **self._ground.environment}
        self._children: list[Child] = []
        # What was exchanged and still ends the requests that it had begun.
        self._leaving: list[Child] = []
        # What makes the processes; elsewhere than on Linux each is started by itself.
        self._zygote = self._hatch()
        self._sockets: Mapping[str, Sockets] = {}
        self._roll_wanted = False
        self._exits = contextlib.ExitStack()

    @property
    def url(self) -> str:
        """The gateway's address."""
        return self.addresses.of("gateway")

    def __enter__(self) -> Self:
        """Start everything and wait until all four answer; raise `CannotStart` or `HomeTaken`."""
        began = time.monotonic()
        with contextlib.ExitStack() as undo:
            undo.enter_context(homes.held(self.home))
            self._sockets = undo.enter_context(listening(self.addresses))
            undo.callback(self._stop)
            if self._zygote:
                self._zygote.start()
            self._start_ground()
            self._prepare()
            self._start()
            self._wait_ready()
            undo.enter_context(homes.announced(self.home, self.url))
            self._exits = undo.pop_all()
        self.startup_seconds = time.monotonic() - began
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop every child."""
        self._exits.close()

    def watch(self) -> None:
        """Stay until a signal ends us; start again what crashed, give up on what keeps crashing."""
        while True:
            time.sleep(LOOK_SECONDS)
            self.tend()
            if self._roll_wanted:
                self._roll_wanted = False
                self.roll()

    def ask_to_roll(self) -> None:
        """Have `watch` exchange all processes; a handler of signals may call it."""
        self._roll_wanted = True

    def roll(self) -> None:
        """Exchange every process for one of the code that is installed now, one after the other.

        A new one is at work before the old one is asked to stop, and both take requests from the same socket: none is
        refused. Where a new one does not come to work, the old one stays, and so do those that come after it; where a
        database cannot be migrated all stay.
        """
        before, fresh = self._zygote, self._hatch()
        self._zygote, whole = fresh, False
        try:
            whole = self._exchanged()
        finally:
            gone, self._zygote = (before, fresh) if whole else (fresh, before)
            if gone:
                gone.end()

    def _exchanged(self) -> bool:
        """Exchange every process, and tell whether all of them were."""
        while self._zygote and self._zygote.loads(LOOK_SECONDS):
            self.tend()
        try:
            self._prepare()
        except CannotStart as refusal:
            self._say(f"{refusal}\nnothing was exchanged; what ran before goes on")
            return False
        for place, child in enumerate(self._children):
            if child.command.name in self._below:
                continue
            fresh = self._child(child.command)
            if not self._come_to_work(fresh):
                fresh.end(time.monotonic())
                self._say(self._obituary(fresh, "did not come to work; what ran before goes on"))
                return False
            self._children[place] = fresh
            child.ask_to_stop()
            self._leaving.append(child)
            self._say(f"{child.command.name} was exchanged")
        return True

    def _come_to_work(self, fresh: Child) -> bool:
        """Start a process and wait until it is at work, looking after all others meanwhile; tell whether it is in time.

        Where we have to give up on one of these, the new one goes with us.
        """
        fresh.start()
        deadline = time.monotonic() + READY_SECONDS
        try:
            while (said := fresh.at_work(LOOK_SECONDS)) is None and time.monotonic() < deadline:
                self.tend()
        except BaseException:
            fresh.end(time.monotonic())
            raise
        return said or False

    def tend(self) -> None:
        """Look after the children once."""
        for child in [child for child in self._leaving if child.code() is not None]:
            child.end(time.monotonic())
            self._leaving.remove(child)
        for child in self._children:
            child.bound_log()
            code = child.code()
            if code is None:
                continue
            recent = [moment for moment in child.starts if moment > time.monotonic() - WITHIN_SECONDS]
            if len(recent) >= MOST_STARTS:
                raise CannotStart(self._obituary(child, f"keeps stopping (exit code {code})"))
            self._say(f"{child.command.name} stopped (exit code {code}): starting it again")
            child.start()

    def _prepare(self) -> None:
        """Migrate the databases that are not current, and make development identities on first start."""
        missing = [name for name in PARTS if not current(self.home, name, self._environment)]
        wanted = [maintenance(name, "migrate") for name in missing]
        if missing:
            self._say(f"preparing the databases of {', '.join(missing)}")
        if not (self.home / homes.KEYS).exists() and not self._production():
            wanted.append(maintenance("gateway", "identities", "--development"))
            wanted.append(maintenance("profile", "grant", SOURCE))
        self._run_all(wanted)
        if self._ground.apart:
            known = homes.keys(self.home)
            self._environment |= {f"{name.upper()}_CLIENT_KEY": known[name] for name in SERVICES if name in known}

    def _production(self) -> bool:
        """Return whether this home is for production, where identities are made by hand."""
        return self._environment.get("SMECREDIT_ENV") == "production"

    def _run_all(self, commands: Sequence[Command]) -> None:
        """Run short commands, those of one home in one process, as to load them costs the most, and homes side by side.

        Raise `CannotStart` with the words of one that failed.
        """
        homes_of: dict[Path, list[Command]] = {}
        for command in commands:
            homes_of.setdefault(self._home_of(command.name), []).append(command)
        children = [self._child(together(of_one)) for of_one in homes_of.values()]
        try:
            for child in children:
                child.start()
            for child in children:
                assert child.process
                if child.process.wait(timeout=READY_SECONDS):
                    raise CannotStart(self._obituary(child, "failed"))
        except subprocess.TimeoutExpired:
            raise CannotStart(self._obituary(child, f"took more than {READY_SECONDS:.0f} s")) from None
        finally:
            for child in children:
                child.end(time.monotonic())

    def _start_ground(self) -> None:
        """Start the servers, and wait until all are ready."""
        self._start_all([server.command for server in self._ground.servers])
        for server in self._ground.servers:
            self._wait(server.command.name, server.ready, time.monotonic() + READY_SECONDS)

    def _start(self) -> None:
        """Start the web processes, then the workers."""
        self._start_all([web(name, self._sockets[name]) for name in self._slowest_first()])
        self._start_all([worker(name) for name in SERVICES])

    def _start_all(self, commands: Sequence[Command]) -> None:
        """Start commands side by side, to be looked after."""
        children = [self._child(command) for command in commands]
        self._children += children
        for child in children:
            child.start()

    @staticmethod
    def _slowest_first() -> list[str]:
        """Order the web processes for their start: what loads longest begins first."""
        return ["scoring", *(name for name in PARTS if name != "scoring")]

    def _wait_ready(self) -> None:
        """Wait until gateway and services answer `/readyz`."""
        deadline = time.monotonic() + READY_SECONDS
        for name in PARTS:
            self._wait(name, partial(_ready, name, self.addresses.watched_port_of(name)), deadline)

    def _wait(self, name: str, ready: Callable[[], bool], deadline: float) -> None:
        """Wait for a child; raise `CannotStart` where it is late, or where any has stopped."""
        while not ready():
            for child in self._children:
                if child.code() is not None:
                    raise CannotStart(self._obituary(child, f"stopped at start (exit code {child.code()})"))
            if time.monotonic() > deadline:
                slow = next(child for child in self._children if child.command.name == name)
                raise CannotStart(self._obituary(slow, f"was not ready within {READY_SECONDS:.0f} s"))
            time.sleep(0.05)

    def _stop(self) -> None:
        """Ask every child to stop, wait, and kill what remains; the ground goes last."""
        everybody, below = [*self._children, *self._leaving], self._below
        self._stop_all([child for child in everybody if child.command.name not in below])
        self._stop_all([child for child in everybody if child.command.name in below])
        if self._zygote:
            self._zygote.end()

    @property
    def _below(self) -> frozenset[str]:
        """The names of the ground's servers."""
        return frozenset(server.command.name for server in self._ground.servers)

    @staticmethod
    def _stop_all(children: Sequence[Child]) -> None:
        for child in children:
            child.ask_to_stop()
        deadline = time.monotonic() + STOP_SECONDS
        for child in children:
            child.end(deadline)

    def _child(self, command: Command) -> Child:
        own = {"SMECREDIT_HOME": str(self._home_of(command.name))}
        if command.name in PARTS:
            own |= {"METRICS_PORT": str(self.addresses.watched_port_of(command.name))}
        if command.name == "gateway":
            own |= {"WEB_THREADS": self._environment.get("WEB_THREADS", GATEWAY_THREADS)}
        return Child(command, {**self._environment, **own}, self._log_of(command.name), self._zygote)

    def _hatch(self) -> Zygote | None:
        """Return a zygote of the code that is installed now, which loads it when it is first needed."""
        return Zygote(LOADED, self._environment, self._log_of("zygote")) if AVAILABLE else None

    def _log_of(self, name: str) -> Path:
        return self.home / "logs" / f"{name}.log"

    def _home_of(self, name: str) -> Path:
        """Return the home folder of a child: the gateway's is the suite's, as it makes the identities."""
        machine = name.partition("-")[0]
        return self.home / "machines" / machine if self._ground.apart and machine != "gateway" else self.home

    def _obituary(self, child: Child, what: str) -> str:
        return f"{child.command.name} {what}. Its last lines (all of them: {child.log}):\n{child.last_words()}"


def _ready(name: str, port: int) -> bool:
    """Return whether a part says that it is ready; raise `CannotStart` where no waiting will make it so."""
    connection = HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        told = {} if answer.status == 200 else json.loads(answer.read())
    except (OSError, HTTPException, ValueError):
        return False
    finally:
        connection.close()
    if told.get("status") == BLOCKED:
        reasons = "\n".join(f"  {what}: {why}" for what, why in told["missing"].items())
        raise CannotStart(f"{name} cannot work until this is put right:\n{reasons}")
    return not told
