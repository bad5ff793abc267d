"""Rows of the book's date: each version that an operator has set, and the one that counts on the book's own row."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.profile.book import state_store, tables


def newest(session: Session) -> tables.BookDate | None:
    """Return the newest version of the book's date, None where no operator ever set one."""
    return session.scalars(select(tables.BookDate).order_by(tables.BookDate.version.desc()).limit(1)).one_or_none()


def date_book(session: Session, row: tables.BookDate) -> None:
    """Store a version of the book's date; from the end of the transaction on it counts."""
    session.add(row)
    session.execute(update(tables.Book).where(tables.Book.id == state_store.BOOK_ID).values(date=row.date))
    session.flush()
