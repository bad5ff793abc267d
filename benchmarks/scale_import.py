"""A big import: rows a second, by the clock and of the CPU, and the peak of memory, next to DuckDB on the same file.

Both read the file in a process of its own. Ours is the worker's whole path from the file received to the committed lake
(checks, repeats, versions, buckets, counts); DuckDB reads the same file, turns days and amounts into numbers and
writes Parquet, partitioned by a hash of the firm: it checks nothing and knows no repeats. Memory is the most that the
process held (`ru_maxrss`), all of its libraries included.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import polars as pl

from chassis.core import logs

ROWS = (1_000_000, 3_000_000, 6_000_000)
AT_ONCE = 500_000
FIRM_ROWS, PARTNERS = 60, 99_730
CHILD = "import sys; from benchmarks.scale_import import work; work(*sys.argv[1:])"
PEER = """
    COPY (
        SELECT 企业代号, 发票号码, 销方单位代号, 发票状态, strptime(开票日期, '%Y/%m/%d')::DATE AS day,
            (金额::DECIMAL(18, 2) * 100)::BIGINT AS net, (税额::DECIMAL(18, 2) * 100)::BIGINT AS tax,
            (价税合计::DECIMAL(18, 2) * 100)::BIGINT AS total, hash(企业代号) % 16 AS bucket
        FROM {source} ORDER BY bucket, 企业代号, day
    ) TO '{folder}' (FORMAT parquet, PARTITION_BY (bucket), COMPRESSION zstd)
"""


def run(*, sizes: tuple[int, ...] = ROWS) -> dict[str, Any]:
    """Measure files of these sizes in both forms."""
    rows = []
    for size in sizes:
        with TemporaryDirectory() as folder:
            table = generated(Path(folder) / "invoices.csv", size)
            pl.scan_csv(table, infer_schema=False).sink_parquet(table.with_suffix(".parquet"), row_group_size=AT_ONCE)
            for file in (table.with_suffix(".parquet"), table):
                (cpu, wall, peak), (theirs, clock, most) = (measured(who, file) for who in ("ours", "peer"))
                what = f"{size:,} rows as {file.suffix[1:]}"
                rows += [
                    # On a busy machine the clock measures the neighbours too; the CPU's time does not.
                    _row(what, "rows/s", size / wall, size / clock),
                    _row(f"{what}, by CPU time", "rows/CPU s", size / cpu, size / theirs),
                    _row(f"{what}, peak", "MB", peak, most),
                ]
    return {"name": "scale_import", "title": "Import of big files, next to DuckDB", "rows": rows}


def measured(who: str, file: Path) -> tuple[float, float, float]:
    """Return seconds of the CPU and of the clock, and the peak of memory in MB, of one process that takes a file in."""
    said = subprocess.run([sys.executable, "-c", CHILD, who, str(file)], capture_output=True, check=True, text=True)
    cpu, wall, peak = map(float, said.stdout.split()[-3:])
    return cpu, wall, peak


def work(who: str, file: str) -> None:
    """Take a file in, in this process, and print what it took."""
    with TemporaryDirectory(dir=Path(file).parent) as folder:
        cpu, wall = {"ours": _ours, "peer": _peer}[who](Path(file), Path(folder))
    print(cpu, wall, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _ours(file: Path, home: Path) -> tuple[float, float]:
    from benchmarks.import_book import opened, timed  # noqa: PLC0415 -- the peer's process does without

    logs.configure("benchmark", level="WARNING")
    _, wall, cpu = timed(*opened(home), file, "invoices.purchase")
    return cpu, wall


def _peer(file: Path, folder: Path) -> tuple[float, float]:
    import duckdb  # noqa: PLC0415 -- the peer only

    source = f"read_csv('{file}', all_varchar=true)" if file.suffix == ".csv" else f"'{file}'"
    duckdb.sql("SET threads = 2")
    start, cpu = perf_counter(), process_time()
    duckdb.sql(PEER.format(source=source, folder=folder / "lake"))
    return process_time() - cpu, perf_counter() - start


def generated(path: Path, rows: int) -> Path:
    """Write invoices with the columns of the tax export, firms in no order, half a million rows at a time."""
    firms = max(400, rows // FIRM_ROWS)
    with path.open("wb") as file:
        for start in range(0, rows, AT_ONCE):
            part = _invoices(pl.int_range(start, min(rows, start + AT_ONCE), eager=True).alias("n"), firms)
            part.write_csv(file, include_header=start == 0)
    return path


def _invoices(numbers: pl.Series, firms: int) -> pl.DataFrame:
    n, net = pl.col("n"), pl.col("net")
    frame = numbers.to_frame().with_columns(net=n * 7919 % 10_000_000 + 100)
    return frame.select(
        pl.format("E{}", n * 2_654_435_761 % firms).alias("企业代号"),
        n.cast(pl.String).str.zfill(8).alias("发票号码"),
        (pl.date(2017, 1, 1) + pl.duration(days=n % 1100)).dt.strftime("%Y/%-m/%-d").alias("开票日期"),
        pl.format("A{}", n % PARTNERS).alias("销方单位代号"),
        _yuan(net).alias("金额"),
        _yuan(net * 13 // 100).alias("税额"),
        _yuan(net + net * 13 // 100).alias("价税合计"),
        pl.when(n % 20 == 0).then(pl.lit("作废发票")).otherwise(pl.lit("有效发票")).alias("发票状态"),
    )


def _yuan(fen: pl.Expr) -> pl.Expr:
    return (fen.cast(pl.Decimal(18, 0)).cast(pl.Decimal(18, 2)) / 100).cast(pl.String)


def _row(what: str, unit: str, ours: float, peer: float) -> dict[str, Any]:
    return {"what": what, "ours": round(ours), "peer": round(peer), "unit": unit, "ratio": round(ours / peer, 2)}


if __name__ == "__main__":
    for line in run(sizes=tuple(map(int, sys.argv[1:])) or ROWS)["rows"]:
        print(line)
