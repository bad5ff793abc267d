"""An enterprise's early-warning signals at a moment, and for now the log of its alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl

from services.profile.book import state_store
from services.profile.book.context import Context
from services.profile.book.domain.moment import Asked, Facts, watched_day
from services.profile.rights.usecases.open_at import OpenFile, open_at
from services.profile.rights.usecases.open_file import Reading
from services.profile.standards.days import day_of
from services.profile.watch import alert_store, tables
from services.profile.watch.domain.signals import SIGNALS, Signal, version
from services.profile.watch.domain.signals.thresholds import Threshold
from services.profile.watch.usecases.tell import RECORDS_KEPT, SAME
from services.profile.watch.usecases.view import View, view


@dataclass(frozen=True, slots=True)
class Happening:
    """One reading that fires, with the first of the records behind it."""

    reading: Mapping[str, Any]
    records: Sequence[Mapping[str, Any]]
    records_count: int


# What of a reading tells a customer apart from the others, by the file of its supplier.
TELLING = ("subject", "value", "occurred_on")


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

    file: OpenFile
    facts: Facts
    version: str
    standings: tuple[Standing, ...]
    alerts: tuple[tables.Alert, ...]
    acknowledged: Mapping[str, Any]


def read_signals(context: Context, reading: Reading, enterprise: str, asked: Asked) -> Signals:
    """Evaluate an enterprise's signals at a moment; for now, with the log of its alerts.

    A past moment is evaluated with the thresholds of its day and what was known then: the same bytes for ever.
    """
    day = asked.as_of or _day(context, asked)
    file = open_at(context, replace(reading, as_of=day), enterprise, replace(asked, as_of=day))
    with context.database.read() as session:
        alerts = (
            () if asked.as_of or asked.known_at else alert_store.log_of(session, file.permit, reading.caller.client)
        )
        seen_by = alert_store.acknowledgements(session, [alert.id for alert in alerts], reading.caller.client)
    # Always name the moment, so that the same answer can be requested again.
    heard = asked.known_at or max(context.now(), file.facts.known_at)
    moment = replace(file.facts.moment, known_at=heard)
    asked_on = asked.as_of or day_of(heard)
    seen = view(context, moment, file.permit, asked_on=asked_on)
    return Signals(file, Facts(moment, heard), version(), _standings(seen, enterprise), alerts, seen_by)


def _day(context: Context, asked: Asked) -> date:
    """Return the day as of which signals are told where none is asked for: the one on which a look would be taken."""
    with context.database.read() as session:
        dated = state_store.book(session).date
    return watched_day(dated, day_of(asked.known_at or context.now()))


def _standings(seen: View, enterprise: str) -> tuple[Standing, ...]:
    found = seen.found.of(enterprise)
    told = seen.records(found.filter("fires")).partition_by(SAME, as_dict=True, maintain_order=True)
    return tuple(_standing(signal, seen, found.filter(signal=signal.key), told) for signal in SIGNALS)


def _standing(signal: Signal, seen: View, rows: pl.DataFrame, told: Mapping[Any, pl.DataFrame]) -> Standing:
    readings = rows.to_dicts()
    # What is withheld stands last: its place among the others would tell of its name.
    told_first = [_happening(reading, told) for reading in readings if reading["fires"]]
    happenings = tuple(sorted(told_first, key=lambda each: each.reading["value"] is None))
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
        hidden = {**reading, **dict.fromkeys(TELLING)} if rows.height else reading
        return Happening(hidden, (), 0)
    return Happening(reading, rows.head(RECORDS_KEPT).drop(SAME).to_dicts(), rows.height)
