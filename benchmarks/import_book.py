"""Import of invoices: our worker's path from file to committed lake, next to pandas doing the same checks into SQLite.

Ours reads the gzipped CSV as received, checks encoding, columns, codes, dates, amounts, sums and statuses, drops
exact repeats within the file and against what the lake holds, numbers versions, writes the reject report, commits the
lake and the SQL counts durably. The peer reads the same file with pandas, makes the same checks of dates, amounts,
sums and statuses, drops exact repeats in the file, and inserts the rows into one SQLite table in one transaction; it
knows no versions, reject report, encodings or restarts, all of which would only slow it down.
"""

from __future__ import annotations

import gzip
import os
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import polars as pl

from benchmarks.granted import SOURCE, grant_source
from chassis.core import logs
from chassis.data.worker import Worker
from services.profile.book import tables
from services.profile.book.context import Context
from services.profile.book.usecases.receive import Delivery, receive
from services.profile.composition import make_context, migrate
from services.profile.jobs import handlers
from services.profile.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
REAL = Path(os.environ.get("SMECREDIT_REAL_DATA", ROOT.parent / "shared" / "data")) / "cumcm2020c"
GENERATED_ROWS = 500_000
Measured = tuple[int, float, float]  # rows, seconds, seconds of CPU


def run(*, generated: bool = False, rounds: int = 3) -> dict[str, Any]:
    """Measure rows a second from file to durable storage, rounds alternating; medians are reported."""
    logs.configure("benchmark", level="WARNING")
    with TemporaryDirectory() as folder:
        file = REAL / "purchase_invoices.csv.gz"
        real = file.is_file() and not generated
        if not real:
            file = generated_file(Path(folder) / "purchase_invoices.csv.gz")
        ours, theirs, again, paid = [], [], [], []
        payments = generated_payments(Path(folder) / "payments.csv.gz")
        _ours(file, Path(folder) / "warm")  # the worker is a long-lived process: libraries are loaded once
        for turn in range(rounds):
            first, second = _ours(file, Path(folder) / f"home{turn}")
            ours.append(first)
            again.append(second)
            theirs.append(_peer(file, Path(folder) / f"peer{turn}.db"))
            paid.append(_ours(payments, Path(folder) / f"bank{turn}", "payments")[0])
    rows = ours[0][0]
    return {
        "name": "import_book",
        "title": f"Import of {rows:,} {'real' if real else 'generated'} purchase invoices, file to durable store",
        "rows": [
            _row("first import", "rows/s", _rate(ours), _rate(theirs)),
            # On a busy machine the clock measures the neighbours too; the CPU's time does not.
            _row("first import, by CPU time", "rows/CPU s", _rate(ours, 2), _rate(theirs, 2)),
            _row("the same file again, all duplicates", "rows/s", _rate(again), None),
            _row(f"{GENERATED_ROWS:,} generated payments, first import", "rows/s", _rate(paid), None),
            _row(f"{GENERATED_ROWS:,} generated payments, by CPU time", "rows/CPU s", _rate(paid, 2), None),
        ],
    }


def _ours(file: Path, home: Path, kind: str = "invoices.purchase") -> tuple[Measured, Measured]:
    """Import the file twice into an empty book; return rows and seconds of the worker for each time."""
    context, worker = opened(home)
    return timed(context, worker, file, kind), timed(context, worker, file, kind)


def opened(home: Path) -> tuple[Context, Worker]:
    """Return the context of an empty book, and a worker."""
    settings = Settings(home, f"sqlite:///{home}/profile.db", str(home / "lake"), jwks_url="")
    migrate(settings)
    context = make_context(settings)
    grant_source(context)
    return context, Worker(context.database, handlers(context))


def timed(context: Context, worker: Worker, file: Path, kind: str) -> Measured:
    """Send a file and let the worker do it; return its rows and the worker's seconds."""
    with file.open("rb") as stream:
        import_id = receive(context, SOURCE, Delivery(kind, file.name), stream)
    start, cpu = perf_counter(), process_time()
    worker.run_once()
    seconds, cpu = perf_counter() - start, process_time() - cpu
    with context.database.read() as session:
        counts = session.get_one(tables.Import, import_id).counts
    if counts is None or counts["received"] != counts["accepted"] + counts["duplicate"] + counts["rejected"]:
        raise RuntimeError("the import did not end well")
    return counts["received"], seconds, cpu


def _peer(file: Path, database: Path) -> Measured:
    import pandas as pd  # noqa: PLC0415 -- the peer only

    start, cpu = perf_counter(), process_time()
    frame = pd.read_csv(file, dtype=str)
    received = len(frame)
    frame["开票日期"] = pd.to_datetime(frame["开票日期"], format="%Y/%m/%d", errors="coerce")
    for name in ("金额", "税额", "价税合计"):
        frame[name] = (pd.to_numeric(frame[name], errors="coerce") * 100).round()
    frame["发票状态"] = frame["发票状态"].str.strip()
    good = frame["开票日期"].notna() & frame["发票状态"].isin(["有效发票", "作废发票"])
    good &= (frame["金额"] + frame["税额"] - frame["价税合计"]).abs() <= 1
    kept = frame[good].drop_duplicates()
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        kept.to_sql("invoices", connection, index=False, chunksize=50_000)
    connection.close()
    return received, perf_counter() - start, process_time() - cpu


def generated_file(path: Path, rows: int = GENERATED_ROWS) -> Path:
    """Write invoices of 400 firms with the columns of the tax export; every hundredth row is a repeat."""
    number = pl.int_range(rows, eager=True) // 101 * 100 + pl.int_range(rows, eager=True) % 101 % 100
    frame = pl.DataFrame({"n": number}).with_columns(net=pl.col("n") * 7919 % 10_000_000 + 100)
    yuan: Callable[[pl.Expr], pl.Expr] = lambda fen: (fen.cast(pl.Decimal(18, 0)).cast(pl.Decimal(18, 2)) / 100).cast(  # noqa: E731
        pl.String
    )
    tax = pl.col("net") * 13 // 100
    table = frame.select(
        pl.format("E{}", pl.col("n") % 400).alias("企业代号"),
        pl.col("n").alias("发票号码"),
        pl.lit("2017-01-01").str.to_date().dt.offset_by(pl.format("{}d", pl.col("n") % 1100)).alias("开票日期"),
        pl.format("A{}", pl.col("n") % 9973).alias("销方单位代号"),
        yuan(pl.col("net")).alias("金额"),
        yuan(tax).alias("税额"),
        yuan(pl.col("net") + tax).alias("价税合计"),
        pl.when(pl.col("n") % 20 == 0).then(pl.lit("作废发票")).otherwise(pl.lit("有效发票")).alias("发票状态"),
    ).with_columns(pl.col("开票日期").dt.strftime("%Y/%-m/%-d"))
    with gzip.open(path, "wb", compresslevel=1) as packed:
        packed.write(table.write_csv().encode())
    return path


def generated_payments(path: Path, rows: int = GENERATED_ROWS) -> Path:
    """Write bank transactions of 400 firms in the Chinese form; every hundredth row is a repeat."""
    number = pl.int_range(rows, eager=True) // 101 * 100 + pl.int_range(rows, eager=True) % 101 % 100
    fen = pl.col("n") * 7919 % 10_000_000 + 100
    table = pl.DataFrame({"n": number}).select(
        pl.format("E{}", pl.col("n") % 400).alias("企业代号"),
        pl.when(pl.col("n") % 2 == 0).then(pl.lit("收入")).otherwise(pl.lit("支出")).alias("收支方向"),
        pl.format("T{}", "n").alias("交易流水号"),
        pl.format("A{}", pl.col("n") % 9973).alias("对方单位代号"),
        pl.lit("2017-01-01").str.to_date().dt.offset_by(pl.format("{}d", pl.col("n") % 1100)).alias("交易日期"),
        (fen.cast(pl.Decimal(18, 0)).cast(pl.Decimal(18, 2)) / 100).cast(pl.String).alias("交易金额"),
        pl.lit("货款").alias("用途"),
    )
    with gzip.open(path, "wb", compresslevel=1) as packed:
        packed.write(table.write_csv().encode())
    return path


def _rate(measured: list[Measured], clock: int = 1) -> float:
    return median(one[0] / one[clock] for one in measured)


def _row(what: str, unit: str, ours: float, peer: float | None) -> dict[str, Any]:
    return {
        "what": what,
        "ours": round(ours),
        "peer": round(peer) if peer else None,
        "unit": unit,
        "ratio": round(ours / peer, 2) if peer else None,
    }


if __name__ == "__main__":
    for line in run(generated="--generated" in sys.argv)["rows"]:
        print(line)
