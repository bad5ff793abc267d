"""`python -m faults [COUNT] [SEED] [FILTER]`: strike faults in a running suite, and ask each time what must hold.

COUNT strikes on each stage are divided among the faults in whose name the expression FILTER is found; `one machine` and
`many machines` take all faults of that stage alone. Ends with 1 where
anything was lost, came twice, or went wrong in silence.
"""

from __future__ import annotations

import os
import random
import re
import signal
import sys
import tempfile
from pathlib import Path

from demonstrations import of_sixty_firms
from faults.run import Run, rounds, scene_of, strike, tell
from faults.theatre import THEATRES

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results"
COUNT, SEED = 200, 14


def main(count: int, seed: int, wanted: str) -> int:
    """Strike so many faults on each stage that has any of those wanted; return 1 where anything does not hold."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the suite is stopped on our way out
    clean = True
    with tempfile.TemporaryDirectory(prefix="smecredit-faults-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL may run as another user
        kept = os.environ.get("SMECREDIT_FAULTS_HOME")
        demonstration = Path(kept) if kept else of_sixty_firms(folder / "demonstration").home
        for theatre in THEATRES:
            if wanted == theatre or wanted not in THEATRES:
                clean &= _play(theatre, folder, demonstration, (count, seed, wanted))
    return 0 if clean else 1


def _play(theatre: str, folder: Path, demonstration: Path, given: tuple[int, int, str]) -> bool:
    """Strike on one stage, print the table and write it; tell whether all held."""
    count, seed, wanted = given
    run = Run(seed)
    with THEATRES[theatre](folder, demonstration) as (stage, all_, prepare):
        faults = [fault for fault in all_ if wanted == theatre or re.search(wanted, fault.name)]
        if not faults:
            return True
        prepare()
        with scene_of(stage, seed) as scene:
            for round_ in rounds(faults, count, random.Random(seed)):
                strike(scene, round_, run)
                tell(scene, run)
                names = ", ".join(fault.name for fault in round_)
                print(f"{sum(row.times for row in run.rows.values())} of {count}: {names}", flush=True)
                if not run.clean:
                    break
    run.write(RESULTS / f"faults-{theatre.replace(' ', '-')}-{seed}.json")
    print(f"{theatre}\n{run.table()}", flush=True)
    return run.clean


if __name__ == "__main__":
    said = dict(enumerate(sys.argv[1:]))
    sys.exit(main(int(said.get(0, COUNT)), int(said.get(1, SEED)), said.get(2, "")))
