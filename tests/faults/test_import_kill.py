"""kill -9 of the profile worker and web process at random moments of imports: nothing is lost, nothing comes twice."""

from __future__ import annotations

import http.client
import os
import random
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest
from profile_house import SCOPES, counts, open_house
from sqlalchemy import select

from chassis.core.identity import Verifier
from chassis.data import jobs, leases
from chassis.data.database import Database
from services.profile.book.domain.evidence import HELD
from services.profile.book.lake import lakes
from smecredit.running.process import Child, Command
from smecredit.running.zygote import AVAILABLE, Zygote

ROOT = Path(__file__).resolve().parents[2]
# Each kill costs a process that is made anew: ten of them are for `make long`.
WORKER_KILLS, WEB_KILLS = (8, 2) if "SMECREDIT_LONG" in os.environ else (4, 1)
ROWS = 30_000
LONGEST_WAIT = 60.0
Tokens = Callable[..., dict[str, str]]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "POLARS_MAX_THREADS": "1"}
# What web process and worker run: loaded once, as `smecredit up` does.
LOADED = ("gunicorn.app.wsgiapp", "chassis.web.gunicorn_worker", "services.profile.app", "services.profile.cli")


def book(rows: int, *, void: int, extra: int) -> bytes:
    """Return invoices of many firms; some repeated, some wrong, the first `void` of them voided."""
    numbers = pl.int_range(rows + extra, eager=True)
    frame = pl.DataFrame({"number": numbers}).select(
        pl.format("F{}", pl.col("number") % 97).alias("enterprise"),
        "number",
        pl.lit(date(2019, 1, 1)).dt.offset_by(pl.format("{}d", pl.col("number") % 365)).alias("date"),
        pl.format("P{}", pl.col("number") % 31).alias("counterparty"),
        pl.lit("100.00").alias("net"),
        pl.lit("13.00").alias("tax"),
        pl.when(pl.col("number") % 1000 == 7).then(pl.lit("oops")).otherwise(pl.lit("113.00")).alias("total"),
        pl.when(pl.col("number") < void).then(pl.lit("void")).otherwise(pl.lit("valid")).alias("status"),
    )
    return pl.concat([frame, frame.head(500)]).write_csv().encode()


def lines(rows: int) -> bytes:
    """Return invoices of two lines each, and a third of them of one more that is equal."""
    whole = pl.read_csv(book(rows, void=0, extra=0)).head(rows).with_columns(goods=pl.lit("*钢材*板"), quantity=1)
    return pl.concat([whole, whole.with_columns(goods=pl.lit("*茶叶*茶")), whole.head(rows // 3)]).write_csv().encode()


def payments(rows: int) -> bytes:
    """Return payments of many firms, some repeated, some of no amount."""
    number = pl.int_range(rows, eager=True).alias("number")
    frame = pl.DataFrame({"number": number}).select(
        pl.when(pl.col("number") % 3 == 0).then(pl.lit("out")).otherwise(pl.lit("in")).alias("direction"),
        pl.format("F{}", pl.col("number") % 97).alias("enterprise"),
        pl.format("T{}", "number").alias("reference"),
        pl.lit("2019-05-05").alias("date"),
        (pl.col("number") % 1000).alias("amount_fen"),
    )
    return pl.concat([frame, frame.head(500)]).write_csv().encode()


FILES = [
    ("invoices.purchase", book(ROWS, void=0, extra=0)),
    ("payments", payments(ROWS)),
    ("invoices.purchase", book(ROWS, void=900, extra=2000)),
    ("invoices.sale", book(ROWS, void=0, extra=0)),
    ("enterprises", b"enterprise,name,defaulted\n" + b"".join(b"F%d,n%d,false\n" % (n, n) for n in range(97))),
    ("invoices.sale", book(ROWS, void=50, extra=700)),
    ("invoices.purchase", lines(ROWS // 2)),
]


@pytest.fixture(scope="module")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote | None]:
    """Return what makes the processes, where there may be such."""
    made = Zygote(LOADED, ENVIRONMENT, tmp_path_factory.mktemp("zygote") / "log") if AVAILABLE else None
    yield made
    if made:
        made.end()


def test_killed_imports_end_as_undisturbed_ones(
    database_url: str, tmp_path: Path, verifier: Verifier, tokens: Tokens, zygote: Zygote | None
) -> None:
    """Kills later the counts of each file and the content of the lake are those of a run without any."""
    quiet = open_house(f"sqlite:///{tmp_path / 'quiet.db'}", tmp_path / "quiet", verifier, tokens)
    quiet.follows = False
    expected = [counts(quiet.send(kind, body)) for kind, body in FILES]
    disturbed = open_house(database_url, tmp_path / "disturbed", verifier, tokens)
    home = disturbed.context.settings.home
    with keys(verifier) as jwks_url:
        plant = Plant(home, database_url, jwks_url, tokens, zygote)
        found = [counts(plant.bring_in(kind, body)) for kind, body in FILES]
        plant.stop()
    assert (plant.worker_kills, plant.web_kills) == (WORKER_KILLS, WEB_KILLS)
    assert found == expected
    assert disturbed.book() | {"known_at": 0} == quiet.book() | {"known_at": 0}
    assert content(home) == content(quiet.context.settings.home)
    assert len(disturbed.client.get("/v1/imports", headers=disturbed.source).json["items"]) == len(FILES)


def content(home: Path) -> list[tuple[Any, ...]]:
    """Return everything that the lake holds, in an order of its own."""
    found: list[tuple[Any, ...]] = []
    for name, lake in lakes(str(home / "lake")).items():
        rows = lake.read(lake.newest(), without=())
        found += [(name, *row) for row in rows.select(*HELD[name].content, "version").rows()]
    return sorted(found, key=str)


class Plant:
    """Web and worker as processes of their own, killed until no kill is left."""

    def __init__(self, home: Path, database_url: str, jwks_url: str, tokens: Tokens, zygote: Zygote | None) -> None:
        self.worker_kills = self.web_kills = 0
        self._chance = random.Random(7)
        self._home, self._database, self._tokens = home, Database(database_url), tokens
        self._port = free_port()
        self._zygote = zygote
        self._env = ENVIRONMENT | {
            "SMECREDIT_HOME": str(home),
            "PROFILE_DATABASE_URL": database_url,
            "SMECREDIT_JWKS_URL": jwks_url,
        }
        self._web = self._start_web()
        self._worker = self._start_worker()

    def bring_in(self, kind: str, body: bytes) -> dict[str, Any]:
        """Send a file until it is taken in, then have it worked off, with kills on the way."""
        key = f"key-{self._chance.random()}"
        import_id = self._send(kind, body, key)
        state = self._state(import_id)
        while state["state"] in ("queued", "running"):
            if state["state"] == "running" and self.worker_kills < WORKER_KILLS:
                time.sleep(self._chance.uniform(0, 0.4))
                self._kill_worker()
            time.sleep(0.01)
            state = self._state(import_id)
        assert state["state"] == "done", state
        return state

    def stop(self) -> None:
        kill(self._web)
        kill(self._worker)

    def _send(self, kind: str, body: bytes, key: str) -> str:
        while True:
            if self.web_kills < WEB_KILLS:
                self.web_kills += 1
                threading.Timer(self._chance.uniform(0, 0.1), kill, [self._web]).start()
            with suppress(OSError, http.client.HTTPException):
                status, answer = self._call("POST", f"/v1/imports?kind={kind}", body, {"Idempotency-Key": key})
                assert status == 202, answer
                if self._web.code() is None:
                    return str(answer["id"])
            self._revive_web()

    def _kill_worker(self) -> None:
        kill(self._worker)
        self.worker_kills += 1
        with self._database.read() as session:  # the lease runs out in ten seconds; we do not wait for them
            dead = session.scalars(select(jobs.TABLE.c.worker).where(jobs.TABLE.c.state == "running")).all()
        for worker in dead:
            leases.hand_back(self._database, worker, None)
        self._worker = self._start_worker()

    def _state(self, import_id: str) -> dict[str, Any]:
        while True:
            with suppress(OSError, http.client.HTTPException):
                status, answer = self._call("GET", f"/v1/imports/{import_id}")
                assert status == 200, answer
                return answer
            self._revive_web()

    def _revive_web(self) -> None:
        """Start the web process anew if it is dead; a live one was only not listening yet.

        A killed arbiter's child may hold the port a moment longer and refuse what was meant for its successor.
        """
        if self._web.code() is not None:
            self._web = self._start_web()
        else:
            time.sleep(0.05)

    def _call(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        try:
            source = self._tokens(role="source", client="source-1", scopes=SCOPES)
            connection.request(method, path, body, source | (headers or {}))
            answer = connection.getresponse()
            return answer.status, orjson.loads(answer.read())
        finally:
            connection.close()

    def _start_web(self) -> Child:
        gunicorn = Path(sys.executable).with_name("gunicorn")
        config = ["--config", "python:chassis.web.gunicorn_conf", "--bind", f"127.0.0.1:{self._port}"]
        web = self._start([str(gunicorn), *config, "services.profile.app:create_app()"])
        until = time.monotonic() + LONGEST_WAIT
        while time.monotonic() < until:
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", self._port), 1).close()
                return web
            time.sleep(0.05)
        pytest.fail("the web process did not start")

    def _start_worker(self) -> Child:
        return self._start([sys.executable, "-m", "services.profile.cli", "worker"])

    def _start(self, arguments: list[str]) -> Child:
        child = Child(Command("part", arguments, loaded=True), self._env, self._home / "part.log", self._zygote)
        child.start()
        return child


def kill(child: Child) -> None:
    """Kill a process and its children at once, as a power cut would."""
    child.end(time.monotonic())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def keys(verifier: Verifier) -> Iterator[str]:
    """Publish the public keys as the gateway does."""
    document = orjson.dumps(verifier._keys.as_dict(private=False))  # type: ignore[union-attr]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/jwks.json"
    server.shutdown()
