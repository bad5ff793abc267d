"""What was planted into the sandbox, looked for with the suite's own graph: groups, circles of guarantees, rings."""

from __future__ import annotations

import time
from collections.abc import Set
from datetime import date
from typing import Any

import polars as pl

from sandbox.economy import Plan, simulate
from sandbox.labels import labels
from sandbox.records import records
from services.profile.book.domain.relation import sealed
from services.profile.graph.domain.control.integrated import holdings, owned
from services.profile.graph.domain.control.majority import Votes, controlled
from services.profile.graph.domain.control.ties import Ties, is_enterprise, ties_of
from services.profile.graph.domain.rings import EDGES, Terms, find
from services.profile.portrait.domain.indicators.relation import network

FIRMS, MONTHS, SEED = 3_000, 36, 7
KEY = b"benchmark"
USUAL = Terms(longest=6, days=30, tolerance=0.1)  # those of signal 8
c = pl.col
Sets = Set[frozenset[str]]


def run() -> dict[str, Any]:
    """Measure how many of the planted figures are found, and how many are found that nobody planted."""
    economy = simulate(Plan(FIRMS, MONTHS, SEED))
    made, (_, truth) = records(economy), labels(economy)
    last = economy.calendar.days[-1].tolist()
    relations = sealed(made["relations"].with_columns(import_id=pl.lit("register")), KEY)
    rows = [
        *_groups(relations, truth["owners"], last),
        *_circles(relations, made["public-records"], truth["guarantees"], last),
        *_rings(made["invoices.sale"], truth["rings"]),
    ]
    return {"name": "graph_planted", "title": f"Planted into a sandbox of {FIRMS:,} firms, and found", "rows": rows}


def _groups(relations: pl.DataFrame, owners: pl.DataFrame, day: date) -> list[dict[str, Any]]:
    """Look for groups under one person by majorities alone, and by majorities and declarations."""
    ties = ties_of(relations, day, own=())
    told = {frozenset(firms) for firms in owners.group_by("group").agg("enterprise")["enterprise"]}
    start = time.perf_counter()
    alone = _controlled(Ties(stakes=ties.stakes))
    seconds = time.perf_counter() - start
    return [
        *_compared("groups, by shares alone", told, alone),
        *_compared("groups, with what registers declare", told, _controlled(ties)),
        _row("largest error of an integrated share", _error(ties, relations, owners), None, "share"),
        _row("whom every person controls, by shares", seconds, None, "s"),
    ]


def _controlled(ties: Ties) -> Sets:
    """Return the sets of two firms and more that one person controls."""
    votes = Votes(ties)
    persons = sorted(party for party in ties.parties if not is_enterprise(party))
    return {frozenset(found) for person in persons if len(found := controlled(votes, [person])) > 1}


def _error(ties: Ties, relations: pl.DataFrame, owners: pl.DataFrame) -> float:
    """Return by how much integrated ownership as worked out departs from the label at most."""
    held = holdings(ties.stakes)
    names = owners.select(relation=pl.lit("shareholder"), party="person", person="person").unique()
    by_name = dict(sealed(names, KEY).select("person", "party").iter_rows())
    worst = 0.0
    for (person,), rows in owners.group_by("person", maintain_order=True):
        places, shares = owned(held, held.place[by_name[str(person)]])
        found = dict(zip((held.names[place] for place in places), shares.tolist(), strict=True))
        for firm, share in rows.select("enterprise", "integrated_share").iter_rows():
            worst = max(worst, abs(found.get(firm, 0.0) - share))
    return worst


def _circles(
    relations: pl.DataFrame, records: pl.DataFrame, guarantees: pl.DataFrame, day: date
) -> list[dict[str, Any]]:
    """Look for the firms on circles of guarantees that still run, as the portrait counts them."""
    trade = pl.DataFrame(
        schema={"enterprise": pl.String, "counterparty": pl.String, "sold": pl.Int64, "bought": pl.Int64}
    )
    figures = network(relations, records, trade, pl.lit(day))
    found = figures.filter(c("guarantee_ring") > 0)["enterprise"]
    told = guarantees.filter(c("shape").is_in(["circle", "mutual"]))["guarantor"]
    return _compared("firms on circles of guarantees", {frozenset([f]) for f in told}, {frozenset([f]) for f in found})


def _rings(sales: pl.DataFrame, planted: pl.DataFrame) -> list[dict[str, Any]]:
    """Look for rings among the sales between firms, under the terms of signal 8; a turn of a ring is one."""
    inside = sales.filter((c("status") == "valid") & (c("net") > 0) & c("counterparty").str.starts_with("local:S"))
    amount = (c("total") * 100).cast(pl.Int64)
    hops = inside.select("number", "date", seller="enterprise", buyer="counterparty", amount=amount).select(list(EDGES))
    start = time.perf_counter()
    found = find(hops, USUAL).rings
    seconds = time.perf_counter() - start
    sets = {frozenset(f"{hop['seller']} {hop['number']}" for hop in path) for path in found["path"].to_list()}
    size = c("seller").n_unique().over("ring")
    turns = planted.with_columns(turn=c("hop") // size, name=pl.format("{} {}", "seller", "number"))
    told = {
        kind: [frozenset(names) for names in turns.filter(here).group_by("ring", "turn").agg("name")["name"]]
        for kind, here in (("ring", c("kind") == "ring"), ("lookalike", c("kind") != "ring"))
    }
    met = sum(turn in sets for turn in told["ring"])
    taken = sum(turn in sets for turn in told["lookalike"])
    return [
        _row(f"turns of rings: of {len(told['ring'])} planted found", met / len(told["ring"]), 1.0, "recall"),
        _row(f"lookalikes taken for rings, of {len(told['lookalike'])}", float(taken), None, "count"),
        _row(f"rings among {len(hops):,} invoices that nobody planted", float(len(sets) - met), None, "count"),
        _row("to find them all", seconds, None, "s"),
    ]


def _compared(what: str, told: Sets, found: Sets) -> list[dict[str, Any]]:
    """Return recall and precision of sets of firms, each of which must be met exactly."""
    both = len(told & found)
    return [
        _row(f"{what}: of {len(told)} planted found", both / len(told), 1.0, "recall"),
        _row(f"{what}: of {len(found)} found planted", both / max(len(found), 1), 1.0, "precision"),
    ]


def _row(what: str, ours: float, peer: float | None, unit: str) -> dict[str, Any]:
    ratio = None if peer is None else round(ours / peer, 3)
    return {"what": what, "ours": ours, "peer": peer, "unit": unit, "ratio": ratio}
