"""Clients and keys as rows. Every change moves the revision on, in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from gateway.identity.tables import ClientRow, KeyRow, RevisionRow


@dataclass(frozen=True, slots=True)
class Client:
    """Somebody who may come in."""

    id: str
    role: str
    enterprise: str | None = None
    name: str | None = None
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A live key with its client."""

    id: str
    digest: bytes
    client: Client


def revision(session: Session) -> int:
    """Return how many changes were made to clients and keys."""
    number: int | None = session.scalar(select(RevisionRow.number))
    return number or 0


def advance(session: Session) -> int:
    """Count one more change and return the new number; the row's lock keeps two changes apart."""
    moved: int | None = session.scalar(
        update(RevisionRow).values(number=RevisionRow.number + 1).returning(RevisionRow.number)
    )
    assert moved is not None, "the first migration makes the row"
    return moved


def live_key(session: Session, key_id: str) -> StoredKey | None:
    """Return a key that may be used: neither it nor its client is disabled."""
    row = session.execute(
        select(KeyRow.id, KeyRow.digest, ClientRow)
        .join(ClientRow, ClientRow.id == KeyRow.client)
        .where(KeyRow.id == key_id, KeyRow.disabled_at.is_(None), ClientRow.disabled_at.is_(None))
    ).one_or_none()
    return StoredKey(row[0], row[1], client_of_row(row[2])) if row else None


def key_exists(session: Session, key_id: str) -> bool:
    """Tell whether there is or ever was a key of that id."""
    return session.get(KeyRow, key_id) is not None


def live_client(session: Session, client_id: str) -> Client | None:
    """Return a client that is not disabled."""
    client = find_client(session, client_id)
    return client if client and not client.disabled else None


def find_client(session: Session, client_id: str) -> Client | None:
    """Return a client."""
    row = session.get(ClientRow, client_id)
    return client_of_row(row) if row else None


def existing(session: Session, client_ids: Iterable[str]) -> list[str]:
    """Return which of these clients exist."""
    return sorted(session.scalars(select(ClientRow.id).where(ClientRow.id.in_(list(client_ids)))))


def clients_after(session: Session, cursor: str, limit: int) -> list[Client]:
    """Return clients in the order of their ids, from behind `cursor` on."""
    rows = session.scalars(select(ClientRow).where(ClientRow.id > cursor).order_by(ClientRow.id).limit(limit))
    return [client_of_row(row) for row in rows]


def live_keys_of(session: Session, client_ids: Sequence[str]) -> dict[str, list[str]]:
    """Return the ids of the clients' live keys, the oldest first."""
    key_ids: dict[str, list[str]] = {client_id: [] for client_id in client_ids}
    rows = session.execute(
        select(KeyRow.client, KeyRow.id)
        .where(KeyRow.client.in_(client_ids), KeyRow.disabled_at.is_(None))
        .order_by(KeyRow.created_at, KeyRow.id)
    )
    for client_id, key_id in rows:
        key_ids[client_id].append(key_id)
    return key_ids


def add_clients(session: Session, clients: Iterable[Client], now: datetime) -> None:
    """Insert clients."""
    session.execute(
        insert(ClientRow),
        [{"id": c.id, "role": c.role, "enterprise": c.enterprise, "name": c.name, "created_at": now} for c in clients],
    )


def add_keys(session: Session, keys: Iterable[tuple[str, str, bytes]], now: datetime) -> None:
    """Insert keys, given as (client, key id, digest)."""
    session.execute(
        insert(KeyRow),
        [{"id": key_id, "client": client, "digest": digest, "created_at": now} for client, key_id, digest in keys],
    )


def disable_key(session: Session, client_id: str, key_id: str, now: datetime) -> bool:
    """Disable a client's key; return whether there is such a key. A key once disabled keeps its first date."""
    row = session.get(KeyRow, key_id)
    if row is None or row.client != client_id:
        return False
    row.disabled_at = row.disabled_at or now
    session.flush()
    return True


def disable_client(session: Session, client_id: str, now: datetime) -> bool:
    """Disable a client with all its keys; return whether there is such a client."""
    row = session.get(ClientRow, client_id)
    if row is None:
        return False
    row.disabled_at = row.disabled_at or now
    session.flush()
    return True


def rename(session: Session, client_id: str, name: str) -> bool:
    """Enter a client's name; return whether there is such a client."""
    row = session.get(ClientRow, client_id)
    if row is None:
        return False
    row.name = name
    session.flush()
    return True


def client_of_row(row: ClientRow) -> Client:
    """Return the client of a row."""
    return Client(row.id, row.role, row.enterprise, row.name, row.disabled_at is not None)
