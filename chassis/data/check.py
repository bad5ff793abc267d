"""Whether a service's database is whole: its file or its rows, its references, and its ledger down to the root."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import MetaData, inspect, select, text
from sqlalchemy.exc import DBAPIError

from chassis.core import merkle
from chassis.core.errors import UpstreamUnavailable
from chassis.core.findings import Finding
from chassis.data import migrations
from chassis.data.database import Database
from chassis.data.ledger.store import ENTRIES, HASH_BYTES, HEAD

LEAVES = 10_000
RESTORE = "restore the database and the lake from one backup"


def check_database(database: Database, package: str, checked: Counter[str], *, deep: bool) -> Iterator[Finding]:
    """Give what is wrong with the database of a service; `checked` gains what was looked at."""
    where = f"database of {package.rpartition('.')[2]}"
    try:
        migrations.check(database, package)
        yield from _sqlite(database, where, deep=deep) if database.url.startswith("sqlite") else _rows(database, where)
        checked["databases"] += 1
        if inspect(database.engine).has_table(HEAD.name):
            yield from _ledger(database, where, checked)
    except UpstreamUnavailable as error:
        yield Finding("database", where, error.detail, "a database of this release", "run the migration")
    except DBAPIError as error:
        yield Finding("database", where, str(error.orig).splitlines()[0], "a database that can be read", RESTORE)


def _sqlite(database: Database, where: str, *, deep: bool) -> Iterator[Finding]:
    with database.engine.connect() as connection:
        said = connection.exec_driver_sql("PRAGMA integrity_check" if deep else "PRAGMA quick_check").scalars().all()
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    for line in said:
        if line != "ok":
            yield Finding("database", where, str(line), "ok", RESTORE)
    for table, row, other, _ in broken:
        yield Finding("reference", f"{where}, {table}", f"row {row} names nothing in {other}", "a row there", RESTORE)


def _rows(database: Database, where: str) -> Iterator[Finding]:
    """Read every value of every table, as PostgreSQL checks a page when it is read."""
    kept = MetaData()
    kept.reflect(database.engine)
    for table in kept.sorted_tables:
        try:
            with database.engine.connect() as connection:
                connection.execute(text(f'SELECT sum(length(t::text)) FROM "{table.name}" AS t'))  # noqa: S608 - our own
        except DBAPIError as error:
            yield Finding("table", f"{where}, {table.name}", str(error.orig).splitlines()[0], "readable rows", RESTORE)


def _ledger(database: Database, where: str, checked: Counter[str]) -> Iterator[Finding]:
    """Make the tree again from the entries: their numbers have no gap, and its root is the one that is signed."""
    size, tops = 0, list[bytes]()
    with database.engine.connect() as connection:
        noted, peaks = connection.execute(select(HEAD.c.size, HEAD.c.peaks)).one()
        # The entries up to the head that was read: others may be added meanwhile.
        for start in range(0, noted, LEAVES):
            part = (ENTRIES.c.n >= start) & (ENTRIES.c.n < min(start + LEAVES, noted))
            rows = connection.execute(select(ENTRIES.c.leaf).where(part).order_by(ENTRIES.c.n)).scalars().all()
            _, tops = merkle.grown(size, tops, [merkle.leaf_hash(bytes(leaf)) for leaf in rows])
            size += len(rows)
    checked["ledger entries"] += size
    held = [bytes(peaks[place : place + HASH_BYTES]) for place in range(0, len(peaks), HASH_BYTES)]
    if size != noted:
        yield Finding("ledger", where, f"{size} entries", f"{noted} entries", RESTORE)
    elif merkle.root_of(tops) != merkle.root_of(held):
        was = (merkle.root_of(tops).hex()[:16], merkle.root_of(held).hex()[:16])
        yield Finding("ledger", where, f"the entries give the root {was[0]}…", f"{was[1]}…, as signed", RESTORE)
