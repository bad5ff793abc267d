"""Moments: as of which day, as known at which time, a question about the book is answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from services.profile.book.domain.departure import Departure
from services.profile.standards.days import month_end_before


@dataclass(frozen=True, slots=True)
class Moment:
    """Which facts count: those of a lake version, dated up to `as_of`, and known at `known_at` (None: all of them).

    Of these, records that have left the book do not count; `departures` says how many had, so that nothing computed
    before the last of them is taken for an answer. `without` sets more aside: what is disputed, to see the rest.
    """

    version: int
    as_of: date
    known_at: datetime | None = None
    departures: int = 0
    without: frozenset[Departure] = frozenset()


@dataclass(frozen=True, slots=True)
class Asked:
    """The moment that a request asks for; None stands for the book's own day, and for all that is known now."""

    as_of: date | None = None
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """A moment settled: `known_at` names what counts, so that the same answer can be had again later.

    By default it is the time at which the latest part of the book became known, which is exact; the present time
    would not be, because an import may be on its way.
    """

    moment: Moment
    known_at: datetime

    @property
    def current(self) -> bool:
        """Whether everything known counts."""
        return self.moment.known_at is None


def usual_day(dated: date | None, today: date) -> date:
    """Return the day as of which files are read where a request names none.

    It is the one that the operator has dated the book with, else the end of the last month that is over. No record of
    the book has a say in it: whoever could move it by a record would move everybody's figures.
    """
    return dated or month_end_before(today)


def watched_day(dated: date | None, today: date) -> date:
    """Return the day as of which signals are looked for: a warning does not wait for the end of a month."""
    return dated or today
