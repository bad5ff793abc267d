"""`POST /scores` through the gateway, stored durably, next to a FastAPI peer that stores nothing, in the same run.

Ours passes the gateway (key, limits), scoring, and profile (consent, record of the read), and commits twice. The
peer answers from memory. Both serve the same booster to the same `wrk` on the same machine, one after the other.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import urllib3

from smecredit.client import Client
from smecredit.report import Reporter
from smecredit.running import journey
from smecredit.running.folder import sources
from smecredit.running.home import keys
from smecredit.running.ports import free_port
from smecredit.running.suite import Suite

HERE = Path(__file__).parent
REAL = Path(os.environ.get("SMECREDIT_REAL_DATA", HERE.parent / "../shared/data")) / "cumcm2020c"
FIRMS, MONTHS = 400, 36
CONNECTIONS = (1, 16)
# A learner thread a core is the default, and they stand in the way of each other and of the load; one thread is what
# somebody would set who had measured it.
PEER_THREADS = ("default", "1")
SECONDS = int(os.environ.get("BENCH_SECONDS", "10"))
SAMPLES = 300
BANK = "bank-demo"


def run() -> dict[str, Any]:
    """Start everything in a temporary home, measure ours and the peer, and return the table."""
    if shutil.which("wrk") is None:
        raise RuntimeError("wrk is needed: apt-get install wrk")
    os.environ["GATEWAY_RATE_LIMITS"] = "bank=100000000/60"
    with tempfile.TemporaryDirectory() as folder, Suite(Path(folder), free_port()) as suite:
        enterprises = prepare(suite)
        authorization = f"Bearer {keys(suite.home)[BANK]}"
        stages = _stages(suite.url, authorization, enterprises)
        ours = {n: _wrk(suite.url, authorization, enterprises, n) for n in CONNECTIONS}
        booster = _booster(suite)
        features = _features(suite, enterprises)
    peers = {}
    for threads in PEER_THREADS:
        with _peer(booster, features, threads) as url:
            peers[threads] = {n: _wrk(url, authorization, enterprises, n) for n in CONNECTIONS}
    return {
        "name": "score_http",
        "title": "POST /scores through the gateway, stored, with reasons; peer: FastAPI + TreeExplainer, not stored",
        "rows": [
            row for threads in PEER_THREADS for n in CONNECTIONS for row in _rows(n, threads, ours, peers[threads])
        ],
        "stages": stages,
    }


def prepare(suite: Suite) -> list[str]:
    """Import the book, give the consents, train and promote; return the enterprises that can be scored."""
    clients, report = journey.Clients(suite.url, keys(suite.home)), Reporter()
    journey.import_all(clients, sources(_data(suite.home)), report)
    journey.date_book(clients)
    journey.consent_all(clients, report)
    journey.train(clients, report, "a benchmark of speed: nothing is decided by it")
    return [score["enterprise"] for score in journey.score_all(clients, report) if "score" in score]


def _data(home: Path) -> Path:
    """Return the real book where it is at hand, else a sandbox made for this run."""
    if REAL.is_dir():
        return REAL
    folder = home / "sandbox"
    command = [sys.executable, "-m", "sandbox", "--firms", str(FIRMS), "--months", str(MONTHS), "--out", str(folder)]
    subprocess.run(command, check=True, cwd=HERE.parent, stdout=subprocess.DEVNULL)
    return folder


def _wrk(url: str, authorization: str, enterprises: Sequence[str], connections: int) -> dict[str, float]:
    """Drive one server with `wrk` and return its figures; a single refusal or broken request ends the run."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listed:
        listed.write("\n".join(enterprises))
        listed.flush()
        environment = {
            **os.environ,
            "BENCH_ENTERPRISES": listed.name,
            "BENCH_AUTHORIZATION": authorization,
            "BENCH_RUN": uuid4().hex,
        }
        for seconds in (2, SECONDS):  # the first run warms caches and pools
            command = [
                "wrk",
                "-t1",
                f"-c{connections}",
                f"-d{seconds}s",
                "--timeout",
                "10s",
                "-s",
                str(HERE / "score_http.lua"),
                url,
            ]
            output = subprocess.run(command, check=True, env=environment, capture_output=True, text=True).stdout
            environment["BENCH_RUN"] = uuid4().hex
    figures: dict[str, float] = json.loads(output.partition("RESULT ")[2])
    if figures["refused"] or figures["broken"]:
        raise RuntimeError(f"{url} refused {figures['refused']} and broke {figures['broken']} requests:\n{output}")
    return {**figures, "per_second": figures["requests"] / figures["seconds"]}


def _stages(url: str, authorization: str, enterprises: Sequence[str]) -> dict[str, float]:
    """Return the median milliseconds of each stage that `Server-Timing` tells, and of the whole, one at a time."""
    pool = urllib3.PoolManager()
    took: dict[str, list[float]] = defaultdict(list)
    for number in range(SAMPLES):
        headers = {
            "Authorization": authorization,
            "Purpose": "credit-assessment",
            "Idempotency-Key": uuid4().hex,
        }
        order = {"enterprise": enterprises[number % len(enterprises)]}
        start = time.perf_counter()
        answer = pool.request("POST", f"{url}/v1/scores", json=order, headers=headers)
        took["whole"].append((time.perf_counter() - start) * 1000)
        if answer.status != 201:
            raise RuntimeError(f"a score was refused: {answer.data.decode()}")
        for stage, milliseconds in re.findall(r"([\w-]+);dur=([\d.]+)", answer.headers.get("Server-Timing", "")):
            took[stage].append(float(milliseconds))
    return {stage: round(statistics.median(times), 3) for stage, times in took.items()}


def _booster(suite: Suite) -> str:
    """Return the serving model's booster as XGBoost wrote it."""
    with Client(suite.url, keys(suite.home)[BANK]) as client:
        version = next(model["version"] for model in client.models() if model["state"] == "serving")
    return str(json.loads((suite.home / "models" / version / "artefact.json").read_bytes())["booster"])


def _features(suite: Suite, enterprises: Sequence[str]) -> dict[str, Any]:
    """Return the model's features of every enterprise, for the peer to hold in memory."""
    rows: dict[str, list[float | None]] = {}
    names: list[str] = []
    with Client(suite.url, keys(suite.home)[BANK]) as client:
        for score in client.score_batch(enterprises):
            names = [line["feature"] for line in score["contributions"]]
            rows[score["enterprise"]] = [line["value"] for line in score["contributions"]]
    return {"features": names, "rows": rows}


@contextlib.contextmanager
def _peer(booster: str, features: dict[str, Any], threads: str) -> Iterator[str]:
    """Run the peer with uvicorn's defaults and give its address; `threads` is its OMP_NUM_THREADS, or `default`."""
    with tempfile.TemporaryDirectory() as folder:
        model, book = Path(folder, "booster.json"), Path(folder, "features.json")
        model.write_text(booster)
        book.write_text(json.dumps(features))
        port = free_port()
        command = [sys.executable, "-m", "uvicorn", "score_http_peer:app", "--port", str(port), "--no-access-log"]
        environment = {**os.environ, "PEER_MODEL": str(model), "PEER_FEATURES": str(book)}
        if threads != "default":
            environment["OMP_NUM_THREADS"] = threads
        process = subprocess.Popen(
            command, env=environment, cwd=HERE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _wait(f"http://127.0.0.1:{port}/docs")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def _wait(url: str) -> None:
    """Wait until the peer answers; importing shap takes it seconds."""
    pool, until = urllib3.PoolManager(retries=False), time.monotonic() + 120
    while time.monotonic() < until:
        with contextlib.suppress(urllib3.exceptions.HTTPError):
            if pool.request("GET", url, timeout=2).status == 200:
                return
        time.sleep(0.2)
    raise RuntimeError("the peer did not start")


def _rows(
    connections: int, threads: str, all_ours: dict[int, dict[str, float]], peers: dict[int, dict[str, float]]
) -> list[dict[str, Any]]:
    at = f"at {connections} connection{'s' if connections > 1 else ''}, peer with {threads} threads"
    ours, peer = all_ours[connections], peers[connections]
    lines = (("per_second", "requests", "1/s"), ("p50_ms", "median", "ms"), ("p99_ms", "99th percentile", "ms"))
    return [
        {
            "what": f"{name} {at}",
            "ours": round(ours[key], 2),
            "peer": round(peer[key], 2),
            "unit": unit,
            "ratio": round(ours[key] / peer[key], 3),
        }
        for key, name, unit in lines
    ]


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
