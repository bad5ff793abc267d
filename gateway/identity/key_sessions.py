"""Sessions at the portal of who signed in with an API key: kept here, so that they end at sign-out."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from chassis.data.database import Database
from gateway.identity import store
from gateway.identity.store import StoredKey
from gateway.identity.tables import KeySessionRow

SIGNED_IN_FOR = timedelta(hours=8)


@dataclass(frozen=True, slots=True)
class KeySession:
    """A live session with the live key that opened it."""

    key: StoredKey
    expires: datetime


def begin(database: Database, key_id: str) -> str:
    """Open a session of a key and return its id."""
    now = datetime.now(UTC)
    made = {"id": f"kse_{secrets.token_hex(12)}", "key": key_id, "created_at": now, "expires_at": now + SIGNED_IN_FOR}
    with database.begin() as session:
        session.execute(insert(KeySessionRow), [made])
    return str(made["id"])


def end(database: Database, session_id: str) -> int:
    """End a session and return the revision from which on no process lets it in: today's where it had ended."""
    mine = (KeySessionRow.id == session_id, KeySessionRow.ended_at.is_(None))
    with database.begin() as session:
        ends = update(KeySessionRow).where(*mine).values(ended_at=datetime.now(UTC)).returning(KeySessionRow.id)
        return store.advance(session) if session.scalar(ends) else store.revision(session)


def live(session: Session, session_id: str, now: datetime) -> KeySession | None:
    """Return a session that has neither ended nor expired, of a key and a client who have not ended either."""
    row = session.execute(
        select(KeySessionRow.key, KeySessionRow.expires_at).where(
            KeySessionRow.id == session_id, KeySessionRow.ended_at.is_(None), KeySessionRow.expires_at > now
        )
    ).one_or_none()
    key = store.live_key(session, row[0]) if row else None
    return KeySession(key, row[1]) if row and key else None
