"""Rings of invoices: planted ones in a million invoices, and AMLSim's accounts beside snapml's graph preprocessor.

AMLSim (20K_cycle200): 200 cycles over 945 accounts (`isFraud`) are planted in 117,805 transfers of 149 days. Precision
and recall are of accounts: flagged is whoever is on a ring. Amounts are in cents; the peer knows of no amounts, so that
for its speed both look for cycles of time alone. The curve is of the data that its terms are read from, which is
optimistic; what is claimed as precision and recall has its terms chosen on even accounts and counted on odd ones.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from multiprocessing import get_context
from multiprocessing.pool import TimeoutError as TookTooLong
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from snapml import GraphFeaturePreprocessor

from services.profile.graph.domain.rings import Found, Terms, find

INVOICES, PLANTED = 1_000_000, 1_000
USUAL = Terms(longest=6, days=30, tolerance=0.1)
REAL = Path(os.environ.get("SMECREDIT_REAL_DATA", Path(__file__).parents[2] / "shared" / "data")) / "amlsim"
# So long the peer is waited for on the large book.
PATIENCE_SECONDS = 60
# Amounts that count for nothing.
ANY_AMOUNT = 1e9
FIRST = "2025-01-01"
CURVE_DAYS, CURVE_TOLERANCES = (10, 30, 60, 149), (0.0, 0.01, 0.1, 0.5, ANY_AMOUNT)
c = pl.col


def run() -> dict[str, Any]:
    """Measure recall and seconds on planted rings, transfers a second beside the peer, and precision with recall."""
    invoices, planted = book()
    found, (seconds, cpu) = _timed(lambda: find(invoices, USUAL))
    told = {tuple(sorted(hop["number"] for hop in path)) for path in found.rings["path"].to_list()}
    recall = sum(tuple(sorted(ring)) in told for ring in planted) / len(planted)
    theirs = _in_time(invoices, USUAL.days + 1)
    size = f"{invoices.height:,} invoices, {found.rings.height:,} rings, {PLANTED:,} of them planted"
    rows = [
        _row(f"recall: {size}", recall, None, "share"),
        _row("the same, wall clock", seconds, None, "s"),
        _row("the same, processor", cpu, None, "s"),
        _row("the same (the peer: of any amount)", invoices.height / seconds, theirs, "invoices/s"),
    ]
    if not found.complete:
        rows.append(_row("days not looked at", float(len(found.unsearched)), None, "spans"))
    more = _amlsim() if REAL.is_dir() else ([], {"amlsim": f"not at {REAL}: left out"})
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
    return _frame(*(np.concatenate(column) for column in columns)), rings


def _frame(seller: Any, buyer: Any, day: Any, amount: Any) -> pl.DataFrame:
    rows = pl.DataFrame({"seller": seller, "buyer": buyer, "day": day, "amount": amount}).with_row_index("number")
    return rows.select(
        c("seller", "buyer", "number").cast(pl.String),
        date=pl.lit(FIRST).str.to_date() + pl.duration(days="day"),
        amount=c("amount").cast(pl.Int64),
    ).select("seller", "buyer", "number", "date", "amount")


def _amlsim() -> tuple[list[dict[str, Any]], dict[str, Any]]:
    fraud = set(_read("nodes").filter(c("isFraud") == 1)["nodeid"].cast(pl.String))
    told = _read("transactions")
    transfers = _frame(
        told["sourceNodeId"], told["targetNodeId"], told["time"], (told["value"] * 100).round().cast(pl.Int64)
    )
    rows = [*_speeds(transfers, fraud), *_flagged(transfers, fraud)]
    lines = "\n    ".join(["", *_curve(transfers, fraud)])
    return rows, {"curve, in order of time (precision/recall by tolerance)": lines}


def _read(name: str) -> pl.DataFrame:
    return pl.read_csv(REAL / f"20K_cycle200.{name}.csv.gz")


def _speeds(transfers: pl.DataFrame, fraud: set[str]) -> Iterator[dict[str, Any]]:
    """Both look for cycles in order of time within so many days, of any amount: we from rows as they came to rings
    in full, the peer from numbers in order of time to counts."""
    for days in (10, 30):
        terms = Terms(longest=6, days=days - 1, tolerance=ANY_AMOUNT)
        tries = [_timed(lambda terms=terms: find(transfers, terms)) for _ in range(3)]
        wall, processor = (float(np.median([each[1][place] for each in tries])) for place in (0, 1))
        accounts, theirs = peer(transfers, days)
        what = f"AMLSim, cycles of any amount in {days} days"
        yield _row(what, transfers.height / wall, transfers.height / theirs[0], "transfers/s")
        yield _row("  by processor time", transfers.height / processor, transfers.height / theirs[1], "transfers/s")
        own, other = (_measured(flagged, fraud) for flagged in (_members(tries[0][0].rings), accounts))
        yield _row("  its precision", own[0], other[0], "of accounts")
        yield _row("  its recall", own[1], other[1], "of accounts")


def _timed(work: Callable[[], Found]) -> tuple[Found, tuple[float, float]]:
    """Return what was found, and the seconds by the clock and of the processor."""
    start, processor = time.perf_counter(), time.process_time()
    found = work()
    return found, (time.perf_counter() - start, time.process_time() - processor)


def peer(transfers: pl.DataFrame, days: int) -> tuple[set[str], tuple[float, float]]:
    """Return the accounts on a cycle in order of time in fewer than so many days, and the peer's seconds."""
    rows = transfers.sort("date").select(
        c("number", "seller", "buyer").cast(pl.Float64),
        (c("date") - pl.lit(FIRST).str.to_date()).dt.total_days().cast(pl.Float64),
    )
    finder = GraphFeaturePreprocessor()
    off = dict.fromkeys(("vertex_stats", "fan", "degree", "scatter-gather", "lc-cycle"), False)
    cycles = {"temp-cycle": True, "temp-cycle_tw": days, "temp-cycle_bins": [2, 3, 4, 5, 6]}
    finder.set_params(finder.get_params() | off | cycles | {"num_threads": os.cpu_count() or 1, "time_window": days})
    table = np.ascontiguousarray(rows.to_numpy())
    start, processor = time.perf_counter(), time.process_time()
    counts = finder.transform(table)[:, 4:]
    seconds = time.perf_counter() - start, time.process_time() - processor
    on = rows.filter(counts.sum(axis=1) > 0).select(c("seller", "buyer").cast(pl.Int64).cast(pl.String))
    return {*on["seller"], *on["buyer"]}, seconds


def _in_time(invoices: pl.DataFrame, days: int) -> float | None:
    """Return the peer's invoices a second, None where it does not come to an end."""
    with get_context("spawn").Pool(1) as pool:
        try:
            return invoices.height / pool.apply_async(peer, (invoices, days)).get(PATIENCE_SECONDS)[1][0]
        except TookTooLong:
            return None


def _flagged(transfers: pl.DataFrame, fraud: set[str]) -> Iterator[dict[str, Any]]:
    """Tell what a ring of exact amounts finds, and what its open beginnings find: most planted cycles do not close."""
    exact = find(transfers, Terms(longest=6, days=149, tolerance=0, ordered=False)).rings
    precision, recall = _measured(_members(exact), fraud)
    yield _row(f"AMLSim, {exact.height} rings of exact amounts in any order: precision", precision, None, "of accounts")
    yield _row("  its recall (the other planted cycles do not close)", recall, None, "of accounts")
    tried = [(hops, share) for hops in (2, 3, 4) for share in (0.0, 0.01)]
    chains = {terms: _on_chains(transfers, *terms) for terms in tried}
    halves = [{str(account) for account in range(20_000) if account % 2 == half} for half in (0, 1)]
    chosen = [_measured(chains[terms] & halves[0], fraud & halves[0]) for terms in tried]
    fits = [place for place, (precise, _) in enumerate(chosen) if precise >= 0.9]
    hops, share = tried[max(fits, key=lambda place: chosen[place][1])]
    precision, recall = _measured(chains[hops, share] & halves[1], fraud & halves[1])
    what = f"AMLSim, open chains of {hops} hops, amounts within {share:.0%}, chosen on even accounts"
    yield _row(f"{what}; on odd ones: precision", precision, None, "of accounts")
    yield _row("  its recall", recall, None, "of accounts")


def _on_chains(transfers: pl.DataFrame, hops: int, share: float) -> set[str]:
    """Return who is on a chain of so many hops whose amounts lie within a share of the first one's, in any order."""
    once = transfers.select("seller", "buyer", "amount").unique().filter(c("seller") != c("buyer"))
    paths = once.select("amount", at_0="seller", at_1="buyer")
    for step in range(1, hops):
        onward = once.select(worth="amount", **{f"at_{step}": "seller", f"at_{step + 1}": "buyer"})
        paths = paths.join(onward, on=f"at_{step}").filter((c("worth") - c("amount")).abs() <= share * c("amount"))
        paths = paths.filter(
            pl.all_horizontal(c(f"at_{step + 1}") != c(f"at_{place}") for place in range(step + 1))
        ).drop("worth")
    return {account for place in range(hops + 1) for account in paths[f"at_{place}"]}


def _curve(transfers: pl.DataFrame, fraud: set[str]) -> Iterator[str]:
    for longest in (2, 3, 6):
        for days in CURVE_DAYS if longest < 6 else CURVE_DAYS[:1]:
            told = []
            for tolerance in CURVE_TOLERANCES:
                rings = find(transfers, Terms(longest=longest, days=days, tolerance=tolerance)).rings
                precision, recall = _measured(_members(rings), fraud)
                name = "any" if tolerance == ANY_AMOUNT else f"{tolerance:.0%}"
                told.append(f"{name} {precision:.2f}/{recall:.3f}")
            yield f"at most {longest} hops, {days:3} days: " + "  ".join(told)


def _members(rings: pl.DataFrame) -> set[str]:
    return set(rings["members"].explode().drop_nulls())


def _measured(flagged: Iterable[str], fraud: set[str]) -> tuple[float, float]:
    """Return precision and recall of accounts."""
    found = set(flagged)
    return (len(found & fraud) / len(found) if found else 0.0), len(found & fraud) / len(fraud)


def _row(what: str, ours: float, peer_: float | None, unit: str) -> dict[str, Any]:
    ratio = None if not peer_ else round(ours / peer_, 2)
    told = None if peer_ is None else round(peer_, 4)
    return {"what": what, "ours": round(ours, 4), "peer": told, "unit": unit, "ratio": ratio}
