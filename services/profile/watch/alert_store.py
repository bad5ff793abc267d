"""Rows and values of early warning: alerts, acknowledgements, subscriptions, and what signals need beside evidence."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
import polars as pl
from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    String,
    and_,
    cast,
    delete,
    exists,
    insert,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.orm import Session

from chassis.core.ids import new_id
from chassis.data.database import Runner, batches
from chassis.data.upsert import upsert
from services.profile.book import enterprise_store, withdrawals
from services.profile.book import tables as book_tables
from services.profile.book.domain import public_record
from services.profile.book.domain.party import named
from services.profile.book.domain.permit import Permit
from services.profile.standards.days import day_of
from services.profile.watch import tables
from services.profile.watch.domain.signals.alerts import Alert, Key
from services.profile.watch.domain.signals.inputs import OUTCOMES

STATE = tuple(Alert.__slots__)
# Beyond so many names all of the book are fetched at once: asking for each costs ten times as much.
MANY = 2000
MOVES = ("latest", "latest_on", "calm_since", "cleared_on")


@dataclass(frozen=True, slots=True)
class Opened:
    """An alert to be stored, with the records behind it and what the evaluation knew."""

    alert: Alert
    records: Sequence[Mapping[str, Any]]
    records_count: int
    version: str
    known_at: datetime
    opened_at: datetime


def open_alerts(session: Runner, enterprises: Sequence[str]) -> list[Alert]:
    """Return the alerts of these enterprises that have not cleared; those of clients' books are not among them."""
    table = tables.Alert
    found = []
    for part in batches(enterprises):
        query = select(*(getattr(table, name) for name in STATE))
        open_ = (table.enterprise.in_(part), table.cleared_on.is_(None), table.client.is_(None))
        rows = session.execute(query.where(*open_))
        found += [Alert(**row._mapping) for row in rows]
    return found


def standing_about(session: Runner, signal: str, subjects: Sequence[str]) -> set[str]:
    """Return the enterprises with an alert of a signal about one of these subjects that has not cleared."""
    table, found = tables.Alert, set[str]()
    for part in batches(subjects):
        about = (table.signal == signal, table.subject.in_(part), table.cleared_on.is_(None))
        found |= set(session.execute(select(table.enterprise).where(*about)).scalars())
    return found


def known_events(session: Runner, enterprises: Sequence[str]) -> set[Key]:
    """Return every event of these enterprises that ever had an alert."""
    table = tables.Alert
    found: set[Key] = set()
    for part in batches(enterprises):
        query = select(table.enterprise, table.signal, table.event).where(
            table.enterprise.in_(part), table.client.is_(None)
        )
        found |= {(row[0], row[1], row[2]) for row in session.execute(query)}
    return found


def add_alerts(session: Session, opened: Iterable[Opened]) -> None:
    """Store new alerts."""
    rows = [
        {
            "id": new_id("alr"),
            **{name: getattr(one.alert, name) for name in STATE},
            "version": one.version,
            "known_at": one.known_at,
            "opened_at": one.opened_at,
            "records": [_plain(record) for record in one.records],
            "records_count": one.records_count,
        }
        for one in opened
    ]
    if rows:
        session.execute(insert(tables.Alert), rows)


def move_alerts(session: Session, moved: Iterable[Alert]) -> None:
    """Store how open alerts stand now."""
    table = tables.Alert
    for alert in moved:
        same = (table.enterprise == alert.enterprise, table.signal == alert.signal, table.event == alert.event)
        values = {name: getattr(alert, name) for name in MOVES}
        session.execute(update(table).where(*same, table.opened_on == alert.opened_on).values(**values))


def look(session: Session, enterprises: Sequence[str], as_of: date, looked_at: datetime) -> set[str]:
    """Note an evaluation, and return those of the enterprises that no newer one has looked at."""
    table: Any = tables.Look.__table__
    rows = [{"enterprise": name, "as_of": as_of, "looked_at": looked_at} for name in sorted(enterprises)]
    upsert(session, tables.Look, rows, ["enterprise"], ["as_of", "looked_at"], newer="looked_at")
    found: set[str] = set()
    for part in batches(sorted(enterprises)):
        newest = select(table.c.enterprise).where(table.c.enterprise.in_(part), table.c.looked_at <= looked_at)
        found |= set(session.execute(newest).scalars())
    return found


def outcomes_known(session: Runner, known_at: datetime, by: str | None = None) -> pl.DataFrame:
    """Return the latest statement about each firm's outcome known at a time, in the columns of OUTCOMES.

    `by`: of those that this client has sent itself.
    """
    table, sent = book_tables.Outcome, book_tables.Import
    query = select(table.enterprise, table.defaulted, table.observed_on, table.import_id)
    if by is not None:
        query = query.where(exists().where(sent.id == table.import_id, sent.client == by))
    rows = session.execute(
        query.where(table.known_at <= known_at, withdrawals.counts(table.import_id, known_at)).order_by(
            table.known_at, table.observed_on, table.id
        )
    ).all()
    latest = {row[0]: tuple(row) for row in rows}
    return pl.DataFrame(list(latest.values()), schema=OUTCOMES, orient="row")


def in_book(session: Runner, names: Sequence[str]) -> list[str]:
    """Return those of the names that have invoices of their own in the lake."""
    table = book_tables.Enterprise
    if len(names) > MANY:
        return sorted(set(enterprise_store.with_invoices(session)).intersection(names))
    found: list[str] = []
    for part in batches(names):
        found += session.execute(select(table.id).where(table.id.in_(part), table.lake_version > 0)).scalars()
    return sorted(found)


def subscriptions_of(session: Runner, client: str) -> list[Any]:
    """Return a client's subscriptions that have not ended: enterprises, signals, severities."""
    table = tables.Subscription
    query = select(table.enterprises, table.signals, table.severities)
    return list(session.execute(query.where(table.client == client, table.ended_at.is_(None))).all())


def acknowledgements(session: Runner, alerts: Sequence[str], client: str) -> dict[str, Any]:
    """Return what a client noted on these alerts, by alert."""
    table = tables.Acknowledgement
    found: dict[str, Any] = {}
    for part in batches(alerts):
        query = select(table.alert, table.client, table.note, table.at)
        found |= {row[0]: row for row in session.execute(query.where(table.alert.in_(part), table.client == client))}
    return found


def _plain(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in record.items()}


INVOICES = "invoices"


def withdraw(session: Session, enterprise: str, numbers: Collection[str], now: datetime) -> None:
    """Withdraw every alert, of whatever firm, that rests on these public records of an enterprise alone.

    What an alert keeps of them goes as well. Invoices beside a record only say how much is at stake: a supplier's alert
    about its customer's record does not stand on them. Of a client's book what it costs and the path were worked out
    from all of them at once: that alert goes with any of them, and the next look tells what is left.
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
            if alert.client is not None or all(each["kind"] == INVOICES for each in kept):
                alert.withdrawn_at = now


def _is(record: Mapping[str, Any], alert: tables.Alert, enterprise: str, number: str) -> bool:
    if record.get("kind") != public_record.DATASET.name or record.get("number") != number:
        return False
    # A record of another firm names it as the alert's own firm does: its customer.
    party = record.get("counterparty")
    return (alert.enterprise if party is None else named(party)) == enterprise


def told_since(session: Runner, enterprises: Sequence[str], since: datetime) -> dict[tuple[date, date], dict[Key, str]]:
    """Return the alerts of these enterprises that knew of something since a moment: their ids by their key.

    They are grouped by the day of the book on which they opened, and the day in China on which they were told.
    """
    table, found = tables.Alert, dict[tuple[date, date], dict[Key, str]]()
    told = (table.known_at >= since, table.withdrawn_at.is_(None), table.client.is_(None))
    query = select(table).where(*told)
    for part in batches(enterprises):
        for alert in session.execute(query.where(table.enterprise.in_(part))).scalars():
            days = (alert.opened_on, day_of(alert.opened_at))
            found.setdefault(days, {})[alert.enterprise, alert.signal, alert.event] = alert.id
    return found


def withdraw_unfounded(session: Session, alerts: Sequence[str], now: datetime) -> None:
    """Withdraw alerts that rested on what was taken back; the same event can raise another one."""
    table = tables.Alert
    for part in batches(alerts):
        gone = update(table).where(table.id.in_(part), table.withdrawn_at.is_(None))
        session.execute(gone.values(withdrawn_at=now, event="withdrawn " + table.id))


def forget_acknowledgements(session: Session, alerts: Sequence[str]) -> None:
    """Erase what clients noted on alerts."""
    session.execute(delete(tables.Acknowledgement).where(tables.Acknowledgement.alert.in_(alerts)))


def forget(session: Session, before: datetime) -> None:
    """Erase the alerts that were withdrawn before a moment, with what clients noted on them."""
    alert, note = tables.Alert, tables.Acknowledgement
    over = select(alert.id).where(alert.withdrawn_at < before)
    session.execute(delete(note).where(note.alert.in_(over)))
    session.execute(delete(alert).where(alert.withdrawn_at < before))


def feed(
    subscriptions: Sequence[Any],
    opens: Callable[[SQLColumnExpression[Any]], ColumnElement[bool]],
    filters: Mapping[str, Any],
    client: str,
) -> Select[Any]:
    """Return the query of the alerts that subscriptions ask for, of those that are open to their client.

    Those of another client's book are not. `opens` tells of a column of days whether a consent opens the alert's
    enterprise as of that day.
    """
    table = tables.Alert
    mine = _of_nobody_else(client)
    query = select(table).where(opens(table.opened_on), _wanted(subscriptions), table.withdrawn_at.is_(None), mine)
    for name in ("enterprise", "signal", "severity"):
        if filters.get(name):
            query = query.where(getattr(table, name) == filters[name])
    if filters.get("state"):
        # That an alert cleared is told as of the day on which it did.
        ended = and_(table.cleared_on.is_not(None), opens(table.cleared_on))
        query = query.where(ended if filters["state"] == "cleared" else ~ended)
    return query


def alert(session: Session, alert_id: str, client: str) -> tables.Alert | None:
    """Return an alert to a client, None where there is none, it is withdrawn, or about another client's book."""
    row = session.get(tables.Alert, alert_id)
    return row if row is not None and row.withdrawn_at is None and row.client in {None, client} else None


def log_of(session: Session, permit: Permit, client: str) -> tuple[tables.Alert, ...]:
    """Return the alerts of open files that opened on a day that the permit shows, newest first; no other's book."""
    table = tables.Alert
    mine = (table.enterprise.in_(permit.enterprises), table.withdrawn_at.is_(None), _of_nobody_else(client))
    rows = session.scalars(select(table).where(*mine).order_by(table.id.desc()))
    return tuple(alert for alert in rows if permit.shows(alert.enterprise, alert.opened_on))


def of_book(session: Session, client: str) -> list[tables.Alert]:
    """Return the alerts about a client's book that have neither cleared nor been withdrawn."""
    table = tables.Alert
    standing = (table.client == client, table.cleared_on.is_(None), table.withdrawn_at.is_(None))
    return list(session.scalars(select(table).where(*standing).order_by(table.id)))


def add_to_book(session: Session, row: Mapping[str, Any]) -> None:
    """Store an alert about a client's book."""
    records = [_plain(record) for record in row["records"]]
    session.add(tables.Alert(id=new_id("alr"), **{**row, "records": records}))


def _of_nobody_else(client: str) -> ColumnElement[bool]:
    return or_(tables.Alert.client.is_(None), tables.Alert.client == client)


def _wanted(subscriptions: Sequence[Any]) -> ColumnElement[bool]:
    table = tables.Alert
    conditions = []
    for enterprises, signals, severities in subscriptions:
        chosen = ((table.enterprise, enterprises), (table.signal, signals), (table.severity, severities))
        conditions.append(and_(true(), *(column.in_(values) for column, values in chosen if values is not None)))
    return or_(*conditions)
