"""`python -m faults [COUNT] [SEED] [FILTER]`: strike faults in a running suite, and ask each time what must hold."""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
from pathlib import Path

from demonstrations import of_sixty_firms
from faults.kills import KILLS
from faults.run import Run, plain, rounds, scene_of, strike, tell

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results"
COUNT, SEED = 200, 14


def main(count: int, seed: int, wanted: str) -> int:
    """Strike so many faults, of those whose name has the words; return 1 where anything does not hold."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the suite is stopped on our way out
    faults = [fault for fault in KILLS if wanted in fault.name]
    run = Run(seed)
    with tempfile.TemporaryDirectory(prefix="smecredit-faults-", ignore_cleanup_errors=True) as folder:
        kept = os.environ.get("SMECREDIT_FAULTS_HOME")
        demonstration = Path(kept) if kept else of_sixty_firms(Path(folder) / "demonstration").home
        with scene_of(plain(Path(folder), demonstration), seed) as scene:
            for round_ in rounds(faults, count, random.Random(seed)):
                strike(scene, round_, run)
                tell(scene, run)
                print(
                    f"{sum(row.times for row in run.rows.values())} of {count}: {', '.join(f.name for f in round_)}",
                    flush=True,
                )
                if not run.clean:
                    break
            run.write(RESULTS / f"faults-{seed}.json")
    print(run.table())
    return 0 if run.clean else 1


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(
        main(
            int(given[0]) if given else COUNT,
            int(given[1]) if len(given) > 1 else SEED,
            given[2] if len(given) > 2 else "",
        )
    )
