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


@dataclass(frozen=True)
class Scene:
    """Where a fault is struck: a stage at work, and the chance that decides on moments and victims."""

    stage: Stage
    load: Load
    asked: Asked
    chance: random.Random


class Fault(Protocol):
    """A fault; `together` of them may be struck before the questions are asked."""

    name: str
    together: int

    def strike(self, scene: Scene) -> Iterable[Broken]:
        """Strike it, and return what of the suite's behaviour meanwhile is not as it should be."""

    def heal(self, scene: Scene) -> None:
        """Put the world right; the suite has to come back by itself."""


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
