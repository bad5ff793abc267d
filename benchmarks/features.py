"""Features of a book and of one enterprise: ours next to one hand-written DuckDB query on the same rows.

Both sides hold the rows in memory (Polars a DataFrame, DuckDB its own table), use all cores, and answer in Python.
Rounds alternate; the medians are reported.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import duckdb
import numpy as np
import polars as pl

from services.profile.portrait.domain.features import CATALOGUE, NEEDS, compute

ROOT = Path(__file__).resolve().parent.parent
SQL = (ROOT / "benchmarks" / "features.sql").read_text("utf-8")
# The amount of a mean level: the inverse of the level in the query.
AMOUNT = """
CREATE MACRO amount(mean) AS
    greatest(0, pow(2, floor((mean + 1083040) / 65536))
                * (1 + (mean + 1083040) / 65536 - floor((mean + 1083040) / 65536)) - 100000)
"""
REAL = Path(os.environ.get("SMECREDIT_REAL_DATA", ROOT.parent / "shared" / "data")) / "cumcm2020c"
BOOK_DATE = date(2020, 2, 21)


def run(*, generated: bool = False, rounds: int = 7) -> dict[str, Any]:
    """Measure the whole book and its median-sized enterprise, and compare every value."""
    real = REAL.is_dir() and not generated
    book = real_book() if real else generated_book(1_000_000, 400)
    sizes = book.group_by("enterprise").len().sort("len", "enterprise")
    name = sizes.item(sizes.height // 2, "enterprise")
    one = book.filter(pl.col("enterprise") == name)
    rows = [
        _measure(f"the book: {book.height:,} invoices of {sizes.height} firms", book, rounds),
        _measure(f"one firm of median size: {one.height:,} invoices", one, rounds),
    ]
    origin = "real" if real else "generated"
    return {
        "name": "features",
        "title": f"{len(CATALOGUE)} features, {origin} invoices, peer: DuckDB {duckdb.__version__}",
        "rows": rows,
        "max_relative_difference": difference(book),
    }


def real_book() -> pl.DataFrame:
    """Return the real invoices without repeats, void ones included, as the lake holds them."""
    files = (("purchase", "purchase_invoices.csv.gz"), ("sale", "sales_invoices.csv.gz"))
    return pl.concat([_invoices(REAL / file, direction) for direction, file in files])


def generated_book(invoices: int, firms: int, seed: int = 0) -> pl.DataFrame:
    """Draw invoices of many firms over four years: heavy tails, 3 % red, 5 % void, 2 % told as cancelled."""
    rng = np.random.default_rng(seed)
    weight = rng.pareto(1.0, firms) + 0.01
    firm = rng.choice(firms, invoices, p=weight / weight.sum())
    sale = rng.random(invoices) < 0.45
    partner = (rng.pareto(0.7, invoices) * 5).astype(np.int64) % 3000
    red = np.where(rng.random(invoices) < 0.03, -1, 1)
    net = red * np.maximum(1, rng.lognormal(12.5, 1.8, invoices)).astype(np.int64)
    tax = net * 13 // 100
    day = (BOOK_DATE.toordinal() - (rng.beta(0.9, 1.1, invoices) * 1400).astype(np.int64)) - date(
        1970, 1, 1
    ).toordinal()
    return pl.DataFrame({"firm": firm, "sale": sale, "partner": partner, "day": day, "net": net, "tax": tax}).select(
        enterprise=pl.format("local:G{}", "firm"),
        direction=pl.when("sale").then(pl.lit("sale")).otherwise(pl.lit("purchase")),
        counterparty=pl.format("local:P{}", pl.col("partner") + 7 * pl.col("firm")),
        date=pl.col("day").cast(pl.Int32).cast(pl.Date),
        net_fen="net",
        tax_fen="tax",
        total_fen=pl.col("net") + pl.col("tax"),
        status=pl.Series(np.where(rng.random(invoices) < 0.05, "void", "valid")),
        reversal=pl.Series(rng.integers(0, 100, invoices)).replace_strict({0: "whole", 1: "part"}, default=None),
    )


def difference(book: pl.DataFrame, as_of: date = BOOK_DATE) -> float:
    """Return the largest relative difference from DuckDB's values; infinite where only one side has a value."""
    ours = compute(book, as_of=as_of)
    theirs = _peer(book, as_of)()
    worst = 0.0
    for place, name in enumerate(ours.columns[1:], start=1):
        a, b = ours[name].fill_null(np.nan).to_numpy(), np.array([row[place] for row in theirs], dtype=float)
        if (np.isnan(a) != np.isnan(b)).any():
            return float("inf")
        apart = np.abs(a - b)[~np.isnan(a)]
        scale = np.maximum(np.abs(a), np.abs(b))[~np.isnan(a)]
        worst = max(worst, float(np.max(apart[apart > 0] / scale[apart > 0], initial=0.0)))
    return worst


def _measure(what: str, book: pl.DataFrame, rounds: int) -> dict[str, Any]:
    sides: tuple[Callable[[], object], ...] = (lambda: compute(book, as_of=BOOK_DATE), _peer(book, BOOK_DATE))
    times: tuple[list[float], list[float]] = ([], [])
    for place in range(-1, rounds):
        for side, taken in zip(sides, times, strict=True):
            start = perf_counter()
            side()
            if place >= 0:  # the first round warms both up
                taken.append((perf_counter() - start) * 1000)
    ours, peer = (median(taken) for taken in times)
    return {"what": what, "ours": round(ours, 2), "peer": round(peer, 2), "unit": "ms", "ratio": round(ours / peer, 3)}


def _peer(book: pl.DataFrame, as_of: date) -> Callable[[], list[tuple[Any, ...]]]:
    """Give DuckDB the rows in a table of its own, and return the query as a function."""
    connection = duckdb.connect()
    with TemporaryDirectory() as folder:
        file = Path(folder) / "book.parquet"
        book.select(NEEDS).write_parquet(file)
        connection.execute("CREATE TABLE invoices AS FROM read_parquet(?)", [str(file)])
    connection.execute("CREATE TABLE moment AS SELECT ?::DATE AS as_of", [as_of])
    connection.execute(AMOUNT)
    return lambda: connection.execute(SQL).fetchall()


def _invoices(file: Path, direction: str) -> pl.DataFrame:
    text = pl.read_csv(file, infer_schema=False).with_columns(pl.all().str.strip_chars()).unique(maintain_order=True)
    partner = "购方单位代号" if direction == "sale" else "销方单位代号"

    def fen(column: str) -> pl.Expr:
        return (pl.col(column).cast(pl.Decimal(20, 4)) * 100).round(0).cast(pl.Int64)

    rows = text.select(
        enterprise=pl.format("local:{}", "企业代号"),
        direction=pl.lit(direction),
        number="发票号码",
        counterparty=pl.format("local:{}", partner),
        date=pl.col("开票日期").str.to_date("%Y/%m/%d"),
        net_fen=fen("金额"),
        tax_fen=fen("税额"),
        total_fen=fen("价税合计"),
        status=pl.when(pl.col("发票状态") == "作废发票").then(pl.lit("void")).otherwise(pl.lit("valid")),
        reversal=pl.lit(None, pl.String),  # the book tells void ones only
    )
    return rows.filter(pl.col("net_fen") + pl.col("tax_fen") == pl.col("total_fen"))
