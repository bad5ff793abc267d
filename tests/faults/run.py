"""A run: faults in turn on one stage under load, and after each round the same questions."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree

from faults.door import Door
from faults.fault import Fault, Missed, Scene
from faults.invariants import Asked, Broken
from faults.load import Load, Postbox, settle, subscribe
from faults.record import Found, Round, commit
from faults.stage import NeverWell, Stage

from smecredit.running.ports import free_port

ACTS = ("imports", "scores", "consents", "applications")


@contextmanager
def scene_of(stage: Stage, seed: int) -> Iterator[Scene]:
    """Start a stage and its load."""
    with ExitStack() as undo:
        undo.callback(stage.stop)
        stage.start()
        door = Door(stage.url, stage.keys)
        town = settle(door)
        box = Postbox()
        undo.callback(box.close)
        subscribe(door, box)
        load = Load(door, town, seed)
        asked = Asked(stage, load, box)
        undo.enter_context(load)
        yield Scene(stage, load, asked, random.Random(seed))


def plain(folder: Path, demonstration: Path) -> Stage:
    """Return a stage on a copy of a demonstration's home: SQLite and files."""
    copytree(demonstration, folder / "home")
    return Stage(folder / "home", free_port(), **SETTINGS)


SETTINGS = {
    "MATCHING_PRIVATE_WEBHOOKS": "true",
    "GATEWAY_RATE_LIMITS": "bank=1000000/60,enterprise=1000000/60,source=1000000/60,operator=1000000/60",
    "POLARS_MAX_THREADS": "1",
    "SMECREDIT_ENGINE": "here",
    # So that a file of 17,000 rows goes by slices.
    "PROFILE_IMPORT_MEMORY_MIB": "64",
}


@dataclass
class Striker:
    """Strikes rounds on the scene of a stage, and counts what the load did between one and the next."""

    name: str
    scene: Scene
    _before: tuple[Counter[str], Counter[str]] = (Counter(), Counter())

    def strike(self, faults: Sequence[Fault]) -> Round:
        """Strike some faults one after the other, and ask; what does not hold then is noted with each of them."""
        began = time.monotonic()
        struck: list[str] = []
        found: list[Found] = []
        for fault in faults:
            try:
                found += [_noted(fault.name, each) for each in _struck(fault, self.scene)]
                struck.append(fault.name)
            except Missed as why:
                print(f"{fault.name}: {why}", flush=True)
        seconds = {"struck": time.monotonic() - began}
        broken = self.scene.asked.ask()
        found += [_noted(name, each) for name in struck or [faults[0].name] for each in broken]
        seconds |= self.scene.asked.seconds
        acts, refused = self._since()
        return Round(self.name, struck, found, _rounded(seconds), acts, refused, commit())

    def _since(self) -> tuple[dict[str, int], dict[str, int]]:
        """Return what was acknowledged and what was refused since the last round."""
        load = self.scene.load
        acts = Counter({name: len(getattr(load.journal, name)) for name in ACTS})
        refused = Counter({str(status): count for status, count in load.door.refused.items()})
        before, self._before = self._before, (acts, refused)
        return dict(acts - before[0]), dict(refused - before[1])


def _struck(fault: Fault, scene: Scene) -> list[Broken]:
    """Strike a fault and put the world right; raise `Missed` where there was nothing to strike."""
    try:
        return list(fault.strike(scene))
    except NeverWell as error:
        return [Broken("silent", str(error))]
    except ProcessLookupError:
        raise Missed(f"{fault.name}: it was gone") from None
    finally:
        fault.heal(scene)


def _noted(fault: str, broken: Broken) -> Found:
    return Found(fault, broken.how, broken.what)


def _rounded(seconds: dict[str, float]) -> dict[str, float]:
    return {name: round(took, 2) for name, took in seconds.items()}
