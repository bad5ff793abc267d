"""Rings of invoices: planted ones in a million invoices, and AMLSim's accounts beside snapml's graph preprocessor."""

from __future__ import annotations

from multiprocessing import TimeoutError as TookTooLong
from multiprocessing import get_context
from typing import Any

import numpy as np
import polars as pl

from benchmarks.amlsim import BOOKS, REAL, amlsim, frame, passed_on_in_books, peer, row, timed
from services.profile.graph.domain.rings import Terms, find

INVOICES, PLANTED = 1_000_000, 1_000
USUAL = Terms(longest=6, days=30, tolerance=0.1)
# So long the peer is waited for on the large book.
PATIENCE_SECONDS = 60


def run() -> dict[str, Any]:
    """Measure recall and seconds on planted rings, transfers a second beside the peer, and precision with recall."""
    invoices, planted = book()
    found, (seconds, cpu) = timed(lambda: find(invoices, USUAL))
    told = {tuple(sorted(hop["number"] for hop in path)) for path in found.rings["path"].to_list()}
    recall = sum(tuple(sorted(ring)) in told for ring in planted) / len(planted)
    theirs = _in_time(invoices, USUAL.days + 1)
    size = f"{invoices.height:,} invoices, {found.rings.height:,} rings, {PLANTED:,} of them planted"
    rows = [
        row(f"recall: {size}", recall, None, "share"),
        row("the same, wall clock", seconds, None, "s"),
        row("the same, processor", cpu, None, "s"),
        row("the same (the peer: of any amount)", invoices.height / seconds, theirs, "invoices/s"),
    ]
    if not found.complete:
        rows.append(row("days not looked at", float(len(found.unsearched)), None, "spans"))
    if BOOKS.is_dir():
        rows += passed_on_in_books()
    more = amlsim() if REAL.is_dir() else ([], {"amlsim": f"not at {REAL}: left out"})
    return {"name": "graph_rings", "title": "Rings of invoices beside snapml", "rows": rows + more[0], **more[1]}


def book(count: int = INVOICES, planted: int = PLANTED, seed: int = 7) -> tuple[pl.DataFrame, list[list[str]]]:
    """Return invoices of a year between heavy-tailed firms, and the numbers of the rings that were planted.

    Firms are a twentieth as many as invoices; their weight has the cumulative exponent 1.1, at most a hundredth of all;
    who sells much buys much. Pairs meet again and again, at amounts of their own.
    """
    rng = np.random.default_rng(seed)
    firms, pairs = max(count // 20, 1000), count * 3 // 10
    size = rng.pareto(1.1, firms) + 1
    sells = np.minimum(size, size.sum() / 100)
    buys = sells * np.exp(rng.normal(0, 0.7, firms))
    seller, buyer = (rng.choice(firms, pairs, p=weight / weight.sum()) for weight in (sells, buys))
    meets = np.minimum(rng.pareto(1.1, pairs) + 0.1, 50)
    pair = rng.choice(pairs, count, p=meets / meets.sum())
    usual = np.exp(rng.normal(13.8, 1.5, pairs))
    amount = (usual[pair] * np.exp(rng.normal(0, 0.5, count))).astype(np.int64) + 1
    columns = [[seller[pair]], [buyer[pair]], [rng.integers(0, 365, count)], [amount]]
    rings, next_number = [], count
    for _ in range(planted):
        hops = int(rng.integers(3, 7))
        members = rng.choice(firms, hops, replace=False)
        first = int(np.exp(rng.normal(14, 1)))
        later = (first * rng.uniform(0.95, 1.05, hops - 1)).astype(np.int64)
        days = np.sort(rng.integers(0, 31, hops)) + rng.integers(0, 330)
        for column, told in zip(columns, (members, np.roll(members, -1), days, [first, *later]), strict=True):
            column.append(np.asarray(told, dtype=np.int64))
        rings.append([str(next_number + hop) for hop in range(hops)])
        next_number += hops
    return frame(*(np.concatenate(column) for column in columns)), rings


def _in_time(invoices: pl.DataFrame, days: int) -> float | None:
    """Return the peer's invoices a second, None where it does not come to an end."""
    with get_context("spawn").Pool(1) as pool:
        try:
            return invoices.height / pool.apply_async(peer, (invoices, days)).get(PATIENCE_SECONDS)[1][0]
        except TookTooLong:
            return None
