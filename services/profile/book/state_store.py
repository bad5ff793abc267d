"""The state of the book: what readers see, and what moves it on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.data.database import Runner
from chassis.data.upsert import upsert
from services.profile.book import tables

BOOK_ID = 1
TICK = timedelta(microseconds=1)
BOOK = tables.Book.__table__

# Built once: on the way to a score, making these statements would cost more than running them.
STATE = select(
    *(BOOK.c[name] for name in ("lake_version", "known_at", "latest", "date", "invoices", "synthetic", "departures"))
).where(BOOK.c.id == BOOK_ID)


@dataclass(frozen=True, slots=True)
class BookState:
    """What readers see: the lake's version, when its latest part became known, its size.

    `date` is the day that the operator has dated the book with, `latest` that of the latest invoice, which decides
    nothing. `departures` counts the records that have left it since.
    """

    lake_version: int
    known_at: datetime
    latest: date | None
    date: date | None
    invoices: int
    synthetic: bool | None
    departures: int = 0


EMPTY_BOOK = BookState(0, datetime(1970, 1, 1, tzinfo=UTC), None, None, 0, None)


def book(session: Runner, *, lock: bool = False) -> BookState:
    """Return the state of the book; `lock` keeps others from moving it on until the transaction ends."""
    row = session.execute(STATE.with_for_update() if lock else STATE).one_or_none()
    return BookState(*row) if row else EMPTY_BOOK


def move_book(session: Session, state: BookState) -> None:
    """Make `state` what readers see, but for the book's date: `date_store.date_book` alone writes that."""
    values = {name: getattr(state, name) for name in BookState.__slots__ if name != "date"}
    # Other acts of the same transaction have moved it on already; neither of these ever shrinks.
    now = book(session)
    values["known_at"] = max(state.known_at, now.known_at)
    values["departures"] = max(state.departures, now.departures)
    upsert(session, tables.Book, [{"id": BOOK_ID, **values}], ["id"], list(values))
