"""Rows of records that have left the book: which count no more, since when."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.orm import Session

from chassis.core.ids import new_id
from chassis.data.database import Runner, batches
from services.profile.book import enterprise_store, state_store, tables
from services.profile.book.domain import invoice, payment, tax_filing
from services.profile.book.domain.departure import Cause, Departure

# The kinds of records that confirm what an enterprise says of itself.
CONFIRMING = frozenset({invoice.DATASET.name, payment.DATASET.name, tax_filing.DATASET.name})


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


def departed_between(
    runner: Runner, after: datetime, until: datetime | None, kinds: Collection[str] | None = None
) -> set[str]:
    """Return the enterprises that a record left, as known later than one moment and no later than another.

    `kinds` are those of the records that are asked for, all where none are named.
    """
    table = tables.Departure
    query = select(table.enterprise).distinct().where(table.known_at > after)
    if kinds is not None:
        query = query.where(table.dataset.in_(sorted(kinds)))
    return set(runner.execute(query if until is None else query.where(table.known_at <= until)).scalars())


def left_every_moment(runner: Runner, after: datetime) -> bool:
    """Tell whether a record has left every moment, past ones too, as known later than one moment."""
    table = tables.Departure
    query = select(table.id).where(table.always, table.known_at > after).limit(1)
    return runner.execute(query).first() is not None


def depart(session: Session, gone: Collection[Departure], cause: Cause, act: str, now: datetime) -> list[Departure]:
    """Let records leave the book in the transaction of the act that ends them; return those that were there till now.

    A repaired record and one past its keeping leave every moment, past ones too: the law ends their display and use. A
    corrected one leaves from now on, so that what was said before can still be explained.
    """
    # Locked before it is looked: two acts that end the same record take turns, and the second finds it gone.
    state = state_store.book(session, lock=True)
    before = departed(session, sorted({each.enterprise for each in gone}))
    here = sorted(set(gone) - before, key=lambda one: (one.enterprise, one.dataset, one.record))
    if not here:
        return []
    known_at = max(now, state.known_at + state_store.TICK)
    same = {"cause": cause, "act": act, "known_at": known_at, "always": cause is not Cause.CORRECTED}
    names = ("enterprise", "dataset", "record")
    rows = [{"id": new_id("dep"), **{name: getattr(each, name) for name in names}, **same} for each in here]
    session.execute(insert(tables.Departure), [{**row, "shredded_at": None} for row in rows])
    state_store.move_book(session, replace(state, known_at=known_at, departures=state.departures + len(here)))
    change_files(session, {each.enterprise for each in here})
    if any(each.dataset in CONFIRMING for each in here):
        unsettle(session)
    return here


def anybody_speaks(session: Session) -> bool:
    """Tell whether invoices of any enterprise come from itself."""
    return session.scalar(select(tables.Enterprise.id).where(tables.Enterprise.own_word).limit(1)) is not None


def unsettle(session: Session, enterprises: Collection[str] | None = None) -> None:
    """Let no stored answer hold of those of these enterprises (None: of all) that speak of themselves.

    What others say confirms their word, and what others no longer say does not.
    """
    if enterprises is None:
        table = tables.Enterprise
        change_files(session, session.scalars(select(table.id).where(table.own_word)).all())
    else:
        change_files(session, enterprise_store.speaking(session, enterprises))


def left_by(runner: Runner, act: str) -> bool:
    """Tell whether a record has left by an act."""
    return runner.execute(select(tables.Departure.id).where(tables.Departure.act == act).limit(1)).first() is not None


def change_files(session: Session, enterprises: Collection[str]) -> None:
    """Note that something other than new invoices changed what is read of these enterprises: no stored answer holds."""
    table, stored = tables.Enterprise, tables.FeatureSnapshot
    for part in batches(sorted(enterprises)):
        session.execute(update(table).where(table.id.in_(part)).values(revision=table.revision + 1))
        session.execute(delete(stored).where(stored.enterprise.in_(part)))


def unerased(session: Session, cause: Cause, before: datetime) -> dict[str, Departure]:
    """Return the records that left by a cause before a moment and whose rows are still in the lake, by departure."""
    table = tables.Departure
    due = select(table).where(table.cause == cause, table.known_at < before, table.shredded_at.is_(None))
    return {row.id: Departure(row.enterprise, row.dataset, row.record) for row in session.scalars(due)}


def note_erased(session: Session, ids: Collection[str], now: datetime) -> None:
    """Note that the rows of these departures are erased; that the records left stays noted, so that none returns."""
    table = tables.Departure
    for part in batches(list(ids)):
        session.execute(update(table).where(table.id.in_(part)).values(shredded_at=now))
