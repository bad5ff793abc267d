"""Kills at random moments: kill -9 of one process of a kind, and of the suite's parent with all that it holds."""

from __future__ import annotations

import os
import signal
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from faults.books import Books
from faults.fault import KILLS, Alone, Fault, Scene
from faults.hosts import taken
from faults.invariants import Broken

LONGEST_WAIT = 1.5
# A child of the suite that dies five times in a minute is given up on: kills of one kind come slower than that.
MOST_KILLS, WITHIN_SECONDS = 4, 61.0
SLICED_ROWS, LONGEST_WORK = 80_000, 2.0


@dataclass
class Kill:
    """kill -9 of one process of a kind: a master, one of its children, a crew or one of its workers."""

    kind: str
    sort: str = KILLS
    _moments: deque[float] = field(default_factory=lambda: deque([0.0] * MOST_KILLS, MOST_KILLS))

    @property
    def name(self) -> str:
        """What is killed."""
        return f"kill {self.kind}"

    @property
    def part(self) -> str:
        """Of which service it is, or which server."""
        return self.kind.partition(" ")[0]

    def strike(self, scene: Scene) -> Iterable[Broken]:
        """Wait for a moment of chance and kill one."""
        time.sleep(max(0.0, self._moments[0] + WITHIN_SECONDS - time.monotonic()))
        time.sleep(scene.chance.uniform(0, LONGEST_WAIT))
        scene.stage.until(lambda: bool(scene.stage.pids(self.kind)), 60, lambda: f"there is no {self.kind}")
        with suppress(ProcessLookupError):
            os.kill(scene.chance.choice(scene.stage.pids(self.kind)), signal.SIGKILL)
        self._moments.append(time.monotonic())
        return ()

    def heal(self, scene: Scene) -> None:
        """Do nothing: the suite starts again what died."""


@dataclass
class KillParent(Alone):
    """kill -9 of the suite's parent: everything dies with it, and it is started again as after a power cut."""

    name: str = "kill suite parent"

    def strike(self, scene: Scene) -> Iterable[Broken]:
        """Kill it at a moment of chance."""
        time.sleep(scene.chance.uniform(0, LONGEST_WAIT))
        assert scene.stage.parent
        scene.stage.parent.kill()
        scene.stage.parent.wait()
        return ()

    def heal(self, scene: Scene) -> None:
        """Start the suite on the same home."""
        scene.stage.start()


@dataclass
class KillInSlices(Alone):
    """kill -9 of the worker that imports a file so big that it goes by slices, somewhere between its first and last."""

    name: str = "kill worker in slices"

    def strike(self, scene: Scene) -> Iterable[Broken]:
        """Send the file, wait until somebody has it in hand, and kill them at a moment of chance."""
        sent = scene.load.send(f"slices-{time.monotonic_ns()}", SLICED_ROWS, scene.chance)
        books = Books(scene.stage)
        taken(books, sent.id)
        time.sleep(scene.chance.uniform(0, LONGEST_WORK))
        os.kill(taken(books, sent.id), signal.SIGKILL)
        return ()

    def heal(self, scene: Scene) -> None:
        """Do nothing: another worker begins the file anew."""


PARTS: Final = (
    "gateway web",
    *(f"{name} {what}" for what in ("web", "worker") for name in ("profile", "scoring", "matching")),
)


def kills() -> list[Fault]:
    """Return a kill of each kind of process of a suite."""
    return [*(Kill(kind) for kind in PARTS), KillParent(), KillInSlices()]
