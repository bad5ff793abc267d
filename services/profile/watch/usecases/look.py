"""Early warning: evaluating signals for some enterprises at a moment, and keeping the log of alerts.

After an import only the enterprises that it touched are looked at, and their direct counterparties for the two signals
that others' data can set off. Where that is much of the book, or all of it, it is looked at bucket by bucket
(`look_whole`). A look may be repeated at any time: the same evidence gives the same log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl
import structlog

from chassis.data.jobs import Job
from services.profile.book import enterprise_store, state_store
from services.profile.book.context import Context
from services.profile.book.domain import public_record
from services.profile.book.domain.moment import Moment
from services.profile.book.domain.party import written
from services.profile.book.domain.permit import Whole, Why
from services.profile.book.usecases.gather import gather_kind, scan
from services.profile.watch import alert_store
from services.profile.watch.domain.signals.alerts import Changes
from services.profile.watch.domain.signals.surroundings import fallen
from services.profile.watch.usecases.look_books import look_books
from services.profile.watch.usecases.look_whole import begin, look_at_all, read_started
from services.profile.watch.usecases.tell import SAME, Judged, changes, counted, keys_of, with_records
from services.profile.watch.usecases.view import DEFAULT, view

# So many firms at a time: each batch is one transaction.
BATCH = 200
# From this share of the book on, reading all of it once costs less than reading batch by batch.
MUCH = 0.2
WHOLE, UNTIL, LOOKED = "whole", "until", "looked"

log = structlog.get_logger()


def watch(context: Context, job: Job) -> None:
    """Look at the enterprises that an import touched, or at all; may be repeated after a crash, and goes on then."""
    ordered, begun = job.payload, job.checkpoint or {}
    undone = datetime.fromisoformat(ordered["undone"]) if ordered.get("undone") else None
    if LOOKED not in begun:
        _look_at(context, job, begun)
        begun = {LOOKED: True}
    names = _left(ordered["enterprises"] if undone else [], begun)
    for part in _parts(names):
        assert undone is not None
        reconsider(context, part, undone)
        job.note({LOOKED: True, UNTIL: part[-1]}, names.index(part[-1]) + 1, len(names))
    # Who fell may be a customer of a customer of whom a client lent to.
    if ordered["customers"] or undone or ordered.get("books"):
        look_books(context, undone=undone)


def _look_at(context: Context, job: Job, begun: Mapping[str, Any]) -> None:
    """Look at those whom a job names, from where it was broken off: bucket by bucket where they are many."""
    every = job.payload.get("every", False)
    names = sorted({*job.payload["enterprises"], *_sellers_to(context, job.payload["customers"])})
    if WHOLE in begun or (UNTIL not in begun and (every or _many(context, names))):
        started = read_started(begun[WHOLE]) if WHOLE in begun else None
        many = None if every else names
        looked = look_at_all(context, many, started, lambda now, done, of: job.note({WHOLE: now}, done, of))
    else:
        looked = len(names)
        for part in _parts(_left(names, begun)):
            look(context, part)
            job.note({UNTIL: part[-1]}, names.index(part[-1]) + 1, len(names))
    job.note({LOOKED: True}, looked, looked)


def reconsider(context: Context, enterprises: Sequence[str], since: datetime) -> int:
    """Withdraw the alerts told since a moment that, by what is known now, would not have been told; return how many.

    Each is evaluated as of the day on which it opened: what has merely calmed since then stays.
    """
    with context.database.read() as session:
        state = state_store.book(session)
        told = alert_store.told_since(session, enterprises, since)
    known_at, unfounded = max(state.known_at, context.now()), list[str]()
    for (opened_on, asked_on), alerts in told.items():
        moment = Moment(state.lake_version, opened_on, known_at, state.departures)
        firms = tuple(sorted({key[0] for key in alerts}))
        hits = view(context, moment, Whole(Why.WATCH, firms), asked_on=asked_on).found.hits
        fire = set(hits.select(SAME).iter_rows())
        unfounded += [number for key, number in alerts.items() if key not in fire]
    with context.database.begin() as session:
        alert_store.withdraw_unfounded(session, unfounded, context.now())
    return len(unfounded)


def look(context: Context, enterprises: Sequence[str]) -> Changes:
    """Evaluate these enterprises' signals now, and bring the log of alerts up to date in one transaction.

    Where a record leaves the book meanwhile it is done again: an alert would rest on what nobody is shown any more.
    """
    while True:
        done = _looked(context, enterprises)
        if done is not None:
            log.info("looked", enterprises=len(enterprises), opened=len(done.opened), moved=len(done.moved))
            return done


def _looked(context: Context, enterprises: Sequence[str]) -> Changes | None:
    now = begin(context)
    seen = view(context, now.moment, Whole(Why.WATCH, tuple(enterprises)), asked_on=now.asked_on)
    with context.database.begin() as session:
        # Looks take turns: each must see what the one before it opened.
        if state_store.book(session, lock=True).departures != now.moment.departures:
            return None
        mine = alert_store.look(session, enterprises, now.moment.as_of, now.looked_at)
        done = changes(session, seen.found, now.moment.as_of, Judged(mine, seen.partners, seen.ring_members))
        told = seen.records(seen.found.hits.join(keys_of(done.opened), on=SAME, how="semi", maintain_order="left"))
        alert_store.move_alerts(session, done.moved)
        alert_store.add_alerts(session, with_records(done.opened, counted(told), now.known_at, now.looked_at))
    return done


def _many(context: Context, names: Sequence[str]) -> bool:
    """Tell whether so many are looked at that the whole book is better read once."""
    if len(names) <= BATCH:
        return False
    with context.database.read() as session:
        return len(names) >= MUCH * enterprise_store.size(session)


def _parts(names: Sequence[str]) -> list[Sequence[str]]:
    return [names[start : start + BATCH] for start in range(0, len(names), BATCH)]


def _left(names: Sequence[str], begun: Mapping[str, Any]) -> Sequence[str]:
    """Return those of some names, in order, that come after the last one that was done."""
    return [name for name in names if name > begun.get(UNTIL, "")]


def _sellers_to(context: Context, names: Sequence[str]) -> set[str]:
    """Return who sold to those of these firms that do not pay, or has an alert about one of them.

    A default of the customer may raise a signal of theirs, and its end clear one; whoever pays is no news to anybody.
    """
    if not names:
        return set()
    now = begin(context).moment
    records = gather_kind(context, now, Whole(Why.WATCH, tuple(names)), public_record.DATASET.name)
    with context.database.read() as session:
        outcomes = alert_store.outcomes_known(session, now.known_at or context.now())
        told = alert_store.standing_about(session, DEFAULT, written(names))
    fell = set(fallen(records, outcomes, now.as_of)["party"]).intersection(names)
    if not fell:
        return told
    sold = (pl.col("direction") == "sale") & pl.col("counterparty").is_in(written(sorted(fell)))
    rows = scan(context, "invoices", now.version, None, Whole(Why.WATCH)).filter(sold).select("enterprise").unique()
    return told | set(rows.collect()["enterprise"])
