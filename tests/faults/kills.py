"""Kills at random moments: kill -9 of one process of a kind, and of the suite's parent with all that it holds."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from faults.fault import Fault, Scene
from faults.invariants import Broken

LONGEST_WAIT = 1.5
# A child of the suite that dies five times in a minute is given up on: kills of one kind come slower than that.
APART_SECONDS = 20.0


@dataclass
class Kill:
    """kill -9 of one process of a kind: a master, one of its children, a crew or one of its workers."""

    kind: str
    together: int = 4
    _last: float = 0.0

    @property
    def name(self) -> str:
        """What is killed."""
        return f"kill {self.kind}"

    def strike(self, scene: Scene) -> Iterable[Broken]:
        """Wait for a moment of chance and kill one."""
        time.sleep(max(0.0, self._last + APART_SECONDS - time.monotonic()))
        time.sleep(scene.chance.uniform(0, LONGEST_WAIT))
        scene.stage.until(lambda: bool(scene.stage.pids(self.kind)), 60, lambda: f"there is no {self.kind}")
        with suppress(ProcessLookupError):
            os.kill(scene.chance.choice(scene.stage.pids(self.kind)), signal.SIGKILL)
        self._last = time.monotonic()
        return ()

    def heal(self, scene: Scene) -> None:
        """Do nothing: the suite starts again what died."""


@dataclass
class KillParent:
    """kill -9 of the suite's parent: everything dies with it, and it is started again as after a power cut."""

    name: str = "kill suite parent"
    together: int = 1

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


PARTS: Final = (
    "gateway web",
    *(f"{name} {what}" for what in ("web", "worker") for name in ("profile", "scoring", "matching")),
)
KILLS: Final[tuple[Fault, ...]] = (*(Kill(kind) for kind in PARTS), KillParent())
