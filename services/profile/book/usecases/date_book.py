"""Dating the book: the operator says as of which day files are read where a request names none.

No record decides it. It was the day of the latest invoice once, and one firm's invoice of one yuan, dated today, gave
314 of 385 firms of an archive another grade (ADR 27).
"""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from chassis.core.errors import Forbidden, Invalid, Outdated
from chassis.core.identity import Caller
from chassis.data import ledger
from services.profile.book import date_store, enterprise_store, state_store, tables
from services.profile.book.context import Context
from services.profile.book.usecases.touch import note_changed
from services.profile.standards.days import day_of

OPERATOR = "operator"
EARLIEST = date(1900, 1, 1)  # no book of invoices is older, and thresholds of signals begin here
KIND = "book-dated"


def date_book(
    context: Context, session: Session, caller: Caller, day: date | None, note: str | None, expected: int | None
) -> tables.BookDate | None:
    """Date the book, None: with the end of the last month that is over; return the version that counts now.

    The same again changes nothing. `expected` is the version that the caller means to replace, 0 where there is none;
    raises `Outdated` where it is not the newest, `Invalid` for a day to come or before 1900. Every firm is
    looked at anew.
    """
    if caller.role != OPERATOR:
        raise Forbidden("The operator alone dates the book. / 账册日期仅由运营方设定。", role=caller.role)
    now = context.now()
    if day is not None and day > day_of(now):
        raise Invalid(
            f"{day} lies in the future; the book is dated with today or a day before. "
            "/ 账册日期不能晚于今天，请填写今天或更早的日期。",
            date=day.isoformat(),
        )
    if day is not None and day < EARLIEST:
        raise Invalid(
            f"{day} lies before {EARLIEST}; a book of invoices is not dated so early. / 账册日期不能早于 {EARLIEST}。",
            date=day.isoformat(),
        )
    state_store.book(session, lock=True)  # two operators take turns
    before = date_store.newest(session)
    version = before.version if before else 0
    if expected is not None and expected != version:
        raise Outdated(
            f"You meant version {expected} of the book's date, the newest is {version}; read it again. "
            "/ 账册日期已被更新，请重新读取后再决定。"
        )
    if day == (before.date if before else None):
        return before
    row = tables.BookDate(version=version + 1, date=day, set_by=caller.client, set_at=now, note=note)
    date_store.date_book(session, row)
    facts = {"version": row.version, "date": day.isoformat() if day else None}
    ledger.append(session, [ledger.Entry(KIND, None, caller.client, facts)])
    note_changed(session, enterprise_store.with_invoices(session), KIND)
    context.peers.changed(session)
    return row
