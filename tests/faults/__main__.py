"""`python -m faults`: strike faults in a running suite, and ask each time what must hold.

The plan strikes every fault ten times on each stage where it can be struck. What was struck is noted in a file of the
seed, and a run under the same seed goes on where the last one stopped; FILTER takes the faults whose name the
expression is found in, STAGE one stage of the two. Ends with 1 where anything was lost, came twice, or was silent.
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from faults.fault import Fault
from faults.plan import TIMES, remaining, rounds
from faults.record import Record
from faults.run import Striker, scene_of
from faults.theatre import THEATRES, Grounds

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results"
SEED = 14


def main(given: argparse.Namespace) -> int:
    """Strike what of the plan is left, at most so many strikes; return 1 where anything did not hold."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the suite is stopped on our way out
    record = Record(RESULTS / f"faults-{given.seed}.jsonl")
    with tempfile.TemporaryDirectory(prefix="smecredit-faults-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL may run as another user
        grounds = Grounds(given.kept or folder / "kept")
        try:
            for theatre in THEATRES:
                if given.stage in (theatre, ""):
                    _play(theatre, folder, grounds, given, record)
        finally:
            record.write(RESULTS / f"faults-{given.seed}.md")
            print(record.table(), flush=True)
    return 0 if record.clean else 1


def _play(theatre: str, folder: Path, grounds: Grounds, given: argparse.Namespace, record: Record) -> None:
    """Strike on one stage until nothing is left, enough was struck, or something did not hold."""
    with THEATRES[theatre](folder) as (stage, all_, prepare):
        wanted = [fault for fault in all_ if re.search(given.filter, fault.name)]
        if not _left(wanted, theatre, given, record):
            return
        prepare(grounds)
        with scene_of(stage, given.seed) as scene:
            striker, struck = Striker(theatre, scene), 0
            while waiting := _left(wanted, theatre, given, record):
                done = record.struck(theatre).total()
                for round_ in rounds(waiting, random.Random(f"{given.seed} {theatre} {done}")):
                    told = striker.strike(round_)
                    if told.faults or told.found:
                        record.add(told)
                    struck += len(told.faults)
                    print(f"{theatre}: {', '.join(told.faults)}: {told.seconds} {told.found or ''}", flush=True)
                    if told.found:
                        shutil.copytree(stage.home / "logs", RESULTS / f"faults-{given.seed}-logs", dirs_exist_ok=True)
                    if told.found or struck >= given.count:
                        return
                if record.struck(theatre).total() == done:
                    return  # nothing that is left could be struck


def _left(faults: list[Fault], theatre: str, given: argparse.Namespace, record: Record) -> list[Fault]:
    """Return what the plan still has for a stage."""
    return remaining(faults, given.times, record.struck(theatre))


def _arguments() -> argparse.Namespace:
    told = argparse.ArgumentParser(prog="faults", description=__doc__)
    told.add_argument("--count", type=int, default=sys.maxsize, help="strikes on each stage, then stop; all by default")
    told.add_argument("--seed", type=int, default=SEED)
    told.add_argument("--filter", default="", help="only faults in whose name this expression is found")
    told.add_argument("--stage", default="", choices=("", *THEATRES))
    told.add_argument("--times", type=int, default=TIMES, help="how often each fault is struck in all")
    told.add_argument("--kept", type=Path, help="a folder that keeps what a stage begins with from one run to the next")
    return told.parse_args()


if __name__ == "__main__":
    sys.exit(main(_arguments()))
