"""From readings to alerts: one event gives one alert, which stays open until it has been calm for a while."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypeAlias

from services.profile.watch.domain.signals.catalogue import BY_KEY, SIGNALS, Evaluation
from services.profile.watch.domain.signals.thresholds import Threshold, threshold_on

# Enterprise, signal, event: what makes two readings the same event.
Key: TypeAlias = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert as it stands; days are of the book, not of the clock.

    `value` and `reference` are those that opened it, `latest` the newest value. `calm_since` is the first of the days
    in a row on which it was calm; `cleared_on` ends it.
    """

    enterprise: str
    signal: str
    event: str
    severity: str
    subject: str | None
    value: float | None
    reference: float | None
    opened_on: date
    occurred_on: date | None = None
    latest: float | None = None
    latest_on: date | None = None
    calm_since: date | None = None
    cleared_on: date | None = None

    @property
    def key(self) -> Key:
        """What makes it the same event."""
        return self.enterprise, self.signal, self.event


@dataclass(frozen=True, slots=True)
class Changes:
    """What an evaluation did to the log."""

    opened: tuple[Alert, ...]
    moved: tuple[Alert, ...]


@dataclass(frozen=True, slots=True)
class Round:
    """One evaluation: of which enterprises (all signals, or these), on which day."""

    found: Evaluation
    enterprises: Collection[str]
    as_of: date
    signals: Collection[str] = tuple(signal.key for signal in SIGNALS)
    thresholds: tuple[Threshold, ...] | None = None


def advance(open_alerts: Iterable[Alert], known: Collection[Key], turn: Round) -> Changes:
    """Return what an evaluation opens, and how it moves the alerts that are open.

    `known` are all events that ever had an alert: an event that was cleared never opens another. A signal that
    measures a state may open again after it cleared.
    """
    rows = {_key(row): row for row in turn.found.readings.iter_rows(named=True)}
    standing = {alert.key: alert for alert in open_alerts if alert.enterprise in turn.enterprises}
    moved = [
        changed
        for key, alert in standing.items()
        if _judged(alert.signal, turn) and (changed := _moved(alert, rows.get(key), turn)) != alert
    ]
    opened = [
        _opened(row, turn)
        for key, row in rows.items()
        if row["fires"] and key not in standing and row["enterprise"] in turn.enterprises and _new(key, known)
    ]
    return Changes(tuple(opened), tuple(moved))


def _judged(signal: str, turn: Round) -> bool:
    """Tell whether the evaluation can say anything of a signal: without a source an alert stays as it was."""
    return signal in turn.signals and signal not in turn.found.sourceless


def _new(key: Key, known: Collection[Key]) -> bool:
    return BY_KEY[key[1]].lasting or key not in known


def _key(row: Mapping[str, Any]) -> Key:
    return row["enterprise"], row["signal"], row["event"]


def _opened(row: Mapping[str, Any], turn: Round) -> Alert:
    return Alert(
        enterprise=row["enterprise"],
        signal=row["signal"],
        event=row["event"],
        severity=BY_KEY[row["signal"]].severity,
        subject=row["subject"],
        value=row["value"],
        reference=row["reference"],
        opened_on=turn.as_of,
        occurred_on=row["occurred_on"],
        latest=row["value"],
        latest_on=turn.as_of,
    )


def _moved(alert: Alert, row: Mapping[str, Any] | None, turn: Round) -> Alert:
    """Return the alert a step later: fires again, calm (for long enough), or in between."""
    if row is None:
        # An event that is no longer found is over; a state that cannot be measured is unknown.
        return alert if BY_KEY[alert.signal].lasting and not alert.event else _calmer(alert, turn)
    seen = replace(alert, latest=row["value"], latest_on=turn.as_of)
    if row["calm"]:
        return _calmer(seen, turn)
    return replace(seen, calm_since=None)


def _calmer(alert: Alert, turn: Round) -> Alert:
    since = alert.calm_since or turn.as_of
    days = threshold_on(alert.signal, turn.as_of, turn.thresholds).clear_after_days
    over = (turn.as_of - since).days >= days
    return replace(alert, calm_since=since, cleared_on=turn.as_of if over else None)
