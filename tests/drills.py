"""A drill of backup and restore under load: acts that are acknowledged with their moment, and what is left of them."""

from __future__ import annotations

import itertools
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from smecredit.running.backups import STAMP

# Does the act of this number, and returns its id once it is acknowledged.
Act = Callable[[int], str]
TABLES = {"imports": "profile", "consents": "profile", "scores": "scoring"}


@dataclass
class Journal:
    """What was acknowledged: (kind, id) and when."""

    entries: list[tuple[str, str, datetime]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def before(self, moment: str) -> set[tuple[str, str]]:
        """Return what was acknowledged before the moment of a backup."""
        until = datetime.strptime(moment, STAMP).replace(tzinfo=UTC)
        return {(kind, name) for kind, name, at in list(self.entries) if at < until}

    def kinds(self, moment: str) -> set[str]:
        """Return of which kinds something was acknowledged before a moment."""
        return {kind for kind, _ in self.before(moment)}


@contextmanager
def acting(acts: Mapping[str, Act]) -> Iterator[Journal]:
    """Do acts of each kind, one after the other and the kinds side by side, while the block lasts."""
    journal, done = Journal(), threading.Event()

    def act(kind: str, do: Act) -> None:
        for number in itertools.count():
            if done.is_set():
                return
            try:
                journal.entries.append((kind, do(number), datetime.now(UTC)))
            except Exception as error:  # told by the test, which must not wait for it
                journal.broken.append(f"{kind}: {error!r}")
                return

    threads = [threading.Thread(target=act, args=pair) for pair in acts.items()]
    for thread in threads:
        thread.start()
    try:
        yield journal
    finally:
        done.set()
        for thread in threads:
            thread.join()


def kept(home: Path) -> set[tuple[str, str]]:
    """Return the acts that the databases of a home hold."""
    found: set[tuple[str, str]] = set()
    for table, service in TABLES.items():
        with closing(sqlite3.connect(f"file:{home}/{service}.db?mode=ro", uri=True)) as database:
            rows = database.execute(f"SELECT id FROM {table}")  # noqa: S608 -- names of ours
            found |= {(table, str(row[0])) for row in rows}
    return found


def invoices(mark: str, number: int, rows: int, firm: str) -> bytes:
    """Return a file of made-up invoices that no other call makes; it is marked as made up, as all of a sandbox is."""
    head = "enterprise,number,date,counterparty,net,tax,total,status,synthetic"
    lines = [
        f"{firm},{mark}-{number}-{row},2024-03-{1 + row % 28:02},B{row % 7},100.00,13.00,113.00,valid,true"
        for row in range(rows)
    ]
    return "\n".join([head, *lines, ""]).encode()
