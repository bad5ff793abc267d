"""Cross-comparison of a whole book: ours next to one hand-written DuckDB query for the rules that invoices allow.

The real book knows invoices only, so these five rules do all its work. Both sides count, by rule, what was compared and
what contradicts, and their counts must be equal; ours do so for each firm, as a portrait has them. What is told beside
is each comparison as a row of its own, and all rules over the sandbox economy, where nobody is our peer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import duckdb
import polars as pl

from benchmarks.features import BOOK_DATE, REAL, real_book
from sandbox.contradictions import plant
from sandbox.economy import Plan, simulate
from sandbox.records import records
from services.profile.book.domain import invoice
from services.profile.book.domain.evidence import DATASETS, ENTERPRISES, evidence
from services.profile.portrait.domain.crosscheck import Material, check, rules, tally_book

SQL = (Path(__file__).parent / "cross_checks.sql").read_text("utf-8")
SUBJECT = ["rule", "enterprise", "subject"]
ALONE = ("tax-above-rate", "number-used-twice", "number-missing", "weekend-sales", "round-amounts")


def run(*, rounds: int = 5) -> dict[str, Any]:
    """Measure the five rules beside DuckDB, and all rules over an economy."""
    economy = records(simulate(Plan(firms=400)))
    whole = _material(economy)
    real = REAL.is_dir()
    book = _of_invoices(real_book()) if real else replace(whole, mirrored=whole.mirrored.clear())
    chosen = [rule for rule in rules() if rule.key in ALONE]
    peer = _peer(book)
    times: tuple[list[float], list[float]] = ([], [])
    for place in range(-1, rounds):
        for side, taken in zip((lambda: tally_book(book, chosen), peer), times, strict=True):
            seconds = _timed(side)
            if place >= 0:  # the first round warms both up
                taken.append(seconds * 1000)
    ours, theirs = (median(taken) for taken in times)
    counts = _counts(tally_book(book, chosen))
    rows, everything = _timed(lambda: check(book, chosen)), _timed(lambda: check(whole))
    return {
        "name": "cross_checks",
        "title": f"Cross-comparison, {'real' if real else 'synthetic'} invoices, peer: DuckDB {duckdb.__version__}",
        "rows": [
            _row(f"five rules over {book.evidence.invoices.height:,} invoices, counted", ours, theirs, "ms"),
            _row("the same, each comparison as a row", rows * 1000, None, "ms"),
            _row(f"all {len(rules())} rules over {_size(whole):,} synthetic records", everything * 1000, None, "ms"),
        ],
        "contradictions": {rule: f"{bad:,} of {compared:,}" for rule, (compared, bad) in counts.items()},
        "counts_equal_the_peer_s": counts == {rule: (compared, bad) for rule, compared, bad in peer()},
        "planted": _planted(),
    }


def _planted(seeds: range = range(7, 13)) -> str:
    """Count how many lies planted into six economies are found, and how much of what is found was planted.

    An economy without lies has no contradiction (`test_planted.py`), so whatever else is found
    follows from a lie; of it, only what the plan lists as a consequence is left out of the precision.
    """
    told, hit, false = 0, 0, 0
    for seed in seeds:
        tables, truth = plant(records(simulate(Plan(firms=330, months=30, seed=seed))), seed=seed, each=4)
        found = check(_material(tables)).filter("contradicts")
        lies = truth.filter("planted").select(SUBJECT).unique()
        beside = truth.filter(~pl.col("planted")).select("rule", "enterprise")
        others = found.join(lies, on=SUBJECT, how="anti").join(beside, on=["rule", "enterprise"], how="anti")
        told += lies.height
        hit += lies.join(found, on=SUBJECT, how="semi").height
        false += others.height
    precision = hit / (hit + false)
    return f"{hit} of {told} in {len(seeds)} economies found: recall {hit / told:.3f}, precision {precision:.3f}"


def _counts(tallied: pl.DataFrame) -> dict[str, tuple[int, int]]:
    found = tallied.group_by("rule", maintain_order=True).agg(pl.col("compared", "contradictions").sum())
    return {rule: (compared, bad) for rule, compared, bad in found.rows()}


def _peer(book: Material) -> Callable[[], list[tuple[Any, ...]]]:
    connection = duckdb.connect()
    with TemporaryDirectory() as folder:
        file = Path(folder) / "book.parquet"
        book.evidence.invoices.write_parquet(file)
        connection.execute("CREATE TABLE invoices AS FROM read_parquet(?)", [str(file)])
    connection.execute("CREATE TABLE moment AS SELECT ?::DATE AS as_of", [book.as_of])
    return lambda: connection.execute(SQL).fetchall()


def _of_invoices(invoices: pl.DataFrame) -> Material:
    known = evidence(_fitted(invoices, invoice.SCHEMA), {}, pl.DataFrame(schema=ENTERPRISES))
    return Material(known, known.invoices.clear(), _books(known.invoices), BOOK_DATE)


def _material(tables: dict[str, pl.DataFrame]) -> Material:
    invoices = pl.concat(
        _fitted(_in_fen(tables[f"invoices.{direction}"], direction), invoice.SCHEMA)
        for direction in ("sale", "purchase")
    )
    kinds = {name: _fitted(tables[name], dataset.schema) for name, dataset in DATASETS.items()}
    kinds["payments"] = kinds["payments"].with_columns(status=pl.lit("valid"))
    firms = _fitted(tables["enterprises"], ENTERPRISES)
    mirrored = invoices.filter(pl.col("counterparty").is_in(firms["enterprise"].implode()))
    last = tables["invoices.sale"]["date"].max()
    return Material(evidence(invoices, kinds, firms), mirrored, _books(invoices), last)  # type: ignore[arg-type]


def _books(invoices: pl.DataFrame) -> pl.DataFrame:
    return invoices.group_by("enterprise", "direction").agg(first=pl.col("date").min(), last=pl.col("date").max())


def _in_fen(table: pl.DataFrame, direction: str) -> pl.DataFrame:
    fen = [(pl.col(name) * 100).cast(pl.Int64).alias(f"{name}_fen") for name in ("net", "tax", "total")]
    return table.with_columns(*fen, direction=pl.lit(direction))


def _fitted(table: pl.DataFrame, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    return table.select(
        pl.col(name).cast(kind) if name in table.columns else pl.lit(None, kind).alias(name)
        for name, kind in schema.items()
    )


def _size(material: Material) -> int:
    known = material.evidence
    return sum(getattr(known, name).height for name in known.__slots__)


def _row(what: str, ours: float, peer: float | None, unit: str) -> dict[str, Any]:
    ratio = round(ours / peer, 3) if peer else None
    return {"what": what, "ours": round(ours, 1), "peer": peer and round(peer, 1), "unit": unit, "ratio": ratio}


def _timed(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start
