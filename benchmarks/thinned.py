"""The book that grows: the real one in thinned copies, made as Parquet files and imported as any source's.

Each firm of the real book stands twenty-four times with a twenty-fourth of its invoices, and again for each million;
every thirtieth partner is a firm of the book, so that there is a network and looks have neighbours to read. The rows
are real, the firms are not: what is made is synthetic, says so in its folder (`SYNTHETIC`), and is for measuring only.

`python -m benchmarks.thinned FOLDER MILLIONS [FILES]` goes on where it was, by so many files if that is said.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from benchmarks.features import REAL
from benchmarks.granted import SOURCE, grant_source
from chassis.core import logs
from chassis.data.worker import Worker
from services.profile.book import date_store, tables
from services.profile.book.context import Context
from services.profile.book.usecases.receive import Delivery, receive
from services.profile.composition import make_context, migrate
from services.profile.jobs import handlers
from services.profile.portrait.usecases.make_peers import InWorker
from services.profile.settings import Settings

DAY, THINNED, NEIGHBOURS = date(2020, 2, 21), 24, 30
# Of each million, purchases and sales lie in a file of their own; so many millions are imported at once.
TOGETHER, ROWS_TOGETHER = 6, 500_000
# A bucket is read whole by a unit: of more than so many millions a book's lake has more of them (ADR 60).
USUAL_UP_TO, USUAL_BUCKETS, MANY_BUCKETS = 11, 16, 64
IMPORTS = frozenset({"imports"})
FIRM = "企业代号"
SOURCES = {
    "invoices.purchase": ("purchase_invoices.csv.gz", "销方单位代号"),
    "invoices.sale": ("sales_invoices.csv.gz", "购方单位代号"),
}
NOTE = "Synthetic: thinned copies of the invoices of cumcm2020c under made-up names. 合成数据，仅供测量。\n"


@dataclass(frozen=True, slots=True)
class Piece:
    """A file: of one kind, of the millions from `first` up to `last`, of `of` in all."""

    kind: str
    first: int
    last: int
    of: int

    def __str__(self) -> str:
        """Return its name."""
        return f"{self.kind}-{self.first:03}-{self.last:03}"


def pieces(millions: int) -> list[Piece]:
    """Return the files that a book of so many million invoices is made of."""
    starts = range(0, millions, TOGETHER)
    return [Piece(kind, at, min(at + TOGETHER, millions), millions) for at in starts for kind in SOURCES]


def make(home: Path, millions: int, most: int | None = None) -> bool:
    """Make a book where it is not there yet, by at most so many files; return whether it is complete."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "SYNTHETIC").write_text(NOTE)
    context = house(home, buckets=USUAL_BUCKETS if millions <= USUAL_UP_TO else MANY_BUCKETS)
    migrate(context.settings)
    grant_source(context)
    noted = home / "imported"
    done = noted.read_text().split() if noted.exists() else []
    left = [piece for piece in pieces(millions) if str(piece) not in done]
    for piece in left[:most]:
        file = written(home, piece)
        send(context, piece.kind, file)
        file.unlink()
        done.append(str(piece))
        noted.write_text("\n".join(done))
    complete = len(left) <= (most or len(left))
    if complete and left:
        with context.database.begin() as session:
            dated = tables.BookDate(version=1, date=DAY, set_by="bench", set_at=context.now(), note=None)
            date_store.date_book(session, dated)
    return complete


def written(folder: Path, piece: Piece) -> Path:
    """Write a file, a million at a time."""
    parts = []
    for million in range(piece.first, piece.last):
        part = folder / f"{piece}.{million}.part"
        _million(piece, million).write_parquet(part, row_group_size=ROWS_TOGETHER)
        parts.append(part)
    file = folder / f"{piece}.parquet"
    pl.concat([pl.scan_parquet(part) for part in parts]).sink_parquet(file, row_group_size=ROWS_TOGETHER)
    for part in parts:
        part.unlink()
    return file


def send(context: Context, kind: str, file: Path) -> None:
    """Import a file as a source's delivery, by a worker in this process."""
    with file.open("rb") as stream:
        receive(context, SOURCE, Delivery(kind, file.name), stream)
    work = {each: act for each, act in handlers(context).items() if each.queue in IMPORTS}
    worker = Worker(context.database, work)
    while worker.run_once():
        pass


def house(home: Path, engine: str = "here", buckets: int = USUAL_BUCKETS) -> Context:
    """Return a profile service at home in a folder, as its worker has it; a lake that it makes has so many buckets."""
    at, lake = f"sqlite:///{home}/profile.db", f"{home}/lake"
    return make_context(Settings(home, at, lake, jwks_url="", engine=engine, buckets=buckets), InWorker())


def names(million: int, firms: int) -> Iterator[str]:
    """Yield the names of a million's firms: later millions' come later, as new customers' do."""
    yield from (f"F{million * firms + place:07}" for place in range(firms))


def _million(piece: Piece, million: int) -> pl.DataFrame:
    name, partner = SOURCES[piece.kind]
    rows = pl.read_csv(REAL / name, infer_schema=False).with_row_index("place")
    known = pl.concat([_firms(source) for source, _ in SOURCES.values()]).unique().sort()
    named = pl.Series(names(million, len(known) * THINNED))
    everywhere = len(named) * piece.of
    share, inside = pl.col("place") % THINNED, pl.col(partner).hash(million) % (NEIGHBOURS * everywhere)
    rank = pl.col(FIRM).replace_strict(known, pl.int_range(len(known), eager=True))
    return rows.with_columns(
        pl.lit(named).gather(rank * THINNED + share).alias(FIRM),
        pl.when(inside < everywhere)
        .then(pl.lit("F") + inside.cast(pl.String).str.zfill(7))
        .otherwise(pl.format("{}_{}_{}", partner, share, pl.lit(million)))
        .alias(partner),
    ).drop("place")


def _firms(source: str) -> pl.Series:
    return pl.read_csv(REAL / source, columns=[FIRM], infer_schema=False).to_series()


if __name__ == "__main__":
    logs.configure("benchmark", level="WARNING")
    sys.exit(0 if make(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) if sys.argv[3:] else None) else 3)
