"""The way up, walked: plans are written as invoices beside the firm's own, computed and scored like any others.

A plan of a firm holds if the score that was certified is the score of these rows, and reaches the target. Half of the
firms are real (where the real data is at hand), half or all of a sandbox; each is asked for the next grade, and for two
grades more. Times are from the firm's rows to the answer, all plans and scores in it; a request adds the reading of the
rows, and two hops.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl

from benchmarks import peers
from benchmarks.features import BOOK_DATE, REAL, real_book
from sandbox.economy import Plan, simulate
from sandbox.tables import tables
from services.profile.portrait.api.shown import catalogue
from services.profile.portrait.domain.continuation import PLANS, continuation, planned
from services.profile.portrait.domain.features import NEEDS, compute
from services.profile.portrait.domain.pattern import Step, day_after
from services.profile.portrait.usecases.continue_file import document
from services.scoring.domain import scale
from services.scoring.domain.recourse import Continuations
from services.scoring.ml.scorer import Scorer
from services.scoring.ml.train import train
from services.scoring.ml.way_up import Goal, way_up

WALKS = 100
MONEY = ("net", "tax", "total")
SANDBOX = Plan(firms=400, months=42, seed=12)


@dataclass(frozen=True, slots=True)
class Book:
    """A book of invoices, and the labelled table that a model learns from."""

    title: str
    invoices: pl.DataFrame
    labelled: pl.DataFrame
    as_of: date


def run() -> dict[str, Any]:
    """Walk a hundred reachable plans; the bars are one point, all targets, and 60 ms at the 95th percentile."""
    books = [*([_real()] if REAL.is_dir() else []), _sandbox()]
    apart, reached, seconds, unreachable = [], [], [], 0
    for book in books:
        walked = 0
        for found, gap, met, taken in _walks(book):
            seconds.append(taken)
            unreachable += not found["reachable"]
            if found["reachable"]:
                apart.append(gap)
                reached.append(met)
                walked += 1
            if walked >= WALKS / len(books):
                break
    rows = [
        _row("plans walked", len(apart), ""),
        _row("largest distance of the certified score from the walked one", max(apart), "points"),
        _row("plans that reach their target when walked", float(np.mean(reached)), "share"),
        _row("median a firm", float(np.median(seconds)) * 1000, "ms"),
        _row("95th percentile", float(np.percentile(seconds, 95)) * 1000, "ms"),
    ]
    title = f"The way up, walked: {' and '.join(book.title for book in books)}"
    return {"name": "recourse", "title": title, "rows": rows, "not reachable in 12 months": unreachable}


def _walks(book: Book) -> Iterator[tuple[dict[str, Any], float, bool, float]]:
    """Give, for each firm and target: the answer, its distance from the walked score, whether that reaches, seconds."""
    scorer = _model(book)
    of_firm = {str(name): rows for (name,), rows in book.invoices.partition_by("enterprise", as_dict=True).items()}
    for name in np.random.default_rng(1).permutation(sorted(of_firm)).tolist():
        rows = of_firm[name]
        score = _scored(scorer, rows, book.as_of)
        better = sorted(step.from_points for step in scale.MASTER_SCALE if step.from_points > score)
        for points in better[:3:2]:
            start = time.perf_counter()
            told = document(name, continuation(rows, book.as_of, scorer.features), scorer.features, {})
            found = way_up(scorer, Continuations.from_json(orjson.loads(orjson.dumps(told))), Goal(points=points))
            taken = time.perf_counter() - start
            if found["reachable"]:
                walked = _walked(scorer, rows, book.as_of, found)
                yield found, abs(walked - found["certified"]["score"]), walked >= points, taken
            else:
                yield found, 0.0, False, taken


def _walked(scorer: Scorer, rows: pl.DataFrame, as_of: date, found: dict[str, Any]) -> int:
    """Write a plan's invoices into the book, and score the firm when its months are over."""
    chosen = next(
        plan
        for plan in PLANS
        if plan.step is Step[found["plan"]["step"].upper().replace("-", "_")]
        and plan.share == found["plan"]["share_of_pace"]
    )
    written = planned(rows, as_of, [chosen]).select(NEEDS)
    return _scored(scorer, pl.concat([rows.select(NEEDS), written]), day_after(as_of, found["months"]))


def _scored(scorer: Scorer, rows: pl.DataFrame, as_of: date) -> int:
    values = compute(rows, as_of=as_of).select(scorer.features).row(0)
    return scorer.score(values).score


def _real() -> Book:
    table = peers.book()
    invoices = real_book().select(NEEDS)
    return Book("real firms", invoices, table.frame.with_columns(defaulted=pl.Series(table.defaulted)), BOOK_DATE)


def _sandbox() -> Book:
    made = tables(simulate(SANDBOX))
    fen = [(pl.col(name).cast(pl.Float64) * 100).round().cast(pl.Int64).alias(f"{name}_fen") for name in MONEY]
    invoices = pl.concat(
        made[f"invoices.{side}"].with_columns(*fen, direction=pl.lit(side)).select(NEEDS)
        for side in ("sale", "purchase")
    )
    as_of = invoices["date"].max()
    assert isinstance(as_of, date)
    outcomes = made["outcomes"].select("enterprise", "defaulted")
    labelled = compute(invoices, as_of=as_of).join(outcomes, on="enterprise")
    return Book("a sandbox", invoices, labelled.sort("enterprise"), as_of)


def _model(book: Book) -> Scorer:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "mdl_bench"
        train(book.labelled, catalogue(), version="mdl_bench", seed=1, into=place)
        return Scorer.load(place)


def _row(what: str, ours: float, unit: str) -> dict[str, Any]:
    return {"what": what, "ours": round(ours, 4), "peer": None, "unit": unit, "ratio": None}
