"""A run: faults in turn on one stage under load, and after each the same questions; what came of it as a table."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from shutil import copytree

from faults.door import Door
from faults.fault import Fault, Scene
from faults.invariants import Asked, Broken
from faults.load import Load, Postbox, settle, subscribe
from faults.stage import NeverWell, Stage

from smecredit.running.ports import free_port

# More of them are in the JSON.
MOST_WORDS = 8


@dataclass
class Row:
    """What became of one fault: how often it was struck, and what did not hold afterwards."""

    fault: str
    times: int = 0
    lost: int = 0
    doubled: int = 0
    silent: int = 0
    slowest_seconds: float = 0.0
    words: list[str] = field(default_factory=list)

    def note(self, broken: Broken) -> None:
        """Count what does not hold."""
        setattr(self, broken.how, getattr(self, broken.how) + 1)
        self.words.append(f"{broken.how}: {broken.what}")


@dataclass
class Run:
    """The rows of a run, and how it was begun: the same seed strikes the same in the same order."""

    seed: int
    rows: dict[str, Row] = field(default_factory=dict)
    acts: dict[str, int] = field(default_factory=dict)
    refused: dict[int, int] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, doubled or silent."""
        return not any(row.lost or row.doubled or row.silent for row in self.rows.values())

    def row(self, fault: str) -> Row:
        """Return the row of a fault."""
        return self.rows.setdefault(fault, Row(fault))

    def table(self) -> str:
        """Return the rows for people."""
        width = max(map(len, self.rows), default=5)
        lines = [f"{'fault':{width}}  times  lost  doubled  silent  slowest s"]
        for row in self.rows.values():
            counts = f"{row.times:5}  {row.lost:4}  {row.doubled:7}  {row.silent:6}"
            lines.append(f"{row.fault:{width}}  {counts}  {row.slowest_seconds:9.1f}")
            lines += [f"  {word}" for word in row.words[:MOST_WORDS]]
        acts = ", ".join(f"{count} {name}" for name, count in self.acts.items())
        lines.append(f"seed {self.seed}; acknowledged: {acts}; refused by status (0: no answer): {self.refused}")
        return "\n".join(lines)

    def write(self, path: Path) -> None:
        """Write all of it as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False))


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
}


def strike(scene: Scene, faults: Sequence[Fault], run: Run) -> None:
    """Strike some faults one after the other, and ask; what does not hold is noted with each of them."""
    struck: list[Fault] = []
    broken: list[Broken] = []
    for fault in faults:
        struck.append(fault)
        run.row(fault.name).times += 1
        try:
            broken += fault.strike(scene)
        except NeverWell as error:
            broken.append(Broken("silent", str(error)))
        finally:
            fault.heal(scene)
    began = time.monotonic()
    broken += scene.asked.ask()
    for fault in struck:
        row = run.row(fault.name)
        row.slowest_seconds = max(row.slowest_seconds, time.monotonic() - began)
        for each in broken:
            row.note(each)


def rounds(faults: Sequence[Fault], count: int, chance: random.Random) -> Iterator[list[Fault]]:
    """Give `count` strikes in rounds: every fault as often as any other, in an order of chance."""
    waiting: list[Fault] = []
    while len(waiting) < count:
        more = list(faults)
        chance.shuffle(more)
        waiting += more
    waiting = waiting[:count]
    while waiting:
        round_ = [waiting.pop(0)]
        while waiting and len(round_) < min(round_[0].together, waiting[0].together):
            round_.append(waiting.pop(0))
        yield round_


def tell(scene: Scene, run: Run) -> None:
    """Note what the load did."""
    journal = scene.load.journal
    run.acts = {name: len(getattr(journal, name)) for name in ("imports", "scores", "consents", "applications")}
    run.refused = dict(scene.load.door.refused)
