"""What a fault is: a name, how it is struck, how the world is put right, and what readiness must name meanwhile."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from faults.invariants import Asked, Broken
from faults.load import Load
from faults.stage import NeverWell, Stage

TOLD_SECONDS = 60.0
KILLS, HARMS = "kills", "harms"


@dataclass(frozen=True)
class Scene:
    """Where a fault is struck: a stage at work, and the chance that decides on moments and victims."""

    stage: Stage
    load: Load
    asked: Asked
    chance: random.Random


class Fault(Protocol):
    """A fault. Those of one sort that strike different parts may share a round of questions; of no sort, none."""

    @property
    def name(self) -> str:
        """What is struck, in a few words."""

    @property
    def sort(self) -> str:
        """With which others it may share a round; with none where it is empty."""

    @property
    def part(self) -> str:
        """What of the suite it strikes, which no other of its round does."""

    def strike(self, scene: Scene) -> Iterable[Broken]:
        """Strike it, and return what of the suite's behaviour meanwhile is not as it should be."""

    def heal(self, scene: Scene) -> None:
        """Put the world right; the suite has to come back by itself."""


class Missed(Exception):
    """There was nothing to strike at that moment: it is struck another time, and not counted."""


class Alone:
    """A fault after which the questions are asked before anything else is struck."""

    sort: str = ""
    part: str = ""


def named(scene: Scene, part: str, missing: str) -> list[Broken]:
    """Wait until the readiness of a part names what is missing; it is silent where it does not."""
    told: list[Mapping[str, str]] = [{}]

    def names_it() -> bool:
        status, said = scene.stage.readiness(part)
        told[0] = said.get("missing", {})
        return status == 503 and missing in told[0]

    try:
        scene.stage.until(names_it, TOLD_SECONDS, str)
    except NeverWell:
        return [Broken("silent", f"/readyz of {part} names {dict(told[0])}, not {missing}")]
    return []
