"""Idempotency keys as rows: whose key it is, what was asked under it, and the answer that a repetition gets.

The key's row is claimed first and in the same transaction as the data: a second request with the key waits for the
first one's commit and then replays its answer. (Data first gave 409 where a replay was due.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, MetaData, String, Table, bindparam, select, text, update
from sqlalchemy.orm import Session

from chassis.core.call import note_replay
from chassis.core.errors import Invalid
from chassis.data.database import Json, Runner, Utc

TABLE = Table(
    "idempotency_keys",
    MetaData(),
    Column("client", String(128), primary_key=True),
    Column("key", String(128), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("answer", Json),
    Column("created_at", Utc, nullable=False),
)
CLAIM = text(
    "INSERT INTO idempotency_keys (client, key, fingerprint, created_at) VALUES (:client, :key, :fingerprint, :at) "
    "ON CONFLICT DO NOTHING"
).bindparams()
KEEP = text(
    "INSERT INTO idempotency_keys (client, key, fingerprint, answer, created_at) "
    "VALUES (:client, :key, :fingerprint, :answer, :created_at) ON CONFLICT DO NOTHING"
).bindparams(bindparam("answer", type_=Json), bindparam("created_at", type_=Utc))
STORED = select(TABLE.c.fingerprint, TABLE.c.answer).where(
    TABLE.c.client == bindparam("client"), TABLE.c.key == bindparam("key")
)
STORED_AMONG = select(TABLE.c.key, TABLE.c.fingerprint, TABLE.c.answer).where(
    TABLE.c.client == bindparam("client"), TABLE.c.key.in_(bindparam("keys", expanding=True))
)
LONGEST_KEY = 128


def declare(metadata: MetaData) -> Table:
    """Make the table of keys one of the service's own tables."""
    return TABLE.to_metadata(metadata)


@dataclass(frozen=True, slots=True)
class Claim:
    """A request by what makes it the same again; taken down in it, used beside it where requests share a turn."""

    client: str
    key: str
    fingerprint: str


def stored_among(runner: Runner, client: str, keys: Iterable[str]) -> dict[str, tuple[str, Any]]:
    """Return fingerprint and answer of those of a client's keys that have one."""
    rows = runner.execute(STORED_AMONG, {"client": client, "keys": list(keys)})
    return {row.key: (row.fingerprint, row.answer) for row in rows}


def keep_each(runner: Runner, answers: Mapping[Claim, Any]) -> bool:
    """Claim several requests' keys for answers that are known beforehand; tell whether none was claimed before.

    Where one was, `stored_among` tells which and its answer.

    One statement for all where `once` needs two for each: for what is worked out before the transaction.
    """
    now = datetime.now(UTC)
    rows = [
        {"client": one.client, "key": one.key, "fingerprint": one.fingerprint, "answer": answer, "created_at": now}
        # In one order everywhere, so that two processes with the same keys never wait for each other.
        for one, answer in sorted(answers.items(), key=lambda pair: pair[0].key)
    ]
    return bool(runner.execute(KEEP, rows).rowcount == len(rows))  # type: ignore[attr-defined]


def claimed(session: Session, claim: Claim) -> bool:
    """Claim a request's key in the session's transaction; tell whether it was free."""
    now = datetime.now(UTC)
    at = now.replace(tzinfo=None) if session.get_bind().dialect.name == "sqlite" else now
    row = {"client": claim.client, "key": claim.key, "fingerprint": claim.fingerprint, "at": at}
    return bool(session.execute(CLAIM, row).rowcount)  # type: ignore[attr-defined]


def keep(session: Session, claim: Claim, answer: Any) -> None:
    """Store the answer of a key that this transaction has claimed."""
    mine = (TABLE.c.client == claim.client, TABLE.c.key == claim.key)
    session.execute(update(TABLE).where(*mine).values(answer=answer))


def stored(runner: Runner, claim: Claim) -> tuple[str, Any] | None:
    """Return fingerprint and answer of a request's key, None where it is new."""
    row = runner.execute(STORED, {"client": claim.client, "key": claim.key}).one_or_none()
    return None if row is None else (row.fingerprint, row.answer)


def replay(claim: Claim, stored: tuple[str, Any]) -> Any:
    """Return a stored answer to the same request; raise `Invalid` where the key was another request's."""
    fingerprint, answer = stored
    if fingerprint != claim.fingerprint:
        raise Invalid("This Idempotency-Key was used with another request; use a new key for a new request.")
    note_replay()
    return answer
