"""Books of one, three and eleven million invoices: what the work over the whole of them costs, and how it grows.

The book is made by `benchmarks.thinned`: synthetic, from real rows, written as Parquet a million at a time and imported
as any source's files. Each measurement is a process of its own: CPU seconds are of all its threads and of the engine's
processes, memory is the most that one process held. The exponent says how CPU seconds grow with invoices (1: linear).

`python -m benchmarks.scale FOLDER MILLIONS…` keeps its books in a folder; of more than eleven million invoices only
features and peers are measured. What is made is left there, so that it goes on where it was.
"""

from __future__ import annotations

import gc
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from math import log
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import orjson
from sqlalchemy import delete, func, insert, select

from benchmarks import thinned
from chassis.core import logs
from chassis.core.engine import engine_of
from chassis.core.identity import Caller
from services.profile.book import enterprise_store, state_store
from services.profile.book.context import Context
from services.profile.book.domain.moment import Asked
from services.profile.book.tables import FeatureSnapshot
from services.profile.book.usecases.tell_sources import everybody
from services.profile.portrait.tables import PeerBaseline
from services.profile.portrait.usecases.baseline import closed
from services.profile.portrait.usecases.make_peers import bring_forward
from services.profile.portrait.usecases.read_feature_set import Wanted, read_feature_set
from services.profile.rights.domain.resource import Resource
from services.profile.rights.tables import Consent
from services.profile.rights.usecases.open_file import Reading
from services.profile.watch.usecases.look_whole import look_at_all

SIZES, ALL_STEPS_UP_TO = (1, 3, 11), 11
READER, WIDTH = "bench-reader", 2
WHOSE = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
TITLES = {
    "made": "the book, made and imported",
    "features": "features of the whole book as a table",
    "peers": "figures of peers of the whole book",
    "look": "a look at the whole book",
    "portrait": "portraits in a web process, first and p95 of the others",
}
LARGE = ("made", "features", "peers")


def made(home: Path, millions: int) -> dict[str, Any]:
    """Make the book, or what is left of it, with a reader who may read every file."""
    thinned.make(home, millions)
    context = thinned.house(home)
    with context.database.begin() as session:
        if session.scalar(select(func.count()).select_from(Consent)) == 0:
            session.execute(
                insert(Consent), [_consent(place, name) for place, name in enumerate(everybody(session)[0])]
            )
    with context.database.read() as session:
        return {"invoices": state_store.book(session).invoices, "firms": enterprise_store.size(session)}


def features(home: Path, _: int) -> dict[str, Any]:
    """Describe every firm afresh, and write the table, as the web process does that is asked for it."""
    context = _house(home)
    with context.database.begin() as session:
        session.execute(delete(FeatureSnapshot))
    reading = Reading(Caller(READER, "bank", frozenset()), Resource.FEATURE_SET, "credit-assessment", "req_bench")
    with read_feature_set(context, reading, Wanted(), Asked()) as found:
        return {"rows": sum(frame.height for frame in found.frames)}


def peers(home: Path, _: int) -> dict[str, Any]:
    """Make all figures of peers afresh."""
    context = _house(home)
    with context.database.begin() as session:
        session.execute(delete(PeerBaseline))
    rmtree(context.settings.peers, ignore_errors=True)
    bring_forward(context, closed(thinned.DAY), None, moves=True)
    return {}


def look(home: Path, _: int) -> dict[str, Any]:
    """Look at the whole book; its peers are there."""
    context = _house(home)
    rmtree(home / "looks", ignore_errors=True)
    return {"firms": look_at_all(context, None)}


def portrait(home: Path, _: int) -> dict[str, Any]:
    """Draw portraits as a web process does."""
    from benchmarks.peer_figures import web  # noqa: PLC0415 - the others do without

    return web(home)


STEPS: dict[str, Callable[[Path, int], dict[str, Any]]] = {
    "made": made,
    "features": features,
    "peers": peers,
    "look": look,
    "portrait": portrait,
}


def run(*, sizes: Sequence[int] = SIZES, folder: Path | None = None) -> dict[str, Any]:
    """Measure books of so many million invoices."""
    with TemporaryDirectory(prefix="smecredit-bench-") as temporary:
        home = folder or Path(temporary)
        found = {size: {step: _process(home / str(size), size, step) for step in _steps(size)} for size in sizes}
    rows = [_row(size, step, one) for size, steps in found.items() for step, one in steps.items()]
    grows = {
        step: _exponent({size: each[step]["cpu_s"] for size, each in found.items() if step in each}) for step in TITLES
    }
    told = {f"exponent of {TITLES[step]}": value for step, value in grows.items() if value and step != "portrait"}
    return {"name": "scale", "title": "The whole book, by invoices (synthetic)", "rows": rows, **told}


def measure(step: str, home: Path, millions: int) -> dict[str, Any]:
    """Do one step in this process, and return what it cost."""
    begun, spent = perf_counter(), _spent()
    told = STEPS[step](home, millions)
    gc.collect()  # the engine's processes end with it, and are counted
    peaks = [resource.getrusage(who).ru_maxrss // 1024 for who in WHOSE]
    cost = {"cpu_s": round(_spent() - spent, 2), "wall_s": round(perf_counter() - begun, 1)}
    return {**cost, "peak_mb": peaks[0], "peak_of_units_mb": peaks[1], **told}


def _steps(size: int) -> Sequence[str]:
    return tuple(TITLES) if size <= ALL_STEPS_UP_TO else LARGE


def _process(home: Path, size: int, step: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.scale", "--step", step, str(home), str(size)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    told: dict[str, Any] = orjson.loads(done.stdout.splitlines()[-1])
    print({"millions": size, "step": step, **told}, file=sys.stderr, flush=True)
    return told


def _row(size: int, step: str, told: dict[str, Any]) -> dict[str, Any]:
    what = f"{size} M: {TITLES[step]} ({told['peak_mb']} MB, a unit {told['peak_of_units_mb']} MB, {told['wall_s']} s)"
    if step == "portrait":
        first, others = told["first_cpu_s"], told["p95_cpu_s"]
        return {"what": what, "ours": first, "peer": others, "unit": "CPU s", "ratio": None}
    return {"what": what, "ours": told["cpu_s"], "peer": None, "unit": "CPU s", "ratio": None}


def _exponent(costs: dict[int, float]) -> float | None:
    if len(costs) < 2:
        return None
    least, most = min(costs), max(costs)
    return round(log(costs[most] / costs[least]) / log(most / least), 2)


def _spent() -> float:
    return sum(sum(resource.getrusage(who)[:2]) for who in WHOSE)


def _house(home: Path) -> Context:
    context = thinned.house(home)
    return replace(context, engine=engine_of(f"local:{WIDTH}"))


def _consent(place: int, enterprise: str) -> dict[str, Any]:
    return {
        "id": f"con_bench{place:08}",
        "enterprise": enterprise,
        "grantee": READER,
        "purposes": ["credit-assessment"],
        "fields": ["features", "score", "portrait"],
        "valid_from": date(2020, 1, 1),
        "valid_until": datetime.now(UTC).date() + timedelta(days=365),
        "created_at": datetime.now(UTC),
    }


if __name__ == "__main__":
    logs.configure("benchmark", level="WARNING")
    if sys.argv[1] == "--step":
        result = measure(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
        sys.stdout.write(orjson.dumps(result).decode() + "\n")
        sys.stdout.flush()
        os._exit(0)
    for line in run(sizes=[int(each) for each in sys.argv[2:]] or SIZES, folder=Path(sys.argv[1]))["rows"]:
        print(line)
