"""What another client feels while one does its worst with 64 connections: `GET /v1/book` and scores, quiet and beside.

The peer is the same client on the same suite in the same run while nobody else asks: quiet and beside take turns, so
that what else the machine does falls on both. The worst client has a bank's key and consents of its own.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import urllib3

from benchmarks.neighbour_worst import CONNECTIONS, ways
from benchmarks.score_http import prepare
from smecredit.client import Client
from smecredit.running.ground import HOST
from smecredit.running.home import keys
from smecredit.running.journey import FIELDS, GRANTEE, OPERATOR
from smecredit.running.ports import free_port
from smecredit.running.suite import Suite

WORST: Final = "bank-worst"
SECONDS = float(os.environ.get("BENCH_SECONDS", "10"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
# Until the worst client is at its worst.
SETTLED_SECONDS = 2.0
# Of its own firms the worst client asks for so many.
ITS_FIRMS = 40
# The bars: the book's p99 in milliseconds, and that of a score as a multiple of the quiet one.
BOOK_MS, SCORES = 100.0, 3.0
SCORE_EVERY = 4


@dataclass
class Felt:
    """Milliseconds of each answer, by what was asked, and how many were refused or never came."""

    book: list[float] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    failed: int = 0
    load: float = 0.0


def run() -> dict[str, Any]:
    """Start a suite, let one client do its worst in each way, and return what another felt."""
    os.environ["GATEWAY_RATE_LIMITS"] = "bank=100000000/60,address=100000000/60,failures=100000000/60"
    with tempfile.TemporaryDirectory() as folder, Suite(Path(folder), free_port()) as suite:
        firms = prepare(suite)
        worst = _admitted(suite, firms[:ITS_FIRMS])
        told = {way: _measured(suite, firms, worst, way) for way in ways("", [])}
    return {
        "name": "neighbour",
        "title": f"A client beside one with {CONNECTIONS} connections of its worst requests (peer: beside nobody)",
        "rows": [row for way, (quiet, beside, _) in told.items() for row in _rows(way, quiet, beside)],
        "answers of the worst": {way: said for way, (_, _, said) in told.items()},
        "load of the machine": {way: [quiet.load, beside.load] for way, (quiet, beside, _) in told.items()},
    }


def _admitted(suite: Suite, firms: Sequence[str]) -> str:
    """Make the worst client, with the consents of some firms; return its key."""
    until = datetime.now(UTC).date() + timedelta(days=30)
    with Client(suite.url, keys(suite.home)[OPERATOR]) as operator:
        key = operator.create_clients([{"id": WORST, "role": "bank", "name": WORST}])[0]["key"]
        own = [{"id": f"n-{n}", "role": "enterprise", "enterprise": firm, "name": firm} for n, firm in enumerate(firms)]
        for made in operator.create_clients(own):
            firm = operator.with_key(made["key"])
            firm.grant_consent(WORST, ["credit-assessment"], valid_until=until, fields=FIELDS)
    return str(key)


def _measured(suite: Suite, firms: Sequence[str], worst: str, way: str) -> tuple[Felt, Felt, str]:
    """Return what was felt quiet and beside, in turns, and what the worst client was answered."""
    quiet, beside, said = Felt(), Felt(), []
    for _ in range(ROUNDS):
        _feel(suite, firms, quiet)
        with _at_its_worst(suite, worst, way, firms[:ITS_FIRMS]) as process:
            time.sleep(SETTLED_SECONDS)
            _feel(suite, firms, beside)
        said.append(process.stdout.read() if process.stdout else "")
        time.sleep(SETTLED_SECONDS)
    return quiet, beside, said[-1]


@contextmanager
def _at_its_worst(suite: Suite, key: str, way: str, firms: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    arguments = [HOST, str(suite.addresses.port), key, way, *firms]
    # Its own work is another machine's: it takes what is left of the processor.
    command = ["nice", "-n", "10", sys.executable, "-m", "benchmarks.neighbour_worst", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _feel(suite: Suite, firms: Sequence[str], felt: Felt) -> None:
    """Ask for so many seconds, one request after another, as a client that waits for its answers."""
    headers = {"Authorization": f"Bearer {keys(suite.home)[GRANTEE]}", "Purpose": "credit-assessment"}
    pool = urllib3.PoolManager(retries=False, timeout=30)
    end, number = time.monotonic() + SECONDS, 0
    while time.monotonic() < end:
        number += 1
        score = number % SCORE_EVERY == 0
        order: dict[str, Any] = {"json": {"enterprise": firms[-1 - number % (len(firms) // 2)]}} if score else {}
        began = time.perf_counter()
        try:
            answer = pool.request(
                "POST" if score else "GET",
                f"{suite.url}/v1/{'scores' if score else 'book'}",
                headers={**headers, "Idempotency-Key": uuid4().hex},
                **order,
            )
        except urllib3.exceptions.HTTPError:
            felt.failed += 1
            continue
        felt.failed += answer.status >= 300
        (felt.scores if score else felt.book).append((time.perf_counter() - began) * 1000)
        time.sleep(0.005)
    felt.load = round(os.getloadavg()[0], 1)


def _rows(way: str, quiet: Felt, beside: Felt) -> list[dict[str, Any]]:
    return [
        _row(f"{way}: GET /v1/book, p99 (bar: {BOOK_MS:g} ms)", _p99(beside.book), _p99(quiet.book), "ms"),
        _row(f"{way}: POST /v1/scores, p99 (bar: {SCORES:g} times)", _p99(beside.scores), _p99(quiet.scores), "ms"),
        _row(f"{way}: failed of {len(beside.book) + len(beside.scores)}", beside.failed, quiet.failed, ""),
    ]


def _row(what: str, ours: float, peer: float, unit: str) -> dict[str, Any]:
    ratio = round(ours / peer, 2) if peer else None
    return {"what": what, "ours": round(ours, 1), "peer": round(peer, 1), "unit": unit, "ratio": ratio}


def _p99(milliseconds: Sequence[float]) -> float:
    return statistics.quantiles(milliseconds, n=100)[98] if len(milliseconds) > 1 else float("nan")
