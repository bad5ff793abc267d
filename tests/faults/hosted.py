"""Keeps a suite on a home until SIGTERM: `python -m faults.hosted HOME PORT [GROUND]`, the parent that faults may kill.

With a folder for its ground it stands on servers as on many machines, and finds what they kept when it starts again.
Variables `STRUCK_…` are put over what the suite tells its processes of each other: so a proxy comes between them.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from smecredit.running.cluster import cluster
from smecredit.running.ground import Ground
from smecredit.running.suite import Suite

PREFIX, READY = "STRUCK_", "everything is at work"


def main(home: Path, port: int, below: Path | None) -> None:
    """Run the suite and say when it is ready."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    struck = {name.removeprefix(PREFIX): value for name, value in os.environ.items() if name.startswith(PREFIX)}
    with cluster(below) if below else nullcontext(Ground()) as ground:
        if below:
            note_of(home).write_text(json.dumps(dict(ground.environment)))
        between = replace(ground, environment={**ground.environment, **struck})
        with Suite(home, port, lambda said: print(said, flush=True), between) as suite:
            print(READY, flush=True)
            suite.watch()


def note_of(home: Path) -> Path:
    """Return the file beside a home that says what the ground tells the suite's processes."""
    return home.parent / "ground.json"


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]) if len(sys.argv) > 3 else None)
