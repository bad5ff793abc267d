"""Units of work on two Dask workers beside two processes of our own: features of a book, bucket by bucket, day by day.

Each unit reads its bucket, computes and writes a file under its name; the files of both sides must be equal to the
byte. The last row has Dask's side lose a worker after a third of the units and the scheduler after two thirds: what is
done stays done, the rest is begun again as a job would, and what ends is started again as an operator has it.
"""

from __future__ import annotations

import hashlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from time import perf_counter
from typing import Any, TypeAlias

import polars as pl
from distributed import Client

from benchmarks.features import BOOK_DATE, ROOT, generated_book
from chassis.core.engine import Engine, completed
from chassis.core.engine.cluster import Cluster
from chassis.core.engine.local import Local
from chassis.core.errors import EngineUnavailable
from services.profile.book.delta import bucket_of
from services.profile.portrait.domain.features import compute
from smecredit.running.cluster import free_ports, listens
from smecredit.running.process import Child, Command

WORKERS, DAYS, BUCKETS = 2, 12, 16
Unit: TypeAlias = tuple[int, date]
Notice: TypeAlias = Callable[[int], None]


def run(*, invoices: int = 2_000_000, firms: int = 800) -> dict[str, Any]:
    """Measure both sides on the same buckets; seconds are those of the wall."""
    units = [(bucket, BOOK_DATE - timedelta(days=30 * month)) for month in range(DAYS) for bucket in range(BUCKETS)]
    with TemporaryDirectory(prefix="smecredit-bench-") as name, dask(Path(name)) as cluster:
        folder = Path(name)
        _lay(generated_book(invoices, firms), folder / "book")
        local, many = Local(WORKERS), Cluster(cluster.address)
        for engine in (local, many):
            _timed(engine, units[: 2 * BUCKETS], folder / "warm")  # starts processes, which then stay
        own, theirs = (_timed(engine, units, folder / name) for engine, name in ((local, "local"), (many, "dask")))
        lossy = _timed(many, units, folder / "lossy", partial(cluster.lose, len(units)))
        bytes_of = [_digest(folder / side, units) for side in ("local", "dask", "lossy")]
    what = f"{len(units)} units of {invoices // BUCKETS:,} invoices"
    return {
        "name": "engine",
        "title": f"Features of a book as of {DAYS} days: {WORKERS} Dask workers, peer: {WORKERS} processes of our own",
        "rows": [
            _row(what, theirs, own),
            _row(f"{what}; a worker and the scheduler are killed", lossy, own),
        ],
        "same_bytes": len(set(bytes_of)) == 1,
        "started_again": cluster.started_again,
    }


def features(folder: Path, made: Path, unit: Unit) -> float:
    """Compute a unit's features unless its file is there; return the CPU seconds that it took."""
    bucket, day = unit
    target = made / f"{bucket}-{day}.parquet"
    start = time.process_time()
    if not target.exists():
        draft = target.with_suffix(f".{os.getpid()}")
        compute(pl.read_parquet(folder / f"{bucket}.parquet"), as_of=day).sort("enterprise").write_parquet(draft)
        draft.rename(target)
    return time.process_time() - start


def _lay(book: pl.DataFrame, folder: Path) -> None:
    folder.mkdir()
    bucket = pl.col("enterprise").map_elements(lambda firm: bucket_of(firm, BUCKETS), return_dtype=pl.Int64)
    for (number,), rows in book.with_columns(bucket=bucket).partition_by("bucket", as_dict=True).items():
        rows.write_parquet(folder / f"{number}.parquet")


def _timed(engine: Engine, units: Sequence[Unit], made: Path, notice: Notice = lambda _: None) -> float:
    """Do the units as a job does, which begins again where the engine is lost; return seconds."""
    made.mkdir(exist_ok=True)
    work, start, done = partial(features, made.parent / "book", made), perf_counter(), set[Unit]()
    while len(done) < len(units):
        try:
            for unit, _ in completed(engine.run(work, [unit for unit in units if unit not in done])):
                done.add(unit)
                notice(len(done))
        except EngineUnavailable:
            time.sleep(0.1)
    return perf_counter() - start


def _digest(made: Path, units: Sequence[Unit]) -> str:
    return hashlib.sha256(
        b"".join((made / f"{bucket}-{day}.parquet").read_bytes() for bucket, day in units)
    ).hexdigest()


def _row(what: str, ours: float, peer: float) -> dict[str, Any]:
    return {"what": what, "ours": round(ours, 2), "peer": round(peer, 2), "unit": "s", "ratio": round(ours / peer, 2)}


class Dask:
    """A scheduler and two workers that are started again when they end."""

    def __init__(self, folder: Path) -> None:
        [self._port] = free_ports(1)
        self.address = f"tcp://127.0.0.1:{self._port}"
        self.started_again = 0
        self._folder = folder
        self._closing = Event()
        worker = ["worker", self.address, "--nworkers", "1", "--local-directory", str(folder)]
        self._commands = [["scheduler", "--port", str(self._port)], *[worker] * WORKERS]
        self._children = [self._child(command) for command in self._commands]
        self._supervisor = Thread(target=self._tend)
        self._supervisor.start()

    def lose(self, units: int, done: int) -> None:
        """Kill a worker's process when a third of the units is done, and the scheduler when two thirds are."""
        if done == units // 3:
            with Client(self.address, set_as_default=False) as client:
                os.kill(min(client.run(os.getpid).values()), signal.SIGKILL)
        if done == 2 * units // 3:
            self._children[0].end(0)

    def close(self) -> None:
        """End everything."""
        self._closing.set()
        self._supervisor.join()
        for child in self._children:
            child.end(0)

    def wait(self) -> None:
        """Wait until the workers have come."""
        while not listens(self._port):
            time.sleep(0.05)
        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(WORKERS, timeout=120)

    def _tend(self) -> None:
        while not self._closing.wait(0.1):
            for child in self._children:
                if child.code() is not None:
                    child.start()
                    self.started_again += 1

    def _child(self, command: list[str]) -> Child:
        path = os.pathsep.join([str(ROOT), *filter(None, sys.path)])
        started = Command("dask", [sys.executable, "-m", "chassis.core.engine", *command])
        child = Child(started, {**os.environ, "PYTHONPATH": path}, self._folder / "dask.log")
        child.start()
        return child


@contextmanager
def dask(folder: Path) -> Iterator[Dask]:
    """Run a cluster for the time of the block."""
    cluster = Dask(folder)
    try:
        cluster.wait()
        yield cluster
    finally:
        cluster.close()
