"""Sessions of people, and the step before one: where a second factor is asked for, a password alone opens none."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from chassis.core.errors import Unauthenticated
from gateway.identity import factor_rows, store
from gateway.identity.store import Client
from gateway.identity.tables import ClientRow, PersonRow, SessionRow, StepRow
from gateway.signing_in import STEP_FOR, Step

SIGNED_IN_FOR = timedelta(hours=8)
REFUSED = "The login or the password is not right."
STEP_ENDED = "The first step of signing in is too old. Sign in again."


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A live session with its person and the client that the person belongs to.

    `factor` is what it was opened by beside the password, `proved_at` when the person last proved to be there.
    """

    session: str
    person: str
    client: Client
    expires: datetime
    factor: str | None = None
    proved_at: datetime | None = None


def live_session(session: Session, session_id: str, now: datetime, required: Collection[str] = ()) -> SignedIn | None:
    """Return a session that has neither ended nor expired, of a person and a client who have not ended either.

    Of the roles `required` to have a second factor a session that was opened without one is none.
    """
    row = session.execute(
        select(SessionRow, ClientRow)
        .join(PersonRow, PersonRow.id == SessionRow.person)
        .join(ClientRow, ClientRow.id == PersonRow.client)
        .where(
            SessionRow.id == session_id,
            SessionRow.ended_at.is_(None),
            SessionRow.expires_at > now,
            PersonRow.disabled_at.is_(None),
            ClientRow.disabled_at.is_(None),
        )
    ).one_or_none()
    if row is None or (row[1].role in required and row[0].factor is None):
        return None
    here = row[0]
    return SignedIn(here.id, here.person, store.client_of_row(row[1]), here.expires_at, here.factor, here.proved_at)


def enter(session: Session, person: str, required: Collection[str]) -> SignedIn | Step:
    """Return what a right password opens: a session, or the step before one for who has, or must have, a factor."""
    role = session.scalar(
        select(ClientRow.role).join(PersonRow, PersonRow.client == ClientRow.id).where(PersonRow.id == person)
    )
    if role not in required and not factor_rows.has_any(session, person):
        return open_session(session, person, None)
    now = datetime.now(UTC)
    step = {"id": f"stp_{secrets.token_hex(12)}", "person": person, "created_at": now, "expires_at": now + STEP_FOR}
    session.execute(insert(StepRow), [step])
    return Step(str(step["id"]))


def open_session(session: Session, person: str, factor: str | None, proved_at: datetime | None = None) -> SignedIn:
    """Open a session and return it; its id is made now, so none can be planted before."""
    now = datetime.now(UTC)
    made = {"id": f"ses_{secrets.token_hex(12)}", "person": person, "created_at": now, "factor": factor}
    row = {**made, "expires_at": now + SIGNED_IN_FOR, "proved_at": proved_at or now}
    session.execute(insert(SessionRow), [row])
    opened = live_session(session, str(made["id"]), now)
    if opened is None:
        raise Unauthenticated(REFUSED)  # the client has ended
    return opened


def person_of_step(session: Session, step: str, now: datetime) -> str:
    """Return whose step this is; raise `Unauthenticated` where it has ended or expired, or its person or client has."""
    person = session.scalar(
        select(StepRow.person)
        .join(PersonRow, PersonRow.id == StepRow.person)
        .join(ClientRow, ClientRow.id == PersonRow.client)
        .where(
            StepRow.id == step,
            StepRow.ended_at.is_(None),
            StepRow.expires_at > now,
            PersonRow.disabled_at.is_(None),
            ClientRow.disabled_at.is_(None),
        )
    )
    if person is None:
        raise Unauthenticated(STEP_ENDED)
    return person


def take_step(session: Session, step: str, factor: str, now: datetime) -> SignedIn:
    """Exchange a step, once, for a session that was opened with a factor."""
    mine = (StepRow.id == step, StepRow.ended_at.is_(None), StepRow.expires_at > now)
    person = session.scalar(update(StepRow).where(*mine).values(ended_at=now).returning(StepRow.person))
    if person is None:
        raise Unauthenticated(STEP_ENDED)
    return open_session(session, person, factor, now)


def end_all(session: Session, person: str, but: str | None = None) -> int:
    """End all sessions and steps of a person, but one, and return the revision from which on none of them is let in."""
    now = datetime.now(UTC)
    for row in (SessionRow, StepRow):
        live = (row.person == person, row.ended_at.is_(None), row.id != (but or ""))
        session.execute(update(row).where(*live).values(ended_at=now))
    return store.advance(session)
