"""Second factors as rows: who has which, their end, and the record of what happened to them."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, insert, or_, select, true, update
from sqlalchemy.orm import Session

from gateway.identity.tables import FactorEventRow, PasskeyRow, PersonRow, RecoveryCodeRow, TotpRow
from gateway.signing_in import PASSKEY, Event, Factor

# Events are shown so many of each kind, so that many of one kind hide none of another; told at sign-in for so long.
SHOWN_OF_KIND, TOLD_FOR = 20, timedelta(days=30)


def lock(session: Session, person: str) -> None:
    """Keep changes of a person's factors, and sign-ins, apart until this transaction ends."""
    session.execute(select(PersonRow.id).where(PersonRow.id == person).with_for_update())


# What the list of people says of a second factor.
TITLES = {True: "second factor", False: "no second factor"}


def has_any(session: Session, person: str) -> bool:
    """Tell whether a person has a second factor; recovery codes stand for one and are none."""
    return bool(
        session.scalar(select(TotpRow.id).where(TotpRow.person == person))
        or session.scalar(select(PasskeyRow.id).where(PasskeyRow.person == person).limit(1))
    )


def listed(session: Session, person: str) -> list[Factor]:
    """Return a person's factors, the oldest first."""
    keys = session.scalars(select(PasskeyRow).where(PasskeyRow.person == person)).all()
    apps = session.scalars(select(TotpRow).where(TotpRow.person == person)).all()
    found = [Factor(row.id, "passkey", row.name, row.created_at, row.used_at) for row in keys]
    found += [Factor(row.id, "totp", "", row.created_at, row.used_at) for row in apps]
    return sorted(found, key=lambda each: (each.created_at, each.id))


def codes_left(session: Session, person: str) -> int:
    """Return how many recovery codes a person has not used."""
    unused = (RecoveryCodeRow.person == person, RecoveryCodeRow.used_at.is_(None))
    return session.scalar(select(func.count()).select_from(RecoveryCodeRow).where(*unused)) or 0


def remove(session: Session, person: str, factor: str) -> Factor | None:
    """Remove a factor of a person and return what it was; None where they have no such one."""
    gone = next((each for each in listed(session, person) if each.id == factor), None)
    if gone is None:
        return None
    row: type[PasskeyRow | TotpRow] = PasskeyRow if gone.kind == PASSKEY else TotpRow
    session.execute(delete(row).where(row.id == factor, row.person == person))
    return gone


def forget_codes(session: Session, person: str) -> None:
    """End all recovery codes of a person."""
    session.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.person == person))


def forget(session: Session, person: str) -> None:
    """End all factors of a person, recovery codes included."""
    forget_codes(session, person)
    for row in (PasskeyRow, TotpRow):
        session.execute(delete(row).where(row.person == person))


def note(
    session: Session,
    person: str,
    kind: str,
    now: datetime,
    *,
    factor: str | None = None,
    name: str | None = None,
    within: str | None = None,
) -> None:
    """Record what happened to a person's factors, and `within` which session or step."""
    event = {"id": f"fev_{secrets.token_hex(12)}", "person": person, "kind": kind, "at": now}
    session.execute(insert(FactorEventRow), [{**event, "factor": factor, "name": name or None, "session": within}])


def hand_on(session: Session, person: str, before: str, opened: str) -> None:
    """Note that what happened in a step, or in a session, is of the session that has taken its place."""
    mine = update(FactorEventRow).where(FactorEventRow.person == person, FactorEventRow.session == before)
    session.execute(mine.values(session=opened))


def events(session: Session, person: str, within: str, now: datetime) -> list[Event]:
    """Return what happened to a person's factors, the newest first; of each kind what is to be told before the rest."""
    order = (FactorEventRow.seen_at.is_not(None), FactorEventRow.at.desc(), FactorEventRow.id)
    nth = func.row_number().over(partition_by=FactorEventRow.kind, order_by=order).label("nth")
    ranked = select(FactorEventRow.id, nth).where(FactorEventRow.person == person).subquery()
    rows = session.scalars(
        select(FactorEventRow)
        .join(ranked, ranked.c.id == FactorEventRow.id)
        .where(ranked.c.nth <= SHOWN_OF_KIND)
        .order_by(FactorEventRow.at.desc(), FactorEventRow.id)
    ).all()
    new = set(session.scalars(select(FactorEventRow.id).where(*_untold(person, within, now))))
    return [Event(row.id, row.kind, row.factor, row.name, row.at, row.id in new) for row in rows]


def untold(session: Session, person: str, within: str, now: datetime) -> bool:
    """Tell whether something happened lately in other sessions than this one that the person has not acknowledged."""
    return session.scalar(select(FactorEventRow.id).where(*_untold(person, within, now)).limit(1)) is not None


def acknowledge(session: Session, person: str, within: str, ids: Collection[str], now: datetime) -> None:
    """Note that the person knows of these events; of what was done in this very session the next one tells."""
    known = set(session.scalars(select(FactorEventRow.id).where(*_untold(person, within, now)))) & set(ids)
    session.execute(update(FactorEventRow).where(FactorEventRow.id.in_(known)).values(seen_at=now))


def record(session: Session, login: str | None, most: int) -> Sequence[tuple[str, str, Event]]:
    """Return (login, client, event), the newest first: of one login or of all."""
    rows = session.execute(
        select(PersonRow.login, PersonRow.client, FactorEventRow)
        .join(PersonRow, PersonRow.id == FactorEventRow.person)
        .where(true() if login is None else PersonRow.login == login)
        .order_by(FactorEventRow.at.desc(), FactorEventRow.id)
        .limit(most)
    )
    return [
        (login, client, Event(row.id, row.kind, row.factor, row.name, row.at, row.seen_at is None))
        for login, client, row in rows
    ]


def _untold(person: str, within: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    elsewhere = or_(FactorEventRow.session.is_(None), FactorEventRow.session != within)
    lately = FactorEventRow.at > now - TOLD_FOR
    return FactorEventRow.person == person, FactorEventRow.seen_at.is_(None), lately, elsewhere
