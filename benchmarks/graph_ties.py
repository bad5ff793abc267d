"""The trade graph: built from 11 million invoices, brought forward, and asked for neighbourhoods over HTTP.

The lakes are written by their own commits, with rows made in numpy: 100,000 firms, a million pairs, each deal in the
files of both sides, a payment of every fifth, and of each firm an owner, a person in charge, an address and a phone. A
neighbourhood of the service is a request in process: token, consents, records of the reads, the ties of each open file
with figures and shares, JSON. Beside it networkx and rustworkx hold the same pairs as bare graphs in memory and return
the ids within two hops: they check no consent, record nothing and tell no figure.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import networkx as nx
import numpy as np
import orjson
import polars as pl
import rustworkx as rx
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from sqlalchemy import insert

from chassis.core.identity import AUDIENCE, ISSUER, Verifier
from services.profile.app import create_app
from services.profile.book import enterprise_store, state_store, step_store
from services.profile.book.context import Context
from services.profile.book.domain import payment, relation
from services.profile.book.domain.dataset import Dataset
from services.profile.book.domain.moment import Moment
from services.profile.book.domain.permit import Whole, Why
from services.profile.composition import migrate
from services.profile.graph.tie_store import Graph
from services.profile.graph.usecases import keep_ties
from services.profile.graph.usecases.keep_ties import kept, refresh
from services.profile.graph.usecases.trade_months import trade_months
from services.profile.rights import tables
from services.profile.settings import Settings

FIRMS, PAIRS, DEALS, NEW = 100_000, 1_000_000, 5_500_000, 1_000
CHUNKS, ASKED = 11, 300
FIRST, DAYS = date(2022, 1, 1), 3 * 365
AS_OF = FIRST + timedelta(days=DAYS)
BANK = "bank-1"


def run(*, firms: int = FIRMS, pairs: int = PAIRS, deals: int = DEALS) -> dict[str, Any]:
    """Build a lake, then measure build, refresh and neighbourhoods."""
    with TemporaryDirectory(prefix="smecredit-bench-") as name:
        client, context, headers = _house(Path(name))
        ends = _pairs(firms, pairs)
        for chunk in range(CHUNKS):
            _append(context, _deals(ends, deals // CHUNKS, chunk, firms), f"imp_bench{chunk}")
        _append(context, _payments(ends, deals // 5, firms), "imp_paid", "payments")
        _append(context, _relations(firms), "imp_told", "relations")
        graph, built = _timed(lambda: refresh(context))
        _append(context, _deals(ends, NEW // 2, CHUNKS, firms), "imp_new")
        graph, forward = _timed(lambda: refresh(context))
        same = _same_as_afresh(context, graph, Path(name))
        every, monthly = _timed(
            lambda: trade_months(context, Moment(graph.mark.versions["invoices"], AS_OF), Whole(Why.PEERS))
        )
        _consents(context, firms)
        ours, busy, sizes = _over_http(client, headers, firms)
        circles = [_rings_over_http(client, headers) for _ in range(2)]
    rows = [
        _row(f"{2 * deals:,} invoices to a trade graph", built, None, "s"),
        _row(f"{NEW:,} new invoices, brought forward", forward, None, "s"),
        _row(f"all trade by month ({every.height:,} rows)", monthly, None, "s"),
        _row("rings of a firm over HTTP, the first request (processor)", circles[0], None, "s"),
        _row("the next one", circles[1], None, "s"),
        *_beside(ends, firms, ours),
        _row("2 hops: the processor's time, 95th percentile", float(np.percentile(busy, 95)) * 1000, None, "ms"),
    ]
    title = f"The trade graph: {firms:,} firms, {pairs:,} pairs"
    answers = {"nodes, edges and bytes of an answer, median": sizes, "brought forward is as afresh": same}
    return {"name": "graph_ties", "title": title, "rows": rows, **answers}


def _timed(what: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    found = what()
    return found, time.perf_counter() - start


def _house(folder: Path) -> tuple[FlaskClient, Context, dict[str, str]]:
    """Return a service in process, and the headers of a bank that may ask it."""
    settings = Settings(
        home=folder, database_url=f"sqlite:///{folder}/profile.db", lake_url=f"{folder}/lake", jwks_url=""
    )
    migrate(settings)
    key = ECKey.generate_key("P-256", {"kid": "bench"})
    app = create_app(settings, verifier=Verifier(keys=KeySet([key])))
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": BANK, "role": "bank", "scope": "enterprises:read", "iat": now}
    token = jwt.encode({"alg": "ES256", "kid": "bench"}, claims | {"exp": now + 7200}, key)
    headers = {"Authorization": f"Bearer {token}", "Purpose": "credit-assessment"}
    return app.test_client(), app.extensions["context"], headers


def _pairs(firms: int, pairs: int) -> np.ndarray:
    """Return who sells to whom: firms of very different sizes, as in a real book."""
    draw = np.random.default_rng(5)
    weight = np.exp(draw.normal(0, 1, firms))
    ends = draw.choice(firms, (2, pairs), p=weight / weight.sum())
    ends[1] = np.where(ends[0] == ends[1], (ends[1] + 1) % firms, ends[1])
    return ends


def _deals(ends: np.ndarray, deals: int, chunk: int, firms: int) -> pl.DataFrame:
    """Return deals of a stretch of days, each as the seller's sale and as the buyer's purchase."""
    draw, days = np.random.default_rng(chunk), DAYS // CHUNKS
    pair = draw.integers(0, ends.shape[1], deals)
    net = np.exp(draw.normal(13, 1.5, deals)).astype(np.int64) + 100
    names = pl.Series([f"F{place:06}" for place in range(firms)])
    seller, buyer = names.gather(ends[0][pair]), names.gather(ends[1][pair])
    first = min(chunk, CHUNKS - 1) * days
    day = pl.Series(np.datetime64(FIRST) + draw.integers(first, first + days, deals)).cast(pl.Date)
    number = pl.Series(draw.integers(10**7, 10**8, deals)).cast(pl.String)
    same = {"number": number, "date": day, "net_fen": net, "tax_fen": net * 13 // 100}
    sides = [
        pl.DataFrame({"direction": word, "enterprise": "local:" + one, "counterparty": other, **same})
        for word, one, other in (("sale", seller, buyer), ("purchase", buyer, seller))
    ]
    empty = {name: pl.lit(None, dtype=pl.String) for name in ("code", "blue_number", "reversal")}
    total = pl.col("net_fen") + pl.col("tax_fen")
    return pl.concat(sides).with_columns(total_fen=total, status=pl.lit("valid"), **empty).with_row_index("line")


def _payments(ends: np.ndarray, paid: int, firms: int) -> pl.DataFrame:
    """Return payments for goods, each as what left the buyer's account."""
    draw, pair = np.random.default_rng(7), np.random.default_rng(8).integers(0, ends.shape[1], paid)
    names = pl.Series([f"F{place:06}" for place in range(firms)])
    rows = {
        "direction": pl.repeat("out", paid, eager=True),
        "enterprise": "local:" + names.gather(ends[1][pair]),
        "reference": pl.int_range(paid, eager=True).cast(pl.String),
        "counterparty": names.gather(ends[0][pair]),
        "date": pl.Series(np.datetime64(FIRST) + draw.integers(0, DAYS, paid)).cast(pl.Date),
        "amount_fen": np.exp(draw.normal(13, 1.5, paid)).astype(np.int64) + 100,
    }
    fixed = {"purpose": "goods", "status": "valid"}
    return _conformed(payment.DATASET, pl.DataFrame(rows).with_columns(**{k: pl.lit(v) for k, v in fixed.items()}))


def _relations(firms: int) -> pl.DataFrame:
    """Return of each firm an owner (every fifth a firm), a person in charge, an address and a phone; few share one."""
    draw, firm = np.random.default_rng(9), [f"local:F{place:06}" for place in range(firms)]
    parts = []
    for sort, many in (("shareholder", 0.8), ("person-in-charge", 0.9), ("address", 0.7), ("phone", 0.95)):
        places = draw.integers(0, int(firms * many), firms)
        party = [f"{relation.SEAL}{sort.encode().hex()[:8]}{place:024x}" for place in places]
        if sort == "shareholder":
            party = [firm[place] if place % 5 == 0 else one for place, one in zip(places, party, strict=True)]
        parts.append(pl.DataFrame({"enterprise": firm, "party": party}).with_columns(relation=pl.lit(sort)))
    rows = pl.concat(parts).with_columns(since=pl.lit(FIRST), share=pl.lit(0.5))
    return _conformed(relation.DATASET, rows)


def _conformed(dataset: Dataset, rows: pl.DataFrame) -> pl.DataFrame:
    return dataset.conform(rows.with_row_index("line"))


def _append(context: Context, rows: pl.DataFrame, name: str, kind: str = "invoices") -> None:
    """Bring rows to their lake as an import does, and let readers see them."""
    now = datetime.now(UTC)
    commit = context.lakes[kind].append(rows, name, {}, now=now)
    with context.database.begin() as session:
        if kind == "invoices":
            enterprise_store.touch(session, commit.facts["enterprises"], commit.version, synthetic=True, now=now)
        state = state_store.book(session, lock=True)
        known_at = max(state.known_at + state_store.TICK, datetime.fromisoformat(commit.facts["known_at"]))
        step_store.add_step(session, kind, known_at, commit.step, rows.height)
        version = commit.version if kind == "invoices" else state.lake_version
        state_store.move_book(session, replace(state, known_at=known_at, lake_version=version))


def _same_as_afresh(context: Context, graph: Graph, folder: Path) -> bool:
    """Tell whether the graph brought forward is what a store gives that knew nothing."""
    other = replace(context, settings=replace(context.settings, home=folder / "afresh"))
    again = refresh(other)
    assert again is not None
    here, there = kept(context), keep_ties.kept(other)
    registers = here.registers(graph).table().equals(there.registers(again).table())
    return registers and all(
        here.bucket(graph, bucket).equals(there.bucket(again, bucket)) for bucket in range(graph.buckets)
    )


def _consents(context: Context, firms: int) -> None:
    """Let every firm open its file to the bank."""
    now, table = datetime.now(UTC), tables.Consent.__table__
    same = {"grantee": BANK, "purposes": ["credit-assessment"], "fields": ["graph"], "valid_from": now.date()}
    same |= {"valid_until": now.date() + timedelta(days=30), "created_at": now}
    rows = [
        {"id": f"con_{place:08}", "enterprise": f"local:F{place:06}", "ledger_entry": None, **same}
        for place in range(firms)
    ]
    names = {column.name for column in table.columns}
    with context.database.begin() as session:
        session.execute(insert(tables.Consent), [{name: row[name] for name in row.keys() & names} for row in rows])


def _over_http(client: FlaskClient, headers: dict[str, str], firms: int) -> tuple[list[float], list[float], list[int]]:
    """Return the seconds of each answer, those of the processor, and the median answer's nodes, edges and bytes."""
    seconds, busy, sizes = [], [], []
    for place in np.random.default_rng(3).integers(0, firms, ASKED):
        url = f"/v1/enterprises/local:F{place:06}/graph?depth=2&as_of={AS_OF}"
        before = time.process_time()
        answer, took = _timed(lambda url=url: client.get(url, headers=headers))  # type: ignore[misc]
        taken = time.process_time() - before
        assert answer.status_code in (200, 404), answer.json
        if answer.status_code == 200:
            found = orjson.loads(answer.data)
            seconds.append(took)
            busy.append(taken)
            sizes.append((len(found["nodes"]), len(found["edges"]), len(answer.data)))
    return seconds, busy, [int(np.median(each)) for each in zip(*sizes, strict=True)]


def _rings_over_http(client: FlaskClient, headers: dict[str, str]) -> float:
    """Return the processor's seconds of an answer on a firm's rings."""
    start = time.process_time()
    answer = client.get(f"/v1/enterprises/local:F000007/rings?as_of={AS_OF}", headers=headers)
    assert answer.status_code == 200, answer.json
    return time.process_time() - start


def _beside(ends: np.ndarray, firms: int, ours: list[float]) -> Iterator[dict[str, Any]]:
    """Give the 95th percentile of ours beside each peer's, for as many firms."""
    asked = np.random.default_rng(3).integers(0, firms, ASKED)
    first, second = nx.Graph(), rx.PyGraph()
    first.add_nodes_from(range(firms))
    first.add_edges_from(ends.T.tolist())
    second.add_nodes_from(range(firms))
    second.add_edges_from_no_data([(int(one), int(other)) for one, other in ends.T])
    peers = {
        "networkx": lambda place: nx.single_source_shortest_path_length(first, place, cutoff=2),
        "rustworkx": lambda place: _two_hops(second, place),
    }
    p95 = float(np.percentile(ours, 95)) * 1000
    yield _row("2 hops in the service, median", float(np.median(ours)) * 1000, None, "ms")
    for name, look in peers.items():
        took = [_timed(lambda place=int(place), look=look: look(place))[1] for place in asked]  # type: ignore[misc]
        what = f"2 hops in the service, 95th percentile; peer: ids alone from {name} in memory"
        yield _row(what, p95, float(np.percentile(took, 95)) * 1000, "ms")


def _two_hops(graph: rx.PyGraph, place: int) -> set[int]:
    near = set(graph.neighbors(place))
    return near.union(*(graph.neighbors(each) for each in near))


def _row(what: str, ours: float, peer: float | None, unit: str) -> dict[str, Any]:
    ratio = None if peer is None else round(ours / peer, 2)
    return {"what": what, "ours": round(ours, 3), "peer": peer and round(peer, 3), "unit": unit, "ratio": ratio}
