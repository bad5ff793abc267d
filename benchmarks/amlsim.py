"""AMLSim's accounts beside snapml's graph preprocessor; what rings find there, and what there is to be found.

AMLSim (20K_cycle200): 200 cycles over 945 accounts (`isFraud`) are planted in 117,805 transfers of 149 days. Precision
and recall are of accounts: flagged is whoever is on a ring. Amounts are in cents; the peer knows of no amounts, so that
for its speed both look for cycles of time alone. The curve is of the data that its terms are read from, which is
optimistic; what is claimed as precision and recall has its terms chosen on even accounts and counted on odd ones.

What is there to be found is measured too. An account of the simulator has one amount; a second one is that of a planted
cycle. So the planted hops that were ever made are known one by one, and how many of the cycles are whole.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from snapml import GraphFeaturePreprocessor

from services.profile.graph.domain.rings import Budget, Found, Terms, find

DATA = Path(os.environ.get("SMECREDIT_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))
REAL, BOOKS = DATA / "amlsim", DATA / "cumcm2020c"
LONGEST = 6
# Amounts that count for nothing.
ANY_AMOUNT = 1e9
FIRST = "2025-01-01"
NEVER = 10**9
CURVE_DAYS, CURVE_TOLERANCES = (5, 10, 30, 60, 149), (0.0, 0.01, 0.1, 0.5, ANY_AMOUNT)
# What needs more candidates than these is left out of the curve, and said to be.
CURVE_BUDGET = Budget(most=12_000_000)
c = pl.col


def amlsim() -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Measure speed beside the peer, precision and recall, what there is to be found, and the curve."""
    fraud = set(_read("nodes").filter(c("isFraud") == 1)["nodeid"].cast(pl.String))
    told = _read("transactions")
    transfers = frame(
        told["sourceNodeId"], told["targetNodeId"], told["time"], (told["value"] * 100).round().cast(pl.Int64)
    )
    rows = [*_speeds(transfers, fraud), *_there(transfers, fraud), *_flagged(transfers, fraud)]
    lines = "\n    ".join(["", *_curve(transfers, fraud)])
    return rows, {"curve (precision/recall by tolerance)": lines}


def _read(name: str) -> pl.DataFrame:
    return pl.read_csv(REAL / f"20K_cycle200.{name}.csv.gz")


def _speeds(transfers: pl.DataFrame, fraud: set[str]) -> Iterator[dict[str, Any]]:
    """Both look for cycles in order of time within so many days, of any amount: we from rows as they came to rings
    in full, the peer from numbers in order of time to counts."""
    for days in (10, 30):
        terms = Terms(longest=6, days=days - 1, tolerance=ANY_AMOUNT)
        tries = [timed(partial(find, transfers, terms)) for _ in range(3)]
        wall, processor = (float(np.median([each[1][place] for each in tries])) for place in (0, 1))
        accounts, theirs = peer(transfers, days)
        what = f"AMLSim, cycles of any amount in {days} days"
        yield row(what, transfers.height / wall, transfers.height / theirs[0], "transfers/s")
        yield row("  by processor time", transfers.height / processor, transfers.height / theirs[1], "transfers/s")
        own, other = (_measured(flagged, fraud) for flagged in (_members(tries[0][0].rings), accounts))
        yield row("  its precision", own[0], other[0], "of accounts")
        yield row("  its recall", own[1], other[1], "of accounts")


def timed(work: Callable[[], Found]) -> tuple[Found, tuple[float, float]]:
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


def frame(seller: Any, buyer: Any, day: Any, amount: Any) -> pl.DataFrame:
    """Return edges of a ring search from columns of numbers; the day counts from `FIRST`."""
    rows = pl.DataFrame({"seller": seller, "buyer": buyer, "day": day, "amount": amount}).with_row_index("number")
    return rows.select(
        c("seller", "buyer", "number").cast(pl.String),
        date=pl.lit(FIRST).str.to_date() + pl.duration(days="day"),
        amount=c("amount").cast(pl.Int64),
    ).select("seller", "buyer", "number", "date", "amount")


def _there(transfers: pl.DataFrame, fraud: set[str]) -> Iterator[dict[str, Any]]:
    """Tell what of the planted cycles the data hold, and what a search finds that is told who is flagged."""
    inside = transfers.filter(c("seller").is_in(list(fraud)) & c("buyer").is_in(list(fraud)))
    planted = _planted(transfers, inside)
    met = {*planted["seller"], *planted["buyer"]}
    yield row("AMLSim, planted hops that were made", float(planted.height), None, "hops")
    yield row("  accounts on one, of those planted", len(met & fraud) / len(fraud), None, "share")
    whole = find(planted, Terms(longest=6, days=149, tolerance=ANY_AMOUNT, ordered=False)).rings
    yield row(f"  {whole.height} rings of planted hops, of any amount and order: recall", *_oracle(whole, fraud))
    for tolerance, name in ((ANY_AMOUNT, "any amount"), (0.1, "amounts within 10%")):
        rings = find(inside, Terms(longest=6, days=149, tolerance=tolerance)).rings
        what = f"  {rings.height} rings among planted accounts alone, in order of time, {name}: recall"
        yield row(what, *_oracle(rings, fraud))
    longer = _measured(_walked(inside), fraud)[1]
    yield row("  closed walks among them in order of time, however many hops: recall", longer, None, "of accounts")


def _walked(inside: pl.DataFrame) -> set[str]:
    """Return who is on a closed walk in order of time: every such cycle is one, however long."""
    rows = inside.filter(c("seller") != c("buyer")).select("date", "seller", "buyer").unique().sort("date")
    hops, flagged = [(day.toordinal(), *ends) for day, *ends in rows.iter_rows()], set[str]()
    for day, start, then in hops:
        later = [hop for hop in hops if hop[0] >= day and hop[1] != start]
        reached = _reached(later, then, day)
        if start in reached:
            led = _reached([(-at, other, one) for at, one, other in reversed(later)], start, -NEVER)
            flagged |= {start, *(one for one, at in reached.items() if at <= -led.get(one, NEVER))}
    return flagged


def _reached(hops: list[tuple[int, str, str]], first: str, day: int) -> dict[str, int]:
    """Return who is reached from the first along hops (sorted by day) in order of time, and how early."""
    found, more = {first: day}, True
    while more:
        more = False
        for at, one, other in hops:
            if found.get(one, NEVER) <= at < found.get(other, NEVER):
                found[other], more = at, True
    return found


def _planted(transfers: pl.DataFrame, inside: pl.DataFrame) -> pl.DataFrame:
    """Return the planted hops: of an amount sent on one day to one account, by an account that sends others too."""
    sent = transfers.group_by("seller", "amount").agg(c("date").n_unique(), c("buyer").n_unique())
    sent = sent.filter((c("date") == 1) & (c("buyer") == 1))
    several = transfers.group_by("seller").agg(c("amount").n_unique()).filter(c("amount") > 1)
    once = inside.unique(["seller", "buyer", "date", "amount"]).join(several, on="seller", how="semi")
    return once.join(sent, on=["seller", "amount"], how="semi")


def _oracle(rings: pl.DataFrame, fraud: set[str]) -> tuple[float, None, str]:
    return _measured(_members(rings), fraud)[1], None, "of accounts"


def _flagged(transfers: pl.DataFrame, fraud: set[str]) -> Iterator[dict[str, Any]]:
    """Tell what a ring of exact amounts finds, and what its open beginnings find: most planted cycles do not close."""
    exact = find(transfers, Terms(longest=6, days=149, tolerance=0, ordered=False)).rings
    precision, recall = _measured(_members(exact), fraud)
    yield row(f"AMLSim, {exact.height} rings of exact amounts in any order: precision", precision, None, "of accounts")
    yield row("  its recall (the other planted cycles do not close)", recall, None, "of accounts")
    for days in (30, 149):
        precision, recall = _measured(_passed_on(transfers, days), fraud)
        yield row(f"AMLSim, one exact amount passed on within {days} days: precision", precision, None, "of accounts")
        yield row("  its recall", recall, None, "of accounts")
    yield from _marks(transfers, fraud)
    tried = [(hops, share) for hops in (2, 3, 4) for share in (0.0, 0.01)]
    chains = {terms: _on_chains(transfers, *terms) for terms in tried}
    halves = [{str(account) for account in range(20_000) if account % 2 == half} for half in (0, 1)]
    chosen = [_measured(chains[terms] & halves[0], fraud & halves[0]) for terms in tried]
    fits = [place for place, (precise, _) in enumerate(chosen) if precise >= 0.9]
    hops, share = tried[max(fits, key=lambda place: chosen[place][1])]
    precision, recall = _measured(chains[hops, share] & halves[1], fraud & halves[1])
    what = f"AMLSim, open chains of {hops} hops, amounts within {share:.0%}, chosen on even accounts"
    yield row(f"{what}; on odd ones: precision", precision, None, "of accounts")
    yield row("  its recall", recall, None, "of accounts")


def _marks(transfers: pl.DataFrame, fraud: set[str]) -> Iterator[dict[str, Any]]:
    """Tell what flags as much without any graph: marks that the simulator leaves."""
    several = transfers.group_by("seller").agg(c("amount").n_unique()).filter(c("amount") > 1)
    doubled = transfers.group_by("seller", "buyer", "amount", "date").len().filter(c("len") > 1)
    marks = {"who ever sends a second amount": several["seller"].to_list()}
    marks["who is on a transfer told twice on one day"] = [*doubled["seller"], *doubled["buyer"]]
    for name, flagged in marks.items():
        precision, recall = _measured(flagged, fraud)
        yield row(f"AMLSim, {name}: precision", precision, None, "of accounts")
        yield row("  its recall", recall, None, "of accounts")


def _passed_on(transfers: pl.DataFrame, days: int) -> set[str]:
    """Return who is on a chain of two hops of one exact amount, the second not before the first."""
    once = transfers.select("seller", "buyer", "amount", "date").unique().filter(c("seller") != c("buyer"))
    chains = once.join(once, left_on=["buyer", "amount"], right_on=["seller", "amount"], suffix="_on")
    after = (c("date_on") - c("date")).dt.total_days()
    chains = chains.filter(after.is_between(0, days) & (c("buyer_on") != c("seller")))
    return {account for name in ("seller", "buyer", "buyer_on") for account in chains[name]}


def passed_on_in_books() -> Iterator[dict[str, Any]]:
    """Tell of how many real firms a purchase of one exact total is sold on within 30 days, and by chance."""
    purchases, sales = (_book(*each) for each in (("purchase", "销方单位代号"), ("sales", "购方单位代号")))
    late = purchases.with_columns(c("day").dt.offset_by("180d"))
    for what, bought in (("CUMCM", purchases), ("  by chance (half a year apart)", late)):
        after = (c("day_sold") - c("day")).dt.total_days()
        passed = bought.join(sales, on=["firm", "fen"], suffix="_sold")
        passed = passed.filter(after.is_between(0, 30) & (c("other") != c("other_sold")))
        share = passed["firm"].n_unique() / sales["firm"].n_unique()
        yield row(f"{what}, firms that sell on one exact total within 30 days", share, None, "of firms")
        yield row("  chains", float(passed.height), None, "chains")
        yield row("  of them, of a round thousand yuan", float((passed["fen"] % 100_000 == 0).mean()), None, "share")  # type: ignore[arg-type]


def _book(name: str, other: str) -> pl.DataFrame:
    told = pl.read_csv(BOOKS / f"{name}_invoices.csv.gz", infer_schema_length=0)
    fen = (c("价税合计").cast(pl.Float64) * 100).round().cast(pl.Int64)
    day = c("开票日期").str.to_date("%Y/%m/%d", strict=False)
    rows = told.filter(c("发票状态").str.strip_chars() == "有效发票").select(
        "企业代号", other, fen.alias("fen"), day.alias("day")
    )
    rows = rows.rename({"企业代号": "firm", other: "other"}).filter(c("fen") >= 1_000_000)
    return rows.drop_nulls().unique()


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
    """Tell precision and recall of rings of few and of more hops, in order of time and in any."""
    points: list[tuple[float, float]] = []
    for longest in (2, 3, 4, LONGEST):
        for ordered in (True, False):
            for days in CURVE_DAYS:
                told = []
                for tolerance in CURVE_TOLERANCES:
                    terms = Terms(longest=longest, days=days, tolerance=tolerance, ordered=ordered)
                    found = find(transfers, terms, CURVE_BUDGET)
                    point = _measured(_members(found.rings), fraud)
                    points += [point] if found.complete else []
                    told.append(_point(point, tolerance) if found.complete else "too many to look for")
                order = "in order" if ordered else "any order"
                yield f"at most {longest} hops, {order}, {days:3} days: " + "  ".join(told)
    recalls = [recall for precise, recall in points if precise >= 0.9]
    precisions = [precise for precise, recall in points if recall >= 0.5]
    yield f"best recall at precision 0.9: {max(recalls, default=0):.3f}"
    yield f"best precision at recall 0.5: {max(precisions, default=0):.2f}"


def _point(measured: tuple[float, float], tolerance: float) -> str:
    name = "any" if tolerance == ANY_AMOUNT else f"{tolerance:.0%}"
    return f"{name} {measured[0]:.2f}/{measured[1]:.3f}"


def _members(rings: pl.DataFrame) -> set[str]:
    return set(rings["members"].explode().drop_nulls())


def _measured(flagged: Iterable[str], fraud: set[str]) -> tuple[float, float]:
    """Return precision and recall of accounts."""
    found = set(flagged)
    return (len(found & fraud) / len(found) if found else 0.0), len(found & fraud) / len(fraud)


def row(what: str, ours: float, peer_: float | None, unit: str) -> dict[str, Any]:
    """Return a row of a benchmark's table."""
    ratio = None if not peer_ else round(ours / peer_, 2)
    told = None if peer_ is None else round(peer_, 4)
    return {"what": what, "ours": round(ours, 4), "peer": told, "unit": unit, "ratio": ratio}
