"""Rows and values of disputes, repairs and records that have left: and who must be told of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import String, cast, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from chassis.core.ids import new_id
from chassis.data.database import BATCH, Runner, batches
from services.profile import store, tables
from services.profile.domain.departure import Cause, Departure
from services.profile.domain.dispute import DESCRIPTION, MARKED, REPAIRED, Correction, Mark, State
from services.profile.domain.notice import Event
from services.profile.domain.signals.scene import named

MARKS = ("id", "state", "kind", "record", "field", "reason", "statement", "opened_at", "due_at")
RECORDS = "public-records"
INVOICES = "invoices"


def marks(runner: Runner, enterprises: Sequence[str]) -> dict[str, list[Mark]]:
    """Return what readers are told of the disputes of these enterprises, the oldest first; who has none is left out."""
    table = tables.Dispute
    query = select(table.enterprise, *(getattr(table, name) for name in MARKS)).where(table.state.in_(MARKED))
    found: dict[str, list[Mark]] = {}
    for part in batches(enterprises):
        for row in runner.execute(query.where(table.enterprise.in_(part)).order_by(table.id)):
            found.setdefault(row[0], []).append(Mark(*row[1:]))
    return found


def disputed(marked: Mapping[str, Iterable[Mark]]) -> frozenset[Departure]:
    """Return the records that these marks set aside, for the view without them."""
    return frozenset(
        Departure(enterprise, mark.kind, mark.record)
        for enterprise, each in marked.items()
        for mark in each
        if mark.record is not None and mark.kind != DESCRIPTION
    )


def departed(
    runner: Runner, enterprises: Sequence[str] | None = None, known_at: datetime | None = None
) -> frozenset[Departure]:
    """Return the records of these enterprises (None: of all) that do not count at a moment (None: now)."""
    table = tables.Departure
    query = select(table.enterprise, table.dataset, table.record)
    if known_at is not None:
        query = query.where(or_(table.always, table.known_at <= known_at))
    found: set[Departure] = set()
    for part in [None] if enterprises is None else batches(enterprises):
        rows = runner.execute(query if part is None else query.where(table.enterprise.in_(part)))
        found |= {Departure(*row) for row in rows}
    return frozenset(found)


def departed_between(runner: Runner, after: datetime, until: datetime | None) -> set[str]:
    """Return the enterprises that a record left, as known later than one moment and no later than another."""
    table = tables.Departure
    query = select(table.enterprise).distinct().where(table.known_at > after)
    return set(runner.execute(query if until is None else query.where(table.known_at <= until)).scalars())


def depart(session: Session, gone: Collection[Departure], cause: Cause, act: str, now: datetime) -> list[Departure]:
    """Let records leave the book in the transaction of the act that ends them; return those that were there till now.

    A repaired record and one past its keeping leave every moment, past ones too: the law ends their display and use. A
    corrected one leaves from now on, so that what was said before can still be explained.
    """
    # Locked before it is looked: two acts that end the same record take turns, and the second finds it gone.
    state = store.book(session, lock=True)
    before = departed(session, sorted({each.enterprise for each in gone}))
    here = sorted(set(gone) - before, key=lambda one: (one.enterprise, one.dataset, one.record))
    if not here:
        return []
    known_at = max(now, state.known_at + store.TICK)
    same = {"cause": cause, "act": act, "known_at": known_at, "always": cause is not Cause.CORRECTED}
    names = ("enterprise", "dataset", "record")
    rows = [{"id": new_id("dep"), **{name: getattr(each, name) for name in names}, **same} for each in here]
    session.execute(insert(tables.Departure), [{**row, "shredded_at": None} for row in rows])
    store.move_book(session, replace(state, known_at=known_at, departures=state.departures + len(here)))
    change_files(session, {each.enterprise for each in here})
    return here


def change_files(session: Session, enterprises: Collection[str]) -> None:
    """Note that something other than new invoices changed what is read of these enterprises: no stored answer holds."""
    table, stored = tables.Enterprise, tables.FeatureSnapshot
    for part in batches(sorted(enterprises)):
        session.execute(update(table).where(table.id.in_(part)).values(revision=table.revision + 1))
        session.execute(delete(stored).where(stored.enterprise.in_(part)))


def readers(session: Session, enterprise: str, since: datetime) -> list[str]:
    """Return the clients that have read an enterprise's file since a moment, by name."""
    table = tables.Access
    query = select(table.client).distinct().where(table.enterprise == enterprise, table.at >= since)
    return sorted(session.execute(query).scalars())


def notify(
    session: Session,
    recipients: Collection[str],
    event: Event,
    enterprise: str,
    act: str,
    facts: Mapping[str, Any],
    now: datetime,
) -> None:
    """Leave a message with each of these clients, in the transaction of the act that it tells of."""
    same = {"event": event, "enterprise": enterprise, "act": act, "facts": dict(facts), "created_at": now}
    rows = [{"id": new_id("ntc"), "recipient": name, **same, "acknowledged_at": None} for name in sorted(recipients)]
    if rows:
        session.execute(insert(tables.Notice), rows)


def told(session: Session, after: str | None, most: int = BATCH) -> dict[str, Any]:
    """Return which clients were told what of which file, in order, after an id; and the last id there is.

    Who is written to as an enterprise or by its role is no client.
    """
    table = tables.Notice
    clients = table.recipient.not_like("%:%")
    last = session.scalar(select(func.max(table.id)).where(clients))
    if after is None:
        return {"items": [], "last": last}
    query = select(table.id, table.event, table.enterprise, table.recipient, table.act)
    rows = session.execute(query.where(clients, table.id > after).order_by(table.id).limit(most))
    names = ("id", "event", "enterprise", "client", "act")
    return {"items": [dict(zip(names, row, strict=True)) for row in rows], "last": last}


def withdraw_alerts(session: Session, enterprise: str, numbers: Collection[str], now: datetime) -> None:
    """Withdraw every alert, of whatever firm, that rests on these public records of an enterprise alone.

    What an alert keeps of them goes as well. Invoices beside a record only say how much is at stake: a supplier's alert
    about its customer's record does not stand on them.
    """
    table = tables.Alert
    for number in numbers:
        written = orjson.dumps(number)[1:-1].decode()
        near = cast(table.records, String).contains(written, autoescape=True)
        for alert in session.scalars(select(table).where(near)):
            kept = [each for each in alert.records if not _is(each, alert, enterprise, number)]
            if len(kept) == len(alert.records):
                continue
            alert.records_count -= len(alert.records) - len(kept)
            alert.records = kept
            if all(each["kind"] == INVOICES for each in kept):
                alert.withdrawn_at = now


def _is(record: Mapping[str, Any], alert: tables.Alert, enterprise: str, number: str) -> bool:
    if record.get("kind") != RECORDS or record.get("number") != number:
        return False
    # A record of another firm names it as the alert's own firm does: its customer.
    party = record.get("counterparty")
    return (alert.enterprise if party is None else named(party)) == enterprise


def end_disputes(
    session: Session,
    enterprise: str,
    records: Collection[str],
    now: datetime,
    *,
    kind: str = RECORDS,
    by: tuple[Correction, str] = (Correction.REPAIRED, REPAIRED),
) -> None:
    """End the disputes about records that have left: a mark would tell of what nobody is to be told of.

    `by` is how they left, and the answer.
    """
    table = tables.Dispute
    mine = (table.enterprise == enterprise, table.kind == kind, table.record.in_(sorted(records)))
    ended = {"state": State.CORRECTED, "correction": by[0], "reply": by[1], "decided_at": now}
    session.execute(update(table).where(*mine, table.state.in_(MARKED)).values(**ended))


def open_disputes(session: Session, enterprise: str, kind: str | None = None, item: str = "") -> int:
    """Return how many open disputes an enterprise has: of one item, a record or a field, or of all."""
    table = tables.Dispute
    query = select(func.count()).select_from(table).where(table.enterprise == enterprise, table.state == "open")
    if kind is not None:
        query = query.where(table.kind == kind, or_(table.record == item, table.field == item))
    return session.scalar(query) or 0


def any_open(runner: Runner) -> bool:
    """Tell whether a dispute is open."""
    query = select(tables.Dispute.id).where(tables.Dispute.state == "open").limit(1)
    return runner.execute(query).first() is not None


def undecided(session: Session) -> list[tables.Dispute]:
    """Return the open disputes, and keep other workers from reminding of them at the same time."""
    table = tables.Dispute
    query = select(table).where(table.state == "open").order_by(table.id)
    return list(session.scalars(query.with_for_update(skip_locked=True)))
