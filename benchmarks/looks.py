"""Early warning over a book that grows: a look at the whole of it, and one after an import of a thousand rows.

The book is the real one in thinned copies: each firm stands twenty-four times with a twenty-fourth of its invoices, and
again for each million; a thirtieth of the partners are firms of the book, so that looks have neighbours to read. What
is told is the processor's seconds, children among them, and the most memory; the exponent says how the cost of a whole
look grows with the book (1: linear).
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from math import log
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import polars as pl
from sqlalchemy import func, select

from benchmarks.features import REAL, generated_book, real_book
from chassis.core import logs
from services.profile.book import enterprise_store, state_store, step_store, tables
from services.profile.book.context import Context
from services.profile.book.domain.evidence import ENTERPRISES
from services.profile.book.domain.invoice import DATASET
from services.profile.composition import make_context, migrate
from services.profile.portrait.usecases.make_peers import InWorker
from services.profile.settings import Settings
from services.profile.watch import tables as watched
from services.profile.watch.usecases import look
from services.profile.watch.usecases.look_whole import begin, look_at_all
from services.profile.watch.usecases.view import surroundings

THINNED, NEIGHBOURS = 24, 30
DAY = date(2020, 2, 21)
SIZES = (1, 3)
STEPS = ("make", "look")
WHOSE = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
TOLD = {
    "whole": "a look at the whole book",
    "one": "a look after 1,000 new rows of one firm",
    "thousand": "a look after 1,000 new rows of as many firms",
}


def make_book(home: Path, copies: int) -> Context:
    """Make a book of so many times a million invoices, by the lake's own commits."""
    context = _house(home)
    book = real_book() if REAL.is_dir() else generated_book(1_000_000, 400)
    rows = book.with_row_index("place").with_columns(share=pl.col("place") % THINNED)
    firms = book["enterprise"].n_unique() * THINNED * copies
    names = pl.Series([f"F{place:06}" for place in range(firms)])
    ranks = book.select(pl.col("enterprise").unique().sort()).with_row_index("rank")
    for copy in range(copies):
        first = copy * (firms // copies)
        at = first + pl.col("rank") * THINNED + pl.col("share")
        inside = pl.col("counterparty").hash(copy) % (NEIGHBOURS * firms)
        named = rows.join(ranks, on="enterprise").with_columns(at=at.cast(pl.Int64), inside=inside)
        partner = (
            pl.when(pl.col("counterparty").is_null())
            .then(None)
            .when(pl.col("inside") < firms)
            .then(pl.lit("F") + pl.col("inside").cast(pl.String).str.zfill(6))
            .otherwise(pl.format("{}_{}_{}", pl.col("counterparty").str.strip_prefix("local:"), "share", pl.lit(copy)))
        )
        made = named.with_columns(
            enterprise=pl.lit("local:") + names.gather(named["at"]),
            counterparty=partner,
            number=(10_000_000 + pl.col("place")).cast(pl.String),
            **{name: pl.lit(None, dtype=pl.String) for name in ("code", "blue_number")},
        )
        for direction in ("purchase", "sale"):
            part = made.filter(direction=direction).drop("place").with_row_index("line")
            append(context, part.select("line", *DATASET.content), f"imp_{direction}{copy}")
    return context


def append(context: Context, rows: pl.DataFrame, name: str) -> list[str]:
    """Bring invoices to the lake as an import does, and let readers see them; return whose they are."""
    now = datetime.now(UTC)
    commit = context.lake.append(rows, name, {}, now=now)
    with context.database.begin() as session:
        enterprise_store.touch(session, commit.facts["enterprises"], commit.version, synthetic=True, now=now)
        state = state_store.book(session, lock=True)
        known_at = max(state.known_at + state_store.TICK, datetime.fromisoformat(commit.facts["known_at"]))
        step_store.add_step(session, DATASET.name, known_at, commit.step, rows.height)
        invoices = state.invoices + rows.height
        moved = replace(state, known_at=known_at, lake_version=commit.version, invoices=invoices)
        state_store.move_book(session, moved)
    return list(commit.facts["enterprises"])


def run(*, sizes: Sequence[int] = SIZES) -> dict[str, Any]:
    """Measure books of so many times a million invoices, each in processes of their own."""
    found = []
    with TemporaryDirectory(prefix="smecredit-bench-") as folder:
        for size in sizes:
            home = Path(folder) / str(size)
            home.mkdir()
            for step in STEPS:
                done = subprocess.run(
                    [sys.executable, "-m", "benchmarks.looks", step, str(home), str(size)],
                    check=True,
                    stdout=subprocess.PIPE,
                )
            found.append(orjson.loads(done.stdout.splitlines()[-1]))
    first, last = found[0], found[-1]
    growth = log(last["invoices"] / first["invoices"])
    exponent = log(last["whole"] / first["whole"]) / growth if growth else None
    rows = [
        {"what": f"{told} ({each['invoices']:,} invoices, {each['firms']:,} firms)", "ours": each[key], "peer": None}
        | {"unit": "CPU s", "ratio": None}
        for each in found
        for key, told in TOLD.items()
    ]
    return {
        "name": "looks",
        "title": "Looks of early warning over a book that grows",
        "rows": rows,
        "exponent of a whole look": exponent and round(exponent, 2),
        "alerts opened, most memory in MB": [[each["alerts"], each["memory"]] for each in found],
    }


def _look(home: Path) -> dict[str, Any]:
    """Look at the whole book, then after an import of a thousand rows of one firm, then of a thousand firms."""
    context = _house(home)
    with context.database.begin() as session:
        session.get_one(tables.Book, state_store.BOOK_ID).date = DAY
    with context.database.read() as session:
        state, names = state_store.book(session), sorted(enterprise_store.with_invoices(session))
    seen: dict[str, Any] = {"invoices": state.invoices, "firms": len(names), "peers": _seconds(lambda: _peers(context))}
    seen["whole"] = _seconds(lambda: look_at_all(context, None))
    seen["memory"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    with context.database.read() as session:
        seen["alerts"] = session.scalar(select(func.count()).select_from(watched.Alert))
    for key, firms in (("one", names[:1]), ("thousand", names[:: max(1, len(names) // 1000)][:1000])):
        touched = append(context, _new(firms), f"imp_{key}")
        _peers(context)
        parts = [touched[start : start + look.BATCH] for start in range(0, len(touched), look.BATCH)]
        seen[key] = _seconds(lambda parts=parts: [look.look(context, part) for part in parts])  # type: ignore[misc]
    return seen


def _new(firms: Sequence[str]) -> pl.DataFrame:
    """Return a thousand sales of the book's last month, of these firms in turn."""
    places = range(1000)
    rows = {
        "direction": ["sale"] * 1000,
        "enterprise": [firms[place % len(firms)] for place in places],
        "number": [f"{90_000_000 + place}" for place in places],
        "counterparty": [f"N{place % 50}" for place in places],
        "date": [DAY - timedelta(days=place % 30) for place in places],
        "net_fen": [100_000 + place for place in places],
        "tax_fen": [13_000] * 1000,
        "total_fen": [113_000 + place for place in places],
        "status": ["valid"] * 1000,
    }
    return DATASET.conform(pl.DataFrame(rows).with_row_index("line"))


def _peers(context: Context) -> None:
    """Have the figures of peers at hand: other work makes them."""
    now = begin(context)
    surroundings(context, now.moment, pl.DataFrame(schema=ENTERPRISES), now.asked_on)


def _seconds(work: Callable[[], object]) -> float:
    """Return the processor's seconds of some work, those of ended children among them."""
    before = [sum(resource.getrusage(who)[:2]) for who in WHOSE]
    work()
    return round(sum(sum(resource.getrusage(who)[:2]) for who in WHOSE) - sum(before), 2)


def _house(home: Path) -> Context:
    settings = Settings(home=home, database_url=f"sqlite:///{home}/profile.db", lake_url=f"{home}/lake", jwks_url="")
    migrate(settings)
    return make_context(settings, InWorker())


if __name__ == "__main__":
    logs.configure("benchmark", level="WARNING")
    if sys.argv[1] == "make":
        make_book(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        print(orjson.dumps(_look(Path(sys.argv[2]))).decode())
