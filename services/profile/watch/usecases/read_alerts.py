"""Alerts as banks use them: the feed, the records behind one, acknowledging."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any

import polars as pl
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from chassis.core.errors import NotFound
from services.profile.book import state_store, step_store
from services.profile.book.context import Context
from services.profile.book.domain import public_record
from services.profile.book.domain.moment import Moment
from services.profile.book.domain.party import named
from services.profile.book.domain.permit import Permit
from services.profile.rights.domain.consent import purpose_of
from services.profile.rights.domain.resource import Resource
from services.profile.rights.usecases.open_file import Reading, may_open, open_days, open_file, refused
from services.profile.standards.days import day_of
from services.profile.watch import alert_store, tables
from services.profile.watch.domain.signals.contagion import KEY as CONTAGION
from services.profile.watch.usecases.tell import SAME
from services.profile.watch.usecases.view import view


class AlertNotFound(NotFound):
    """There is no such alert."""


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An alert, the leave to read its enterprise's file, and that to read the ties of those on its path."""

    alert: tables.Alert
    permit: Permit
    ties: Permit


@dataclass(frozen=True, slots=True)
class AlertRecords:
    """Some of the records that made an alert fire, and how many there are."""

    permit: Permit
    rows: pl.DataFrame
    count: int


@dataclass(frozen=True, slots=True)
class FeedPage:
    """The alerts of a page that their enterprises' consents open, and where the next page begins."""

    permit: Permit
    ties: Permit
    alerts: tuple[tables.Alert, ...]
    next: str | None


Paged = Callable[[Any], dict[str, Any]]


def read_feed(
    context: Context, session: Session, reading: Reading, filters: Mapping[str, Any], paged: Paged
) -> FeedPage | None:
    """Return a page of the alerts that a client subscribed to and may see; None where it subscribed to none.

    `paged` cuts a query's page. Each firm on the page finds the read in its record, and an alert is on it only where a
    consent with a read left shows the day on which it opened.
    """
    if purpose_of(reading.purpose) not in reading.terms.purposes:
        raise refused(reading)
    subscriptions = alert_store.subscriptions_of(session, reading.caller.client)
    if not subscriptions:
        return None
    connection = session.connection()
    opens = partial(may_open, context, reading, tables.Alert.enterprise)
    page = paged(alert_store.feed(subscriptions, opens, filters, reading.caller.client))
    days: dict[str, set[Any]] = {}
    for alert in page["items"]:
        # The day on which it cleared is opened with it, so that its state is the one by which the query chose it.
        days.setdefault(alert.enterprise, set()).update(filter(None, (alert.opened_on, alert.cleared_on)))
    permit = open_days(context, connection, reading, days)
    shown = tuple(alert for alert in page["items"] if permit.shows(alert.enterprise, alert.opened_on))
    return FeedPage(permit, _ties(context, connection, reading, shown) or permit.only(()), shown, page["next"])


def read_alert_records(context: Context, reading: Reading, alert_id: str, start: int, limit: int) -> AlertRecords:
    """Return some of the records that made an alert fire, by evaluating the moment at which it fired again."""
    with context.database.begin() as session:
        opened = open_alert(context, session, reading, alert_id)
        alert, connection = opened.alert, session.connection()
        lake_version = step_store.lake_versions(connection, alert.known_at).get("invoices", 0)
        departures = state_store.book(connection).departures
    if withheld(alert):
        return AlertRecords(opened.permit, pl.DataFrame(), 0)
    if alert.signal == CONTAGION:
        if not opened.ties.shows(alert.enterprise, alert.opened_on):
            return AlertRecords(opened.permit, pl.DataFrame(), 0)
        return AlertRecords(opened.permit, pl.DataFrame(alert.records[start : start + limit]), len(alert.records))
    moment = Moment(lake_version, alert.opened_on, alert.known_at, departures)
    seen = view(context, moment, opened.permit, asked_on=day_of(alert.opened_at))
    same = {"enterprise": alert.enterprise, "signal": alert.signal, "event": alert.event}
    rows = seen.records(seen.found.hits.filter(**same))
    return AlertRecords(opened.permit, rows.slice(start, limit).drop(SAME), rows.height)


def open_alert(context: Context, session: Session, reading: Reading, alert_id: str) -> OpenAlert:
    """Return an alert to whoever may read its enterprise's file as of the day on which it opened; record the read."""
    alert = alert_store.alert(session, alert_id, reading.caller.client)
    if alert is None:
        raise AlertNotFound("There is no such alert.", alert=alert_id)
    as_of_its_day = replace(reading, as_of=alert.opened_on)
    connection = session.connection()
    permit = open_file(context, connection, as_of_its_day, alert.enterprise)
    return OpenAlert(alert, permit, _ties(context, connection, reading, [alert]) or permit.only(()))


def told_fallen(alert: tables.Alert) -> set[str]:
    """Return the firms of whom public records say, behind an alert, or the client of a book, that they do not pay."""
    kinds = {public_record.DATASET.name} | ({"outcomes"} if alert.client else set())
    public = (each for each in alert.records if each["kind"] in kinds)
    return {named(each["counterparty"]) for each in public if each["counterparty"]}


def _ties(context: Context, connection: Connection, reading: Reading, alerts: Sequence[tables.Alert]) -> Permit | None:
    """Open the ties of those through whom trouble came, as of each alert's day: a path shows what their files tell.

    Of a path whose start is withheld nothing is shown, and so nothing opened; None where no alert has a path.
    """
    days: dict[str, set[date]] = {}
    for alert in alerts:
        if alert.path and not withheld(alert):
            through = {hop["debtor"] for hop in alert.path} - {None} - told_fallen(alert)
            for firm in sorted({alert.enterprise, *through}):
                days.setdefault(firm, set()).add(alert.opened_on)
    if not days:
        return None
    return open_days(context, connection, replace(reading, resource=Resource.SHOCK, part=None), days)


def withheld(alert: tables.Alert) -> bool:
    """Tell whether an alert rests on what a lender said of another firm.

    That firm has not agreed that its default is told to its suppliers: the alert says that a customer is in trouble,
    and neither who, nor since when, nor how much is sold to it. Public records are public, and an alert about a
    client's own book rests on no other lender's word.
    """
    return alert.client is None and any(record["kind"] == "outcomes" for record in alert.records)


def acknowledge(context: Context, session: Session, alert: OpenAlert, client: str, note: str | None) -> None:
    """Note that a client has seen an alert, with its own words; a second time changes the words."""
    key = (alert.alert.id, client)
    row = session.get(tables.Acknowledgement, key)
    if row is None:
        session.add(tables.Acknowledgement(alert=key[0], client=key[1], note=note, at=context.now()))
    else:
        row.note, row.at = note, context.now()
    session.flush()
