"""Attempts that count against guessing, in the database, so that all workers count together."""

from __future__ import annotations

import hmac
import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, insert, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from chassis.core.errors import TooManyRequests
from chassis.data.database import Database
from gateway.identity.tables import AttemptRow

WINDOW = timedelta(minutes=15)


class Attempts:
    """Counts attempts by what they are made at; the table holds digests under the pepper and names nobody."""

    def __init__(self, database: Database, pepper: bytes) -> None:
        self._database = database
        self._pepper = pepper

    def count(self, subject: str, most: float = math.inf, window: timedelta = WINDOW) -> int:
        """Count one attempt before it is judged, so that of many at once none goes uncounted; return which it is.

        Raises `TooManyRequests` beyond `most` within the window.
        """
        mark, now = self.mark(subject), datetime.now(UTC)
        with self._database.begin() as session:
            session.execute(delete(AttemptRow).where(AttemptRow.ends_at <= now))
            counted = _count(session, mark)
            if counted is None:
                try:
                    with session.begin_nested():
                        session.execute(insert(AttemptRow), [{"digest": mark, "number": 1, "ends_at": now + window}])
                    counted = (1, now + window)
                except IntegrityError:
                    counted = _count(session, mark) or (1, now + window)
        if counted[0] > most:
            wait = max(1, int((counted[1] - now).total_seconds()) + 1)
            raise TooManyRequests("Too many attempts to sign in. Wait and try again.", retry_after=wait)
        return counted[0]

    def clear(self, session: Session, subjects: Iterable[str]) -> None:
        """Forget what was counted against these."""
        cleared = [self.mark(subject) for subject in subjects]
        session.execute(delete(AttemptRow).where(AttemptRow.digest.in_(cleared)))

    def mark(self, subject: str) -> bytes:
        """Return what stands in the database for a subject."""
        return hmac.digest(self._pepper, subject.encode(errors="surrogatepass"), "sha256")


def _count(session: Session, mark: bytes) -> tuple[int, datetime] | None:
    row = session.execute(
        update(AttemptRow)
        .where(AttemptRow.digest == mark)
        .values(number=AttemptRow.number + 1)
        .returning(AttemptRow.number, AttemptRow.ends_at)
    ).one_or_none()
    return (row[0], row[1]) if row else None
