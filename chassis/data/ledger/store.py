"""A ledger's tables: what was entered, and the tree over it. An entry commits with the act that it tells of.

The head is one row with the tree's size and peaks. Whoever appends locks it, so numbers have no gap and the log never
forks; on SQLite the writer's lock does that anyway. Append as the last thing before the commit: others wait meanwhile.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    LargeBinary,
    MetaData,
    Row,
    String,
    Table,
    insert,
    select,
    tuple_,
    update,
)

from chassis.core import merkle
from chassis.core.errors import NotFound
from chassis.core.merkle import Nodes, Place
from chassis.data.database import Runner, batches
from chassis.data.ledger.entry import SALT_BYTES, Entry, written

HEAD = Table(
    "ledger_head",
    MetaData(),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("peaks", LargeBinary, nullable=False),
)
# Whom an entry concerns, who acted and to whom something was given stand in plain beside the leaf, with the salt,
# until they are forgotten.
ENTRIES = Table(
    "ledger_entries",
    MetaData(),
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("subject", String(128)),
    Column("actor", String(128)),
    Column("grantee", String(128)),
    Column("salt", LargeBinary),
    Index("ix_ledger_entries_subject_n", "subject", "n"),
    Index("ix_ledger_entries_actor_n", "actor", "n"),
    Index("ix_ledger_entries_grantee_n", "grantee", "n"),
)
NODES = Table(
    "ledger_nodes",
    MetaData(),
    Column("level", BigInteger, primary_key=True, autoincrement=False),
    Column("place", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
)
TABLES = (HEAD, ENTRIES, NODES)
ROLES = (ENTRIES.c.subject, ENTRIES.c.actor, ENTRIES.c.grantee)
HASH_BYTES = 32
LARGEST = (1 << 63) - 1  # of a number in a column
_head = select(HEAD.c.size, HEAD.c.peaks)
_lock = _head.with_for_update()
_move = update(HEAD)
_enter, _grow = insert(ENTRIES), insert(NODES)
T = TypeVar("T")


class EntryNotFound(NotFound):
    """The ledger has no such entry, or no such size yet."""


@dataclass(frozen=True, slots=True)
class Head:
    """How many entries there are, and the tree's root over them."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry as stored; `subject`, `actor`, `grantee` and `salt` are None once it is forgotten."""

    n: int
    leaf: bytes
    subject: str | None
    actor: str | None
    grantee: str | None
    salt: bytes | None


def declare(metadata: MetaData) -> None:
    """Make the ledger's tables the service's own; its migration calls `create`."""
    for table in TABLES:
        table.to_metadata(metadata)


def begin(runner: Runner) -> None:
    """Write the head of an empty ledger: once, by the migration that makes the tables."""
    runner.execute(insert(HEAD).values(id=1, size=0, peaks=b""))


def append(runner: Runner, entries: Sequence[Entry], at: datetime | None = None) -> range:
    """Enter what happened, in the transaction in which it happens; return the entries' numbers."""
    if not entries:
        return range(0)
    size, peaks = runner.execute(_lock).one()
    moment = at or datetime.now(UTC)
    salts = secrets.token_bytes(SALT_BYTES * len(entries))
    rows = [
        {
            "n": size + i,
            "leaf": written(entry, moment, salts[i * SALT_BYTES : (i + 1) * SALT_BYTES]),
            "subject": entry.subject,
            "actor": entry.actor,
            "grantee": entry.grantee,
            "salt": salts[i * SALT_BYTES : (i + 1) * SALT_BYTES],
        }
        for i, entry in enumerate(entries)
    ]
    made, tops = merkle.grown(size, _parts(peaks), [merkle.leaf_hash(row["leaf"]) for row in rows])
    runner.execute(_enter, rows)
    runner.execute(_grow, [{"level": level, "place": place, "hash": h} for (level, place), h in made.items()])
    runner.execute(_move, {"size": size + len(rows), "peaks": b"".join(tops)})
    return range(size, size + len(rows))


def head(runner: Runner) -> Head:
    """Return the ledger's size and root."""
    size, peaks = runner.execute(_head).one()
    return Head(size, merkle.root_of(_parts(peaks)))


def root_at(runner: Runner, size: int) -> bytes:
    """Return the root that the ledger had at a size."""
    _require(runner, size)
    return _proved(runner, lambda nodes: merkle.root(size, nodes))


def inclusions(runner: Runner, numbers: Sequence[int], size: int) -> dict[int, list[bytes]]:
    """Return, for each of these entries, the proof that it is in the ledger of `size`."""
    _require(runner, size)
    if not all(0 <= number < size for number in numbers):
        raise EntryNotFound(f"The ledger of size {size} has the entries 0 to {size - 1}.")
    return _proved(runner, lambda nodes: {number: merkle.inclusion(number, size, nodes) for number in numbers})


def consistency(runner: Runner, old: int, new: int) -> list[bytes]:
    """Return the proof that the ledger of size `new` continues that of size `old`."""
    _require(runner, new)
    if not 0 < old <= new:
        raise EntryNotFound(f"A ledger of size {new} continues those of the sizes 1 to {new}.")
    return _proved(runner, lambda nodes: merkle.consistency(old, new, nodes))


def entry(runner: Runner, number: int) -> Kept:
    """Return an entry; raise `EntryNotFound`."""
    asked = select(ENTRIES).where(ENTRIES.c.n == number)
    found = runner.execute(asked).one_or_none() if number <= LARGEST else None
    if found is None:
        raise EntryNotFound("The ledger has no entry of that number.")
    return _kept(found)


def entries_of(runner: Runner, names: Iterable[str], before: int | None, most: int) -> list[Kept]:
    """Return the newest entries, below a number where one is given, in which one of these has a role."""
    newest = select(ENTRIES).order_by(ENTRIES.c.n.desc()).limit(most)
    if before is not None:
        newest = newest.where(ENTRIES.c.n < before)
    # A query a name and role reads `most` rows of an index. One query with `or` sorts all that a client ever did.
    wanted = [newest.where(role == name) for name in names for role in ROLES]
    found = {row.n: _kept(row) for query in wanted for row in runner.execute(query)}
    return [found[number] for number in sorted(found, reverse=True)[:most]]


def numbers_about(runner: Runner, subject: str, ids: Iterable[str]) -> list[int]:
    """Return the entries of a subject whose facts name one of these ids."""
    wanted = [f'"{one}"'.encode() for one in ids]
    rows = runner.execute(select(ENTRIES.c.n, ENTRIES.c.leaf).where(ENTRIES.c.subject == subject))
    return [n for n, leaf in rows if any(one in bytes(leaf) for one in wanted)]


def numbers_by(runner: Runner, actor: str, ids: Iterable[str]) -> list[int]:
    """Return the entries of whom an actor's acts concern, of which the facts name one of these ids."""
    wanted = [f'"{one}"'.encode() for one in ids]
    acts = select(ENTRIES.c.n, ENTRIES.c.leaf).where(ENTRIES.c.actor == actor, ENTRIES.c.subject.is_not(None))
    rows = runner.execute(acts.execution_options(yield_per=1000))
    return [n for n, leaf in rows if any(one in bytes(leaf) for one in wanted)]


def forget(runner: Runner, numbers: Iterable[int]) -> None:
    """Erase by what these entries could be told to be somebody's; their leaves, and so all proofs, stay as they are."""
    for part in batches(list(numbers)):
        mine = ENTRIES.c.n.in_(part)
        runner.execute(update(ENTRIES).where(mine).values(subject=None, actor=None, grantee=None, salt=None))


def _require(runner: Runner, size: int) -> None:
    now = runner.execute(_head).one().size
    if not 0 <= size <= now:
        raise EntryNotFound(f"The ledger has {now} entries, not yet {size}.")


def _proved(runner: Runner, proof: Callable[[Nodes], T]) -> T:
    """Return a proof whose nodes are fetched at once."""
    found: dict[Place, bytes] = {}
    for part in batches(sorted(merkle.needed(proof))):
        wanted = tuple_(NODES.c.level, NODES.c.place).in_(part)
        found |= {(row.level, row.place): row.hash for row in runner.execute(select(NODES).where(wanted))}
    return proof(lambda level, place: found[level, place])


def _parts(peaks: bytes) -> list[bytes]:
    return [peaks[start : start + HASH_BYTES] for start in range(0, len(peaks), HASH_BYTES)]


def _kept(row: Row[tuple[int, bytes, str | None, str | None, str | None, bytes | None]]) -> Kept:
    return Kept(
        row.n, bytes(row.leaf), row.subject, row.actor, row.grantee, None if row.salt is None else bytes(row.salt)
    )
