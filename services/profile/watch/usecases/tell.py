"""Telling what a look has seen: the log of alerts brought up to date, and the records behind what opens."""

from __future__ import annotations

from collections.abc import Collection, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl
from sqlalchemy.orm import Session

from services.profile.watch import alert_store
from services.profile.watch.domain.signals import Evaluation, version
from services.profile.watch.domain.signals.alerts import Alert, Changes, Key, Round, advance
from services.profile.watch.usecases.view import DEFAULT, RING

RECORDS_KEPT = 20
# What makes two readings the same alert.
SAME = ["enterprise", "signal", "event"]


@dataclass(frozen=True, slots=True)
class Judged:
    """Who is judged by a look: those looked at by all signals, others by what may have come anew of one."""

    mine: Set[str]
    partners: Set[str]
    members: Set[str]


def changes(session: Session, found: Evaluation, day: date, judged: Judged) -> Changes:
    """Advance the log: of the firms themselves by all signals, of their counterparties by what may have come anew."""
    mine, partners, members = judged.mine, judged.partners - judged.mine, judged.members - judged.mine
    everybody = sorted({*mine, *partners, *members})
    standing = alert_store.open_alerts(session, everybody)
    known = alert_store.known_events(session, everybody)
    first = advance(standing, known, Round(_telling(found, standing), mine, day))
    # Others' whole surroundings were not read: what is found counts, what is not found says nothing.
    others = [
        advance(standing, known, Round(_of(found, key), firms, day, (key,)))
        for key, firms in ((DEFAULT, partners), (RING, members))
    ]
    return Changes((*first.opened, *others[0].opened, *others[1].opened), first.moved)


def with_records(
    opened: Sequence[Alert], told: pl.DataFrame, known_at: datetime, opened_at: datetime
) -> list[alert_store.Opened]:
    """Return alerts with the first of the records that are told of each (`RECORDS` with the signal, and `count`)."""
    rows: dict[Key, list[dict[str, Any]]] = {}
    counts: dict[Key, int] = {}
    for row in told.iter_rows(named=True):
        key = (row.pop("enterprise"), row.pop("signal"), row.pop("event"))
        counts[key] = row.pop("count")
        rows.setdefault(key, []).append(row)
    made = version()
    return [
        alert_store.Opened(
            alert=alert,
            records=rows.get(alert.key, []),
            records_count=counts.get(alert.key, 0),
            version=made,
            known_at=known_at,
            opened_at=opened_at,
        )
        for alert in opened
    ]


def counted(records: pl.DataFrame) -> pl.DataFrame:
    """Return the first records of each alert, with how many there are (`count`)."""
    return records.with_columns(count=pl.len().over(SAME).cast(pl.Int64)).filter(
        pl.int_range(pl.len()).over(SAME) < RECORDS_KEPT
    )


def keys_of(alerts: Collection[Alert]) -> pl.DataFrame:
    """Return what makes these alerts what they are, as a table."""
    return pl.DataFrame([alert.key for alert in alerts], schema=dict.fromkeys(SAME, pl.String), orient="row")


def _telling(found: Evaluation, standing: Sequence[Alert]) -> Evaluation:
    """Leave out what is calm of firms that no alert stands of: it says nothing."""
    firms = pl.Series(sorted({alert.enterprise for alert in standing}), dtype=pl.String)
    told = pl.col("fires") | pl.col("enterprise").is_in(firms.implode())
    return Evaluation(found.readings.filter(told), found.sourceless)


def _of(found: Evaluation, signal: str) -> Evaluation:
    return Evaluation(found.readings.filter(pl.col("signal") == signal, "fires"), found.sourceless)
