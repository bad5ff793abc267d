"""Faults of what the suite stands on: PostgreSQL, object store, Redis, and the engine's scheduler and workers."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from faults.fault import Alone, Fault, Scene, named
from faults.invariants import Broken
from faults.kills import Kill

LONGEST_WAIT = 1.5
SHORTEST_STOP, LONGEST_STOP = 3.0, 12.0


@dataclass
class PostgreSQLGone(Alone):
    """kill -9 of PostgreSQL's first process: no checkpoint, no goodbye; the log is played again when it starts."""

    name: str = "postgresql gone"

    def strike(self, scene: Scene) -> Iterable[Broken]:
        """Kill it, and see that readiness names the database."""
        time.sleep(scene.chance.uniform(0, LONGEST_WAIT))
        scene.stage.until(lambda: bool(scene.stage.pids("postgresql")), 60, lambda: "there is no postgresql")
        for pid in scene.stage.pids("postgresql"):
            _kill(pid)
        return [each for part in ("profile", "scoring", "matching") for each in named(scene, part, "database")]

    def heal(self, scene: Scene) -> None:
        """Have it started again, by its keeper."""
        for pid in scene.stage.pids("postgresql's keeper"):
            _kill(pid)


@dataclass
class Halted(Alone):
    """SIGSTOP of every process of a kind for some seconds: it takes connections and answers nobody."""

    kind: str
    missing: tuple[str, str] | None = None
    _stopped: list[int] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What is halted."""
        return f"halt {self.kind}"

    def strike(self, scene: Scene) -> Iterable[Broken]:
        """Stop it for a while of chance; readiness names it where it is missed."""
        time.sleep(scene.chance.uniform(0, LONGEST_WAIT))
        scene.stage.until(lambda: bool(scene.stage.pids(self.kind)), 60, lambda: f"there is no {self.kind}")
        self._stopped = scene.stage.pids(self.kind)
        for pid in self._stopped:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        time.sleep(scene.chance.uniform(SHORTEST_STOP, LONGEST_STOP))
        return named(scene, *self.missing) if self.missing else ()

    def heal(self, scene: Scene) -> None:
        """Let it go on."""
        for pid in self._stopped:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def servers() -> list[Fault]:
    """Return what may happen to each server that many machines stand on."""
    together = [Kill(kind) for kind in ("engine worker", "engine worker's process", "engine scheduler", "redis")]
    alone = [Kill(kind, sort="") for kind in ("object store", "postgresql's backend")]
    halted = [Halted("object store", ("profile", "writing")), Halted("redis")]
    return [*together, *alone, PostgreSQLGone(), *halted]
