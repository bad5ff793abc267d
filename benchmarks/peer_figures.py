"""Peer figures of a large book: CPU seconds and memory of making them, and of the web process that reads them.

`python -m benchmarks.peer_figures FOLDER MILLIONS` makes a book of so many million invoices (`benchmarks.thinned`) in
the folder where it is not there yet, and prints one JSON object a line. Each measurement is a process of its own, so
that its peak memory is its own; CPU seconds are of all its threads, beside those that the wall clock counts.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from shutil import rmtree
from time import perf_counter, process_time
from typing import Any

import orjson
from sqlalchemy import delete

from benchmarks import thinned
from services.profile.book import enterprise_store, state_store
from services.profile.book.domain.moment import Facts, Moment
from services.profile.book.domain.permit import Window, issue
from services.profile.portrait.tables import PeerBaseline
from services.profile.portrait.usecases import portray
from services.profile.portrait.usecases.baseline import closed
from services.profile.portrait.usecases.make_peers import bring_forward
from services.profile.rights.usecases.open_at import OpenFile

FIRMS = 40


def whole(folder: Path) -> dict[str, Any]:
    """Make all peers afresh."""
    context = thinned.house(folder)
    with context.database.begin() as session:
        session.execute(delete(PeerBaseline))
    rmtree(context.settings.peers, ignore_errors=True)
    return {
        "what": "peers of the whole book",
        **_timed(lambda: bring_forward(context, closed(thinned.DAY), None, moves=True)),
    }


def forward(folder: Path) -> dict[str, Any]:
    """Import ten invoices of a closed month, and bring the peers forward."""
    context = thinned.house(folder)
    with context.database.read() as session:
        mark = state_store.book(session).invoices
    head = "enterprise,number,date,buyer,net,tax,total,status\n"
    rows = "".join(f"F0000000,N{mark}-{at},2019-11-0{at % 9 + 1},B1,10.00,0.00,10.00,valid\n" for at in range(10))
    file = folder / "ten.csv"
    file.write_text(head + rows)
    thinned.send(context, "invoices.sale", file)
    what = "peers after ten invoices of a closed month"
    return {"what": what, **_timed(lambda: bring_forward(context, closed(thinned.DAY), None, moves=True))}


def web(folder: Path) -> dict[str, Any]:
    """Draw portraits as a web process does: the first one after a start, then others."""
    context = thinned.house(folder)
    with context.database.read() as session:
        state, every = state_store.book(session), max(1, enterprise_store.size(session) // FIRMS)
        firms = enterprise_store.with_invoices(session)[::every]
    facts = Facts(Moment(state.lake_version, thinned.DAY, departures=state.departures), state.known_at)
    spent, waited = [], []
    for firm in firms[:FIRMS]:
        begun, since = process_time(), perf_counter()
        portray.prepare(context, OpenFile(firm, issue({firm: (Window(),)}), facts))
        spent.append(process_time() - begun)
        waited.append(perf_counter() - since)
    return {"what": "portraits", **_told("cpu", spent), **_told("wall", waited), "peak_mb": _peak()}


def _told(clock: str, seconds: list[float]) -> dict[str, float]:
    warm = sorted(seconds[1:])
    found = {"first": seconds[0], "p50": warm[len(warm) // 2], "p95": warm[int(len(warm) * 0.95)]}
    return {f"{name}_{clock}_s": round(value, 4) for name, value in found.items()}


def _timed(act: Callable[[], object]) -> dict[str, Any]:
    begun = process_time()
    act()
    return {"cpu_s": round(process_time() - begun, 2), "peak_mb": _peak()}


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main(folder: Path, millions: int) -> None:
    """Make the book and measure."""
    thinned.make(folder, millions)
    for name in MEASURED:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.peer_figures", str(folder), name],
            check=True,
            capture_output=True,
            text=True,
        )
        print({"millions": millions, **orjson.loads(done.stdout.splitlines()[-1])}, flush=True)


MEASURED = {"whole": whole, "forward": forward, "web": web}
if __name__ == "__main__":
    if sys.argv[2] in MEASURED:
        print(orjson.dumps(MEASURED[sys.argv[2]](Path(sys.argv[1]))).decode())
    else:
        main(Path(sys.argv[1]), int(sys.argv[2]))
