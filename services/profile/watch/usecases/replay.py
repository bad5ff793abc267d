"""Running a past period through the signals: which alerts would have come, how early, and how often rightly.

An operator's measurement over a whole book, on the machine that holds it: nothing of a single firm leaves it but
counts. Records count by their event's day, as if each had come on the day; outcomes without a day are left out as
evidence, since they would tell the future.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import takewhile
from statistics import median
from typing import Any

import polars as pl

from services.profile.book import import_store, state_store
from services.profile.book.context import Context
from services.profile.book.domain.moment import Moment
from services.profile.book.domain.permit import Whole, Why
from services.profile.book.usecases.gather import WITH_LINES, gather
from services.profile.portrait.usecases.baseline import usual
from services.profile.watch import alert_store
from services.profile.watch.domain.signals import SEVERITIES, SIGNALS, SignalInputs, Surroundings, evaluate, version
from services.profile.watch.domain.signals.alerts import Alert, Key, Round, advance
from services.profile.watch.domain.signals.norms import norms

# What a default is known by: it was said, and perhaps when.
Outcomes = Mapping[str, tuple[bool, date | None]]
STEPS = {"month": 1, "quarter": 3}


@dataclass(frozen=True, slots=True)
class Period:
    """The days on which the book is looked at: from the first, then every step, up to the last."""

    first: date
    last: date
    step: str = "month"

    def days(self) -> list[date]:
        """Return the days, in order; the last one is always among them."""
        start = self.first.year * 12 + self.first.month - 1
        every = STEPS[self.step]
        found = list(
            takewhile(lambda day: day < self.last, (_day(start + every * n, self.first.day) for n in range(1200)))
        )
        return [*found, self.last]


def replay(context: Context, period: Period, progress: Callable[[int, int], None] = lambda *_: None) -> dict[str, Any]:
    """Look at the whole book on each day of a period, and compare the alerts with the outcomes."""
    with context.database.read() as session:
        state = state_store.book(session)
        said = alert_store.outcomes_known(session, context.now())
        own = import_store.own_imports(session)
    known_at = max(state.known_at, context.now())
    outcomes = {row[0]: (row[1], row[2]) for row in said.select("enterprise", "defaulted", "observed_on").iter_rows()}
    dated = said.filter(pl.col("observed_on").is_not_null())
    log: dict[tuple[Key, date], Alert] = {}
    firms: set[str] = set()
    days = period.days()
    for place, day in enumerate(days):
        moment = Moment(state.lake_version, day, known_at, state.departures)
        scene = _scene(context, moment, Surroundings(outcomes=dated, kinds=frozenset({"invoices"}), own=own))
        names = set(scene.evidence.invoices["enterprise"].unique())
        _advance(log, scene, names)
        firms |= names
        progress(place + 1, len(days))
    return report(list(log.values()), {name: outcomes[name] for name in firms if name in outcomes}, days)


def _scene(context: Context, moment: Moment, beside: Surroundings) -> SignalInputs:
    evidence = gather(context, moment, Whole(Why.REPLAY), WITH_LINES)
    return SignalInputs(
        evidence, moment.as_of, replace(beside, norms=norms(usual(context, moment), evidence.enterprises))
    )


def _advance(log: dict[tuple[Key, date], Alert], scene: SignalInputs, names: set[str]) -> None:
    standing = [alert for alert in log.values() if alert.cleared_on is None]
    changes = advance(standing, {key for key, _ in log}, Round(evaluate(scene), names, scene.as_of))
    for alert in (*changes.opened, *changes.moved):
        log[alert.key, alert.opened_on] = alert


def report(alerts: Sequence[Alert], outcomes: Outcomes, days: Sequence[date]) -> dict[str, Any]:
    """Count alerts, and judge them on the labelled firms: precision, recall, lift, and lead before the default.

    A firm counts as warned by its first alert before its default. `lead_days` are to the day of the default; where no
    day is known, to the end of the period, which is less than the lead was.
    """
    defaults = sum(defaulted for defaulted, _ in outcomes.values())
    base = defaults / len(outcomes) if outcomes else None
    counted = {
        signal.key: _judged([alert for alert in alerts if alert.signal == signal.key], outcomes, days[-1], base)
        for signal in SIGNALS
    }
    graver = {
        f"{severity} or graver": [alert for alert in alerts if SEVERITIES.index(alert.severity) >= place]
        for place, severity in enumerate(SEVERITIES)
    }
    return {
        "version": version(),
        "from": days[0].isoformat(),
        "to": days[-1].isoformat(),
        "looks": len(days),
        "labelled": len(outcomes),
        "defaults": defaults,
        "base_rate": base,
        "signals": counted,
        "together": {name: _judged(chosen, outcomes, days[-1], base) for name, chosen in graver.items()},
    }


def _judged(alerts: Sequence[Alert], outcomes: Outcomes, end: date, base: float | None) -> dict[str, Any]:
    first: dict[str, date] = {}
    for alert in sorted(alerts, key=lambda alert: alert.opened_on):
        defaulted_on = outcomes.get(alert.enterprise, (False, None))[1]
        if defaulted_on is None or alert.opened_on <= defaulted_on:
            first.setdefault(alert.enterprise, alert.opened_on)
    labelled = [name for name in first if name in outcomes]
    right = [name for name in labelled if outcomes[name][0]]
    defaults = sum(defaulted for defaulted, _ in outcomes.values())
    precision = len(right) / len(labelled) if labelled else None
    leads = [((outcomes[name][1] or end) - first[name]).days for name in right]
    dated = all(outcomes[name][1] for name in right)
    return {
        "alerts": len(alerts),
        "firms": len({alert.enterprise for alert in alerts}),
        "labelled_firms": len(labelled),
        "defaulted_firms": len(right),
        "precision": precision,
        "recall": len(right) / defaults if defaults else None,
        "lift": precision / base if precision is not None and base else None,
        "lead_days": {"median": median(leads), "least": min(leads), "most": max(leads)} if leads else None,
        "lead_to": ("default" if dated else "end of period") if leads else None,
    }


def _day(month: int, day: int) -> date:
    """Return the day of a month counted from year 0; the last one where it has none such."""
    year, place = divmod(month, 12)
    for shorter in range(day, 27, -1):
        try:
            return date(year, place + 1, shorter)
        except ValueError:
            continue
    return date(year, place + 1, min(day, 27))
