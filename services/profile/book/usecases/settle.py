"""Settling which facts count, before anything is read."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection

from chassis.core.errors import Invalid
from services.profile.book import state_store, step_store
from services.profile.book.domain.moment import Asked, Facts, Moment, usual_day

# No book begins before; terms and windows that reach back from a day stay within the calendar.
EARLIEST = date(1900, 1, 1)


def settle(connection: Connection, state: state_store.BookState, asked: Asked, today: date) -> Facts:
    """Return which facts count; raise `Invalid` where the future or a day before 1900 is asked for.

    A past moment is read at the version of the lake that readers saw then, so that a replay gives the same bytes.
    """
    if asked.as_of and asked.as_of > today:
        raise Invalid(
            f"as_of {asked.as_of} lies in the future; ask for today or a day before. "
            "/ as_of 晚于今天，请填写今天或更早的日期。",
            as_of=str(asked.as_of),
        )
    if asked.as_of and asked.as_of < EARLIEST:
        raise Invalid(
            f"as_of {asked.as_of} lies before {EARLIEST}; ask for a later day. "
            "/ as_of 过早，请填写 1900 年以后的日期。",
            as_of=str(asked.as_of),
        )
    as_of = asked.as_of or usual_day(state.date, today)
    earlier = asked.known_at is not None and asked.known_at < state.known_at
    if not earlier or asked.known_at is None:
        return Facts(Moment(state.lake_version, as_of, departures=state.departures), state.known_at)
    version = step_store.lake_versions(connection, asked.known_at).get("invoices", 0)
    return Facts(Moment(version, as_of, asked.known_at, state.departures), asked.known_at)
