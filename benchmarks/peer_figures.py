"""Peer figures of a large book: CPU seconds and memory of making them, and of the web process that reads them.

`python -m benchmarks.peer_figures FOLDER COPIES` makes a book of thinned copies of the real one (24 copies are as many
invoices as the original, 9,240 firms) in the folder where it is not there yet, and prints one JSON object a line. Each
measurement is a process of its own, so that its peak memory is its own; CPU seconds are of all its threads.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from shutil import rmtree
from time import process_time
from typing import Any

import orjson
import polars as pl
from sqlalchemy import delete

from benchmarks.features import REAL
from chassis.core.identity import Caller
from chassis.data.worker import Worker
from services.profile.book import date_store, enterprise_store, state_store, tables
from services.profile.book.context import Context
from services.profile.book.domain.moment import Facts, Moment
from services.profile.book.domain.permit import Window, issue
from services.profile.book.usecases.receive import Delivery, receive
from services.profile.composition import make_context, migrate
from services.profile.jobs import handlers
from services.profile.portrait.tables import PeerBaseline
from services.profile.portrait.usecases import portray
from services.profile.portrait.usecases.baseline import closed
from services.profile.portrait.usecases.make_peers import InWorker, bring_forward
from services.profile.rights.usecases.open_at import OpenFile
from services.profile.settings import Settings

FILES = (("invoices.purchase", "purchase_invoices.csv.gz"), ("invoices.sale", "sales_invoices.csv.gz"))
DAY, THINNED, FIRMS = date(2020, 2, 21), 24, 40
IMPORTS = frozenset({"imports"})


def book(folder: Path, copies: int) -> None:
    """Make the book."""
    context = _context(folder)
    migrate(context.settings)
    worker = Worker(context.database, {kind: work for kind, work in handlers(context).items() if kind.queue in IMPORTS})
    for kind, name in FILES:
        rows = pl.read_csv(REAL / name, infer_schema=False).with_row_index("row")
        firm = rows.columns[1] if "企业代号" not in rows.columns else "企业代号"
        for first in range(0, copies, THINNED):
            parts = [
                rows.filter(pl.col("row") % THINNED == copy % THINNED).with_columns(
                    pl.format("{}X{}", firm, pl.lit(copy)).alias(firm)
                )
                for copy in range(first, min(first + THINNED, copies))
            ]
            file = folder / "book.parquet"
            pl.concat(parts).drop("row").write_parquet(file)
            _send(context, worker, kind, file)
    with context.database.begin() as session:
        date_store.date_book(
            session, tables.BookDate(version=1, date=DAY, set_by="bench", set_at=context.now(), note=None)
        )


def whole(folder: Path) -> dict[str, Any]:
    """Make all peers afresh."""
    context = _context(folder)
    with context.database.begin() as session:
        session.execute(delete(PeerBaseline))
    rmtree(context.settings.peers, ignore_errors=True)
    return {"what": "peers of the whole book", **_timed(lambda: bring_forward(context, closed(DAY), None, moves=True))}


def forward(folder: Path) -> dict[str, Any]:
    """Import ten invoices of a closed month, and bring the peers forward."""
    context = _context(folder)
    worker = Worker(context.database, {kind: work for kind, work in handlers(context).items() if kind.queue in IMPORTS})
    with context.database.read() as session:
        mark = state_store.book(session).invoices
    head = "enterprise,number,date,buyer,net,tax,total,status\n"
    rows = "".join(f"E1X0,N{mark}-{at},2019-11-0{at % 9 + 1},B1,10.00,0.00,10.00,valid\n" for at in range(10))
    file = folder / "ten.csv"
    file.write_text(head + rows)
    _send(context, worker, "invoices.sale", file)
    what = "peers after ten invoices of a closed month"
    return {"what": what, **_timed(lambda: bring_forward(context, closed(DAY), None, moves=True))}


def web(folder: Path) -> dict[str, Any]:
    """Draw portraits as a web process does: the first one after a start, then others."""
    context = _context(folder)
    with context.database.read() as session:
        state, every = state_store.book(session), max(1, enterprise_store.size(session) // FIRMS)
        firms = enterprise_store.with_invoices(session)[::every]
    facts = Facts(Moment(state.lake_version, DAY, departures=state.departures), state.known_at)
    seconds = []
    for firm in firms[:FIRMS]:
        begun = process_time()
        portray.prepare(context, OpenFile(firm, issue({firm: (Window(),)}), facts))
        seconds.append(process_time() - begun)
    warm = sorted(seconds[1:])
    told = {"first_cpu_s": round(seconds[0], 3), "p50_cpu_s": round(warm[len(warm) // 2], 4)}
    return {"what": "portraits", **told, "p95_cpu_s": round(warm[int(len(warm) * 0.95)], 4), "peak_mb": _peak()}


def _timed(act: Callable[[], object]) -> dict[str, Any]:
    begun = process_time()
    act()
    return {"cpu_s": round(process_time() - begun, 2), "peak_mb": _peak()}


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _context(folder: Path) -> Context:
    settings = Settings(folder, f"sqlite:///{folder}/profile.db", str(folder / "lake"), jwks_url="")
    return make_context(settings, InWorker())


def _send(context: Context, worker: Worker, kind: str, file: Path) -> None:
    with file.open("rb") as stream:
        receive(context, Caller("bench", "source", frozenset()), Delivery(kind, file.name), stream)
    while worker.run_once():
        pass


def main(folder: Path, copies: int) -> None:
    """Make the book and measure."""
    if not (folder / "made").exists():
        folder.mkdir(parents=True, exist_ok=True)
        book(folder, copies)
        (folder / "made").touch()
    for name in MEASURED:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.peer_figures", str(folder), name],
            check=True,
            capture_output=True,
            text=True,
        )
        print({"copies": copies, **orjson.loads(done.stdout.splitlines()[-1])}, flush=True)


MEASURED = {"whole": whole, "forward": forward, "web": web}
if __name__ == "__main__":
    if sys.argv[2] in MEASURED:
        print(orjson.dumps(MEASURED[sys.argv[2]](Path(sys.argv[1]))).decode())
    else:
        main(Path(sys.argv[1]), int(sys.argv[2]))
