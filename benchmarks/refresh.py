"""A portrait after an import of 1,000 invoices into a book of a million: ours beside recomputing the whole book.

The clock runs from the file's being sent until the portrait that counts it is drawn: receiving, the worker's job, the
peers brought forward, the firm's own figures. The peer does the same and then computes every firm's figures afresh,
as a service without kept peers would. New invoices of the running month leave the closed months alone; late
ones of a closed month move the baseline.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from shutil import rmtree
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, TypeAlias

import polars as pl
from sqlalchemy import delete

from benchmarks.features import REAL
from benchmarks.granted import SOURCE, grant_source
from benchmarks.import_book import generated_file
from chassis.data.worker import Worker
from sandbox.economy import Plan, simulate
from sandbox.records import records
from services.profile.book import state_store
from services.profile.book.context import Context
from services.profile.book.domain.moment import Facts, Moment
from services.profile.book.domain.permit import Window, issue
from services.profile.book.usecases.receive import Delivery, receive
from services.profile.composition import make_context, migrate
from services.profile.jobs import handlers
from services.profile.portrait.tables import PeerBaseline
from services.profile.portrait.usecases import portray
from services.profile.portrait.usecases.baseline import baseline, closed
from services.profile.portrait.usecases.make_peers import AtOnce
from services.profile.rights.usecases.open_at import OpenFile
from services.profile.settings import Settings

NEW, ROUNDS = 1000, 3
FILES = (("invoices.purchase", "purchase_invoices.csv.gz"), ("invoices.sale", "sales_invoices.csv.gz"))
Book: TypeAlias = tuple[str, bool, list[tuple[str, Path]]]  # what it is, whether it is synthetic, its files by kind


@dataclass(frozen=True, slots=True)
class New:
    """A file of new invoices: of whom, dated when, the how manieth."""

    file: Path
    firm: str
    day: date
    place: int
    synthetic: bool


def run(*, generated: bool = False, firms: int = 1400) -> dict[str, Any]:
    """Import a book, then the new invoices of a firm of median size; return seconds until its portrait is current.

    Twice: a book of invoices alone, and an economy (`firms`: about 820 invoices each) with every kind of record.
    """
    alone = _book(lambda folder: _invoices_alone(folder, generated=generated))
    rows = [*alone, *_book(lambda folder: _economy(folder, firms))]
    title = f"{NEW:,} new invoices of one firm, from sending them until its portrait counts them"
    return {"name": "refresh", "title": title, "rows": rows}


def _book(make: Callable[[Path], Book]) -> list[dict[str, Any]]:
    with TemporaryDirectory(prefix="smecredit-bench-") as name:
        folder = Path(name)
        context, worker = _house(folder)
        title, synthetic, files = make(folder)
        for kind, file in files:
            _import(context, worker, kind, file)
        while worker.run_once():  # the looks at the whole book are not what is measured
            pass
        firm, facts = _median_firm(context), _facts(context)
        start = perf_counter()
        portray.prepare(context, _open(firm, facts))
        first = perf_counter() - start
        size = _invoices(context)
        day = facts.moment.as_of
        running = [] if closed(day) == day else [(day, "of the running month")]
        return [
            _row(f"the first portrait after a start, {title} of {size:,}", first, None),
            *(
                _measure(
                    context, worker, New(folder / f"{place}.csv.gz", firm, on, place, synthetic), f"{what}, {title}"
                )
                for place, (on, what) in enumerate([*running, (closed(day) - timedelta(days=40), "of a closed month")])
            ),
        ]


def _invoices_alone(folder: Path, *, generated: bool) -> Book:
    if REAL.is_dir() and not generated:
        return "real book", False, [(kind, REAL / name) for kind, name in FILES]
    return "generated book", False, [("invoices.purchase", generated_file(folder / "book.csv.gz", 1_000_000))]


def _economy(folder: Path, firms: int) -> Book:
    made = records(simulate(Plan(firms=firms)))
    files = [(kind, folder / f"{kind}.parquet") for kind in made if kind != "outcomes"]
    for kind, file in files:
        made[kind].write_parquet(file)
    return "economy with every kind", True, files


def _measure(context: Context, worker: Worker, new: New, what: str) -> dict[str, Any]:
    """Send new invoices three times, other ones each time; return the medians."""
    taken = [_once(context, worker, replace(new, place=10 * new.place + turn)) for turn in range(ROUNDS)]
    ours, peer = (median(seconds) for seconds in zip(*taken, strict=True))
    return _row(what, ours, peer)


def _once(context: Context, worker: Worker, new: New) -> tuple[float, float]:
    _write(new)
    start = perf_counter()
    _import(context, worker, "invoices.sale", new.file)
    facts = _facts(context)
    file = _open(new.firm, facts)
    inputs = portray.prepare(context, file)
    ours = perf_counter() - start
    if inputs.evidence.invoices["number"].str.starts_with(f"N{new.place}-").sum() != NEW:
        raise RuntimeError("the portrait does not count the new invoices")
    begun = perf_counter()
    _forget_peers(context)
    baseline(context, file.moment, ())
    return ours, ours + perf_counter() - begun


def _open(firm: str, facts: Facts) -> OpenFile:
    """Open a file without asking: what the door costs is not what is measured."""
    return OpenFile(firm, issue({firm: (Window(),)}), facts)


def _row(what: str, ours: float, peer: float | None) -> dict[str, Any]:
    ratio = round(ours / peer, 3) if peer else None
    return {"what": what, "ours": round(ours, 3), "peer": peer and round(peer, 3), "unit": "s", "ratio": ratio}


def _house(folder: Path) -> tuple[Context, Worker]:
    settings = Settings(folder, f"sqlite:///{folder}/profile.db", str(folder / "lake"), jwks_url="")
    migrate(settings)
    context = make_context(settings, AtOnce())
    grant_source(context)
    return context, Worker(context.database, handlers(context))


def _forget_peers(context: Context) -> None:
    with context.database.begin() as session:
        session.execute(delete(PeerBaseline))
    rmtree(context.settings.peers)


def _import(context: Context, worker: Worker, kind: str, file: Path) -> None:
    with file.open("rb") as stream:
        receive(context, SOURCE, Delivery(kind, file.name), stream)
    worker.run_once()


def _facts(context: Context) -> Facts:
    with context.database.read() as session:
        state = state_store.book(session)
    assert state.latest
    return Facts(Moment(state.lake_version, state.latest), state.known_at)


def _invoices(context: Context) -> int:
    with context.database.read() as session:
        return state_store.book(session).invoices


def _median_firm(context: Context) -> str:
    rows = context.lake.scan(_facts(context).moment.version, without=()).select("enterprise").collect()
    sizes = rows.group_by("enterprise").len().sort("len", "enterprise")
    return str(sizes["enterprise"][sizes.height // 2])


def _write(new: New) -> None:
    number = pl.int_range(NEW, eager=True)
    table = pl.DataFrame({"n": number}).select(
        pl.lit(new.firm).alias("enterprise"),
        pl.format(f"N{new.place}-{{}}", pl.col("n")).alias("number"),
        pl.lit(new.day.isoformat()).alias("date"),
        pl.format("B{}", pl.col("n") % 40).alias("buyer"),
        pl.lit("1000.00").alias("net"),
        pl.lit("130.00").alias("tax"),
        pl.lit("1130.00").alias("total"),
        pl.lit("valid").alias("status"),
        pl.lit(str(new.synthetic).lower()).alias("synthetic"),
    )
    with gzip.open(new.file, "wb", compresslevel=1) as packed:
        packed.write(table.write_csv().encode())


if __name__ == "__main__":
    for row in run()["rows"]:
        print(row)
