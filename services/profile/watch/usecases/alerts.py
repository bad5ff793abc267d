"""Early warnings as people use them: a firm's signals, a bank's feed, acknowledging, subscribing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
from sqlalchemy import Connection, Select, select
from sqlalchemy.orm import Session

from chassis.core.errors import Forbidden, NotFound
from chassis.core.identity import Caller
from chassis.core.ids import new_id
from services.profile.book import store
from services.profile.book.context import Context
from services.profile.book.domain.moment import Asked, Facts, Moment
from services.profile.book.usecases.enrol import known
from services.profile.book.usecases.settle import settle
from services.profile.rights.domain.consent import Field, Purpose, purpose_of
from services.profile.rights.usecases.open_file import Reading, permit_many, permit_one
from services.profile.watch import alert_store, tables
from services.profile.watch.domain.signals import SIGNALS, Signal, version
from services.profile.watch.domain.signals.thresholds import Threshold
from services.profile.watch.usecases.watch import RECORDS_KEPT, View, view

FIELD = Field.PORTRAIT
SAME = ["enterprise", "signal", "event"]


class AlertNotFound(NotFound):
    """There is no such alert."""


class SubscriptionNotFound(NotFound):
    """There is no such subscription, or it is another client's, or it has ended."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One reading that fires, with the first of the records behind it."""

    reading: Mapping[str, Any]
    records: Sequence[Mapping[str, Any]]
    records_count: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How an enterprise stands with a signal: fires, near, calm, unknown, or no-source."""

    signal: Signal
    state: str
    value: float | None
    reference: float | None
    threshold: Threshold
    happenings: tuple[Happening, ...]


@dataclass(frozen=True, slots=True)
class Signals:
    """All signals of an enterprise at a moment; the log of its alerts where the moment is now."""

    enterprise: str
    facts: Facts
    version: str
    standings: tuple[Standing, ...]
    alerts: tuple[tables.Alert, ...]
    acknowledged: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client wants to be told of; None stands for all."""

    enterprises: tuple[str, ...] | None
    signals: tuple[str, ...] | None
    severities: tuple[str, ...] | None


def read_signals(context: Context, reading: Reading, enterprise: str, asked: Asked) -> Signals:
    """Evaluate an enterprise's signals at a moment; for now, with the log of its alerts.

    A past moment is evaluated with the thresholds of its day and what was known then: the same bytes for ever.
    """
    now = context.now()
    with context.database.connection(writes=True) as connection:
        permit_one(context, connection, reading, enterprise)
        settled = settle(connection, store.book(connection), asked, now.date())
        known(connection, enterprise)
        alerts = () if asked.as_of or asked.known_at else _log(connection, enterprise)
        seen_by = alert_store.acknowledgements(connection, [alert.id for alert in alerts], reading.caller.client)
    # Named in any case: what the answer counted can be asked for again.
    heard = asked.known_at or max(now, settled.known_at)
    moment = replace(settled.moment, known_at=heard)
    asked_on = asked.as_of or heard.date()
    seen = view(context, moment, [enterprise], asked_on=asked_on)
    return Signals(enterprise, Facts(moment, heard), version(), _standings(seen, enterprise), alerts, seen_by)


def read_records(
    context: Context, reading: Reading, alert_id: str, start: int, limit: int
) -> tuple[str, pl.DataFrame, int]:
    """Return whose alert it is, some of the records that made it fire, and how many there are.

    The moment at which it fired is evaluated again.
    """
    with context.database.connection(writes=True) as connection:
        alert = _alert(connection, alert_id)
        # The records are shown as of the day on which it opened: that day must lie in a consent's window.
        permit_one(context, connection, replace(reading, as_of=alert.opened_on), alert.enterprise)
        lake_version = store.lake_versions(connection, alert.known_at).get("invoices", 0)
        departures = store.book(connection).departures
    if withheld(alert):
        return alert.enterprise, pl.DataFrame(), 0
    seen = view(
        context,
        Moment(lake_version, alert.opened_on, alert.known_at, departures),
        [alert.enterprise],
        asked_on=alert.opened_at.date(),
    )
    same = {"enterprise": alert.enterprise, "signal": alert.signal, "event": alert.event}
    rows = seen.records(seen.found.hits.filter(**same))
    return alert.enterprise, rows.slice(start, limit).drop(SAME), rows.height


def withheld(alert: tables.Alert) -> bool:
    """Tell whether an alert rests on what a lender said of another firm.

    That firm has not agreed that its default is told to its suppliers: the alert says how much is at stake, not whose
    default it was. Public records are public.
    """
    return any(record["kind"] == "outcomes" for record in alert.records)


def feed(context: Context, session: Session, reading: Reading, filters: Mapping[str, Any]) -> Select[Any] | None:
    """Return the statement of the alerts that a client subscribed to and may see; None where it subscribed to none.

    Only the purpose of monitoring opens the feed. `record_feed` records what a page of it showed.
    """
    if purpose_of(reading.purpose) != Purpose.MONITORING:
        raise Forbidden(f"The feed of alerts is read for {Purpose.MONITORING} only.", purpose=reading.purpose)
    client = reading.caller.client
    subscriptions = alert_store.subscriptions_of(session, client)
    if not subscriptions:
        return None
    table = tables.Alert
    may_see = alert_store.watched(client, context.now().date(), Purpose.MONITORING, FIELD)
    query = select(table).where(table.enterprise.in_(may_see), alert_store.wanted(subscriptions))
    query = query.where(table.withdrawn_at.is_(None))
    for name in ("enterprise", "signal", "severity"):
        if filters.get(name):
            query = query.where(getattr(table, name) == filters[name])
    if filters.get("state"):
        ended = table.cleared_on.is_not(None)
        query = query.where(ended if filters["state"] == "cleared" else ~ended)
    return query


def record_feed(context: Context, session: Session, reading: Reading, enterprises: Sequence[str]) -> None:
    """Record that a page of the feed showed alerts of these enterprises."""
    if enterprises:
        permit_many(context, session.connection(), reading, sorted(set(enterprises)))


def open_alert(session: Session, context: Context, reading: Reading, alert_id: str) -> Any:
    """Return an alert to whoever may read its enterprise's file now, and record the read."""
    alert = _alert(session.connection(), alert_id)
    permit_one(context, session.connection(), reading, alert.enterprise)
    return alert


def acknowledge(context: Context, session: Session, alert_id: str, client: str, note: str | None) -> None:
    """Note that a client has seen an alert, with its own words; a second time changes the words."""
    key = (alert_id, client)
    row = session.get(tables.Acknowledgement, key)
    if row is None:
        row = tables.Acknowledgement(alert=key[0], client=key[1], note=note, at=context.now())
        session.add(row)
    else:
        row.note, row.at = note, context.now()
    session.flush()


def subscribe(context: Context, session: Session, caller: Caller, wish: Wish) -> tables.Subscription:
    """Store a client's wish to be told of alerts; consent is asked for at each read, not here."""
    row = tables.Subscription(
        id=new_id("sub"),
        client=caller.client,
        enterprises=None if wish.enterprises is None else sorted(set(wish.enterprises)),
        signals=None if wish.signals is None else sorted(set(wish.signals)),
        severities=None if wish.severities is None else sorted(set(wish.severities)),
        created_at=context.now(),
        ended_at=None,
    )
    session.add(row)
    return row


def end_subscription(context: Context, session: Session, caller: Caller, subscription_id: str) -> tables.Subscription:
    """End a subscription; alerts stay in the log."""
    row = session.get(tables.Subscription, subscription_id, with_for_update=True)
    if row is None or row.client != caller.client or row.ended_at is not None:
        raise SubscriptionNotFound("There is no such subscription of yours.", subscription=subscription_id)
    row.ended_at = context.now()
    return row


def _alert(connection: Connection, alert_id: str) -> Any:
    row = connection.execute(select(tables.Alert.__table__).where(tables.Alert.id == alert_id)).one_or_none()
    if row is None or row.withdrawn_at is not None:
        raise AlertNotFound("There is no such alert.", alert=alert_id)
    return row


def _log(connection: Connection, enterprise: str) -> tuple[Any, ...]:
    table = tables.Alert
    mine = (table.enterprise == enterprise, table.withdrawn_at.is_(None))
    query = select(table.__table__).where(*mine).order_by(table.id.desc())
    return tuple(connection.execute(query))


def _standings(seen: View, enterprise: str) -> tuple[Standing, ...]:
    found = seen.found.of(enterprise)
    told = seen.records(found.filter("fires")).partition_by(SAME, as_dict=True, maintain_order=True)
    return tuple(_standing(signal, seen, found.filter(signal=signal.key), told) for signal in SIGNALS)


def _standing(signal: Signal, seen: View, rows: pl.DataFrame, told: Mapping[Any, pl.DataFrame]) -> Standing:
    readings = rows.to_dicts()
    happenings = tuple(_happening(reading, told) for reading in readings if reading["fires"])
    first = next((reading for reading in readings if not reading["event"]), None)
    if signal.key in seen.found.sourceless:
        state = "no-source"
    elif happenings:
        state = "fires"
    elif signal.lasting:
        state = "unknown" if first is None else "calm" if first["calm"] else "near"
    else:
        state = "calm"
    return Standing(
        signal=signal,
        state=state,
        value=first["value"] if first and signal.lasting else None,
        reference=first["reference"] if first and signal.lasting else None,
        threshold=seen.own.threshold(signal.key),
        happenings=happenings,
    )


def _happening(reading: Mapping[str, Any], told: Mapping[Any, pl.DataFrame]) -> Happening:
    rows = told.get(tuple(reading[name] for name in SAME), pl.DataFrame())
    if rows.is_empty() or "outcomes" in rows["kind"]:
        hidden = {**reading, "subject": None} if rows.height else reading
        return Happening(hidden, (), 0)
    return Happening(reading, rows.head(RECORDS_KEPT).drop(SAME).to_dicts(), rows.height)
